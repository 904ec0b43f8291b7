package gate

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"
)

// Two workers share one rate: 20 a second with a burst of 2 lets 22 pass in a second.
func TestRateIsShared(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		s := &spy{counts: make(map[string]int)}
		rdb.AddHook(s)
		cfg := config(rdb, time.Now)
		cfg.RatePerSecond = 20
		const each = 11
		started := time.Now()
		var workers sync.WaitGroup
		for range 2 {
			g := New(cfg)
			run(t, g)
			workers.Go(func() {
				for range each {
					pass(t, g, "topup", Send).Done(Fine)
				}
			})
		}
		workers.Wait()
		if took := time.Since(started); took < 990*time.Millisecond || took > 5*time.Second {
			t.Errorf("22 passes took %v, want a second", took)
		}
		// Each pass asks once, and once more for each time that it came too early.
		if n := s.count("evalsha"); n > 5*2*each {
			t.Errorf("the rate was asked for %d times for %d passes", n, 2*each)
		}
	})
}

// Who waits for the rate sleeps as long as Redis said, whatever else changes.
func TestRateIsAskedForWhenItIsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		s := &spy{rate: func() []any {
			if time.Since(started) < time.Second {
				return denied()
			}
			return allowed()
		}}
		cfg := config(offline(t, s), time.Now)
		cfg.RatePerSecond = 1
		g := New(cfg)
		believe(g)
		passed := make(chan *Pass)
		go func() {
			p, _ := g.Wait(t.Context(), "topup", Send)
			passed <- p
		}()
		synctest.Wait()
		for range 50 {
			believe(g)
			synctest.Wait()
		}
		if n := s.count("evalsha"); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
		if (<-passed) == nil || time.Since(started) != time.Second || s.count("evalsha") != 2 {
			t.Errorf("passed after %v and %d calls, want 1s and 2", time.Since(started), s.count("evalsha"))
		}
	})
}

// A hold that comes while Redis is asked for the rate stops who asked.
func TestHoldDuringTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g *Gate
		s := &spy{rate: allowed, before: func(context.Context, string) { believe(g, Hold{By: ByPerson}) }}
		cfg := config(offline(t, s), time.Now)
		cfg.RatePerSecond = 1
		g = New(cfg)
		believe(g)
		closed(t, g, "topup", Send, "hold")
	})
}

// When Redis cannot answer for the rate nothing passes, and a half-open breaker gets its
// place back.
func TestRateUnknown(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	// Few dials: after many in vain, go-redis refuses for a second without trying.
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = rdb.Close() })
	var c clock // stands still, so that the holds stay known
	cfg := config(rdb, c.now)
	cfg.RatePerSecond, cfg.BreakerOpenFor = 1000, time.Millisecond
	g := New(cfg)
	believe(g)
	for range 3 {
		pass(t, g, "topup", Send).Done(Fault)
	}
	server.Kill()
	for range 2 * halfOpenProbes {
		_, err := g.Wait(t.Context(), "topup", Send)
		var shut *ClosedError
		if !errors.As(err, &shut) || shut.Why != "rate" || errors.Is(err, context.Canceled) {
			t.Fatalf("Wait: %v, want closed because of the rate, by Redis's error", err)
		}
	}
	server.Restart()
	for range halfOpenProbes {
		pass(t, g, "topup", Send).Done(Fine)
	}
	if s := g.Status().Breakers["topup"]; s != "closed" {
		t.Errorf("breaker %s, want closed", s)
	}
}
