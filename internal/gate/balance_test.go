package gate

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

// purse is a deposit that the test fills, or that is not known.
type purse struct {
	rupiah atomic.Int64
	away   atomic.Bool
	asked  atomic.Int32
}

func (p *purse) ask(context.Context) (money.Amount, error) {
	p.asked.Add(1)
	if p.away.Load() {
		return money.Amount{}, errors.New("away")
	}
	return money.Rupiah(p.rupiah.Load()), nil
}

// watcher is a gate that watches the purse, with a mark of 100, once a minute. Nothing runs by itself.
func watcher(rdb redis.UniversalClient, c *clock, p *purse, change ...func(*Config)) *Gate {
	cfg := config(rdb, c.now)
	cfg.Probe = func(context.Context, Hold) bool { return true }
	cfg.Watch = Watch{Ask: p.ask, Every: time.Minute, LowWater: money.Rupiah(100)}
	for _, do := range change {
		do(&cfg)
	}
	return New(cfg)
}

// look has a worker look, a minute after the last reading, with so much in the purse.
func look(t *testing.T, g *Gate, c *clock, p *purse, rupiah int64) {
	t.Helper()
	c.pass(time.Minute)
	p.rupiah.Store(rupiah)
	g.cfg.Redis.Del(t.Context(), turnKey) // Redis's own clock has not moved
	g.watch(t.Context())
}

func causes(t *testing.T, rdb redis.UniversalClient, want string) {
	t.Helper()
	got, err := ReadHolds(t.Context(), rdb)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, h := range got {
		all = append(all, string(h.Cause))
	}
	if strings.Join(all, " ") != want {
		t.Fatalf("held for %q, want %q", all, want)
	}
}

// A deposit below the mark holds, and one that is at it again lifts. A person's resume lasts until
// the deposit has been at the mark in between.
func TestLowWater(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var p purse
		g := watcher(rdb, &c, &p)
		look(t, g, &c, &p, 100)
		causes(t, rdb, "")
		look(t, g, &c, &p, 99)
		h := heldBy(t, rdb, LowBalance, "")
		if !strings.HasPrefix(h.Reason, "the deposit holds IDR 99.00, below the low-water mark of IDR 100.00;") {
			t.Errorf("reason %q", h.Reason)
		}
		closed(t, g, "topup", Send, "hold")
		pass(t, g, "topup-status", Inquire).Done(Fine)
		look(t, g, &c, &p, 50)
		look(t, g, &c, &p, 100)
		causes(t, rdb, "")
		pass(t, g, "topup", Send).Done(Fine)

		look(t, g, &c, &p, 99)
		causes(t, rdb, "low_balance")
		resume(t, rdb)
		look(t, g, &c, &p, 98)
		look(t, watcher(rdb, &c, &p), &c, &p, 10) // nor does another worker
		causes(t, rdb, "")
		look(t, g, &c, &p, 100)
		look(t, g, &c, &p, 99)
		causes(t, rdb, "low_balance")
		log, err := Log(t.Context(), rdb, 10)
		if err != nil || len(log) != 5 {
			t.Errorf("%d entries in the log of holds, %v; want 5", len(log), err)
		}
	})
}

// A balance that is not known, and one that was read long ago, neither holds nor lifts.
func TestUnknownBalance(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var p purse
		g := watcher(rdb, &c, &p)
		p.away.Store(true)
		look(t, g, &c, &p, 5)
		causes(t, rdb, "")
		if _, known, err := ReadBalance(t.Context(), rdb); known || err != nil {
			t.Errorf("known %v, %v", known, err)
		}
		p.away.Store(false)
		look(t, g, &c, &p, 5)
		p.away.Store(true)
		look(t, g, &c, &p, 1000)
		causes(t, rdb, "low_balance")

		// A reading that dawdled does not undo a newer one.
		p.away.Store(false)
		late := watcher(rdb, &c, &p, func(cfg *Config) { cfg.Now = func() time.Time { return c.now().Add(-2 * time.Minute) } })
		late.askBalance(t.Context())
		if b, _, _ := ReadBalance(t.Context(), rdb); b.Amount != money.Rupiah(5) {
			t.Errorf("the last reading is %s, want the newer one", b.Amount)
		}
		causes(t, rdb, "low_balance")
	})
}

