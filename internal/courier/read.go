package courier

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
)

const (
	// readLease is for how long the event stream is one worker's to read; another takes over when it is
	// silent for as long.
	readLease = 3 * time.Second
	// readFor is how long one look at the stream waits for something to happen.
	readFor = time.Second
	// readAtOnce is how many events are put down in one step. Redis serves nobody else meanwhile: for
	// a millisecond or two.
	readAtOnce = 256
)

// read brings outcomes from the event stream into the outbox until ctx ends.
func (c *Courier) read(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		mine, err := c.readOnce(ctx)
		if failed := err != nil && ctx.Err() == nil; failed != failing { // said once per outage
			if failing = failed; failed {
				c.Log.Error("outcomes cannot be taken from the event stream; they wait in it", zap.Error(err))
			} else {
				c.Log.Info("outcomes are taken from the event stream again")
			}
		}
		if err != nil || !mine {
			pause(ctx, time.Second)
		}
	}
}

// readOnce moves what comes next. mine is false when another worker does it.
func (c *Courier) readOnce(ctx context.Context) (mine bool, err error) {
	after, mine, err := c.outbox.Read(ctx, c.Owner, readLease)
	if err != nil || !mine {
		return false, err
	}
	events, err := c.events.Events(ctx, after, readAtOnce, readFor)
	if err != nil {
		return false, err
	}
	due, err := c.outbox.Put(ctx, after, events, c.Now())
	if errors.Is(err, ledger.ErrStale) {
		return true, nil // somebody else was first, with the same events
	}
	if err != nil {
		return false, err // not known whether they are down; the cursor tells
	}
	for _, d := range due {
		if err := c.queue.Notify(ctx, d.Ref, d.At); err != nil {
			// They are in the outbox: the sweeper makes the wake-ups that this and the rest were.
			c.Log.Warn("wake-ups of outcomes could not be enqueued; the sweeper will", zap.Error(err))
			break
		}
	}
	return true, nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
