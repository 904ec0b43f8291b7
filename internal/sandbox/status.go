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

// topUpStatus answers Customer Top Up Inquiry Status (39), whose serviceCode is 38.
func (s *Sandbox) topUpStatus(in *body) (reply, Answer) {
	return s.inquire(in, statusService, topUpService)
}

// bankStatus answers Transfer to Bank Inquiry Status (00), whose serviceCode is 00.
func (s *Sandbox) bankStatus(in *body) (reply, Answer) {
	return s.inquire(in, bankStatusService, bankStatusService)
}

func (s *Sandbox) inquire(in *body, own, about string) (reply, Answer) {
	ref := in.must("originalPartnerReferenceNo", 64)
	in.may("originalReferenceNo", 64)
	externalID := in.may("originalExternalId", 36)
	service := in.must("serviceCode", 2)
	in.check(service == about, "serviceCode")
	if rep := in.fault(own); rep != nil {
		return rep.with("serviceCode", service), Normal
	}
	answer := func(cause string) reply {
		return newReply(own, cause, "").
			with("originalPartnerReferenceNo", ref).
			with("originalExternalId", externalID).
			with("serviceCode", service)
	}
	b, now := s.open()
	defer s.mu.Unlock()
	known := b.byRef[ref]
	if known == nil && b.behaviours[Target{Ref: ref}] == nil || known != nil && known.sends > 0 && known.bank != (own == bankStatusService) {
		return answer(notFound).notFound(own), b.nextAnswer(own) // asking does not make a record
	}
	r := b.record(ref)
	st, covered := b.nextInquiry(r, own)
	r.inquiries++
	if !covered && r.then != "" && r.notify == nil { // a notify ends it by itself
		b.turn(r, now)
	}
	if r.status == statusNotFound {
		return answer(notFound).notFound(own), st.Answer
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

const answerNotFound Answer = "4040001"

// notFound adds what DANA's fixtures of September 2025 have under "Transaction Not Found".
func (r reply) notFound(service string) reply {
	if service == bankStatusService {
		r["latestTransactionStatus"], r["transactionStatusDesc"] = statusNotFound, "Order Not Found"
	}
	return r.because("")
}
