package gate

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that only the test moves. Its zero value shows a day in November 2026.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC).Add(time.Duration(c.passed.Load()))
}

func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }

// config has a breaker that opens on the third fault for a minute, and no rate.
func config(rdb redis.UniversalClient, now func() time.Time) Config {
	return Config{Redis: rdb, BreakerFailures: 3, BreakerOpenFor: time.Minute, Now: now}
}

// each is redistest.Each with a Redis in which sending was opened.
func each(t *testing.T, f func(t *testing.T, rdb *redis.Client)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		if err := Begin(t.Context(), rdb); err != nil {
			t.Fatal(err)
		}
		f(t, rdb)
	})
}

// run runs the gate until the test ends.
func run(t *testing.T, g *Gate) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	_ = Begin(ctx, g.cfg.Redis) // some tests have a Redis that is away
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v, want the context's error", err)
		}
	})
}

// believe makes the gate hold (or open, with none) as if it had just read these holds.
func believe(g *Gate, holds ...Hold) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds, g.readAt = holds, g.cfg.Now()
	g.broadcast()
}

// pass waits for a pass and fails the test if there is none.
func pass(t *testing.T, g *Gate, api string, p Purpose) *Pass {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := g.Wait(ctx, api, p)
	if err != nil {
		t.Fatalf("no pass: %v", err)
	}
	return got
}

// closed waits for a moment and fails the test unless the gate stays closed because of why.
func closed(t *testing.T, g *Gate, api string, p Purpose, why string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := g.Wait(ctx, api, p)
	var shut *ClosedError
	if !errors.As(err, &shut) || shut.Why != why || shut.API != api || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Wait: %v; want %s closed because of %s until the deadline", err, api, why)
	}
}

// spy counts a client's commands. With a rate set it answers them without a network, so
// that the client works in a bubble of fake time.
type spy struct {
	mu     sync.Mutex
	counts map[string]int
	before func(ctx context.Context, name string) // may be nil
	after  func(name string)                      // may be nil
	rate   func() []any                           // the limiter's reply; nil asks Redis
}

func (s *spy) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *spy) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (s *spy) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.mu.Lock()
		s.counts[cmd.Name()]++
		s.mu.Unlock()
		if s.before != nil {
			s.before(ctx, cmd.Name())
		}
		if s.after != nil {
			defer s.after(cmd.Name())
		}
		if s.rate == nil {
			return next(ctx, cmd)
		}
		switch cmd := cmd.(type) {
		case *redis.MapStringStringCmd:
			cmd.SetVal(map[string]string{openField: "1"})
		case *redis.Cmd:
			cmd.SetVal(s.rate())
		}
		return nil
	}
}

func (s *spy) count(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[name]
}

// allowed and denied are what redis_rate's script replies.
func allowed() []any { return []any{int64(1), int64(0), "-1", "1"} }
func denied() []any  { return []any{int64(0), int64(0), "1", "1"} } // come back in a second

// offline is a client that never dials: the spy answers.
func offline(t *testing.T, s *spy) *redis.Client {
	t.Helper()
	s.counts = make(map[string]int)
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:0"})
	rdb.AddHook(s)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

var sameMoney = cmp.Comparer(func(a, b money.Amount) bool { return a == b })
