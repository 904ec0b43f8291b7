//go:build !race

// Package swarm runs whole fleets in virtual time: the real asynq servers, handlers, ledger,
// sweepers and gates, with Redis and DANA in memory, under a mix of troubles that each
// seed draws for itself. The promises are checked after every step; then the troubles
// end, and everything must settle.
//
// They run without the race detector, whose runtime crashes now and then over bubbles of
// testing/synctest this large (Go 1.26). The same code runs under it in the other tests.
package swarm

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9/logging"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/prove"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

const (
	workers  = 2
	steps    = 16               // of a run, each up to maxPause long
	maxPause = 20 * time.Second // between two troubles
	settleIn = 30 * time.Minute // after the last trouble: a hold that comes back waits up to 5 minutes each time
	cutOff   = time.Hour        // of the follow-up
	clockOff = 3 * time.Second  // at most: of each worker's clock
)

// short is how many seeds `make test` runs.
const short = 5

// tally counts what all runs together have exercised.
type tally struct {
	runs, payouts, sends, duplicates int
	virtual, settled                 time.Duration // settled: the longest
	seen                             map[string]int
	mu                               sync.Mutex
}

func (y *tally) count(what string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.seen[what]++
}

func TestSwarm(t *testing.T) {
	t.Parallel()
	key()             // outside of any bubble
	logging.Disable() // go-redis would tell of every cut line
	y := &tally{seen: map[string]int{}}
	seed, long := prove.Seed(), prove.For(t, "SWARM")
	begun := time.Now()
	for n := uint64(0); n < short || time.Since(begun) < long; n++ {
		ok := t.Run(fmt.Sprintf("seed=%d/%d", seed, n), func(t *testing.T) {
			// Virtual time stands still while anybody waits for a mutex whose holder waits for time.
			still := time.AfterFunc(10*time.Minute, func() { panic("virtual time stands still in " + t.Name()) })
			defer still.Stop()
			synctest.Test(t, func(t *testing.T) { newRun(t, y, newDice(seed, n), n%2 == 1).all(int(n)) })
		})
		if !ok {
			break
		}
		y.runs++
	}
	if t.Failed() {
		return
	}
	y.complete(t, long > 0)
	prove.Say(t, "swarm: seed %d, %d runs, %s of virtual time in %s: %d payouts, %d sends of which %d repeated, settled at most %s after the last trouble, no promise broken",
		seed, y.runs, y.virtual.Round(time.Minute), time.Since(begun).Round(time.Second), y.payouts, y.sends, y.duplicates, y.settled)
	for _, what := range slices.Sorted(maps.Keys(y.seen)) {
		prove.Say(t, "swarm: %6d x %s", y.seen[what], what)
	}
}

// complete fails when a kind of trouble, or in the long form a way of DANA or an edge of
// the machine, never happened.
func (y *tally) complete(t *testing.T, long bool) {
	want := []string{"breaker opened", "held for equal refusals"}
	for _, f := range faults {
		want = append(want, "trouble: "+f.name)
	}
	if long {
		for _, e := range sm.Edges() {
			want = append(want, edge(e.From, e.To))
		}
		for _, a := range []sandbox.Answer{sandbox.Hang, sandbox.Drop, sandbox.HTML, sandbox.Half, sandbox.Empty, sandbox.ForeignRef, sandbox.ForeignAmount} {
			want = append(want, answered(a))
		}
	}
	for _, what := range want {
		if y.seen[what] == 0 {
			t.Errorf("never exercised: %s", what)
		}
	}
}

func answered(a sandbox.Answer) string { return "answer: " + string(a) }

func edge(from, to sm.State) string { return fmt.Sprintf("edge %s to %s", from, to) }

// run is one seed. Every second one is of workers that were told of a loss (SALUR_AFTER_LOSS).
type run struct {
	*fleet
	ctx      context.Context
	dice     *rand.Rand
	tally    *tally
	asynq    *asynq.Client
	payouts  int
	accepted map[string]payout.Payout // as they were handed over
	plain    map[string]bool          // enqueued with plain asynq and not yet seen in the ledger
	others   map[paid]bool            // what another system of the merchant hands to DANA
	stranger *danaclient.Client       // who speaks to DANA beside the workers
	slow     *ledger.Redis            // of a person far from Redis, whom a worker may overtake
	final    map[string]sm.State      // the state that was seen last
	since    map[string]time.Time     // when it was not yet seen last
	looked   time.Time
	purged   map[string]bool // over for the retention, and forgotten
	mends    []func()        // of the troubles that last
	lastID   string          // in the event stream
	forgot   bool            // DANA has forgotten numbers
	// unknowable is another system's order that DANA never spoke of to us; see untold.
	unknowable map[string]bool
}

func newRun(t *testing.T, y *tally, dice *rand.Rand, afterLoss bool) *run {
	r := &run{
		fleet: newFleet(t, dice, afterLoss), ctx: t.Context(), dice: dice, tally: y,
		accepted: map[string]payout.Payout{}, plain: map[string]bool{}, others: map[paid]bool{},
		final: map[string]sm.State{}, since: map[string]time.Time{}, looked: time.Now(), purged: map[string]bool{}, lastID: "0", unknowable: map[string]bool{},
	}
	slow := r.client(newLine(r.redis.Dial, 400*time.Millisecond))
	t.Cleanup(func() { _ = slow.Close() })
	r.slow = ledger.NewRedis(slow)
	r.stranger = r.partner(time.Now, newLine(r.danaAt.connect, 100*time.Millisecond))
	r.asynq = asynq.NewClientFromRedisClient(r.rdb)
	return r
}

