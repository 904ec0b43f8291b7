//go:build !race

package ledger

import (
	"fmt"
	"time"

	sm "github.com/salur-id/salur/internal/statemachine"
)

// next is called with every world that one step makes.
type next func(name string, w world)

func (x *explorer) moves(w world, next next) {
	for i := range x.bounds.workers {
		name := fmt.Sprint("worker ", i+1, " ")
		x.workerMoves(w, i, func(what string, w world) { next(name+what, w) })
	}
	d := &w.dana[w.ref]
	switch was := *d; was {
	case working:
		*d, w.credits = paid, w.credits+1
		next("DANA pays what it was working on", w)
		*d, w.credits = refused, w.credits-1
		next("DANA fails what it was working on", w)
		*d = was
	case paid:
		*d = takenBack
		next("DANA takes it back", w)
		*d = was
	}
	if w.late > 0 {
		late := w
		late.late--
		x.arrive(late, false, func(what string, _ outcomeID, w world) { next("a late request: "+what, w) })
	}
	x.events(w, next)
	x.troubles(w, next)
}

// events are what the clock, the sweeper and people do, each to the newest record: their
// writes are compared like any other, and a stale one is made anew.
func (x *explorer) events(w world, next next) {
	tx := x.txs[w.tx]
	happen := func(name string, ev sm.Event) {
		if a := x.decide(w, w.tx, ev); a.write {
			w := x.written(w, a)
			w.human = w.human || ev.Trigger == sm.Resolved
			next(name, w)
		}
	}
	now := x.clock(w)
	happen("it expires", sm.Expire(now))
	if age := now; x.days {
		happen("it is looked at whether it is too old to be sent again", sm.Age(age))
	} else {
		happen("it is too old to be sent again", sm.Age(age.Add(time.Hour)))
	}
	happen("a person cancels", sm.Cancel("Sari", "the wrong file", now))
	happen("a person asks", sm.AskNow("Sari", "", now))
	for _, as := range []sm.State{sm.StateSucceeded, sm.StateFailed, sm.StateRefunded} {
		happen("a person resolves as "+string(as), sm.Resolve(as, "Sari", "seen", now))
	}
	if tx.Open.Seq != 0 {
		happen("the sweeper books the attempt as lost", sm.Lost(tx.Open, now))
	}
}

// written is the world after a write: whoever has read before holds an old record.
func (x *explorer) written(w world, a answer) world {
	w.tx = a.tx
	w.forbidden = a.forbidden
	for i := range w.workers {
		w.workers[i].fresh = false
	}
	if x.newReference && w.ref == 0 && x.txs[w.tx].Resends == 1 {
		w.ref = 1
	}
	return w
}

func (x *explorer) workerMoves(w world, i int, next next) {
	k := w.workers[i]
	with := func(w world, change func(*worker)) world {
		change(&w.workers[i])
		return w
	}
	gone := with(w, func(k *worker) { *k = worker{} })
	if k.inNet {
		gone.late = min(gone.late+1, x.late)
	}
	if k.phase != idle {
		// Also: Redis stays away for so long that it gives up.
		next("is killed", gone)
	}
	read := func(w world, phase phase) world {
		return with(w, func(k *worker) {
			k.phase, k.fresh, k.altered = phase, true, w.altered
			if x.noCompareAndSet || x.finalIsForced {
				k.seen = w.tx
			}
		})
	}
	tx, now := x.txs[w.tx], x.clock(w)
	switch k.phase {
	case idle:
		if tx.Next == sm.StepSend && tx.Seq < x.sends {
			next("reads that a send is due", read(w, ready))
		}
		if tx.Next == sm.StepInquire && tx.Inquiries < x.inquiries {
			next("reads that an inquiry is due", with(read(w, ready), func(k *worker) { k.inquiry = uint8(tx.Inquiries + 1) }))
		}
	case ready:
		if k.altered && !x.sendsAltered {
			x.write(w, k, sm.Alter(now), func(w world, _ bool) {
				next("finds the instruction altered", with(w, func(k *worker) { *k = worker{} }))
			})
			return
		}
		if k.inquiry != 0 {
			if x.counts() {
				w.asked = min(w.asked+1, uint8(x.inquiries))
			}
			x.ask(w, func(what string, o outcomeID) {
				next("asks: "+what, with(w, func(k *worker) { k.phase, k.outcome, k.fresh, k.seen = answered, o, false, 0 }))
			})
			return
		}
		if x.noWriteAhead {
			next("sends without a word", with(w, func(k *worker) { k.phase, k.inNet, k.fresh = sending, true, false }))
			return
		}
		x.write(w, k, sm.Take(x.attempt(w, 0)), func(w world, done bool) {
			if !done {
				next("has read an old record, and looks again", gone)
				return
			}
			if x.txs[w.tx].Open.Seq == 0 { // it may not be sent again
				next("finds that it may not send", with(w, func(k *worker) { *k = worker{} }))
				return
			}
			next("writes its attempt ahead", with(w, func(k *worker) { *k = worker{phase: taken, seq: uint8(x.txs[w.tx].Open.Seq), altered: k.altered} }))
			next("writes its attempt ahead and is not told, so sends nothing", with(w, func(k *worker) { *k = worker{} }))
		})
	case taken:
		// Its time is over when the attempt counts as lost: then nothing leaves.
		if tx.Open.Seq == int(k.seq) || x.noCompareAndSet || x.sendsLate {
			next("sends", with(w, func(k *worker) { k.phase, k.inNet = sending, true }))
		}
		for _, o := range []outcomeID{notSent, denied} {
			next("gets "+outcomes[o].Kind.String(), with(w, func(k *worker) { k.phase, k.outcome = answered, o }))
		}
	case sending:
		if k.inNet {
			x.arrive(with(w, func(k *worker) { k.inNet = false }), k.altered, func(what string, o outcomeID, w world) {
				next("'s request: "+what, with(w, func(k *worker) { k.phase, k.outcome = answered, o }))
			})
			lost := with(w, func(k *worker) { k.phase, k.inNet, k.outcome = answered, false, unknown })
			next("'s request is lost", lost)
			lost.late = min(lost.late+1, x.late)
			next("waits in vain, the request goes on", lost)
		}
	case answered:
		if k.outcome != unknown && k.inquiry == 0 {
			next("'s answer is lost", with(w, func(k *worker) { k.outcome = unknown }))
		}
		next("reads, to record", read(w, holding))
	case holding:
		ev := sm.SendResult(x.attempt(w, k.seq), outcomes[k.outcome], now)
		if k.inquiry != 0 {
			ev = sm.InquiryResult(int(k.inquiry), "e", outcomes[k.outcome], now)
		}
		x.write(w, k, ev, func(w world, done bool) {
			if !done {
				next("has read an old record, and reads again", with(w, func(k *worker) { k.phase, k.seen = answered, 0 }))
				return
			}
			w.told = w.told || k.outcome == otherContent
			next("records "+string(ev.Trigger), with(w, func(k *worker) { *k = worker{} }))
			next("records "+string(ev.Trigger)+", is not told, and will again", with(w, func(k *worker) { k.phase, k.seen = answered, 0 }))
		})
	}
}

