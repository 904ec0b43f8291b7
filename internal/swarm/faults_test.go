//go:build !race

package swarm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tasks"
	"github.com/salur-id/salur/internal/wakeup"
)

// fault is one kind of trouble; it returns how to end it, or nil.
type fault struct {
	name string
	do   func(r *run) (mend func())
}

const (
	queueLost = "queue lost"
	plainTask = "enqueued with plain asynq"
)

// deposit is far more than all payouts together.
var deposit = money.Rupiah(1_000_000_000)

var faults = slices.Concat(machinery, strangers, partners)

// machinery is what happens to workers, Redis, DANA and the tools of people.
var machinery = []fault{
	{"worker killed", func(r *run) func() {
		i := r.dice.IntN(len(r.workers))
		r.workers[i].kill()
		r.workers[i] = r.start(r.clock())
		return nil
	}},
	{"worker stopped and started again", func(r *run) func() {
		i := r.dice.IntN(len(r.workers))
		if r.workers[i].toRedis.isCut() {
			return nil // a stop that takes ages, which the tests with processes show
		}
		r.pass(2 * time.Second) // connections that are just being made would stop virtual time
		r.workers[i].stop()
		r.workers[i] = r.start(r.clock()) // beside the old one, which finishes
		return nil
	}},
	{"clock set wrong", func(r *run) func() {
		off := []time.Duration{31 * 24 * time.Hour, -31 * 24 * time.Hour, 10 * time.Minute, -10 * time.Minute}[r.dice.IntN(4)]
		w := r.one()
		right := w.off.Swap(int64(off))
		begins := r.start(off) // a worker that begins with such a clock
		r.pass(5 * time.Second)
		select {
		case <-begins.ended:
			if !errors.As(begins.refused, new(*tasks.ClockError)) {
				r.t.Errorf("a worker whose clock is off by %s ended with %v", off, begins.refused)
			}
		default:
			r.t.Errorf("a worker whose clock is off by %s has started", off)
		}
		return func() { w.off.Store(right) }
	}},
	{"worker cut off from Redis", func(r *run) func() {
		l := r.one().toRedis
		l.sever()
		return l.mend
	}},
	{"worker cut off from DANA", func(r *run) func() {
		l := r.one().toDANA
		l.sever()
		return l.mend
	}},
	{"Redis away for all", func(r *run) func() {
		cut := slices.Clone(r.workers)
		for _, w := range cut {
			w.toRedis.sever()
		}
		return func() {
			for _, w := range cut {
				w.toRedis.mend()
			}
		}
	}},
	{"duplicate tasks", func(r *run) func() {
		for range 5 {
			rec := r.any()
			for queue, typ := range map[string]string{wakeup.QueueTopUp: wakeup.TypeTopUpSend, wakeup.QueueInquiry: wakeup.TypeTopUpInquire, wakeup.QueueBank: wakeup.TypeBankSend} {
				r.enqueue(typ, fmt.Sprintf(`{"v":1,"ref":%q}`, rec.Payout.Ref), asynq.Queue(queue))
			}
		}
		return nil
	}},
	{queueLost, func(r *run) func() {
		for _, k := range r.redis.Keys() {
			if len(k) > 6 && k[:6] == "asynq:" {
				r.redis.Del(k)
			}
		}
		return nil
	}},
	{"deposit used up", func(r *run) func() {
		r.check(r.dana.SetDeposit(money.Rupiah(15_000)))
		return func() { r.check(r.dana.SetDeposit(deposit)) }
	}},
	{"credentials refused", func(r *run) func() {
		r.dana.RefuseCredentials(true)
		return func() { r.dana.RefuseCredentials(false) }
	}},
	{"DANA down for sends", func(r *run) func() {
		return r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "500xx01"}}})
	}},
	{"DANA down for inquiries", func(r *run) func() {
		return r.spoil([]string{"topup-status", "transfer-bank-status"}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.HTML}}})
	}},
	{"held by a person", func(r *run) func() {
		r.check(gate.HoldByPerson(r.ctx, r.rdb, "a look", "Sari", time.Now()))
		return func() {
			_, err := gate.Resume(r.ctx, r.rdb, "", "Sari", time.Now())
			r.check(err)
		}
	}},
	{"a person asks", func(r *run) func() {
		for range 3 {
			r.ask(r.any().Payout.Ref)
		}
		return nil
	}},
	{"submitted again", func(r *run) func() { r.again(3); return nil }},
	{plainTask, func(r *run) func() {
		r.payouts++
		p := payout.Instruction{Ref: fmt.Sprintf("PLAIN-%d", r.payouts), Customer: r.customer(), Amount: "12000"}
		accepted, err := p.Parse()
		r.check(err)
		r.accepted[p.Ref], r.plain[p.Ref] = accepted, true
		r.enqueue(wakeup.TypeTopUpSend, fmt.Sprintf(`{"v":1,"ref":%q,"customer":%q,"amount":%q}`, p.Ref, p.Customer, p.Amount),
			asynq.Queue(wakeup.QueueTopUp), asynq.TaskID(p.Ref))
		return nil
	}},
}

// spoil lets APIs misbehave until they are mended.
func (r *run) spoil(apis []string, b sandbox.Behaviour) (mend func()) {
	set := func(b sandbox.Behaviour) {
		for _, api := range apis {
			r.check(r.dana.SetBehaviour(sandbox.Target{API: api}, b))
		}
	}
	set(b)
	return func() { set(sandbox.Behaviour{}) }
}

