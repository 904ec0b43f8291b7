package sandbox

import "time"

// topUp is a Customer Top Up whose fields are all in order.
type topUp struct {
	ref, number, sessionID string
	content
}

// reply starts an answer with the echo that every answer to a top-up carries.
func (t topUp) reply(cause string) reply {
	return newReply(topUpService, cause, "").
		with("partnerReferenceNo", t.ref).
		with("customerNumber", t.number).
		with("sessionId", t.sessionID).
		with("amount", t.amount)
}

func readTopUp(b *body) topUp {
	t := topUp{ref: b.must("partnerReferenceNo", 64)}
	t.number, t.wallet = b.payee()
	t.amount = b.money("amount")
	b.check(t.amount.Positive(), "amount")
	t.fee = b.money("feeAmount")
	t.sessionID = b.may("sessionId", 25)
	b.date("transactionDate")
	b.may("notes", 255)
	b.may("additionalInfo.extendInfo", 4096)
	b.oneOf("additionalInfo.accountType", "MERCHANT_DEPOSIT_ACCOUNT", "SETTLEMENT_ACCOUNT", "DIVISION_DEPOSIT_ACCOUNT")
	return t
}

// topUp answers Customer Top Up (38).
func (s *Sandbox) topUp(in *body) (reply, Answer) {
	t := readTopUp(in)
	if rep := in.fault(topUpService); rep != nil {
		return rep, Normal
	}
	b, now := s.open()
	defer s.mu.Unlock()

	r := b.record(t.ref)
	if r.status == statusNotFound { // not stored: this send may still change what the reference stands for
		r.content = t.content
	}
	b.follow(r)
	st, _ := step(r.script.Sends, r.sent)
	r.sends++
	r.sent++

	switch st.Pay {
	case PayLate:
		b.sendLate(t, st, now)
		return t.reply(successful), st.Answer
	case PayNever:
		return t.reply(successful), st.Answer
	}
	return b.book(t, st, now), st.Answer
}

// book is the one way to the money: it replays a stored reference and books any other.
func (b *books) book(t topUp, st Send, at time.Time) reply {
	r := b.record(t.ref)
	if r.status != statusNotFound {
		return b.replay(r, t)
	}
	r.content = t.content
	if st.Pay == PayFailed {
		r.status = statusFailed
		return t.reply(generalError)
	}
	// A refused top-up is stored as well: its status is 06, and its reference is used up.
	if cause, resultMsg := b.refusal(r.content); cause != "" {
		r.status = statusFailed
		return t.reply(cause).because(resultMsg)
	}
	r.then = st.Then
	if st.Pay == PayPending {
		r.status = statusPaying
		return t.reply(inProgress)
	}
	b.pay(r, at)
	return t.reply(successful).with("referenceNo", r.referenceNo).because("")
}

// replay answers a stored reference by DANA's idempotency rules; no money moves.
func (b *books) replay(r *record, t topUp) reply {
	switch {
	case t.content != r.content:
		return t.reply(inconsistent)
	case r.status == statusPaying:
		return t.reply(inProgress)
	case r.credit >= 0:
		// Taken back or not: "the first one succeeded" is all that the rule asks for.
		return t.reply(successful).with("referenceNo", r.referenceNo).because("")
	}
	return t.reply(generalError)
}
