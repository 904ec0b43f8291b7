package tasks

import (
	"errors"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// A task that carries a whole payout is held to the bounds of every way in. One that is on record already goes on.
func TestTasksAreHeldToTheBounds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	w.Runner.Bounds = payout.Bounds{MaxTotal: money.Rupiah(10_000), MaxFee: money.Rupiah(10)}
	client := asynq.NewClientFromRedisClient(b.rdb)
	task := func(body string) *asynq.Task { return asynq.NewTask(wakeup.TypeTopUpSend, []byte(body)) }
	for ref, rest := range map[string]string{"MUCH": `"amount":"10000","fee":"1"`, "FEE": `"amount":"100","fee":"11"`} {
		body := `{"v":1,"ref":"` + ref + `","customer":"62811742234",` + rest + `}`
		if _, err := client.Enqueue(task(body), asynq.Queue(wakeup.QueueTopUp), asynq.MaxRetry(1000)); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Enqueue(task(body), asynq.Queue(wakeup.QueueTopUp), asynq.TaskID(ref)); err != nil {
			t.Fatal(err)
		}
		if err := b.queue.Inspector.ArchiveTask(wakeup.QueueTopUp, ref); err != nil {
			t.Fatal(err)
		}
	}
	known := b.submit(t, "KNOWN", good) // IDR 10000, before the bound was lowered
	w.Runner.Bounds.MaxTotal = money.Rupiah(9_999)
	whole := `{"v":1,"ref":"KNOWN","customer":"` + known.Payout.Customer + `","amount":"` + known.Payout.Amount.Value() + `"}`
	if _, err := client.Enqueue(task(whole), asynq.Queue(wakeup.QueueTopUp), asynq.MaxRetry(1000)); err != nil {
		t.Fatal(err)
	}
	b.start(t, w)
	b.await(t, "KNOWN", sm.StateSucceeded)
	redistest.Await(t, "the two tasks are refused", func() bool {
		return b.logs.FilterMessageSnippet("a task cannot be carried out").Len() == 2
	})
	if err := w.Sweeper.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"MUCH", "FEE"} {
		if _, err := b.ledger.Get(t.Context(), ref); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s is on record: %v", ref, err)
		}
	}
}
