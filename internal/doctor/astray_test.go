package doctor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/wakeup"
)

// Payouts that no worker will ever pay are problems: a task that cannot be carried out, one in a queue that nobody
// reads, one in an asynq group. One that comes again by itself is none.
func TestTasksThatAreNeverPaid(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	client, inspector := asynq.NewClientFromRedisClient(rdb), asynq.NewInspectorFromRedisClient(rdb)
	enqueue := func(typ, queue string, more ...asynq.Option) {
		t.Helper()
		if _, err := client.Enqueue(asynq.NewTask(typ, nil), append(more, asynq.Queue(queue))...); err != nil {
			t.Fatal(err)
		}
	}
	worker := asynq.NewServerFromRedisClient(rdb, asynq.Config{
		Queues: map[string]int{"topup": 1, "bank": 1}, LogLevel: asynq.FatalLevel,
		RetryDelayFunc: func(_ int, err error, task *asynq.Task) time.Duration {
			if task.Type() == "unreadable" {
				return 10 * time.Minute
			}
			return 5 * time.Second
		},
		IsFailure: func(error) bool { return false },
	})
	if err := worker.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { return errors.New("no") })); err != nil {
		t.Fatal(err)
	}
	defer worker.Shutdown()
	enqueue("unreadable", "topup")
	enqueue("unreadable", "topup")
	if _, err := client.Enqueue(asynq.NewTask(wakeup.TypeBankSend, wakeup.Encode("A")), asynq.Queue("bank")); err != nil {
		t.Fatal(err)
	}
	enqueue("topup:send", "payouts")
	enqueue("topup:send", "inquiry", asynq.Group("g"))
	redistest.Await(t, "the tasks to come back", func() bool {
		topup, err1 := inspector.GetQueueInfo("topup")
		bank, err2 := inspector.GetQueueInfo("bank")
		return err1 == nil && err2 == nil && topup.Retry == 2 && bank.Retry == 1
	})
	redistest.Await(t, "the worker to be known", func() bool { s, err := inspector.Servers(); return err == nil && len(s) == 1 })
	found := payouts(t.Context(), rdb, time.Now, outlook{})
	wants(t, found, "queue.topup.parked", Problem, "2 tasks cannot be carried out")
	wants(t, found, "queue.payouts", Problem, "no worker reads this queue; 1 tasks")
	wants(t, found, "queue.inquiry.groups", Problem, "1 tasks are in asynq groups")
	wants(t, found, "queue.bank", OK, "")
	for _, f := range found {
		if f.Check == "queue.bank.parked" {
			t.Errorf("%+v", f)
		}
	}
}

// Doctor says that writes are refused, and what for, without a write.
func TestWrites(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	rdb := s.Client()
	wants(t, []Finding{writes(t.Context(), rdb)}, "redis.writes", OK, "taken")
	s.Refuse("READONLY")
	wants(t, []Finding{writes(t.Context(), rdb)}, "redis.writes", Problem, "replica")
	if n := rdb.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d keys", n)
	}
	wants(t, []Finding{memoryUsage(t.Context(), redistest.Start(t, "--rename-command", "MEMORY", "").Client())}, "redis.memory-usage", OK, "not allowed")
}