func (r *run) one() *worker { return r.workers[r.dice.IntN(len(r.workers))] }

func (r *run) customer() string { return fmt.Sprintf("6281%07d", r.dice.IntN(50)) }

// any is one of the payouts.
func (r *run) any() ledger.Record {
	records, err := r.ledger.List(r.ctx, ledger.Query{Limit: 40})
	if r.check(err); len(records) == 0 {
		r.t.Fatal("there is no payout")
	}
	return records[r.dice.IntN(len(records))]
}

func (r *run) enqueue(typ, payload string, options ...asynq.Option) {
	_, err := r.asynq.Enqueue(asynq.NewTask(typ, []byte(payload)), options...)
	r.check(err)
}

// ask is `ledger inquire`.
func (r *run) ask(ref string) {
	rec, d, err := ledger.Update(r.ctx, r.ledger, r.policy, ref, "", func(ledger.Record) (sm.Event, bool) { return sm.AskNow("Sari", "", time.Now()), true })
	if errors.Is(err, ledger.ErrNotFound) {
		return // it was forgotten this very moment
	}
	if r.check(err); !d.Ignored {
		r.check(r.queue.Wake(r.ctx, rec))
	}
}

// submit accepts a few payouts more.
func (r *run) submit() {
	for range 1 + r.dice.IntN(6) {
		p := r.instruction()
		if i := r.dice.IntN(10 * len(odd)); i < len(odd) {
			r.check(r.dana.SetBehaviour(sandbox.Target{Ref: p.Ref}, odd[i]))
		}
		r.accept(p)
	}
}

// instruction is a payout that nobody has handed over yet.
func (r *run) instruction() payout.Payout {
	r.payouts++
	in := payout.Instruction{
		Ref: fmt.Sprintf("PAY-%d", r.payouts), Customer: r.customer(), Amount: payout.Number(fmt.Sprint(10_000 + r.dice.IntN(10_000))),
		Validate: r.dice.IntN(5) == 0,
	}
	if r.dice.IntN(3) == 0 {
		in.Kind, in.BankCode, in.Account = string(payout.Bank), "014", fmt.Sprintf("24608885%02d", r.dice.IntN(50))
		in.AccountName = []string{"", "Bpk. Account Holder", "Siti Aminah"}[r.dice.IntN(3)] // hers it is not
	}
	p, err := in.Parse()
	r.check(err)
	if r.dice.IntN(10) == 0 {
		p.NotAfter = time.Now().Add(time.Duration(r.dice.IntN(120)) * time.Second)
	}
	return p
}

func (r *run) accept(p payout.Payout) {
	r.accepted[p.Ref] = p
	_, created, err := wakeup.Submit(r.ctx, r.ledger, r.queue, p, time.Now())
	if r.check(err); !created {
		r.t.Errorf("%s was there already", p.Ref)
	}
}

// draw is the mix of troubles of one run, in the order in which they come, and what DANA
// does to single payouts in it. Some are in it by the run's number, so that a few runs have
// them all.
func (r *run) draw(n int) []fault {
	var mix, more []fault
	for i, f := range faults {
		if i%short == n%short {
			mix = append(mix, f)
		} else if r.dice.IntN(2) == 0 {
			more = append(more, f)
		}
	}
	r.dice.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
	for _, f := range more[:min(len(more), steps-len(mix))] {
		// A plain task is all there is of its payout until a worker has taken it up: its
		// producer must not do that on a Redis that loses queues.
		barred := map[string]string{plainTask: queueLost, queueLost: plainTask}[f.name]
		if !slices.ContainsFunc(mix, func(f fault) bool { return f.name == barred }) {
			mix = append(mix, f)
		}
	}
	r.dice.Shuffle(len(mix), func(i, j int) { mix[i], mix[j] = mix[j], mix[i] })
	random := sandbox.Random{Seed: r.dice.Uint64(), Share: r.dice.Float64()}
	for _, n := range sandbox.Numbers() {
		if n.Preset != "" && r.dice.IntN(2) == 0 {
			random.Presets = append(random.Presets, n.Preset)
		}
	}
	r.check(r.dana.Apply(sandbox.Plan{Random: &random}))
	return mix
}

// odd are longer misfortunes of single payouts than the presets draw.
var odd = []sandbox.Behaviour{
	{Sends: []sandbox.Send{{Times: 6, Pay: sandbox.PayNever, Answer: sandbox.Drop}}}, // every retry in vain: not found
	{Sends: []sandbox.Send{{Pay: sandbox.PayLate, DelayMillis: 200_000, Answer: sandbox.Drop}}},
	{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "04"}}},
	{Sends: []sandbox.Send{{Answer: sandbox.ForeignRef, Then: "04"}}},
	{Sends: []sandbox.Send{{Times: 1, Answer: sandbox.Drop}, {Answer: "404xx18"}}}, // other content, says DANA of its own
	{Sends: []sandbox.Send{{Times: 1, Answer: sandbox.Drop}, {Times: 1, Pay: sandbox.PayNever, Answer: "401xx00"}, {}}},
	{Sends: []sandbox.Send{{Answer: sandbox.Missing}}},
}

// newDice draws the run's choices.
func newDice(seed, n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
