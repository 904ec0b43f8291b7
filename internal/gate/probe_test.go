package gate

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestProbeAfter(t *testing.T) {
	t.Parallel()
	var got []float64
	for _, n := range []int{-1, 0, 1, 2, 3, 4, 5, 6, 7, 62, 1 << 40} {
		got = append(got, probeAfter(n).Seconds())
	}
	if want := []float64{5, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300}; !slices.Equal(got, want) {
		t.Errorf("pauses %v, want %v", got, want)
	}
}

// prober is a gate whose probes are a function of the test, and are counted.
func prober(rdb redis.UniversalClient, c *clock, probes *atomic.Int32, probe func(context.Context, Hold) bool) *Gate {
	cfg := config(rdb, c.now)
	cfg.Probe = func(ctx context.Context, h Hold) bool {
		probes.Add(1)
		return probe(ctx, h)
	}
	return New(cfg)
}

// mustHold makes the system hold and returns its record.
func mustHold(t *testing.T, g *Gate, h Hold) Hold {
	t.Helper()
	if _, err := g.Hold(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	h.By, h.Since, h.NextProbe = BySystem, g.cfg.Now(), g.cfg.Now().Add(5*time.Second)
	return h
}

// Two workers make one probe each time it is due: not while the other probes, and not just
// after it on an old view.
func TestOneWorkerProbes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		var c clock
		var probes atomic.Int32
		var other *Gate
		one := prober(rdb, &c, &probes, func(context.Context, Hold) bool {
			other.probeDue(ctx) // meanwhile
			return false
		})
		other = prober(rdb, &c, &probes, func(context.Context, Hold) bool { return false })
		h := mustHold(t, one, noFunds)
		other.read(ctx)

		for n, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			c.pass(pause - time.Nanosecond)
			one.probeDue(ctx)
			if got := int(probes.Load()); got != n {
				t.Fatalf("%d probes before the time of number %d", got, n+1)
			}
			c.pass(time.Nanosecond)
			one.probeDue(ctx)
			other.probeDue(ctx)
			if got := int(probes.Load()); got != n+1 {
				t.Fatalf("%d probes, want %d", got, n+1)
			}
			h.Probes, h.NextProbe = n+1, c.now().Add(2*pause)
			holds(t, rdb, h)
			other.read(ctx)
		}
	})
}

// A probe lifts the hold that it was made for. A person's hold is never probed.
func TestProbeLifts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		var c clock
		var probes atomic.Int32
		g := prober(rdb, &c, &probes, func(_ context.Context, h Hold) bool { return h.Cause == noFunds.Cause })
		mustHold(t, g, noFunds)
		denied := mustHold(t, g, refused)
		if err := HoldByPerson(ctx, rdb, "lunch", "rina", c.now()); err != nil {
			t.Fatal(err)
		}
		person := Hold{By: ByPerson, Reason: "lunch", Person: "rina", Since: c.now()}
		g.read(ctx)
		c.pass(5 * time.Second)
		g.probeDue(ctx)
		denied.Probes, denied.NextProbe = 1, c.now().Add(10*time.Second)
		holds(t, rdb, person, denied)
		if n := probes.Load(); n != 2 {
			t.Errorf("%d probes, want one for each hold of the system", n)
		}
		g.read(ctx)
		closed(t, g, "topup", Send, "hold")
	})
}

// What happened to a hold during its probe stands: it is neither written back after it was
// lifted, nor does the verdict on the old one touch a new one.
func TestProbeResurrectsNothing(t *testing.T) {
	t.Parallel()
	for name, lift := range map[string]bool{"in vain": false, "lifting": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, rdb *redis.Client) {
				ctx := t.Context()
				var c clock
				var probes atomic.Int32
				meanwhile := func() {}
				g := prober(rdb, &c, &probes, func(context.Context, Hold) bool {
					if _, err := Resume(ctx, rdb, "", "Sari", time.Now()); err != nil {
						t.Error(err)
					}
					meanwhile()
					return lift
				})
				mustHold(t, g, noFunds)
				c.pass(5 * time.Second)
				g.probeDue(ctx)
				holds(t, rdb)

				mustHold(t, g, noFunds)
				c.pass(5 * time.Second)
				var anew Hold
				meanwhile = func() { anew = mustHold(t, g, noFunds) }
				g.probeDue(ctx)
				holds(t, rdb, anew)
				if n := probes.Load(); n != 2 {
					t.Errorf("%d probes, want 2", n)
				}
			})
		})
	}
}

// A worker that stops during a probe counts nothing and leaves the lock to the others; a
// stopped one, or one that has no probe, does not begin.
func TestProbeAndTheEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var probes atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		stopping := prober(rdb, &c, &probes, func(context.Context, Hold) bool {
			cancel()
			return false
		})
		h := mustHold(t, stopping, noFunds)
		c.pass(5 * time.Second)
		stopping.probeDue(ctx)
		holds(t, rdb, h)

		stopping.Stop()
		stopping.probeDue(t.Context())
		cannot := New(config(rdb, c.now))
		cannot.read(t.Context())
		cannot.probeDue(t.Context())
		if n := probes.Load(); n != 1 {
			t.Fatalf("%d probes, want the one that was cut short", n)
		}
		next := prober(rdb, &c, &probes, func(context.Context, Hold) bool { return true })
		next.read(t.Context())
		next.probeDue(t.Context())
		holds(t, rdb)
	})
}

// A lock that is lost and taken by another worker is left to that one.
func TestProbeLeavesAForeignLock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var probes atomic.Int32
		g := prober(rdb, &c, &probes, func(ctx context.Context, _ Hold) bool {
			return rdb.Set(ctx, probeLockKey, "another", 0).Err() == nil
		})
		mustHold(t, g, noFunds)
		c.pass(5 * time.Second)
		g.probeDue(t.Context())
		holds(t, rdb)
		if owner := rdb.Get(t.Context(), probeLockKey).Val(); owner != "another" {
			t.Errorf("the lock is %q's, want another's", owner)
		}
	})
}

// Two running workers find the cause gone, with one probe, and both open.
func TestRunProbes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var probes atomic.Int32
		yes := func(context.Context, Hold) bool { return true }
		gates := []*Gate{prober(rdb, &c, &probes, yes), prober(rdb, &c, &probes, yes)}
		mustHold(t, gates[0], noFunds)
		for _, g := range gates {
			run(t, g)
		}
		closed(t, gates[0], "topup", Send, "hold")
		c.pass(5 * time.Second)
		for _, g := range gates {
			pass(t, g, "topup", Send).Done(Fine)
		}
		if n := probes.Load(); n != 1 {
			t.Errorf("%d probes, want 1", n)
		}
	})
}

// Run ends after the probe that it began, not before.
func TestRunWaitsForItsProbe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var probes atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		var over atomic.Bool
		g := prober(rdb, &c, &probes, func(ctx context.Context, _ Hold) bool {
			cancel()
			<-ctx.Done()
			time.Sleep(20 * time.Millisecond) // the exchange takes a moment to end
			over.Store(true)
			return false
		})
		mustHold(t, g, noFunds)
		c.pass(5 * time.Second)
		if err := g.Run(ctx); !over.Load() || !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v; probe over: %v, want after the probe", err, over.Load())
		}
	})
}
