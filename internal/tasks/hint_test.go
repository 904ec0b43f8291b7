package tasks

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap/zapcore"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// hinted is a bundle whose schedule asks after an hour, so that only a hint asks at once,
// and a worker that does not run.
func hinted(t *testing.T) (*bundle, *Worker) {
	t.Helper()
	b := setup(t)
	b.policy.InquiryDelays = []time.Duration{time.Hour}
	b.policy.InquiryCutoff = 24 * time.Hour
	return b, b.worker(t, "w1")
}

// send executes the first step of a payout without a running worker.
func (b *bundle) send(t *testing.T, w *Worker, ref string, how sandbox.Behaviour) ledger.Record {
	t.Helper()
	if err := b.dana.SetBehaviour(sandbox.Target{Ref: ref}, how); err != nil {
		t.Fatal(err)
	}
	b.submit(t, ref, good)
	if err := w.Runner.Send(t.Context(), b.task(ref)); err != nil {
		t.Fatal(err)
	}
	return b.get(t, ref)
}

// asked is how often DANA was asked about a reference.
func (b *bundle) asked(ref string) int {
	for _, tx := range b.dana.State().Transactions {
		if tx.Ref == ref {
			return tx.Inquiries
		}
	}
	return 0
}

// calm waits until nothing is scheduled for a payout.
func (b *bundle) calm(t *testing.T, ref string) ledger.Record {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if rec := b.get(t, ref); rec.Tx.Next == sm.StepNone {
			return rec
		}
	}
	t.Fatalf("%s still has a step: %+v", ref, b.get(t, ref).Tx)
	return ledger.Record{}
}

func (b *bundle) notifies(t *testing.T, w *Worker, accepted, unknown int) {
	t.Helper()
	want := fmt.Sprintf(`# HELP salur_notifies_total DANA's bank notifies: accepted, of an unknown payout, refused (not signed by DANA, not readable), failed (Redis away). Repetitions that are recognised are not counted.
# TYPE salur_notifies_total counter
salur_notifies_total{result="accepted"} %d
salur_notifies_total{result="failed"} 0
salur_notifies_total{result="refused"} 0
salur_notifies_total{result="unknown"} %d
`, accepted, unknown)
	if err := testutil.GatherAndCompare(w.Runner.Metrics.Registry, strings.NewReader(want), "salur_notifies_total"); err != nil {
		t.Error(err)
	}
}

// However often and at once a notify comes, DANA is asked once, and at once.
func TestHintsAskOnce(t *testing.T) {
	t.Parallel()
	b, w := hinted(t)
	b.open(t, w)
	was := b.send(t, w, "PAY-1", sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "00"}}})
	if was.Tx.State != sm.StatePending || time.Until(was.Tx.DueAt) < time.Minute {
		t.Fatalf("%s, due %s", was.Tx.State, was.Tx.DueAt)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := w.Runner.Hint(t.Context(), "PAY-1"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rec := b.get(t, "PAY-1")
	if rec.Tx.Next != sm.StepInquire || rec.Tx.DueAt.After(time.Now()) || rec.Tx.StepNo != was.Tx.StepNo+1 || rec.Version != was.Version+1 {
		t.Errorf("%s at %s, step %d after %d, version %d after %d", rec.Tx.Next, rec.Tx.DueAt, rec.Tx.StepNo, was.Tx.StepNo, rec.Version, was.Version)
	}
	if rec.Tx.State != sm.StatePending {
		t.Errorf("a hint made it %s", rec.Tx.State)
	}
	b.start(t, b.worker(t, "w2"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	b.calm(t, "PAY-1")
	if n := b.asked("PAY-1"); n != 1 {
		t.Errorf("DANA was asked %d times", n)
	}
	b.notifies(t, w, 20, 0)
}

// A notify that comes before the truth asks, and the next one asks again: the inquiry decides.
func TestEarlyHint(t *testing.T) {
	t.Parallel()
	b, w := hinted(t)
	b.open(t, w)
	b.send(t, w, "PAY-1", sandbox.Behaviour{
		Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "06"}}, Inquiries: []sandbox.Inquiry{{Times: 1, Status: "02"}},
	})
	for i := range 2 {
		if err := w.Runner.Hint(t.Context(), "PAY-1"); err != nil {
			t.Fatal(err)
		}
		if err := w.Runner.Inquire(t.Context(), b.task("PAY-1")); err != nil {
			t.Fatal(err)
		}
		want := []sm.State{sm.StatePending, sm.StateFailed}[i]
		if rec := b.get(t, "PAY-1"); rec.Tx.State != want || rec.Tx.Inquiries != i+1 {
			t.Errorf("after hint %d it is %s, asked %d times; want %s", i+1, rec.Tx.State, rec.Tx.Inquiries, want)
		}
	}
}

// A notify of what is over asks once. Only what DANA answers can change the books, and only
// to refunded.
func TestLateHint(t *testing.T) {
	t.Parallel()
	b, w := hinted(t)
	b.start(t, b.worker(t, "w2"))
	b.open(t, w)
	for ref, tt := range map[string]struct {
		how      sandbox.Behaviour
		is, then sm.State
	}{
		"PAID":     {sandbox.Behaviour{}, sm.StateSucceeded, sm.StateSucceeded},
		"REFUNDED": {sandbox.Behaviour{Sends: []sandbox.Send{{Then: "04"}}}, sm.StateSucceeded, sm.StateRefunded},
		"FAILED":   {sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "403xx02"}}}, sm.StateFailed, sm.StateFailed},
	} {
		b.send(t, w, ref, tt.how)
		b.await(t, ref, tt.is)
		if err := w.Runner.Hint(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		if rec := b.calm(t, ref); rec.Tx.State != tt.then || rec.Tx.Inquiries != 1 {
			t.Errorf("%s is %s after %d inquiries, want %s after one", ref, rec.Tx.State, rec.Tx.Inquiries, tt.then)
		}
	}
}

