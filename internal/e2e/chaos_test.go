package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/prove"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// takeoverWithin bounds the time from a kill -9 to the takeover of each attempt that the killed
// worker had out.
const takeoverWithin = 20 * time.Second

// TestChaos kills, freezes and restarts workers and Redis under load, loses the queues, and
// then holds DANA's books against the ledger, rupiah by rupiah.
func TestChaos(t *testing.T) {
	t.Parallel()
	long := prove.For(t, "CHAOS")
	c := newChaos(t, long)
	c.misbehave()
	begun := time.Now()
	for c.kills < c.wantKills || c.payouts < c.wantPayouts || time.Since(begun) < long {
		c.strangers()
		c.submit()
		c.trouble()
	}
	over := time.Now()
	c.calm()
	c.settle(over)
	c.report(time.Since(begun))
}

type chaos struct {
	*system
	dice    *rand.Rand
	rdb     *redis.Client
	ledger  *ledger.Redis
	workers []*process

	wantKills, wantPayouts, batch int
	short                         bool
	freezeFor                     time.Duration

	payouts, kills, freezes, stops, redisKills, flushes int
	step                                                int
	accepted                                            []string
	instructed                                          map[string]string // by reference: who is to get how much
	cancelled                                           map[string]bool
	bare                                                []string // answered without its fields
	altered, foreign                                    []string // written into Redis by somebody else
	found                                               int      // of altered
	held                                                []heldAttempt
	settled                                             time.Duration
	lost, wrong, reviewed                               int
}

// heldAttempt is one that a killed worker had out.
type heldAttempt struct {
	ref    string
	seq    int
	killed time.Time
}

func newChaos(t *testing.T, long time.Duration) *chaos {
	// What Redis has acknowledged survives its kill with this setting and no lesser one.
	c := &chaos{system: setup(t, "--appendfsync", "always"), dice: rand.New(rand.NewPCG(prove.Seed(), 3)), instructed: map[string]string{}, cancelled: map[string]bool{}}
	c.env["SALUR_LOG_LEVEL"], c.env["SALUR_CONCURRENCY"] = "error", "16"
	c.short, c.wantKills, c.wantPayouts, c.batch, c.freezeFor = long == 0, 12, 400, 25, 5*time.Second
	if long > 0 {
		// As by default, but for the retries' and inquiries' patience.
		c.wantKills, c.wantPayouts, c.freezeFor = 200, 2000, 35*time.Second
		c.env["SALUR_DANA_TIMEOUT"], c.env["SALUR_SWEEP_INTERVAL"] = "8s", "15s"
		c.env["SALUR_TOPUP_RETRY_DELAYS"], c.env["SALUR_INQUIRY_DELAYS"] = "1s,2s,4s,8s,12s", "1s,2s,4s,8s,12s"
	}
	c.rdb = c.redis.Client()
	c.ledger = ledger.NewRedis(c.rdb)
	for range 3 {
		c.workers = append(c.workers, c.start("worker"))
	}
	return c
}

