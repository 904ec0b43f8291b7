package wakeup

import (
	"context"
	"errors"
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
	_, err := q.notify(ctx, ref, due, notifyID(ref, due, 0))
	return err
}

// Renotify does for outcomes that are overdue what Rewake does for a payout's step.
func (q *Queue) Renotify(ctx context.Context, ref string, due time.Time, tooLong bool) (lost bool, err error) {
	spare := false
	for n := range Respins + 1 {
		id := notifyID(ref, due, n)
		info, err := q.Inspector.GetTaskInfo(QueueNotify, id)
		switch {
		case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound):
			made, err := q.notify(ctx, ref, due, id)
			return made && !spare, err
		case err != nil:
			return false, fmt.Errorf("look up task %s: %w", id, err)
		}
		switch info.State {
		case asynq.TaskStatePending, asynq.TaskStateScheduled, asynq.TaskStateRetry:
			if !tooLong {
				return false, nil
			}
		case asynq.TaskStateActive:
			spare = true // it may wait for a receiver that is away, or its worker may be dead
		case asynq.TaskStateArchived:
			if err := q.Inspector.RunTask(QueueNotify, id); err != nil {
				return false, fmt.Errorf("run the archived task %s: %w", id, err)
			}
			return true, nil
		}
	}
	return false, nil
}

func (q *Queue) notify(ctx context.Context, ref string, due time.Time, id string) (bool, error) {
	_, err := q.Client.EnqueueContext(ctx, asynq.NewTask(TypeNotify, Encode(ref)),
		asynq.Queue(QueueNotify), asynq.TaskID(id), asynq.MaxRetry(maxRetry), asynq.Timeout(taskTimeout),
		asynq.Retention(taskRetention), asynq.ProcessAt(due.Truncate(time.Second)),
	)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return false, nil // it exists; perhaps this very call made it and its answer was lost
	}
	if err != nil {
		return false, fmt.Errorf("enqueue %s for payout %s: %w", TypeNotify, ref, err)
	}
	return true, nil
}

func notifyID(ref string, due time.Time, respin int) string {
	if respin == 0 {
		return fmt.Sprintf("%s:%d", ref, due.UnixMilli())
	}
	return fmt.Sprintf("%s:%d:%d", ref, due.UnixMilli(), respin)
}
