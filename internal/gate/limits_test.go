package gate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

func limited(rdb redis.UniversalClient, c *clock, l Limits) *Gate {
	cfg := config(rdb, c.now)
	cfg.Limits = l
	return New(cfg)
}

func pay(ref string, rupiah int64, customer string) Payment {
	return Payment{Ref: ref, Total: money.Rupiah(rupiah), Payee: customer, Shown: "****234"}
}

// admits asks whether a payment may be sent and fails the test if the answer is another.
func admits(t *testing.T, g *Gate, p Payment, want bool) {
	t.Helper()
	got, err := g.Admit(t.Context(), p)
	if err != nil || got != want {
		t.Fatalf("Admit %s of %s: %v, %v; want %v", p.Ref, p.Total, got, err, want)
	}
}

// heldBy returns the one hold there is.
func heldBy(t *testing.T, rdb redis.UniversalClient, cause statemachine.Why, ref string) Hold {
	t.Helper()
	got, err := ReadHolds(t.Context(), rdb)
	if err != nil || len(got) != 1 || got[0].Cause != cause || got[0].Ref != ref || got[0].By != BySystem || !got[0].NextProbe.IsZero() {
		t.Fatalf("held %+v, %v; want %s by %s, never probed", got, err, cause, ref)
	}
	return got[0]
}

func resume(t *testing.T, rdb redis.UniversalClient) {
	t.Helper()
	if _, err := Resume(t.Context(), rdb, "looked at it", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
}

// Each limit: up to it and not a cent more; the hold says what met it; a person's resume lets
// the payout that met it pass, and begins the sum anew.
func TestLimits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		a, b := "62811742234", "62811742235"
		for cause, tc := range map[statemachine.Why]struct {
			limits Limits
			before []Payment
			over   Payment
			reason string
			after  Payment // passes after the resume, although over is counted
			again  Payment // does not
		}{
			LimitFee: {
				Limits{Fee: money.Rupiah(2)}, []Payment{pay("A", 100, a)}, Payment{Ref: "C", Total: money.Rupiah(4), Fee: money.Rupiah(3), Payee: a, Shown: "****234"},
				"a fee of IDR 3.00 for a payout to ****234, and SALUR_LIMIT_FEE is 2.00", pay("D", 100, a),
				Payment{Ref: "E", Total: money.Rupiah(4), Fee: money.Rupiah(3), Payee: a, Shown: "****234"},
			},
			LimitPayout: {
				Limits{Payout: money.Rupiah(100)}, []Payment{pay("A", 100, a), pay("B", 100, a)}, pay("C", 101, a),
				"IDR 101.00 to ****234, and SALUR_LIMIT_PAYOUT is 100.00", pay("D", 100, a), pay("E", 101, a),
			},
			LimitCustomerDay: {
				Limits{CustomerDay: money.Rupiah(100)}, []Payment{pay("A", 60, a), pay("B", 40, a), pay("A", 60, a), pay("O", 100, b)}, pay("C", 1, a),
				"with IDR 1.00 more, ****234 would get IDR 101.00 today, and SALUR_LIMIT_CUSTOMER_DAY is 100.00", pay("D", 99, a), pay("E", 1, a),
			},
			LimitMinute: {
				Limits{Minute: money.Rupiah(100)}, []Payment{pay("A", 60, a), pay("B", 40, b), pay("A", 60, a)}, pay("C", 1, b),
				"with IDR 1.00 more to ****234, IDR 101.00 would be sent within a minute, and SALUR_LIMIT_MINUTE is 100.00", pay("D", 99, a), pay("E", 1, a),
			},
		} {
			rdb.FlushDB(t.Context())
			_ = Begin(t.Context(), rdb)
			one, other := limited(rdb, &c, tc.limits), limited(rdb, &c, tc.limits)
			for _, p := range tc.before {
				admits(t, one, p, true)
			}
			admits(t, other, tc.over, false)
			if h := heldBy(t, rdb, cause, "C"); h.Reason != tc.reason {
				t.Errorf("%s: reason %q, want %q", cause, h.Reason, tc.reason)
			}
			closed(t, other, "topup", Send, "hold") // it knows at once
			admits(t, one, pay("SMALL", 0, b), false)
			closed(t, one, "topup", Send, "hold")
			c.pass(time.Hour)
			one.probeDue(t.Context())
			heldBy(t, rdb, cause, "C")
			c.pass(-time.Hour)

			resume(t, rdb)
			admits(t, one, tc.over, true)
			admits(t, other, tc.over, true)
			admits(t, other, tc.after, true)
			admits(t, one, tc.again, false)
			heldBy(t, rdb, cause, "E")
		}
	})
}