// misbehave lets DANA do everything to half of the payouts, by the seed.
func (c *chaos) misbehave() {
	plan, err := json.Marshal(sandbox.Plan{Random: &sandbox.Random{Seed: prove.Seed(), Share: 0.5}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.control("plan", string(plan))
}

// submit hands a batch over with the real program, again and again until all of it is accepted.
func (c *chaos) submit() {
	if c.short && c.payouts >= c.wantPayouts {
		return // only trouble is still to come
	}
	customers := []string{"628996647679", "628121111111"} // frozen; general error
	var file strings.Builder
	for range c.batch {
		c.payouts++
		customer, amount := fmt.Sprintf("6281%07d", c.dice.IntN(1000)), 10_000+c.dice.IntN(10_000)
		switch c.dice.IntN(20) {
		case 0:
			customer = customers[c.dice.IntN(len(customers))]
		case 1:
			amount = 21_000_001 // over the limit
		}
		bank, payee := "", customer
		if c.dice.IntN(3) == 0 {
			account := fmt.Sprintf("24608885%02d", c.dice.IntN(100))
			bank, payee = fmt.Sprintf(`,"kind":"bank","bankCode":"014","account":%q`, account), "014/"+account
			amount = min(amount, 20_000) // a transfer has no such limit, and the deposit has an end
		}
		ref := fmt.Sprintf("PAY-%d", c.payouts)
		c.accepted = append(c.accepted, ref)
		c.instructed[ref] = fmt.Sprintf("%s %d.00", payee, amount)
		fmt.Fprintf(&file, `{"ref":%q,"customer":%q,"amount":"%d","validate":%t%s}`+"\n", ref, customer, amount, c.dice.IntN(5) == 0, bank)
	}
	await(c.t, "a batch to be accepted", func() bool {
		_, _, code := c.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl")
		return code == 0 // it is 4 while Redis is away
	})
}

// trouble is one step: mostly a kill -9, and each of the others in its turn.
func (c *chaos) trouble() {
	c.step++
	i := c.dice.IntN(len(c.workers))
	switch c.step % 5 {
	case 4:
		c.freezes++
		frozen := c.workers[i]
		c.signal(frozen, syscall.SIGSTOP)
		c.workers[i] = c.start("worker") // meanwhile somebody else works
		thaw := time.Now().Add(c.freezeFor)
		c.t.Cleanup(func() { _ = frozen.cmd.Process.Signal(syscall.SIGCONT) })
		for time.Now().Before(thaw) {
			c.submit()
			c.kill()
		}
		c.signal(frozen, syscall.SIGCONT)
		c.workers = append(c.workers, frozen)
		return
	case 3:
		c.stops++
		c.env["SALUR_LOG_LEVEL"] = "info" // it is ready when it says so; a signal before that is a kill
		stopped := c.worker()
		c.env["SALUR_LOG_LEVEL"] = "error"
		c.signal(stopped, syscall.SIGTERM)
		<-stopped.ended
		if code := stopped.cmd.ProcessState.ExitCode(); code != 0 {
			c.t.Errorf("a worker that was told to stop exits with %d:\n%s", code, stopped.stderr.tail())
		}
	case 2:
		c.redisKills++
		c.redis.Kill()
		time.Sleep(time.Duration(c.dice.IntN(2000)) * time.Millisecond)
		c.redis.Restart()
	case 1:
		c.flushes++
		keys, err := c.rdb.Keys(c.t.Context(), "asynq:*").Result()
		if err == nil {
			err = c.rdb.Del(c.t.Context(), keys...).Err()
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	c.kill()
}

func (c *chaos) signal(p *process, s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// kill ends a worker with SIGKILL, after a while in which it may have got anywhere, notes which attempts it had
// out, and starts another.
func (c *chaos) kill() {
	time.Sleep(time.Duration(200+c.dice.IntN(800)) * time.Millisecond)
	i := c.dice.IntN(len(c.workers))
	killed := c.workers[i]
	killed.kill()
	at := time.Now()
	c.kills++
	if len(c.workers) > 3 {
		c.workers = slices.Delete(c.workers, i, i+1)
	} else {
		c.workers[i] = c.start("worker")
	}
	wakes := c.waiting(sm.StepAnswer)
	owner := fmt.Sprintf(":%d:", killed.cmd.Process.Pid)
	for _, rec := range c.records(refs(wakes)) {
		if strings.Contains(rec.Tx.Open.Owner, owner) {
			c.held = append(c.held, heldAttempt{rec.Payout.Ref, rec.Tx.Open.Seq, at})
		}
	}
}

// waiting is every payout of which this is the next step.
func (c *chaos) waiting(step sm.Step) (all []ledger.Wake) {
	for _, kind := range []payout.Kind{payout.TopUp, payout.Bank} {
		wakes, err := c.ledger.Overdue(c.t.Context(), kind, step, time.Now().Add(1000*time.Hour), 0)
		if err != nil {
			c.t.Fatal(err)
		}
		all = append(all, wakes...)
	}
	return all
}

func refs(wakes []ledger.Wake) []string {
	var refs []string
	for _, w := range wakes {
		refs = append(refs, w.Ref)
	}
	return refs
}

func (c *chaos) records(refs []string) map[string]ledger.Record {
	records, err := c.ledger.GetMany(c.t.Context(), refs)
	if err != nil {
		c.t.Fatal(err)
	}
	return records
}

// calm ends the trouble; the workers that are there go on.
func (c *chaos) calm() {
	for len(c.workers) > 3 {
		c.workers[3].stop(c.t)
		c.workers = slices.Delete(c.workers, 3, 4)
	}
}

// settle waits until nothing is open, then does what is left to people: asks about what DANA
// took back, and resolves what is in review by DANA's books.
func (c *chaos) settle(over time.Time) {
	open := func() (open int) {
		for _, step := range []sm.Step{sm.StepSend, sm.StepAnswer, sm.StepInquire} {
			open += len(c.waiting(step))
		}
		return open
	}
	for n := open(); n > 0; n = open() {
		if time.Sleep(200 * time.Millisecond); time.Since(over) > 10*time.Minute {
			c.t.Fatalf("%d payouts are open after %s", n, time.Since(over))
		}
	}
	c.settled = time.Since(over)

	asked := 0
	for ref, rec := range c.records(c.accepted) {
		if rec.Tx.State == sm.StateSucceeded && asked < 100 { // DANA takes some back when it is asked
			asked++
			c.must("ledger", "inquire", ref)
		}
	}
	await(c.t, "DANA to be asked", func() bool { return open() == 0 })
	dana := c.byRef()
	for ref, rec := range c.records(c.accepted) {
		if rec.Tx.State != sm.StateReview {
			continue
		}
		as := map[string]string{"00": "succeeded", "04": "refunded"}[dana[ref].Status]
		if as == "" {
			as = "failed"
		}
		c.reviewed++
		c.must("ledger", "resolve", ref, "--as", as, "--reason", "seen in DANA's books", "--by", "Sari")
	}
}

// byRef is what DANA's books have.
func (c *chaos) byRef() map[string]sandbox.Transaction {
	dana := map[string]sandbox.Transaction{}
	for _, tx := range c.books().Transactions {
		dana[tx.Ref] = tx
	}
	return dana
}

// report holds everything against everything and says what was found.
func (c *chaos) report(took time.Duration) {
	st := c.books()
	doubles := 0
	if err := st.Check(); err != nil {
		doubles++
		c.t.Errorf("DANA's books: %v", err)
	}
	c.heldAgainstStrangers(st)
	dana := c.byRef()
	sends, repeated := 0, 0
	for _, tx := range dana {
		sends += tx.Sends
		repeated += max(0, tx.Sends-1)
	}
	records := c.records(c.accepted)
	states := map[sm.State]int{}
	var spent int64
	for _, ref := range c.accepted {
		rec, ok := records[ref]
		states[rec.Tx.State]++
		isPaid := dana[ref].Status == "00"
		switch {
		case !ok || !rec.Tx.State.Final():
			c.lost++
			c.t.Errorf("%s was accepted and is lost: %+v", ref, rec.Tx)
		case isPaid != (rec.Tx.State == sm.StateSucceeded):
			c.wrong++
			c.t.Errorf("%s is %s; DANA has %+v", ref, rec.Tx.State, dana[ref])
		case isPaid:
			spent += rec.Payout.Amount.Add(dana[ref].Fee).Cents()
			if rec.Payout.Amount != dana[ref].Amount || rec.Payout.Kind == payout.TopUp && dana[ref].Fee.Cents() != 0 {
				c.t.Errorf("%s: %+v, DANA has %+v", ref, rec.Payout, dana[ref])
			}
		}
	}
	if gone := st.Opening.Sub(st.Deposit).Cents(); gone != spent {
		c.t.Errorf("%d cents left the deposit, the ledger says %d", gone, spent)
	}
	for _, d := range c.reconcile() {
		c.t.Errorf("DANA's settlement report: %+v", d)
	}
	takeovers := c.takeovers()
	median, longest := time.Duration(0), time.Duration(0)
	if len(takeovers) > 0 {
		median, longest = takeovers[len(takeovers)/2], takeovers[len(takeovers)-1]
	}
	if longest > takeoverWithin {
		c.t.Errorf("an attempt of a killed worker was taken over after %s", longest)
	}
	prove.Say(c.t, "processes: seed %d, %s: %d payouts %v, %d of them resolved from review; %d cancelled, %d altered in Redis and %d of these found, %d tasks of others, %d answered without fields; %d workers killed, %d frozen for %s, %d stopped; Redis killed %d times, its queues lost %d times",
		prove.Seed(), took.Round(time.Second), len(c.accepted), states, c.reviewed, len(c.cancelled), len(c.altered), c.found, len(c.foreign), len(c.bare), c.kills, c.freezes, c.freezeFor, c.stops, c.redisKills, c.flushes)
	prove.Say(c.t, "processes: %d sends, %d of them repeated; %d double credits, %d lost, %d called wrongly; opening - closing = succeeded + fees = %d.%02d IDR",
		sends, repeated, doubles, c.lost, c.wrong, spent/100, spent%100)
	prove.Say(c.t, "processes: %d attempts of killed workers taken over after %s (median), %s (longest); everything settled %s after the last trouble",
		len(takeovers), median.Round(100*time.Millisecond), longest.Round(100*time.Millisecond), c.settled.Round(100*time.Millisecond))
	if sends == 0 || repeated == 0 || len(takeovers) == 0 || states[sm.StateFailed] == 0 || states[sm.StateRefunded] == 0 || c.reviewed == 0 || len(c.cancelled) == 0 ||
		c.found == 0 || len(c.foreign) == 0 || len(c.bare) == 0 {
		c.t.Error("too little has happened for a proof")
	}
}

// takeovers is how long after the kill each attempt that was out then came to its end, sorted.
func (c *chaos) takeovers() []time.Duration {
	var took []time.Duration
	for _, h := range c.held {
		entries, err := c.ledger.History(c.t.Context(), h.ref)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, e := range entries {
			if e.At.After(h.killed) {
				took = append(took, e.At.Sub(h.killed))
				break
			}
		}
	}
	slices.Sort(took)
	return took
}
