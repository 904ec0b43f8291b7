package gate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/sony/gobreaker/v2"
)

// Purpose is why DANA is to be called.
type Purpose uint8

const (
	// Send moves money: every hold stops it.
	Send Purpose = iota
	// Inquire asks what became of a payout: it goes on under a hold, unless DANA refuses
	// our credentials.
	Inquire
	// Validate asks about a payee before money moves. Every hold stops it as it stops the
	// send that would follow; but it can be left out, so it does not wait for a breaker.
	Validate
	purposes // how many there are
)

// rateKey is shared by all workers (redis_rate puts "rate:" before it).
const rateKey = "salur:{gate}"

// What a caller waits for. WhyBreaker is the one that ends a Wait to Validate at once.
const (
	whyStopping = "stopping"
	whyUnfit    = "unfit"
	whyUnknown  = "unknown"
	whyHold     = "hold"
	WhyBreaker  = "breaker"
	whyRate     = "rate"
	whyThrottle = "throttled"
	whyTurn     = "turn"
)

var errLeftOut = errors.New("not waited for")

// ClosedError tells that the gate did not open while the caller could wait. Nothing was
// sent, and the payout is as it was.
type ClosedError struct {
	API string
	// Why is what the wait was for: stopping (the worker is), unfit (see Fit), unknown (the holds could not
	// be read), hold, breaker, throttled (DANA answered 429), rate, or turn (others were first).
	Why string
	// Err is the context's error, or Redis's when it could not answer for the rate, or
	// tells that a Validate is not made to wait.
	Err error
}

func (e *ClosedError) Error() string {
	if e.API == "" {
		return fmt.Sprintf("gate closed (%s): %v", e.Why, e.Err)
	}
	return fmt.Sprintf("gate closed for %s (%s): %v", e.API, e.Why, e.Err)
}

// Unwrap returns Err.
func (e *ClosedError) Unwrap() error { return e.Err }

// Pass allows one exchange. Done must be called when it is over.
type Pass struct {
	once sync.Once
	done func(Verdict)
}

// Done tells how the exchange went. Only the first call counts, so that
// `defer pass.Done(gate.NoVerdict)` is a safe net under the real verdict.
func (p *Pass) Done(v Verdict) { p.once.Do(func() { p.done(v) }) }

// Wait blocks until an exchange with the API may begin or ctx ends. Callers of one API and
// purpose pass in the order in which they came. Its error is always a *ClosedError.
func (g *Gate) Wait(ctx context.Context, api string, p Purpose) (*Pass, error) {
	a := g.api(api)
	l := &a.lanes[p]
	if err := l.turn.Acquire(ctx, 1); err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		return nil, &ClosedError{API: api, Why: l.why, Err: err}
	}
	defer l.turn.Release(1)
	for {
		pass, b, err := g.try(ctx, a, p)
		if pass != nil {
			g.because(l, whyTurn)
			return pass, nil
		}
		g.because(l, b.why)
		if p == Validate && b.why == WhyBreaker {
			err = errLeftOut
		}
		if err == nil {
			err = b.wait(ctx)
		}
		if err != nil {
			return nil, &ClosedError{API: api, Why: b.why, Err: err}
		}
	}
}

func (g *Gate) because(l *lane, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l.why = why
}

// blocked is what keeps the one whose turn it is, and what may end that.
type blocked struct {
	why     string
	changed <-chan struct{} // nil: no change is worth a look
	after   time.Duration   // 0: no time is known
}

func (b blocked) wait(ctx context.Context) error {
	var timer <-chan time.Time
	if b.after > 0 {
		timer = time.After(b.after)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-b.changed:
	case <-timer:
	}
	return ctx.Err()
}

// try looks once: hold, pause, breaker, rate. It returns a pass, or what to wait for, or the
// error of Redis.
func (g *Gate) try(ctx context.Context, a *api, p Purpose) (*Pass, blocked, error) {
	held := g.held(p)
	if held.why != "" {
		return nil, held, nil
	}
	if paused := g.paused(a); p == Send && paused > 0 {
		return nil, blocked{why: whyThrottle, after: paused, changed: held.changed}, nil
	}
	done, err := a.breaker.Allow()
	if err != nil {
		return nil, g.broken(a, err, held.changed), nil
	}
	pass := &Pass{done: func(v Verdict) {
		done(v.err())
		g.mu.Lock()
		defer g.mu.Unlock()
		g.broadcast() // a place in a half-open breaker may be free
	}}
	if g.cfg.RatePerSecond > 0 {
		r, err := g.limiter.Allow(ctx, rateKey, redis_rate.Limit{
			Rate: g.cfg.RatePerSecond, Burst: max(1, g.cfg.RatePerSecond/10), Period: time.Second,
		})
		if err != nil {
			// The token may have been taken: then one is lost, and none is used twice.
			pass.Done(NoVerdict)
			return nil, blocked{why: whyRate}, fmt.Errorf("ask for the rate: %w", err)
		}
		if r.Allowed == 0 {
			// Only time helps. Changes must not wake us: each look costs Redis a call.
			pass.Done(NoVerdict)
			return nil, blocked{why: whyRate, after: r.RetryAfter}, nil
		}
		// Redis took its time, and a hold may have come.
		if held = g.held(p); held.why != "" {
			pass.Done(NoVerdict)
			return nil, held, nil
		}
	}
	return pass, blocked{}, nil
}

// held tells whether the purpose is stopped, and the channel that tells of a change after
// this look; why is empty if it is not stopped.
func (g *Gate) held(p Purpose) blocked {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := blocked{changed: g.changed}
	switch {
	case g.stopped:
		b.why = whyStopping
	case g.cfg.Fit != nil && g.cfg.Fit() != nil:
		b.why = whyUnfit
	case !g.known():
		b.why = whyUnknown
	default:
		for _, h := range g.holds {
			if h.closes(p) {
				b.why = whyHold
			}
		}
	}
	return b
}

// paused is for how much longer sends are paused after a 429, as far as this worker knows; see Admit.
func (g *Gate) paused(a *api) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return a.pausedUntil.Sub(g.cfg.Now())
}

// broken tells what ends the breaker's refusal: time if it is open, and if it is
// half-open the verdicts on those under way. Every change wakes too.
func (g *Gate) broken(a *api, refusal error, changed <-chan struct{}) blocked {
	b := blocked{why: WhyBreaker, changed: changed}
	if errors.Is(refusal, gobreaker.ErrOpenState) {
		g.mu.Lock()
		defer g.mu.Unlock()
		b.after = max(time.Millisecond, time.Until(a.retryAt))
	}
	return b
}