// A notify that overtakes what it is about changes nothing: the send goes on as it would.
func TestHintWhileSending(t *testing.T) {
	t.Parallel()
	b, w := hinted(t)
	hint := func(was ledger.Record) {
		t.Helper()
		if err := w.Runner.Hint(t.Context(), "PAY-1"); err != nil {
			t.Fatal(err)
		}
		if rec := b.get(t, "PAY-1"); rec.Version != was.Version || rec.Tx.Next != was.Tx.Next {
			t.Errorf("a hint changed a payout that is %s: next is %s", was.Tx.State, rec.Tx.Next)
		}
	}
	hint(b.submit(t, "PAY-1", good))
	taken, _, err := ledger.Update(t.Context(), b.ledger, b.policy, "PAY-1", "", func(ledger.Record) (sm.Event, bool) {
		return sm.Take(sm.Attempt{ExternalID: "1", Owner: "dead", StartedAt: time.Now(), Deadline: time.Now().Add(time.Second)}), true
	})
	if err != nil {
		t.Fatal(err)
	}
	hint(taken)
	b.start(t, w)
	if rec := b.await(t, "PAY-1", sm.StateSucceeded); rec.Tx.Inquiries != 0 || b.credits(t, "PAY-1") != 1 {
		t.Errorf("asked %d times, %d credits", rec.Tx.Inquiries, b.credits(t, "PAY-1"))
	}
}

// What nobody knows is accepted and told; either name of a payout will do.
func TestHintOfUnknown(t *testing.T) {
	t.Parallel()
	b, w := hinted(t)
	b.open(t, w)
	was := b.send(t, w, "PAY-1", sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "00"}}})
	for _, refs := range [][]string{{"NOBODY", "NOTHING"}, {"", ""}, nil} {
		if err := w.Runner.Hint(t.Context(), refs...); err != nil {
			t.Errorf("%q: %v", refs, err)
		}
	}
	if n := b.logs.FilterLevelExact(zapcore.WarnLevel).FilterMessageSnippet("not in the ledger").Len(); n != 3 {
		t.Errorf("%d warnings", n)
	}
	if rec := b.get(t, "PAY-1"); rec.Version != was.Version {
		t.Error("a notify of another payout changed this one")
	}
	if err := w.Runner.Hint(t.Context(), "2026", "PAY-1"); err != nil || b.get(t, "PAY-1").Tx.DueAt.After(time.Now()) {
		t.Errorf("the second name is not tried: %v", err)
	}
	b.notifies(t, w, 1, 3)
}

// Without Redis a notify is not accepted, so that it comes again.
func TestHintWithoutRedis(t *testing.T) {
	t.Parallel()
	b, _ := hinted(t)
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	b.rdb = server.Client()
	b.ledger, b.queue = ledger.NewRedis(b.rdb), wakeup.New(b.rdb)
	if err := gate.Begin(t.Context(), b.rdb); err != nil {
		t.Fatal(err)
	}
	w := b.worker(t, "w1")
	b.open(t, w)
	b.send(t, w, "PAY-1", sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "00"}}})
	server.Kill()
	if err := w.Runner.Hint(t.Context(), "PAY-1"); err == nil || !strings.Contains(err.Error(), "PAY-1") {
		t.Errorf("a hint that is on no record was accepted: %v", err)
	}
	server.Restart()
	if err := w.Runner.Hint(t.Context(), "PAY-1"); err != nil || b.get(t, "PAY-1").Tx.DueAt.After(time.Now()) {
		t.Errorf("its repetition: %v", err)
	}
}

// An inquiry on record whose wake-up was lost is made up for by the sweeper.
func TestHintWithoutWakeUp(t *testing.T) {
	t.Parallel()
	b, w := hinted(t)
	b.open(t, w)
	b.send(t, w, "PAY-1", sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "00"}}})
	dead := redistest.Start(t)
	w.Runner.Queue = wakeup.New(dead.Client())
	dead.Kill()
	if err := w.Runner.Hint(t.Context(), "PAY-1"); err != nil {
		t.Fatal(err)
	}
	if b.logs.FilterMessageSnippet("the sweeper will").Len() != 1 {
		t.Error("the lost wake-up is not told")
	}
	b.start(t, b.worker(t, "w2"))
	b.await(t, "PAY-1", sm.StateSucceeded)
}
