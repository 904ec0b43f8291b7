package statemachine

import (
	"fmt"
	"hash/maphash"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// The model: one payout, two workers, a network that loses and delays, a DANA, operators.
// Every order in which they can act is explored, over the real table. Time is left out: what
// is due may happen at once or never, which covers every schedule.

var modelTime = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// bounds keep the numbers small. Beyond so many sends and inquiries nothing new happens.
type bounds struct {
	policy           Policy
	sends, inquiries int // attempts ever written ahead, inquiries ever answered
}

// retrying is one retry and no resend; resending is no retry and one resend.
var (
	retrying = bounds{Policy{
		RetryDelays: []time.Duration{time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, NotFoundConfirmations: 1, NotFoundAction: Resend,
	}, 3, 2}
	resending = bounds{Policy{
		InquiryDelays: []time.Duration{time.Second}, InquiryCutoff: time.Hour,
		NotFoundConfirmations: 2, ResendLimit: 1, NotFoundAction: Resend,
	}, 3, 4}
)

const (
	modelWorkers = 2
	modelLate    = 2 // requests under way at once that nobody waits for; more are lost
)

// order is what DANA has under one reference.
type order uint8

const (
	nothing order = iota
	working
	paid
	takenBack
	refused
)

// phase is where a worker is.
type phase uint8

const (
	idle     phase = iota
	taken          // the attempt is on record, nothing has left
	sending        // the request is under way; what comes back is open
	answered       // an answer is in hand
	asking         // an inquiry's answer is in hand
)

// worker is one of them. seen is the record that it read last.
type worker struct {
	phase   phase
	seen    Transaction
	attempt Attempt
	inquiry int
	outcome Outcome
	inNet   bool // its request has not arrived at DANA yet
}

// world is everything at one moment. It is comparable, and so the key of what was seen.
type world struct {
	tx      Transaction
	dana    [2]order // by reference; there is one, unless a fault makes another
	ref     int
	credits int
	late    int // requests under way that nobody waits for any more
	workers [modelWorkers]worker
	human   bool // a person has decided: what they knew is theirs
}

// fault is a way of planting one.
type fault struct {
	bounds
	noCompareAndSet, refusalIsFinal, newReference bool
}

// explore visits every world that can be reached, and returns how many, and the first one
// that breaks a promise with the way there.
func explore(f fault) (visited int, broken string) {
	type step struct {
		from uint64
		name string
	}
	start := world{tx: plain(New("PAY-1", money.Rupiah(10000), time.Time{}, modelTime))}
	seed := maphash.MakeSeed()
	key := func(w world) uint64 {
		// Which of two workers is which makes no difference.
		a, b := maphash.Comparable(seed, w.workers[0]), maphash.Comparable(seed, w.workers[1])
		if a > b {
			w.workers[0], w.workers[1] = w.workers[1], w.workers[0]
		}
		return maphash.Comparable(seed, w)
	}
	seen := map[uint64]step{key(start): {}}
	queue := []world{start}
	for len(queue) > 0 && broken == "" {
		from := queue[0]
		queue = queue[1:]
		f.moves(from, func(name string, w world) {
			k := key(w)
			if _, again := seen[k]; again || broken != "" {
				return
			}
			seen[k] = step{key(from), name}
			if wrong := w.wrong(from); wrong != "" {
				broken = fmt.Sprintf("%s: %s", w.tx.State, wrong)
				var way string
				for at := seen[k]; at.name != ""; at = seen[at.from] {
					way = "\n" + at.name + way
				}
				broken += way
				return
			}
			if !w.human { // what a person knew is theirs, and ends it
				queue = append(queue, w)
			}
		})
	}
	return len(seen), broken
}

// wrong holds a world against the promises.
func (w world) wrong(before world) string {
	t := w.tx
	mayPay := w.dana[w.ref] == working || w.dana[w.ref] == nothing && w.underway()
	switch {
	case w.credits > 1:
		return "paid twice"
	case !w.human && t.State == StateFailed && (w.dana[0] == paid || w.dana[1] == paid || mayPay):
		return "called failed, and paid or still to be paid"
	case !w.human && t.State == StateSucceeded && w.dana[w.ref] != paid && w.dana[w.ref] != takenBack:
		return "called succeeded, and not paid"
	case !w.human && t.State == StateRefunded && w.dana[w.ref] != takenBack:
		return "called refunded, and not taken back"
	case !t.State.Final() && t.State != StateReview && t.Next == StepNone:
		return "nothing is scheduled: it is lost"
	case before.tx.State.Final() && t.State != before.tx.State && (before.tx.State != StateSucceeded || t.State != StateRefunded):
		return "a final state changed from " + string(before.tx.State)
	}
	return ""
}

// underway reports whether a request may still arrive at DANA.
func (w world) underway() bool {
	for _, k := range w.workers {
		if k.inNet {
			return true
		}
	}
	return w.late > 0
}

// moves calls next with every world that one step makes of w.
func (f fault) moves(w world, next func(name string, w world)) {
	for i := range w.workers {
		name := fmt.Sprint("worker ", i+1, " ")
		f.workerMoves(w, i, func(what string, w world) { next(name+what, w) })
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
		late.arrive(func(what string, _ Outcome, w world) { next("a late request: "+what, w) })
	}
	f.events(w, next)
}

// events are what the clock and people do, each to the newest record.
func (f fault) events(w world, next func(name string, w world)) {
	apply := func(name string, ev Event) {
		if d := f.policy.Decide(w.tx, ev); !d.Ignored {
			w := w
			w.tx = plain(d.Tx)
			w.human = w.human || ev.Trigger == Resolved
			next(name, w)
		}
	}
	apply("expires", Expire(modelTime))
	apply("the cut-off comes", CutOffReached(modelTime.Add(time.Hour)))
	apply("a person asks", AskNow(modelTime))
	for _, as := range []State{StateSucceeded, StateFailed, StateRefunded} {
		apply("a person resolves as "+string(as), Resolve(as, "Sari", "seen", modelTime))
	}
	if w.tx.Open.Seq != 0 {
		apply("the sweeper books the attempt as lost", Lost(w.tx.Open, modelTime))
	}
}

func (f fault) workerMoves(w world, i int, next func(what string, w world)) {
	k := w.workers[i]
	with := func(w world, change func(*worker)) world {
		change(&w.workers[i])
		return w
	}
	gone := with(w, func(k *worker) { *k = worker{} })
	if k.inNet {
		gone.late = min(gone.late+1, modelLate)
	}
	if k.phase != idle {
		next("is killed", gone)
	}
	switch k.phase {
	case idle:
		if w.tx.Next == StepSend && w.tx.Seq < f.sends {
			a := Attempt{ExternalID: "e", Owner: "w", StartedAt: modelTime, Deadline: modelTime}
			if f.noCompareAndSet { // reads now, writes later
				next("reads, to take it", with(w, func(k *worker) { k.phase, k.seen, k.attempt = taken, w.tx, a }))
				return
			}
			if d := f.policy.Decide(w.tx, Take(a)); !d.Ignored {
				w := w
				w.tx = plain(d.Tx)
				next("writes an attempt ahead", with(w, func(k *worker) { k.phase, k.attempt = taken, w.tx.Open }))
			}
		}
		if w.tx.Next == StepInquire && w.tx.Inquiries < f.inquiries {
			w.ask(func(what string, o Outcome) {
				next("asks: "+what, with(w, func(k *worker) { k.phase, k.inquiry, k.outcome = asking, w.tx.Inquiries+1, o }))
			})
		}
	case taken:
		if f.noCompareAndSet && k.attempt.Seq == 0 {
			if d := f.policy.Decide(k.seen, Take(k.attempt)); !d.Ignored {
				w := w
				w.tx = plain(d.Tx)
				next("writes over what it read", with(w, func(k *worker) { k.attempt = d.Tx.Open }))
			}
			return
		}
		// Its time is over when the attempt counts as lost: then nothing leaves.
		if w.tx.Open.Seq == k.attempt.Seq || f.noCompareAndSet {
			next("sends", with(w, func(k *worker) { k.phase, k.inNet = sending, true }))
		}
		for _, o := range []Outcome{{Kind: NotSent}, {Kind: Denied, Why: CredentialsRefused}} {
			next("gets "+o.Kind.String(), with(w, func(k *worker) { k.phase, k.outcome = answered, o }))
		}
	case sending:
		if k.inNet {
			arrived := with(w, func(k *worker) { k.inNet = false })
			arrived.arrive(func(what string, o Outcome, w world) {
				next("'s request: "+what, with(w, func(k *worker) { k.phase, k.outcome = answered, o }))
			})
			lost := with(w, func(k *worker) { k.phase, k.inNet, k.outcome = answered, false, Outcome{Kind: Unknown} })
			next("'s request is lost", lost)
			lost.late = min(lost.late+1, modelLate)
			next("waits in vain, the request goes on", lost)
		}
	case answered:
		next("loses the answer", with(w, func(k *worker) { k.outcome = Outcome{Kind: Unknown} }))
		w.tx = f.decide(w, SendResult(k.attempt, k.outcome, modelTime), k)
		w.renamed(f, k)
		next("records "+k.outcome.Kind.String(), with(w, func(k *worker) { *k = worker{} }))
	case asking:
		w.tx = f.decide(w, InquiryResult(k.inquiry, "e", k.outcome, modelTime), k)
		w.renamed(f, k)
		next("records that "+k.outcome.Kind.String(), with(w, func(k *worker) { *k = worker{} }))
	}
}

// decide is the real decision, with the faults that are planted in it.
func (f fault) decide(w world, ev Event, k worker) Transaction {
	tx := plain(f.policy.Decide(w.tx, ev).Tx)
	if f.refusalIsFinal && ev.Trigger == sent(Refused) && !w.tx.State.Final() && w.tx.Open.Seq == k.attempt.Seq {
		tx.State, tx.Next, tx.Open = StateFailed, StepNone, Attempt{}
	}
	return tx
}

// renamed plants a new reference at the moment of a resend.
func (w *world) renamed(f fault, _ worker) {
	if f.newReference && w.tx.Resends == 1 && w.ref == 0 {
		w.ref = 1
	}
}

// arrive is a request that reaches DANA, with every answer that DANA may give.
func (w world) arrive(then func(what string, o Outcome, w world)) {
	ours := Outcome{Kind: Succeeded, EchoRef: w.tx.Ref, EchoAmount: w.tx.Amount}
	switch w.dana[w.ref] {
	case nothing:
		then("turned away", Outcome{Kind: Throttled}, w)
		then("an internal error", Outcome{Kind: Unknown}, w)
		then("refused and not kept", Outcome{Kind: Refused, Why: "invalid_field_format"}, w)
		w.dana[w.ref] = refused
		then("refused and kept", Outcome{Kind: Refused, Why: AmountLimit}, w)
		w.dana[w.ref] = working
		then("begun", Outcome{Kind: InProgress}, w)
		w.dana[w.ref] = paid
		w.credits++
		then("paid", ours, w)
	case working:
		then("is being worked on", Outcome{Kind: InProgress}, w)
	case paid, takenBack:
		then("was paid", ours, w)
		then("refused for what the first has used up", Outcome{Kind: Refused, Why: AmountLimit}, w)
	case refused:
		then("had failed", Outcome{Kind: AskStatus}, w)
	}
}

// ask is an inquiry with every answer that DANA may give.
func (w world) ask(then func(what string, o Outcome)) {
	then("no answer", Outcome{Kind: Unknown})
	about := func(k Kind) Outcome { return Outcome{Kind: k, EchoRef: w.tx.Ref, EchoAmount: w.tx.Amount} }
	switch w.dana[w.ref] {
	case nothing:
		then("not found", Outcome{Kind: NotFound})
	case working:
		then("in progress", about(InProgress))
	case paid:
		then("paid", about(Succeeded))
	case takenBack:
		then("taken back", about(Refunded))
	case refused:
		then("failed", about(Failed))
	}
}

// plain leaves out of a record what no decision depends on, so that worlds are equal that act alike.
func plain(t Transaction) Transaction {
	t.StepNo, t.Reason, t.DueAt = 0, "", time.Time{}
	t.InquiryStep = 0
	return t
}

func TestModel(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]bounds{"retrying": retrying, "resending": resending} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visited, broken := explore(fault{bounds: b})
			if broken != "" {
				t.Fatal(broken)
			}
			t.Logf("%d worlds, no promise broken", visited)
		})
	}
}

// The model finds what it is for: each fault planted in the machine breaks a promise.
func TestModelFindsPlantedFaults(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"no compare-and-set":                     {bounds: retrying, noCompareAndSet: true},
		"a refusal after unknown is the end":     {bounds: retrying, refusalIsFinal: true},
		"a new reference for the second attempt": {bounds: resending, newReference: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visited, broken := explore(f)
			if broken == "" {
				t.Errorf("%d worlds, and nothing was found", visited)
			}
			t.Logf("after %d worlds: %s", visited, broken)
		})
	}
}