// write is a worker's write of what it decided on what it read: compare and set.
func (x *explorer) write(w world, k worker, ev sm.Event, then func(w world, done bool)) {
	on := w.tx
	switch {
	case x.noCompareAndSet:
		on = k.seen
	case x.finalIsForced && !k.fresh && k.seen != 0:
		if a := x.decide(w, k.seen, ev); a.write && x.txs[a.tx].State.Final() && !x.txs[k.seen].State.Final() {
			then(x.written(w, a), true)
			return
		}
		fallthrough
	case !k.fresh:
		then(w, false)
		return
	}
	if a := x.decide(w, on, ev); a.write {
		then(x.written(w, a), true)
	}
}

// What an exchange can end in.
const (
	unknown outcomeID = iota
	notSent
	denied
	throttled
	invalid
	overLimit
	inProgress
	askStatus
	isPaid
	isPaidUntold
	isTakenBack
	isFailed
	notFound
	otherContent
)

var outcomes = [...]sm.Outcome{
	unknown:      {Kind: sm.Unknown},
	notSent:      {Kind: sm.NotSent},
	denied:       {Kind: sm.Denied, Why: sm.CredentialsRefused},
	throttled:    {Kind: sm.Throttled},
	invalid:      {Kind: sm.Refused, Why: "invalid_field_format"},
	overLimit:    {Kind: sm.Refused, Why: sm.AmountLimit},
	inProgress:   {Kind: sm.InProgress, EchoRef: modelPayout.Ref, EchoAmount: modelPayout.Amount},
	askStatus:    {Kind: sm.AskStatus},
	isPaid:       {Kind: sm.Succeeded, EchoRef: modelPayout.Ref, EchoAmount: modelPayout.Amount},
	isPaidUntold: {Kind: sm.Succeeded, EchoRef: modelPayout.Ref},
	isTakenBack:  {Kind: sm.Refunded, EchoRef: modelPayout.Ref, EchoAmount: modelPayout.Amount},
	isFailed:     {Kind: sm.Failed, EchoRef: modelPayout.Ref, EchoAmount: modelPayout.Amount},
	notFound:     {Kind: sm.NotFound},
	otherContent: {Kind: sm.Inconsistent},
}

// arrive is a request that reaches DANA, with every answer that DANA may give. What it says can be altered.
func (x *explorer) arrive(w world, altered bool, then func(what string, o outcomeID, w world)) {
	switch w.dana[w.ref] {
	case nothing:
		then("turned away", throttled, w)
		then("an internal error", unknown, w)
		then("refused and not kept", invalid, w)
		w.dana[w.ref] = refused
		then("refused and kept", overLimit, w)
		w.dana[w.ref] = working
		then("begun", inProgress, w)
		w.dana[w.ref] = paid
		if altered {
			w.strange++
		} else {
			w.credits++
		}
		then("paid", x.handedOn(isPaid), w)
	case working:
		then("is being worked on", inProgress, w)
	case paid, takenBack:
		then("was paid", x.handedOn(isPaid), w)
		then("refused for what the first has used up", overLimit, w)
	case refused:
		then("had failed", askStatus, w)
	case another:
		then("the number has other content", otherContent, w)
	}
}

// handedOn is a success as the answer to a send tells it.
func (x *explorer) handedOn(o outcomeID) outcomeID {
	if x.bank {
		return inProgress
	}
	return o
}

// ask is an inquiry with every answer that DANA may give.
func (x *explorer) ask(w world, then func(what string, o outcomeID)) {
	then("no answer", unknown)
	switch w.dana[w.ref] {
	case nothing:
		then("not found", notFound)
	case working:
		then("in progress", inProgress)
	case paid, another:
		then("paid", isPaid)
		if x.bank {
			then("paid, the amount is not told", isPaidUntold)
		}
	case takenBack:
		then("taken back", isTakenBack)
	case refused:
		then("failed", isFailed)
	}
}
