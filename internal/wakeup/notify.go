package wakeup

import (
	"context"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
)

// The queue and the task type of outcomes that are to be delivered to the merchant's webhook.
const (
	QueueNotify = "notify"
	TypeNotify  = "event:notify"
)

// Notify enqueues the task that delivers a payout's outcomes at the time they are due. Its id is made of
// the reference and that time, so that each has one wake-up however often it is asked for.
func (q *Queue) Notify(ctx context.Context, ref string, due time.Time) error {
	_, err := q.enqueue(ctx, QueueNotify, asynq.NewTask(TypeNotify, Encode(ref)), ref, notifyID(ref, due, 0), due)
	return err
}

// Renotify does for outcomes that are overdue what Rewake does for a payout's step. A task that is being
// executed may wait for a receiver that is away, or its worker may be dead: it gets a spare.
func (q *Queue) Renotify(ctx context.Context, ref string, due time.Time, tooLong bool) (lost bool, err error) {
	return q.remake(ctx, QueueNotify, asynq.NewTask(TypeNotify, Encode(ref)), ref, due, func(n int) string { return notifyID(ref, due, n) }, tooLong)
}

func notifyID(ref string, due time.Time, respin int) string {
	if respin == 0 {
		return fmt.Sprintf("%s:%d", ref, due.UnixMilli())
	}
	return fmt.Sprintf("%s:%d respin:%d", ref, due.UnixMilli(), respin)
}
