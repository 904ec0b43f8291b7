package wakeup

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
)

const (
	// maxRetry keeps asynq from ever archiving a task: attempts are counted in the ledger,
	// and an archived task would be a payout that nobody wakes up. (More than MaxInt32 wraps.)
	maxRetry = 1_000_000
	// taskTimeout ends a task whose handler waits at a closed gate. It can be long: what
	// bounds an exchange is its own deadline, and what fences it is the write-ahead in the
	// ledger, not asynq's lease. Short, it would throw the waiting backlog out of its order.
	taskTimeout = 24 * time.Hour
	// taskRetention keeps done tasks in sight of the web UI for a while.
	taskRetention = 10 * time.Minute
	// Respins bounds how many extra wake-ups one step can have at once.
	Respins = 4
)

// Queue makes wake-ups.
type Queue struct {
	Client    *asynq.Client
	Inspector *asynq.Inspector // of all queues

	noting sync.Mutex // of notes, which noter writes
	notes  *notebook
	noter  *asynq.Client
}

// New makes wake-ups over a connection that the caller owns.
func New(rdb redis.UniversalClient) *Queue {
	notes, noter := newNotebook(rdb)
	return &Queue{
		Client: asynq.NewClientFromRedisClient(rdb), Inspector: asynq.NewInspectorFromRedisClient(rdb),
		notes: notes, noter: noter,
	}
}

// Wake enqueues the task for the next step of a payout, if there is one. Its id is
// made of the reference and the step's number, so that a step has one wake-up however
// often it is asked for.
func (q *Queue) Wake(ctx context.Context, rec ledger.Record) error {
	queue, typ := Route(rec.Payout.Kind, rec.Tx.Next)
	if typ == "" {
		return nil
	}
	_, err := q.enqueue(ctx, queue, task(typ, rec), rec.Payout.Ref, StepID(rec, 0), rec.Tx.DueAt)
	return err
}

// Rewake makes sure that an overdue step has a wake-up that can still arrive, and reports
// whether it had lost it. A task that waits for its turn is one, unless it has waited too long for
// that to be believed: asynq's keys may say that it waits where no queue has it. A task that
// is being executed is none, since its worker may be dead. Both get a spare beside them, which
// is in nobody's way and does nothing if the other one runs. An archived task runs again.
func (q *Queue) Rewake(ctx context.Context, rec ledger.Record, tooLong bool) (lost bool, err error) {
	queue, typ := Route(rec.Payout.Kind, rec.Tx.Next)
	if typ == "" {
		return false, nil
	}
	return q.remake(ctx, queue, task(typ, rec), rec.Payout.Ref, rec.Tx.DueAt, func(n int) string { return StepID(rec, n) }, tooLong)
}

// task is the task that wakes up for a payout. It carries the payout's trace for who looks at the task alone; the
// step itself reads it from the ledger.
func task(typ string, rec ledger.Record) *asynq.Task {
	return asynq.NewTaskWithHeaders(typ, Encode(rec.Payout.Ref), rec.Trace.Headers())
}

// remake looks at the tasks that could wake up for one thing, by id, and makes the first that is missing.
func (q *Queue) remake(
	ctx context.Context, queue string, task *asynq.Task, ref string, at time.Time, id func(respin int) string, tooLong bool,
) (lost bool, err error) {
	spare := false
	for n := range Respins + 1 {
		id := id(n)
		info, err := q.Inspector.GetTaskInfo(queue, id)
		switch {
		case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound):
			// Not there, or Redis lost it with its queue: make it.
			if made, err := q.enqueue(ctx, queue, task, ref, id, at); made || err != nil {
				return made && !spare, err
			}
			// It is there, in a queue that asynq's list lacks, and whether it has run cannot be seen: make a spare.
			spare = true
			continue
		case err != nil:
			return false, fmt.Errorf("look up task %s: %w", id, err)
		}
		switch info.State {
		case asynq.TaskStatePending, asynq.TaskStateScheduled, asynq.TaskStateRetry:
			if !tooLong {
				return false, nil
			}
		case asynq.TaskStateActive:
			spare = true
		case asynq.TaskStateArchived:
			if err := q.Inspector.RunTask(queue, id); err != nil {
				return false, fmt.Errorf("run the archived task %s: %w", id, err)
			}
			return true, nil
		}
	}
	return false, nil
}

// Head is since when the oldest task that is ready to run in a queue has been waiting; now
// when none does, and zero when it cannot be told.
func (q *Queue) Head(queue string, now time.Time) time.Time {
	info, err := q.Inspector.GetQueueInfo(queue)
	if err != nil {
		return time.Time{}
	}
	return now.Add(-info.Latency)
}

func (q *Queue) enqueue(ctx context.Context, queue string, task *asynq.Task, ref, id string, at time.Time) (bool, error) {
	_, err := q.Client.EnqueueContext(ctx, task,
		asynq.Queue(queue), asynq.TaskID(id), asynq.MaxRetry(maxRetry), asynq.Timeout(taskTimeout),
		asynq.Retention(taskRetention),
		// asynq keeps whole seconds, cut off. The handler waits out the rest.
		asynq.ProcessAt(at.Truncate(time.Second)),
	)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return false, nil // it exists; perhaps this very call made it and its answer was lost
	}
	if err != nil {
		return false, fmt.Errorf("enqueue %s for payout %s: %w", task.Type(), ref, err)
	}
	return true, nil
}

// StepID is the id of the task that wakes up a payout's present step; respin numbers the extra
// ones of the same step, up to Respins.
func StepID(rec ledger.Record, respin int) string {
	if respin == 0 {
		return fmt.Sprintf("%s:%d", rec.Payout.Ref, rec.Tx.StepNo)
	}
	return fmt.Sprintf("%s:%d respin:%d", rec.Payout.Ref, rec.Tx.StepNo, respin) // no reference has a space
}
