package sandbox

import "time"

// transfer is a Customer Top Up or a Transfer to Bank whose fields are all in order.
type transfer struct {
	service string
	ref     string
	echo    reply // what every answer to it repeats
	notify  bool  // a notify is wanted: it ends later
	content
}

// reply starts an answer with the echo.
func (t transfer) reply(cause string) reply {
	rep := newReply(t.service, cause, "")
	for name, value := range t.echo {
		rep.with(name, value)
	}
	return rep
}

// transfer answers a request for money to move, by the script that holds for it.
func (s *Sandbox) transfer(t transfer) (reply, Answer) {
	b, now := s.open()
	defer s.mu.Unlock()

	r := b.record(t.ref)
	if r.status == statusNotFound { // not stored: this send may still change what the reference stands for
		r.content = t.content
	}
	st := b.nextSend(r, apiOf[t.service])
	r.sends++

	switch st.Pay {
	case PayLate:
		b.sendLate(t, st, now)
		return t.reply(successful), st.Answer
	case PayNever:
		return t.reply(successful), st.Answer
	}
	rep := b.book(t, st, now)
	if r.status == statusPending && r.notify == nil && t.notify {
		s.willNotify(r, st.Notify)
	}
	return rep, st.Answer
}

// book is the one way to the money: it replays a stored reference and books any other.
func (b *books) book(t transfer, st Send, at time.Time) reply {
	r := b.record(t.ref)
	if r.status != statusNotFound {
		return b.replay(r, t)
	}
	r.content = t.content
	if st.Pay == PayFailed {
		r.status = statusFailed
		return t.reply(generalError)
	}
	// A refused transfer is stored as well: its status is 06, and its reference is used up.
	if cause, resultMsg := b.refusal(r.content); cause != "" {
		r.status = statusFailed
		return t.reply(cause).because(resultMsg)
	}
	r.then = st.Then
	if st.Pay == PayPending || t.notify {
		r.status = statusPaying
		if t.notify {
			r.status = statusPending
			if r.then == "" {
				r.then = statusPaid
			}
		}
		return t.reply(inProgress)
	}
	b.pay(r, at)
	return r.paid(t)
}

// paid is the answer to a transfer that was paid, then or before.
func (r *record) paid(t transfer) reply {
	rep := t.reply(successful).with("referenceNo", r.referenceNo).because("")
	if r.bank {
		rep.with("referenceNumber", r.referenceNo)
	}
	return rep
}

// replay answers a stored reference by DANA's idempotency rules; no money moves.
func (b *books) replay(r *record, t transfer) reply {
	switch {
	case t.content != r.content:
		return t.reply(inconsistent)
	case r.status == statusPaying, r.status == statusPending:
		return t.reply(inProgress)
	case r.credit >= 0:
		// Taken back or not: "the first one succeeded" is all that the rule asks for.
		return r.paid(t)
	}
	return t.reply(generalError)
}
