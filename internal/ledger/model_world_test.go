//go:build !race

package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// The model: one payout, two or three workers, a network that loses and delays, a Redis
// that is cut off, a DANA, operators. Every order in which they can act is explored. What
// decides and what is written is the real thing (decide, apply, and the machine's table
// below them); only Redis, DANA and the network are replaced. Time is left out: what is due
// may happen at once, later or never, which covers every schedule, every duplicate task and every lost one.

var modelTime = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

var modelPayout = payout.Payout{Kind: payout.TopUp, Ref: "PAY-1", Amount: money.Rupiah(10000)}

// bounds keep the numbers small. Beyond so many sends and inquiries nothing new happens.
type bounds struct {
	policy           sm.Policy
	workers          int
	sends, inquiries int   // attempts ever written ahead, inquiries ever made
	late             uint8 // requests under way at once that nobody waits for; more are lost
	// bank is a transfer: a send is at best handed on, and the status need not name the amount.
	bank bool
	// What may happen once besides (see troubles).
	shared  bool // another system of the merchant uses the reference, for as much
	days    bool // nobody works for days, and DANA may forget the number meanwhile
	altered bool // somebody changes the payee on record
	lost    bool // Redis loses everything, which the workers are told
}

// fault is a way of planting one.
type fault struct {
	noCompareAndSet bool // a write does not look at what it overwrites
	noWriteAhead    bool // a request leaves without an attempt on record
	refusalIsFinal  bool // a refusal ends the payout, whatever came before
	newReference    bool // a resend makes a reference of its own
	finalIsForced   bool // a write of a final state does not look at what it overwrites
	believesAnyway  bool // a success is one, whatever DANA said of other content
	sendsLate       bool // an attempt leaves though its time is over
	sendsAltered    bool // an instruction is sent as it is on record
	recounts        bool // the answer to an inquiry counts each time it is recorded
	lossIsUntold    bool // workers know nothing of the loss
}

const modelWorkers = 3 // at most

// order is what DANA has under one reference.
type order uint8

const (
	nothing order = iota
	working
	paid
	takenBack
	refused
	another // another payee has been paid under it
)

// phase is where a worker is.
type phase uint8

const (
	idle     phase = iota
	ready          // has read that a send or an inquiry is due
	taken          // its attempt is on record, nothing has left
	sending        // its request is under way; what comes back is open
	answered       // an answer is in hand
	holding        // has read the record to write the answer into it
)

// txID and outcomeID stand for a transaction and an outcome, so that a world is small.
type txID uint32

type outcomeID uint8

// worker is one of them.
type worker struct {
	phase   phase
	fresh   bool      // nobody has written since it read
	inNet   bool      // its request has not arrived at DANA yet
	seq     uint8     // its attempt
	inquiry uint8     // the number of its inquiry; 0 when it sends
	outcome outcomeID // in hand
	altered bool      // the record that it read was altered
	seen    txID      // what it read; kept only where nothing compares it
}

// world is everything at one moment: all that what can happen next depends on.
type world struct {
	tx        txID
	dana      [2]order // by reference; there is one, unless a fault makes another
	ref       uint8
	credits   uint8 // to the payee, ever
	strange   uint8 // to a payee whom nobody instructed us to pay
	late      uint8 // requests under way that nobody waits for any more
	human     bool  // a person has decided: what they knew is theirs
	forbidden bool  // the last check before a write had to stop one
	had       order // what DANA had when it forgot the number
	told      bool  // DANA's word that the number has other content is on record
	old       bool  // days have passed
	altered   bool  // the payee on record is another
	lost      bool  // Redis has lost everything once
	asked     uint8 // inquiries that were made since
	workers   [modelWorkers]worker
}

// explorer visits every world that can be reached.
type explorer struct {
	bounds
	fault
	known   map[sm.Transaction]txID
	txs     []sm.Transaction
	decided map[question]answer
	edges   map[[2]sm.State]bool
}

type step struct {
	from world
	name string
}

// explore returns how many worlds there are, and the first that breaks a promise with the
// way there.
func (x *explorer) explore() (visited int, broken string) {
	x.known, x.decided, x.edges = map[sm.Transaction]txID{}, map[question]answer{}, map[[2]sm.State]bool{}
	start := world{tx: x.id(sm.New(modelPayout.Ref, modelPayout.Amount, time.Time{}, modelTime))}
	seen := map[world]step{start: {}}
	queue := []world{start}
	for len(queue) > 0 && broken == "" {
		from := queue[0]
		queue = queue[1:]
		x.moves(from, func(name string, w world) {
			// Which of the workers is which makes no difference.
			slices.SortFunc(w.workers[:x.bounds.workers], compare)
			if _, again := seen[w]; again || broken != "" {
				return
			}
			seen[w] = step{from, name}
			x.edges[[2]sm.State{x.txs[from.tx].State, x.txs[w.tx].State}] = true
			if wrong := x.wrong(from, w); wrong != "" {
				broken = fmt.Sprintf("%s: %s", x.txs[w.tx].State, wrong) + way(seen, w)
			}
			if !w.human { // what a person knew is theirs, and ends it
				queue = append(queue, w)
			}
		})
	}
	return len(seen), broken
}