// The minute is any 60 seconds, for a worker with a slow clock too; the day begins at midnight in Jakarta.
func TestWindows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c, slow clock
		slow.pass(-time.Hour)
		l := Limits{Minute: money.Rupiah(100), CustomerDay: money.Rupiah(150)}
		g, behind := limited(rdb, &c, l), limited(rdb, &slow, l)
		admits(t, g, pay("A", 50, "a"), true)
		c.pass(30 * time.Second)
		admits(t, behind, pay("B", 50, "a"), true) // counts as A does, not an hour ago
		c.pass(30*time.Second - time.Millisecond)
		admits(t, g, pay("C", 1, "b"), false)
		resume(t, rdb)
		admits(t, g, pay("D", 100, "b"), true)
		c.pass(59 * time.Second)
		admits(t, g, pay("D", 100, "b"), true) // a retry: its time moves on
		c.pass(2 * time.Second)
		admits(t, g, pay("E", 1, "b"), false)
		resume(t, rdb)

		admits(t, g, pay("F", 51, "a"), false) // today
		heldBy(t, rdb, LimitCustomerDay, "F")
		rdb.HDel(t.Context(), holdsKey, rdb.HKeys(t.Context(), holdsKey).Val()...)
		_ = Begin(t.Context(), rdb)
		night := c.now().In(jakarta.Zone)
		c.pass(time.Date(night.Year(), night.Month(), night.Day()+1, 0, 0, 0, 0, jakarta.Zone).Sub(night))
		admits(t, g, pay("F", 51, "a"), true)
	})
}

// No key name shows a customer, every key is in the gate's slot and goes by itself.
func TestLimitKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		g := limited(rdb, &c, Limits{Payout: money.Rupiah(100), CustomerDay: money.Rupiah(100), Minute: money.Rupiah(100)})
		admits(t, g, pay("A", 100, "62811742234"), true)
		keys := rdb.Keys(t.Context(), "*").Val()
		keys = slices.DeleteFunc(keys, func(key string) bool { return key == holdsKey })
		if len(keys) != 3 {
			t.Errorf("keys %v, want three beside the holds", keys)
		}
		for _, key := range keys {
			if !strings.HasPrefix(key, "salur:{gate}:") || strings.Contains(key, "62811") || rdb.PTTL(t.Context(), key).Val() <= 0 {
				t.Errorf("%s lasts for %v", key, rdb.PTTL(t.Context(), key).Val())
			}
		}
	})
}

// Without Redis nothing may be sent.
func TestAdmitWithoutRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	g := New(config(server.Client(), time.Now))
	server.Kill()
	if ok, err := g.Admit(t.Context(), pay("A", 1, "a")); ok || err == nil {
		t.Errorf("%v, %v; want an error", ok, err)
	}
}

// Whatever comes, on several workers at once and again and again after crashes: within any minute,
// and to any customer on any day, not more is admitted than the limit; what is under the limits is
// admitted; and what met one is let pass once a person has resumed.
func TestNeverMoreThanTheLimits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		for seed := range uint64(20) {
			rdb.FlushDB(t.Context())
			_ = Begin(t.Context(), rdb)
			b := newBooking(t, rdb, seed)
			b.run()
		}
	})
}

// booking holds what a fleet of gates admits against books of its own.
type booking struct {
	t        *testing.T
	rdb      *redis.Client
	rnd      *rand.Rand
	c        clock
	limits   Limits
	workers  []*Gate
	payments map[string]Payment
	let      map[string]bool
	mu       sync.Mutex
	sent     []sent // since the limit that they count for was last lifted
}

type sent struct {
	Payment
	at      time.Time
	day     string
	lifted  bool // a person has begun the minute anew since
	dayOver bool // or the customer's day
}

func newBooking(t *testing.T, rdb *redis.Client, seed uint64) *booking {
	b := &booking{
		t: t, rdb: rdb, rnd: rand.New(rand.NewPCG(seed, 7)), payments: map[string]Payment{}, let: map[string]bool{},
		limits: Limits{Payout: money.Rupiah(80), CustomerDay: money.Rupiah(150), Minute: money.Rupiah(300)},
	}
	for range 3 {
		b.workers = append(b.workers, limited(rdb, &b.c, b.limits))
	}
	return b
}

