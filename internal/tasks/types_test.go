package tasks

import (
	"errors"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/wakeup"
)

// Only the task types of docs/tasks.md pay, to the letter. What else is in our queues stays where a person sees it, is
// counted, and is not taken up from the archive.
func TestForeignTaskTypesAreNotPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	client := asynq.NewClientFromRedisClient(b.rdb)
	payload := []byte(`{"v":1,"ref":"PAY-1","customer":"62811742234","amount":"10000"}`)
	retries := map[string]int{"topup:send:preview": 1000, "topup:sendback": 1000, "topup": 1000, "topup:": 1000, "Topup:send": 1000} // topup:cancel has none
	for _, typ := range []string{"topup:send:preview", "topup:sendback", "topup:cancel", "topup", "topup:", "Topup:send"} {
		if _, err := client.Enqueue(asynq.NewTask(typ, payload), asynq.Queue(wakeup.QueueTopUp), asynq.MaxRetry(retries[typ])); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"cancel", "preview"} {
		if _, err := client.Enqueue(asynq.NewTask("topup:"+id, payload), asynq.Queue(wakeup.QueueTopUp), asynq.TaskID(id)); err != nil {
			t.Fatal(err)
		}
		if err := b.queue.Inspector.ArchiveTask(wakeup.QueueTopUp, id); err != nil {
			t.Fatal(err)
		}
	}
	b.start(t, w)
	redistest.Await(t, "the foreign tasks are parked", func() bool {
		parked, err := b.queue.Parked(t.Context(), 100)
		return err == nil && len(parked) == 8
	})
	if err := w.Sweeper.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ledger.Get(t.Context(), "PAY-1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("the payout of a foreign task is on record: %v", err)
	}
	if n := len(b.dana.State().Transactions); n != 0 {
		t.Errorf("DANA has %d payouts", n)
	}
	for list, want := range map[string]int{"retry list": 5, "archive": 1} {
		if n := b.logs.FilterMessage("a task cannot be carried out and is parked in the queue's " + list).Len(); n != want {
			t.Errorf("%d lines in the log about the %s, want %d", n, list, want)
		}
	}
}