func way(seen map[world]step, w world) (way string) {
	for at := seen[w]; at.name != ""; at = seen[at.from] {
		way = "\n\t" + at.name + way
	}
	return way
}

func compare(a, b worker) int {
	key := func(k worker) uint64 {
		n := uint64(k.seen)<<32 | uint64(k.outcome)<<24 | uint64(k.inquiry)<<16 | uint64(k.seq)<<8 | uint64(k.phase)<<2
		if k.fresh {
			n |= 1
		}
		if k.inNet {
			n |= 2
		}
		if k.altered {
			n |= 1 << 63
		}
		return n
	}
	switch ka, kb := key(a), key(b); {
	case ka < kb:
		return -1
	case ka > kb:
		return 1
	}
	return 0
}

// wrong holds a world against the promises.
func (x *explorer) wrong(from, w world) string {
	before, t := x.txs[from.tx], x.txs[w.tx]
	has := w.dana[w.ref]
	mayPay := has == working || has == nothing && w.underway()
	// DANA's status names no payee: before it refuses the number to us nobody can know whose it is.
	untold := has == another && !from.told
	switch {
	case w.credits > 1:
		return "paid twice"
	case w.strange > 0:
		return "paid to somebody whom nobody instructed"
	case w.forbidden:
		return "the machine decided what the ledger had to forbid"
	case !w.human && t.State == sm.StateFailed && (w.dana[0] == paid || w.dana[1] == paid || w.had == paid || mayPay):
		return "called failed, and paid or still to be paid"
	case !w.human && t.State == sm.StateSucceeded && before.State != t.State && from.told:
		return "called succeeded, and DANA has said that the number is another's"
	case !w.human && t.State == sm.StateSucceeded && before.State != t.State && w.credits == 0 && !untold:
		return "called succeeded, and not paid"
	case !w.human && t.State == sm.StateRefunded && before.State != t.State && has != takenBack && w.had != takenBack:
		return "called refunded, and not taken back"
	case !t.State.Final() && t.State != sm.StateReview && t.Next == sm.StepNone:
		return "nothing is scheduled: it is lost"
	case x.counts() && t.Inquiries > int(w.asked):
		return "an inquiry counts that was not made"
	case from.lost == w.lost && before.State.Final() && t.State != before.State && (before.State != sm.StateSucceeded || t.State != sm.StateRefunded):
		return "a final state changed from " + string(before.State)
	}
	return ""
}

// counts tells whether the inquiries made are counted: where several "not found" make a proof.
func (x *explorer) counts() bool { return x.policy.NotFoundConfirmations > 1 }

// underway reports whether a request may still arrive at DANA.
func (w world) underway() bool {
	return w.late > 0 || slices.ContainsFunc(w.workers[:], func(k worker) bool { return k.inNet })
}

// id is the number of a transaction. What no decision depends on is left out, so that
// worlds are equal that act alike.
func (x *explorer) id(t sm.Transaction) txID {
	t.StepNo, t.Reason, t.DueAt, t.InquiryStep = 0, "", time.Time{}, 0
	n, ok := x.known[t]
	if !ok {
		n = txID(len(x.txs))
		x.known[t], x.txs = n, append(x.txs, t)
	}
	return n
}

// question is an event that happens to a transaction.
type question struct {
	tx   txID
	ev   sm.Event
	lost bool
}

type answer struct {
	tx               txID
	write, forbidden bool
}

// decide is the real decision and the real application of it. They are pure, so that one
// answer serves every world that asks the same.
func (x *explorer) decide(w world, tx txID, ev sm.Event) answer {
	q := question{tx, ev, w.lost}
	a, ok := x.decided[q]
	if ok {
		return a
	}
	rec := Record{Payout: modelPayout, Tx: x.txs[tx], Version: 1}
	policy := x.policy
	policy.AfterLoss = w.lost && !x.lossIsUntold
	if x.believesAnyway {
		rec.Tx.Inconsistent = false
	}
	if x.recounts && ev.Inquiry != 0 {
		ev.Inquiry = rec.Tx.Inquiries + 1
	}
	d, write := decide(policy, rec, ev)
	if x.refusalIsFinal && ev.Outcome.Kind == sm.Refused && !rec.Tx.State.Final() && rec.Tx.Open.Seq == ev.Attempt.Seq {
		d.Tx.State, d.Tx.Next, d.Tx.Open = sm.StateFailed, sm.StepNone, sm.Attempt{}
	}
	next, _, err := apply(rec, d, "")
	if a = (answer{tx: tx, write: write, forbidden: write && err != nil}); write && err == nil {
		a.tx = x.id(next.Tx)
	}
	x.decided[q] = a
	return a
}