func (r *run) all(n int) {
	begun := time.Now()
	mix := r.draw(n)
	r.submit()
	for i := range steps {
		r.submit()
		r.pass(time.Duration(r.dice.Int64N(int64(300 * time.Millisecond)))) // into the midst of exchanges
		f := mix[i%len(mix)]
		r.tally.count("trouble: " + f.name)
		if mend := f.do(r); mend != nil {
			r.mends = append(r.mends, mend)
		}
		r.pass(time.Duration(r.dice.Int64N(int64(maxPause))))
		if r.dice.IntN(2) == 0 {
			r.mend(1)
		}
		r.promises()
		if r.dice.IntN(2) == 0 {
			r.resume()
		}
	}
	r.mend(len(r.mends))
	r.settle()
	r.tally.virtual += time.Since(begun)
}

// mend ends the n oldest of the troubles that last.
func (r *run) mend(n int) {
	n = min(n, len(r.mends))
	for _, mend := range r.mends[:n] {
		mend()
	}
	r.mends = r.mends[n:]
}

// pass lets time pass, for Redis too.
func (r *run) pass(d time.Duration) {
	for d > 0 {
		some := min(d, time.Second)
		time.Sleep(some)
		r.redis.SetTime(time.Now())
		r.redis.FastForward(some)
		d -= some
	}
}

func (r *run) await(what string, within time.Duration, ok func() bool) {
	for end := time.Now().Add(within); !ok(); r.pass(time.Second) {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (r *run) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// settle: the troubles are over, and everything must end; then people clear what is left
// to them, and the books must agree to the rupiah.
func (r *run) settle() {
	last := time.Now()
	for open := r.open(); len(open)+len(r.plain) > 0; open = r.open() {
		r.resume()
		if r.pass(5 * time.Second); time.Since(last) > settleIn {
			holds, err := gate.ReadHolds(r.ctx, r.rdb)
			r.t.Errorf("not settled after %s: %d payouts, plain tasks %v; holds %+v %v", settleIn, len(open), r.plain, holds, err)
			for _, w := range r.workers {
				r.t.Logf("%s: %+v", w.Runner.Owner, w.Runner.Gate.Status())
			}
			r.explain(open)
		}
	}
	r.tally.settled = max(r.tally.settled, time.Since(last).Round(time.Second))

	// What DANA took back is learnt by asking, and what is in review by looking at its books.
	for ref, tx := range r.books() {
		if _, ours := r.accepted[ref]; ours && tx.Status == "04" && !r.purged[ref] {
			r.ask(ref)
		}
	}
	r.await("DANA to be asked", time.Minute, func() bool {
		for _, rec := range r.promises() {
			if rec.Tx.Next == sm.StepInquire {
				return false
			}
		}
		return true
	})
	for _, rec := range r.promises() {
		if rec.Tx.State == sm.StateReview {
			r.resolve(rec.Payout.Ref)
		}
	}
	for ref, rec := range r.promises() {
		if !rec.Tx.State.Final() {
			r.t.Errorf("%s is %s in the end", ref, rec.Tx.State)
		}
	}
	r.balance()
	books := r.dana.State()
	for range r.breaker.Load() {
		r.tally.count("breaker opened")
	}
	for _, q := range r.dana.Requests("", "") {
		if q.Answer != sandbox.Normal {
			r.tally.count(answered(q.Answer))
		}
	}
	r.tally.payouts += len(r.accepted)
	for _, tx := range books.Transactions {
		r.tally.sends += tx.Sends
		r.tally.duplicates += max(0, tx.Sends-1)
	}
}

// open is what still needs somebody.
func (r *run) open() map[string]ledger.Record {
	open := r.promises()
	maps.DeleteFunc(open, func(_ string, rec ledger.Record) bool { return rec.Tx.State.Final() || rec.Tx.State == sm.StateReview })
	return open
}

// resolve is what a person does who sees DANA's books.
func (r *run) resolve(ref string) {
	for range 5 { // DANA ends what it is still paying when it is asked
		if status := r.books()[ref].Status; status != "01" && status != "02" && status != "03" {
			break
		}
		ask := r.stranger.TopUpStatus
		if r.accepted[ref].Kind == payout.Bank {
			ask = r.stranger.BankTransferStatus
		}
		ask(r.ctx, danaclient.NewExternalID(time.Now()), payout.Payout{Ref: ref})
	}
	as, tx := sm.StateFailed, r.books()[ref]
	if was := map[string]sm.State{"00": sm.StateSucceeded, "04": sm.StateRefunded}[tx.Status]; was != "" && r.isOurs(tx) {
		as = was
	}
	_, _, err := ledger.Update(r.ctx, r.ledger, r.policy, ref, "", func(ledger.Record) (sm.Event, bool) {
		return sm.Resolve(as, "Sari", "seen in DANA's books", time.Now()), true
	})
	r.check(err)
}
