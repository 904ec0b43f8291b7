package sandbox

// latestTransactionStatus, the state of a transaction on the wire and in the books.
const (
	statusPaid      = "00"
	statusInitiated = "01"
	statusPaying    = "02"
	statusPending   = "03"
	statusRefunded  = "04"
	statusCancelled = "05"
	statusFailed    = "06"
	statusNotFound  = "07"
)

var descriptions = map[string]string{
	statusPaid: "Success", statusInitiated: "Initiated", statusPaying: "Paying", statusPending: "Pending",
	statusRefunded: "Refunded", statusCancelled: "Cancelled", statusFailed: "Failed", statusNotFound: "Not found",
}

// topUpStatus answers Customer Top Up Inquiry Status (39).
func (s *Sandbox) topUpStatus(in *body) (reply, Answer) {
	ref := in.must("originalPartnerReferenceNo", 64)
	in.may("originalReferenceNo", 64)
	externalID := in.may("originalExternalId", 36)
	service := in.must("serviceCode", 2)
	in.check(service == topUpService, "serviceCode")
	if rep := in.fault(statusService); rep != nil {
		return rep.with("serviceCode", service), Normal
	}
	answer := func(cause string) reply {
		return newReply(statusService, cause, "").
			with("originalPartnerReferenceNo", ref).
			with("originalExternalId", externalID).
			with("serviceCode", service)
	}
	b, now := s.open()
	defer s.mu.Unlock()
	if b.byRef[ref] == nil && b.behaviours[Target{Ref: ref}] == nil {
		return answer(notFound), Normal // asking does not make a record
	}
	r := b.record(ref)
	b.follow(r)
	st, covered := step(r.script.Inquiries, r.asked)
	r.inquiries++
	r.asked++
	if !covered && r.then != "" {
		b.turn(r, now)
	}
	if r.status == statusNotFound {
		return answer(notFound), st.Answer
	}
	status := r.status
	if st.Status != "" {
		status = st.Status
	}
	return answer(successful).
		with("originalReferenceNo", r.referenceNo).
		with("amount", r.amount).
		with("latestTransactionStatus", status).
		with("transactionStatusDesc", descriptions[status]).
		because(""), st.Answer
}