func (b *booking) run() {
	all := make([]Payment, 60)
	for i := range all {
		all[i] = pay(fmt.Sprint("PAY-", i), 1+b.rnd.Int64N(90), fmt.Sprint("customer-", b.rnd.IntN(6)))
		b.payments[all[i].Ref] = all[i]
	}
	for range 40 {
		b.c.pass(time.Duration(b.rnd.Int64N(int64(40 * time.Second))))
		if b.rnd.IntN(15) == 0 {
			b.c.pass(time.Duration(b.rnd.Int64N(int64(20 * time.Hour))))
		}
		round := make([]Payment, 1+b.rnd.IntN(8))
		for i := range round {
			round[i] = all[b.rnd.IntN(len(all))] // some are tried again: crashed, unknown, duplicate tasks
		}
		var at sync.WaitGroup
		for i, p := range round {
			at.Go(func() { b.admit(b.workers[i%len(b.workers)], p) })
		}
		at.Wait()
		b.check()
		b.person()
	}
}

func (b *booking) admit(g *Gate, p Payment) {
	ok, err := g.Admit(b.t.Context(), p)
	if err != nil {
		b.t.Error(err)
	}
	if ok {
		b.mu.Lock()
		defer b.mu.Unlock()
		now := b.c.now()
		b.sent = append(b.sent, sent{Payment: p, at: now, day: now.In(jakarta.Zone).Format(time.DateOnly)})
	}
}

// sum is what counts of those sent, each reference once, but for those that a person let pass.
func (b *booking) sum(counts func(sent) bool) (cents int64) {
	seen := map[string]bool{}
	for _, s := range b.sent {
		if counts(s) && !seen[s.Ref] && !b.let[s.Ref] {
			seen[s.Ref] = true
			cents += s.Total.Cents()
		}
	}
	return cents
}

func (b *booking) inMinute(s sent) bool { return !s.lifted && b.c.now().Sub(s.at) < time.Minute }

func (b *booking) inDay(customer string) func(sent) bool {
	today := b.c.now().In(jakarta.Zone).Format(time.DateOnly)
	return func(s sent) bool { return !s.dayOver && s.Payee == customer && s.day == today }
}

func (b *booking) check() {
	if cents := b.sum(b.inMinute); cents > b.limits.Minute.Cents() {
		b.t.Fatalf("%d cents within a minute", cents)
	}
	for _, s := range b.sent {
		if s.Total.Cents() > b.limits.Payout.Cents() && !b.let[s.Ref] {
			b.t.Fatalf("%s was sent with %s", s.Ref, s.Total)
		}
		if cents := b.sum(b.inDay(s.Payee)); cents > b.limits.CustomerDay.Cents() {
			b.t.Fatalf("%d cents to %s on one day", cents, s.Payee)
		}
	}
}

// person looks at what is held, holds the claim against the books, and resumes.
func (b *booking) person() {
	holds, err := ReadHolds(b.t.Context(), b.rdb)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, h := range holds {
		b.excused(h)
	}
	if len(holds) == 0 {
		return
	}
	resume(b.t, b.rdb)
	for _, h := range holds {
		b.let[h.Ref] = true
		for i, s := range b.sent {
			b.sent[i].lifted = s.lifted || h.Cause == LimitMinute
			b.sent[i].dayOver = s.dayOver || slices.Contains(h.Sums, dayKey(s.Payee, b.c.now()))
		}
	}
	// Those that met a limit pass now.
	for _, h := range holds {
		before := len(b.sent)
		if b.admit(b.workers[b.rnd.IntN(len(b.workers))], b.payments[h.Ref]); len(b.sent) == before {
			b.t.Fatalf("%s was let pass, and meets a limit again", h.Ref)
		}
	}
}

// excused fails the test when a hold was made that no limit asked for. Those let pass count in the
// sums as well. Others may have been admitted since, so that this is never too strict.
func (b *booking) excused(h Hold) {
	p, let := b.payments[h.Ref], b.let
	b.let = nil
	defer func() { b.let = let }()
	with, most := p.Total.Cents(), b.limits.Payout
	switch h.Cause {
	case LimitMinute:
		with, most = with+b.sum(b.inMinute), b.limits.Minute
	case LimitCustomerDay:
		with, most = with+b.sum(b.inDay(p.Payee)), b.limits.CustomerDay
	}
	if with <= most.Cents() {
		b.t.Fatalf("held for %s, though it would only be %d cents of %s: %s", h.Cause, with, most, h.Reason)
	}
}
