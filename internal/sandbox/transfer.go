package sandbox

import (
	"slices"
	"time"
)

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
		s.sendLate(t, st, now)
		return t.reply(successful), st.Answer
	case PayNever:
		return t.reply(successful), st.Answer
	}
	return s.book(t, st, now), st.Answer
}

// sendLate puts a transfer on its way to the books. Whoever opens them next lets it arrive,
// which for a transfer that is to be notified must not depend on somebody asking.
func (s *Sandbox) sendLate(t transfer, st Send, now time.Time) {
	delay := time.Duration(st.DelayMillis) * time.Millisecond
	b := &s.books
	b.late = append(b.late, lateSend{now.Add(delay), t, st})
	slices.SortStableFunc(b.late, func(x, y lateSend) int { return x.at.Compare(y.at) })
	if t.notify {
		s.background(func() {
			if s.sleep(delay) {
				s.open()
				s.mu.Unlock()
			}
		})
	}
}

// book books a transfer that has arrived and sees to its notify. The caller holds mu.
func (s *Sandbox) book(t transfer, st Send, at time.Time) reply {
	r := s.books.record(t.ref)
	stored := r.status != statusNotFound
	rep := s.books.book(r, t, st, at)
	if !stored && r.status == statusPending {
		s.willNotify(r, st)
	}
	return rep
}

// book is the one way to the money: it replays a stored reference and books any other.
func (b *books) book(r *record, t transfer, st Send, at time.Time) reply {
	if r.status != statusNotFound {
		return b.replay(r, t)
	}
	r.content, r.stored = t.content, at
	if t.bank {
		b.issue(r, at) // a status inquiry about a bank's names it, whatever became of it
	}
	if st.Pay == PayFailed {
		return r.refuse(t.reply(generalError))
	}
	// A refused transfer is stored as well: its status is 06, and its reference is used up.
	if cause, resultMsg := b.refusal(r.content); cause != "" {
		return r.refuse(t.reply(cause).because(resultMsg))
	}
	r.then = st.Then
	switch {
	case t.notify:
		r.status = statusPending
		if r.then == "" {
			r.then = statusPaid
		}
		return t.reply(inProgress)
	case st.Pay == PayPending:
		r.status = statusPaying
		return t.reply(inProgress)
	}
	b.pay(r, at)
	return r.paid(t)
}

func (r *record) refuse(rep reply) reply {
	r.status = statusFailed
	if r.bank {
		r.first = rep
	}
	return rep
}

// paid is the answer to a transfer that was paid, then or before.
func (r *record) paid(t transfer) reply {
	rep := t.reply(successful).with("referenceNo", r.referenceNo).because("")
	if r.bank {
		rep.with("referenceNumber", r.referenceNo)
	}
	return rep
}

// replay answers a stored reference; no money moves. DANA has told its rules for top-ups: one
// that succeeded is answered so again, one that failed is a general error. Of a transfer to a
// bank it says nothing; here a refused one is answered what it was answered at first.
func (b *books) replay(r *record, t transfer) reply {
	switch {
	case t.content != r.content:
		return t.reply(inconsistent)
	case r.status == statusPaying, r.status == statusPending:
		return t.reply(inProgress)
	case r.credit >= 0:
		// Taken back or not: "the first one succeeded" is all that the rule asks for.
		return r.paid(t)
	case r.first != nil:
		return r.first
	}
	return t.reply(generalError)
}
