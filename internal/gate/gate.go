// Package gate stands before every exchange with DANA. It lets an exchange through when
// nothing is held, when DANA has been answering, and when the rate allows it, in this order.
//
// A closed gate is backpressure, not a failure: callers wait in memory, in the order they
// came, and no payout is touched. Holds and the rate are shared by all workers through
// Redis; the breaker is each worker's own experience.
//
// The gate fails closed. What it does not know, it treats as held: a payout that waits is
// late, one that is sent into a hold may be failed for a fault that is not its own.
package gate

import (
	"context"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"
)

const (
	// pollEvery bounds how long a hold made by another worker goes unseen here.
	pollEvery = 500 * time.Millisecond
	// readWithin bounds a reading, so that a Redis that hangs is asked again.
	readWithin = time.Second
	// trustFor is how long the last reading of the holds is believed when Redis cannot be
	// read: long enough for a failover, short enough that few exchanges pass unasked.
	trustFor = 5 * time.Second
)

// Config is what a Gate needs. The callbacks run inside the gate: they must return at
// once and must not call it.
type Config struct {
	Redis redis.UniversalClient
	// BreakerFailures is how many faults in a row open the breaker of an API, at least 1;
	// BreakerOpenFor is how long it then stays open before DANA is tried again, above 0.
	BreakerFailures uint32
	BreakerOpenFor  time.Duration
	// RatePerSecond bounds the exchanges of all workers and APIs together; 0 is no bound.
	RatePerSecond int
	// Limits stop a runaway, see Admit; Watch looks after the merchant's deposit.
	Limits Limits
	Watch  Watch
	// PersonResumes leaves holds for want of money to a person, whatever the deposit holds.
	PersonResumes bool
	Now           func() time.Time
	// Fit says why this worker may do nothing at all: its clock is wrong, or it does not know its Redis. nil: it always may.
	Fit func() error
	// Probe makes one harmless exchange and tells whether the cause of the hold is gone.
	// One worker at a time calls it. It must respect ctx and must not call Wait, which
	// waits for the very hold in question. With nil only a person lifts holds.
	Probe func(ctx context.Context, h Hold) (lift bool)
	// OnBreaker and OnHold are told of each change once by each worker that notices it.
	// The states of a breaker are closed, half-open and open. Both may be nil.
	OnBreaker func(api, from, to string)
	OnHold    func(h Hold, held bool)
}

// Gate is one worker's gate. All its methods may be used by several goroutines.
type Gate struct {
	cfg     Config
	limiter *redis_rate.Limiter

	reading *semaphore.Weighted // one reading at a time, so that an older one never replaces a newer

	mu      sync.Mutex
	apis    map[string]*api
	changed chan struct{} // closed and replaced when a waiter may find the gate different
	stopped bool
	holds   []Hold    // as last read
	readAt  time.Time // when that reading began; zero before the first one
	readErr error     // of the last reading
	balance Balance   // the merchant's, as last read by any worker; zero before
}

// New returns a gate through which nothing passes until Run has read the holds.
// It panics on a breaker that could never close or open.
func New(cfg Config) *Gate {
	if cfg.BreakerFailures == 0 || cfg.BreakerOpenFor <= 0 {
		panic("gate: BreakerFailures and BreakerOpenFor must be positive")
	}
	return &Gate{
		cfg:     cfg,
		limiter: redis_rate.NewLimiter(cfg.Redis),
		reading: semaphore.NewWeighted(1),
		apis:    make(map[string]*api),
		changed: make(chan struct{}),
	}
}

// Run keeps the gate's view of the holds fresh, probes the system's own and watches the
// deposit, until ctx ends; it returns ctx's error. A Redis that cannot be read does not end it: Status says so.
func (g *Gate) Run(ctx context.Context) error {
	var probing sync.WaitGroup // apart from the reading, which must not wait for DANA
	probing.Go(func() { every(ctx, pollEvery, g.probeDue) })
	if g.cfg.Watch.Ask != nil {
		probing.Go(func() { every(ctx, balanceEvery, g.watch) })
	}
	every(ctx, pollEvery, g.read)
	probing.Wait()
	return ctx.Err()
}

func every(ctx context.Context, pause time.Duration, do func(context.Context)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Stop closes the gate for good because the worker is stopping. Who waits stays blocked
// until their context ends: asynq then puts their tasks back at the head of the queue,
// whereas tasks handed back earlier would be overtaken. Passes already given stay good.
func (g *Gate) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
	g.broadcast()
}

// Fit is nil when this worker may work; else a *ClosedError that says why not. Everything that decides by the time or writes a
// decision down asks it first.
func (g *Gate) Fit() error {
	if g.cfg.Fit == nil {
		return nil
	}
	if err := g.cfg.Fit(); err != nil {
		return &ClosedError{Why: whyUnfit, Err: err}
	}
	return nil
}

// Status is what a Gate believes at one moment.
type Status struct {
	// Known is false before the first reading of the holds, and when the last one that
	// worked is too old to be trusted. Then nothing passes, whatever Holds says.
	Known bool
	Err   error  // why the last reading failed, nil if it worked
	Holds []Hold // as last read
	// Breakers gives closed, half-open or open for each API that was used.
	Breakers map[string]string
}

// Status is for health checks and metrics. It does not ask Redis.
func (g *Gate) Status() Status {
	g.mu.Lock()
	s := Status{
		Known: g.known(), Err: g.readErr, Holds: append([]Hold(nil), g.holds...),
		Breakers: make(map[string]string, len(g.apis)),
	}
	breakers := make(map[string]*gobreaker.TwoStepCircuitBreaker[struct{}], len(g.apis))
	for name, a := range g.apis {
		breakers[name] = a.breaker
	}
	g.mu.Unlock() // asking a breaker may change its state, and that takes the lock
	for name, b := range breakers {
		s.Breakers[name] = b.State().String()
	}
	return s
}

// known needs g.mu. Before the first reading readAt is zero, and too old.
func (g *Gate) known() bool {
	return g.cfg.Now().Sub(g.readAt) <= trustFor
}

// broadcast wakes every waiter to look again. It needs g.mu.
func (g *Gate) broadcast() {
	close(g.changed)
	g.changed = make(chan struct{})
}
