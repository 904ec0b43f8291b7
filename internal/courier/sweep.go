package courier

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/wakeup"
)

const (
	sweepLimit = 500
	// doubt is after how many graces a task that should wait for its turn is no longer believed to.
	doubt = 8
)

// sweep makes lost wake-ups again from the outbox alone, and forgets what is past its retention,
// until ctx ends. Every worker does: an extra wake-up is harmless.
func (c *Courier) sweep(ctx context.Context) {
	tick := time.NewTicker(c.Grace)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := c.sweepOnce(ctx)
		if failed := err != nil && ctx.Err() == nil; failed != failing { // said once per outage
			if failing = failed; failed {
				c.Log.Error("lost wake-ups of outcomes cannot be looked for", zap.Error(err))
			} else {
				c.Log.Info("lost wake-ups of outcomes are looked for again")
			}
		}
	}
}

func (c *Courier) sweepOnce(ctx context.Context) error {
	now := c.Now()
	n, err := c.outbox.Forget(ctx, now.Add(-c.Retention), sweepLimit)
	if n > 0 {
		c.Log.Warn("forgot outcomes that were never delivered, past their retention", zap.Int("count", n))
	}
	if err != nil {
		return err
	}
	due, err := c.outbox.Overdue(ctx, now.Add(-c.Grace), sweepLimit)
	if err != nil || len(due) == 0 {
		return err
	}
	// The queue is in order of time. What is due later than its head waits behind it and is not
	// looked at, so that a backlog of any length in good order costs nothing.
	head := c.queue.Head(wakeup.QueueNotify, now)
	for _, d := range due {
		if !head.IsZero() && !d.At.Before(head.Add(-early)) {
			break
		}
		lost, err := c.queue.Renotify(ctx, d.Ref, d.At, now.Sub(d.At) > doubt*c.Grace)
		if err != nil {
			return err
		}
		if lost {
			c.Metrics.Find("lost_notify")
			c.Log.Warn("a wake-up of an outcome was lost and made again", zap.String("ref", d.Ref))
		}
	}
	return nil
}
