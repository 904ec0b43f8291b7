package courier

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// failures in a row, of whichever payouts, close the door, and closedFor is for how long. Then one
	// delivery tries whether the receiver is back.
	failures  = 10
	closedFor = 30 * time.Second
)

var (
	errFailed  = errors.New("failed")
	errNothing = errors.New("nothing was sent")
)

// door is what a delivery goes through. Behind a receiver that is away it is closed: deliveries
// wait in memory, with nothing taken from the outbox, and cost Redis nothing.
type door struct {
	breaker   *gobreaker.TwoStepCircuitBreaker[struct{}]
	closedFor time.Duration
	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when who waits may find the door different
}

func newDoor(closedFor time.Duration, onChange func(from, to string)) *door {
	d := &door{closedFor: closedFor, changed: make(chan struct{})}
	d.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Timeout:       closedFor,
		ReadyToTrip:   func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= failures },
		IsExcluded:    func(err error) bool { return errors.Is(err, errNothing) },
		OnStateChange: func(_ string, from, to gobreaker.State) { onChange(from.String(), to.String()) },
	})
	return d
}

// pass waits until a delivery may be tried. What it returns is called with how it went: nil,
// errFailed or errNothing. It fails with errStopping or the context's error.
func (d *door) pass(ctx context.Context, stopping <-chan struct{}) (done func(error), err error) {
	for {
		select {
		case <-stopping:
			return nil, errStopping
		default:
		}
		d.mu.Lock()
		changed := d.changed
		d.mu.Unlock()
		if done, err := d.breaker.Allow(); err == nil {
			return func(verdict error) {
				done(verdict)
				d.mu.Lock()
				defer d.mu.Unlock()
				close(d.changed)
				d.changed = make(chan struct{})
			}, nil
		}
		timer := time.NewTimer(d.closedFor / 30) // the breaker's own clock tells when it may be tried; it does not ring
		select {
		case <-changed:
		case <-timer.C:
		case <-stopping:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		timer.Stop()
	}
}
