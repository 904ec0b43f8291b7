package tasks

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

func TestPaysOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	b.start(t, b.worker(t, "w1"))
	rec := b.await(t, "PAY-1", sm.StateSucceeded)
	if rec.Tx.Attempts != 1 || rec.Tx.ReferenceNo == "" || b.credits(t, "PAY-1") != 1 {
		t.Errorf("%d attempts, reference %q, %d credits", rec.Tx.Attempts, rec.Tx.ReferenceNo, b.credits(t, "PAY-1"))
	}
}

// Twenty tasks of one payout run at once on two workers: one send.
func TestDuplicateTasksSendOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	w1, w2 := b.worker(t, "w1"), b.worker(t, "w2")
	b.open(t, w1)
	b.open(t, w2)
	var wg sync.WaitGroup
	for i := range 20 {
		w := []*Worker{w1, w2}[i%2]
		wg.Go(func() {
			if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rec := b.get(t, "PAY-1")
	if rec.Tx.State != sm.StateSucceeded || rec.Tx.Seq != 1 || b.sends("PAY-1") != 1 {
		t.Errorf("%s after %d attempts and %d sends", rec.Tx.State, rec.Tx.Seq, b.sends("PAY-1"))
	}
	if err := w1.Runner.Send(t.Context(), b.task("PAY-1")); err != nil || b.sends("PAY-1") != 1 {
		t.Errorf("a task on a final state: %v, %d sends", err, b.sends("PAY-1"))
	}
}

// A worker that died between the write-ahead and the answer left an attempt on record. It
// is booked as lost at its deadline by another, and sent again under the same reference.
func TestLostAttemptIsTakenOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	dead, _, err := ledger.Update(t.Context(), b.ledger, b.policy, "PAY-1", "", func(ledger.Record) (sm.Event, bool) {
		return sm.Take(sm.Attempt{ExternalID: "1", Owner: "dead", StartedAt: time.Now(), Deadline: time.Now().Add(time.Second)}), true
	})
	if err != nil {
		t.Fatal(err)
	}
	w := b.worker(t, "w2")
	b.open(t, w)
	if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil || b.get(t, "PAY-1").Version != dead.Version {
		t.Fatalf("an attempt was taken over before its deadline: %v", err)
	}
	b.start(t, w)
	rec := b.await(t, "PAY-1", sm.StateSucceeded)
	if rec.Tx.Attempts != 2 || !rec.Tx.Unknown {
		t.Errorf("%d attempts, unknown %t", rec.Tx.Attempts, rec.Tx.Unknown)
	}
	history, _ := b.ledger.History(t.Context(), "PAY-1")
	lost := false
	for _, e := range history {
		lost = lost || e.Event == "send_unknown" && strings.HasPrefix(e.Detail, string(sm.AttemptLost))
	}
	if !lost {
		t.Errorf("the history does not tell of the lost attempt: %+v", history)
	}
}

// Promise 3 end to end: the first send pays and its answer is lost, the second is refused.
func TestRefusedAfterPaidIsSucceeded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.preset(t, "PAY-1", "refuse_after_paid", 1)
	b.submit(t, "PAY-1", good)
	b.start(t, b.worker(t, "w1"))
	rec := b.await(t, "PAY-1", sm.StateSucceeded)
	if rec.Tx.Attempts != 2 || b.credits(t, "PAY-1") != 1 {
		t.Errorf("%d attempts, %d credits", rec.Tx.Attempts, b.credits(t, "PAY-1"))
	}
}

func (b *bundle) preset(t *testing.T, ref, name string, times int) {
	t.Helper()
	behaviour, ok := sandbox.Preset(name, times)
	if !ok {
		t.Fatalf("the sandbox has no preset %s", name)
	}
	if err := b.dana.SetBehaviour(sandbox.Target{Ref: ref}, behaviour); err != nil {
		t.Fatal(err)
	}
}

// A schedule is never early, and what comes early waits or is left to the right wake-up.
func TestRetryIsNeverEarly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.RetryDelays = []time.Duration{1300 * time.Millisecond}
	b.preset(t, "PAY-1", "server_error", 1)
	b.submit(t, "PAY-1", good)
	b.start(t, b.worker(t, "w1"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	history, err := b.ledger.History(t.Context(), "PAY-1")
	if err != nil {
		t.Fatal(err)
	}
	var failed, again time.Time
	for _, e := range history {
		switch {
		case e.Event == "send_unknown":
			failed = e.At
		case e.Event == sm.Taken:
			again = e.At
		}
	}
	if wait := again.Sub(failed); wait < 1300*time.Millisecond {
		t.Errorf("retried after %s, the schedule says 1.3s", wait)
	}
}

// A wake-up that comes a moment early waits for the time, rather than being lost.
func TestNearlyDueIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.RetryDelays = []time.Duration{300 * time.Millisecond}
	b.preset(t, "PAY-1", "server_error", 1)
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	b.open(t, w)
	for range 2 {
		if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
			t.Fatal(err)
		}
	}
	if rec := b.get(t, "PAY-1"); rec.Tx.State != sm.StateSucceeded {
		t.Errorf("%s after the wake-up for the retry", rec.Tx.State)
	}
}

func TestTooEarlyIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.RetryDelays = []time.Duration{time.Hour}
	b.preset(t, "PAY-1", "server_error", 1)
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	b.open(t, w)
	for range 2 {
		if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
			t.Fatal(err)
		}
	}
	if rec := b.get(t, "PAY-1"); rec.Tx.Attempts != 1 || rec.Tx.Next != sm.StepSend {
		t.Errorf("an early wake-up sent: %+v", rec.Tx)
	}
}

// What other services enqueue with plain asynq and the whole payout in the payload.
func TestWholePayoutInTheTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := asynq.NewClientFromRedisClient(b.rdb)
	whole := `{"v":1,"ref":"PAY-1","customer":"62811742234","amount":"10000.00","notes":"March"}`
	for range 2 {
		if _, err := client.Enqueue(asynq.NewTask(wakeup.TypeTopUpSend, []byte(whole)), asynq.Queue(wakeup.QueueTopUp)); err != nil {
			t.Fatal(err)
		}
	}
	b.start(t, b.worker(t, "w1"))
	rec := b.await(t, "PAY-1", sm.StateSucceeded)
	if rec.Payout.Notes != "March" || b.sends("PAY-1") != 1 {
		t.Errorf("notes %q, %d sends", rec.Payout.Notes, b.sends("PAY-1"))
	}
}

func TestUnreadableTasksAreParked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	b.open(t, w)
	b.submit(t, "TAKEN", good)
	for name, payload := range map[string]string{
		"NotJSON":       `628122333444`,
		"Empty":         ``,
		"Half":          `{"v":1,"ref":"PAY-1","customer":"628122333444"`,
		"Trailing":      `{"v":1,"ref":"PAY-1"} {}`,
		"NoVersion":     `{"ref":"PAY-1"}`,
		"NewerVersion":  `{"v":2,"ref":"PAY-1"}`,
		"UnknownField":  `{"v":1,"ref":"PAY-1","phone":"628122333444"}`,
		"WrongType":     `{"v":1,"ref":17}`,
		"NoRef":         `{"v":1}`,
		"BadCustomer":   `{"v":1,"ref":"PAY-1","customer":"081233344455","amount":"1"}`,
		"BadAmount":     `{"v":1,"ref":"PAY-1","customer":"628122333444","amount":"-1"}`,
		"OtherContent":  `{"v":1,"ref":"TAKEN","customer":"628122333444","amount":"2"}`,
		"NobodyHasThis": `{"v":1,"ref":"PAY-9"}`,
	} {
		t.Run(name, func(t *testing.T) {
			err := w.Runner.Send(t.Context(), asynq.NewTask(wakeup.TypeTopUpSend, []byte(payload)))
			var bad *PayloadError
			if !errors.As(err, &bad) {
				t.Fatalf("%v, want a PayloadError", err)
			}
			for _, personal := range []string{"081233344455", "628122333444"} {
				if strings.Contains(err.Error(), personal) {
					t.Errorf("the error shows a phone number: %v", err)
				}
			}
			if retryDelay(0, err, nil) != 10*time.Minute || isFailure(err) {
				t.Error("it is not parked")
			}
		})
	}
	if n := len(b.dana.State().Credits); n != 0 {
		t.Errorf("%d payouts were made of unreadable tasks", n)
	}
}

func TestExpiredUnsentFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rec := b.submit(t, "PAY-1", good)
	p := rec.Payout
	p.Ref, p.NotAfter = "PAY-2", time.Now().Add(-time.Second).UTC()
	if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now()); err != nil {
		t.Fatal(err)
	}
	b.start(t, b.worker(t, "w1"))
	if rec := b.await(t, "PAY-2", sm.StateFailed); rec.Tx.Reason != "expired" || b.sends("PAY-2") != 0 {
		t.Errorf("reason %q, %d sends", rec.Tx.Reason, b.sends("PAY-2"))
	}
	b.await(t, "PAY-1", sm.StateSucceeded)
}

// SIGTERM during an exchange: the worker finishes it, records it, and only then is gone.
func TestStopFinishesTheExchange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.timeout = 1500 * time.Millisecond
	b.preset(t, "PAY-1", "pay_and_hang", 1)
	b.submit(t, "PAY-1", good)
	stop := b.start(t, b.worker(t, "w1"))
	b.await(t, "PAY-1", sm.StateProcessing)
	stop() // the exchange hangs until its timeout
	rec := b.get(t, "PAY-1")
	if rec.Tx.Open.Seq != 0 || rec.Tx.Next != sm.StepSend || !rec.Tx.Unknown {
		t.Fatalf("the worker left before its exchange was on record: %+v", rec.Tx)
	}
	b.start(t, b.worker(t, "w2"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	if n := b.credits(t, "PAY-1"); n != 1 {
		t.Errorf("%d credits", n)
	}
}

// A cancelled context (lease lost, task cancelled) does not cut an exchange off.
func TestCancelledContextKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	b.open(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	b.ledgerHook(t, "taken", cancel) // right after the write-ahead
	if err := w.Runner.Send(ctx, b.task("PAY-1")); err != nil {
		t.Fatal(err)
	}
	if rec := b.get(t, "PAY-1"); rec.Tx.State != sm.StateSucceeded {
		t.Errorf("%s, want succeeded", rec.Tx.State)
	}
}
