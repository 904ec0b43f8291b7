package gate

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"
)

// halfOpenProbes is how many exchanges may be under way when a breaker tries DANA again,
// and how many must go well before it closes.
const halfOpenProbes = 3

// Verdict is what an exchange told about DANA's health, whatever it meant for the payout.
type Verdict uint8

const (
	// NoVerdict: nothing was sent, or what came of it says nothing about DANA's health.
	NoVerdict Verdict = iota
	// Fine: DANA answered. A business refusal is a fine answer.
	Fine
	// Fault: a timeout, a broken line, a server error, an answer that cannot be read.
	Fault
)

var (
	errFault     = errors.New("fault")
	errNoVerdict = errors.New("no verdict")
)

// err is the verdict in the breaker's terms.
func (v Verdict) err() error {
	switch v {
	case Fine:
		return nil
	case Fault:
		return errFault
	}
	return errNoVerdict
}

// api is what the gate keeps for one API of DANA.
type api struct {
	name    string
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	lanes   [purposes]lane
	// retryAt is when an open breaker will be half-open. gobreaker changes the state only
	// when it is asked, so that the waiter must know when to ask. Guarded by Gate.mu.
	retryAt time.Time
	// pausedUntil is when sends after a 429 are worth another look; first tells that a send of this worker is the one
	// that goes first after the pause. Guarded by Gate.mu.
	pausedUntil time.Time
	first       bool
	taken       time.Time // when DANA took this worker's latest payout, see Taken. Guarded by Gate.mu.
}

// lane is the queue before one API for one purpose. Only who has the turn looks at the
// gate; the others queue behind, first come first served, and cost nothing.
type lane struct {
	turn *semaphore.Weighted
	why  string // what the one whose turn it is waits for. Guarded by Gate.mu.
}

func (g *Gate) api(name string) *api {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a := g.apis[name]; a != nil {
		return a
	}
	a := &api{name: name}
	for p := range a.lanes {
		a.lanes[p] = lane{turn: semaphore.NewWeighted(1), why: whyTurn}
	}
	a.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		MaxRequests: halfOpenProbes,
		Timeout:     g.cfg.BreakerOpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= g.cfg.BreakerFailures },
		IsExcluded:  func(err error) bool { return errors.Is(err, errNoVerdict) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			g.mu.Lock()
			// gobreaker reads the real clock, just before this; "after" is strict there.
			// Nobody is woken here: Done wakes all, and who waits for retryAt has a timer.
			a.retryAt = time.Now().Add(g.cfg.BreakerOpenFor + time.Millisecond)
			g.mu.Unlock()
			if g.cfg.OnBreaker != nil {
				g.cfg.OnBreaker(name, from.String(), to.String())
			}
		},
	})
	g.apis[name] = a
	return a
}