// One worker asks in each interval, and all know what it read.
func TestOneWorkerWatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var p purse
		p.rupiah.Store(500)
		var told [2][]Balance
		var gates [2]*Gate
		for i := range gates {
			gates[i] = watcher(rdb, &c, &p, func(cfg *Config) {
				cfg.Watch.OnReading = func(b Balance) { told[i] = append(told[i], b) }
			})
		}
		for range 3 {
			for _, g := range gates {
				g.watch(t.Context())
			}
		}
		if n := p.asked.Load(); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
		for i := range told {
			if len(told[i]) != 1 || told[i][0].Amount != money.Rupiah(500) || !told[i][0].At.Equal(c.now()) {
				t.Errorf("worker %d was told %v", i, told[i])
			}
		}
		if ttl := rdb.PTTL(t.Context(), turnKey).Val(); ttl < 53*time.Second || ttl > 66*time.Second {
			t.Errorf("the turn lasts %v, want a minute give or take a tenth", ttl)
		}
		gates[0].Stop()
		rdb.Del(t.Context(), turnKey)
		if gates[0].watch(t.Context()); p.asked.Load() != 1 {
			t.Error("a worker that is stopped asks")
		}
	})
}

// With the balance known, a hold for want of funds waits for a reading that covers what was
// refused and the mark, and is not probed; without, it is probed.
func TestFundsAreReadNotProbed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var p purse
		g := watcher(rdb, &c, &p)
		look(t, g, &c, &p, 1000)
		needs := Hold{Cause: statemachine.InsufficientFunds, Ref: "PAY-1", Needs: money.Rupiah(2000)}
		mustHold(t, g, needs)
		c.pass(time.Minute)
		g.probeDue(t.Context())
		look(t, g, &c, &p, 1999)
		causes(t, rdb, "insufficient_funds")
		look(t, g, &c, &p, 2000)
		causes(t, rdb, "")

		// It came back at once: the next time it takes longer, up to five minutes.
		mustHoldAgain := func(pause time.Duration) {
			t.Helper()
			if _, err := g.Hold(t.Context(), needs); err != nil {
				t.Fatal(err)
			}
			if h := g.Status().Holds[0]; h.NextProbe.Sub(h.Since) != pause {
				t.Errorf("next look after %v, want %v", h.NextProbe.Sub(h.Since), pause)
			}
		}
		for _, pause := range []time.Duration{10, 20, 40} {
			mustHoldAgain(pause * time.Second)
			look(t, g, &c, &p, 2000)
			causes(t, rdb, "")
		}
		mustHoldAgain(80 * time.Second)
		look(t, g, &c, &p, 2000)
		causes(t, rdb, "insufficient_funds")
		resume(t, rdb)
		mustHoldAgain(5 * time.Second) // a person has looked

		// The balance has been away for three intervals: what it was then tells nothing.
		c.pass(4 * time.Minute)
		g.probeDue(t.Context())
		causes(t, rdb, "")
	})
}

// If a person is to resume, neither a reading nor a probe does.
func TestPersonResumes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var p purse
		g := watcher(rdb, &c, &p, func(cfg *Config) { cfg.PersonResumes = true })
		if _, err := g.Hold(t.Context(), noFunds); err != nil {
			t.Fatal(err)
		}
		look(t, g, &c, &p, 50)
		look(t, g, &c, &p, 5000)
		c.pass(time.Hour)
		g.probeDue(t.Context())
		causes(t, rdb, "insufficient_funds low_balance")
	})
}

// The watch runs with the gate. On a real Redis, where the turn ends by itself.
func TestWatchRuns(t *testing.T) {
	t.Parallel()
	ears := make(heard, 9)
	cfg := config(redistest.Start(t).Client(), time.Now)
	var p purse
	cfg.Watch = Watch{Ask: p.ask, Every: time.Second, LowWater: money.Rupiah(100)}
	cfg.OnHold = ears.onHold
	run(t, New(cfg))
	ears.expect(t, "held system:low_balance")
	p.rupiah.Store(100)
	ears.expect(t, "lifted system:low_balance")
}
