package tasks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// Another system of the merchant has used the number for another payee, with the same amount.
func TestOtherPayeeUnderOurNumber(t *testing.T) {
	t.Parallel()
	for _, kind := range []payout.Kind{payout.TopUp, payout.Bank} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			w := b.worker(t, "w1")
			theirs, err := payout.Instruction{Ref: "SAL-1", Customer: "62811000001", Amount: "10000"}.Parse()
			if err != nil {
				t.Fatal(err)
			}
			ours := theirs
			ours.Customer = "62811000002"
			if kind == payout.Bank {
				theirs, ours = bankPayout("SAL-1", "2460888509"), bankPayout("SAL-1", "2460888510")
				w.Runner.DANA.BankTransfer(t.Context(), danaclient.NewExternalID(time.Now()), theirs)
			} else {
				w.Runner.DANA.TopUp(t.Context(), danaclient.NewExternalID(time.Now()), theirs)
			}
			b.submitPayout(t, ours)
			b.start(t, w)
			rec := b.await(t, "SAL-1", sm.StateReview)
			if rec.Tx.Reason != "other_content" || b.credits(t, "SAL-1") != 1 {
				t.Errorf("reason %s, %d credits", rec.Tx.Reason, b.credits(t, "SAL-1"))
			}
		})
	}
}

// An attempt of unknown outcome that has waited for longer than the resend window is asked about, and
// not sent: DANA may have forgotten that it paid.
func TestOldAttemptIsAskedAboutNotSent(t *testing.T) {
	t.Parallel()
	send := asynq.NewTask(wakeup.TypeTopUpSend, wakeup.Encode("LONG"))
	for name, by := range map[string]func(w *Worker) error{
		"by the send task": func(w *Worker) error { return w.Runner.Send(t.Context(), send) },
		"by the sweeper":   func(w *Worker) error { return w.Sweeper.Sweep(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.policy.ResendWindow = 24 * time.Hour
			w := b.worker(t, "w1")
			b.open(t, w)
			b.preset(t, "LONG", "pay_and_drop", 1)
			b.submit(t, "LONG", good)
			if err := w.Runner.Send(t.Context(), b.task("LONG")); err != nil {
				t.Fatal(err)
			}
			was := b.get(t, "LONG")
			if !was.Tx.Unknown || was.Tx.UnknownSince.IsZero() || b.credits(t, "LONG") != 1 {
				t.Fatalf("%+v", was.Tx)
			}
			now := time.Now().Add(240 * time.Hour)
			later := b.worker(t, "w2")
			later.Runner.Now = func() time.Time { return now }
			b.open(t, later)
			b.dana.Forget(time.Now().Add(time.Hour))
			if err := by(later); err != nil {
				t.Fatal(err)
			}
			rec := b.get(t, "LONG")
			if rec.Tx.State != sm.StatePending || rec.Tx.Next != sm.StepInquire || rec.Tx.Attempts != was.Tx.Attempts || b.sends("LONG") != 1 || b.credits(t, "LONG") != 1 {
				t.Fatalf("%s, next %s, %d attempts, %d credits", rec.Tx.State, rec.Tx.Next, rec.Tx.Attempts, b.credits(t, "LONG"))
			}
			// DANA does not find it any more: that is no leave to pay.
			for range b.policy.NotFoundConfirmations {
				if err := later.Runner.Inquire(t.Context(), inquiry("LONG")); err != nil {
					t.Fatal(err)
				}
				now = now.Add(time.Second)
			}
			if rec = b.get(t, "LONG"); rec.Tx.State != sm.StateReview || rec.Tx.Reason != "not_found_after_window" || b.credits(t, "LONG") != 1 {
				t.Errorf("%s (%s), %d credits", rec.Tx.State, rec.Tx.Reason, b.credits(t, "LONG"))
			}
		})
	}
}

// After an outage that is longer than the cut-off each payout is asked about, and ends as DANA says.
func TestOutageLongerThanTheCutOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now().Add(time.Minute)
	w := b.worker(t, "w1")
	w.Runner.Now = func() time.Time { return now }
	b.open(t, w)
	const n = 5
	for i := range n {
		b.send(t, w, fmt.Sprint("P-", i), sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "00"}}})
	}
	now = now.Add(24*time.Hour + b.policy.InquiryCutoff) // all workers were down
	if err := w.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		ref := fmt.Sprint("P-", i)
		if err := w.Runner.Inquire(t.Context(), inquiry(ref)); err != nil {
			t.Fatal(err)
		}
		if rec := b.get(t, ref); rec.Tx.State != sm.StateSucceeded {
			t.Errorf("%s is %s (%s) after %d inquiries; DANA has paid it", ref, rec.Tx.State, rec.Tx.Reason, rec.Tx.Inquiries)
		}
	}
}

// Two workers ask at once and hear the same: it is one confirmation, however late the second writes.
func TestStaleInquiryConfirmsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.NotFoundConfirmations = 2
	w := b.worker(t, "w1")
	b.open(t, w)
	if err := b.dana.SetBehaviour(sandbox.Target{Ref: "P-1"}, sandbox.Behaviour{
		Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "5003800"}},
	}); err != nil {
		t.Fatal(err)
	}
	b.submit(t, "P-1", good)
	if err := w.Runner.Send(t.Context(), b.task("P-1")); err != nil {
		t.Fatal(err)
	}
	slow, looks := b.worker(t, "w2"), 0
	b.open(t, slow)
	slow.Runner.Now = func() time.Time {
		if looks++; looks == 2 { // it has read the record, and is about to ask
			if err := w.Runner.Inquire(t.Context(), inquiry("P-1")); err != nil {
				t.Error(err)
			}
		}
		return time.Now()
	}
	if err := slow.Runner.Inquire(t.Context(), inquiry("P-1")); err != nil {
		t.Fatal(err)
	}
	if rec := b.get(t, "P-1"); rec.Tx.State != sm.StatePending || rec.Tx.NotFound != 1 || rec.Tx.Inquiries != 1 {
		t.Errorf("%s, %d not found, %d inquiries", rec.Tx.State, rec.Tx.NotFound, rec.Tx.Inquiries)
	}
}

// An attempt counts as lost only when its exchange is over and there was time to write its outcome down.
func TestAttemptOutlivesItsExchange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	b.open(t, w)
	b.preset(t, "P-1", "pay_and_hang", 1)
	b.submit(t, "P-1", good)
	done := make(chan error)
	go func() { done <- w.Runner.Send(t.Context(), b.task("P-1")) }()
	var open sm.Attempt
	for open.Seq == 0 {
		open = b.get(t, "P-1").Tx.Open
		time.Sleep(5 * time.Millisecond)
	}
	if got := open.Deadline.Sub(open.StartedAt); got != b.timeout+margin || margin < 3*time.Second {
		t.Errorf("the attempt counts as lost after %s; its exchange may last %s", got, b.timeout)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What DANA says against a final state wakes a person, by whatever answer it comes.
func TestContradictionsAreReported(t *testing.T) {
	t.Parallel()
	b, w := hinted(t)
	rec := b.submit(t, "P-1", good)
	for _, e := range []sm.Entry{
		{From: sm.StateFailed, To: sm.StateFailed, Event: "inquiry_refunded"},
		{From: sm.StateFailed, To: sm.StateFailed, Event: "inquiry_succeeded"},
		{From: sm.StateFailed, To: sm.StateFailed, Event: "send_succeeded"},
		{From: sm.StateFailed, To: sm.StateFailed, Event: "send_in_progress"},
		{From: sm.StateSucceeded, To: sm.StateSucceeded, Event: "send_inconsistent"},
		{From: sm.StatePending, To: sm.StatePending, Event: "send_inconsistent"},
	} {
		w.Runner.decided(t.Context(), rec, sm.Decision{Entry: e})
	}
	const want = `# HELP salur_other_content_after_paid_total Answers in which DANA said that the number of a payout that is booked as succeeded has other content. Must be 0.
# TYPE salur_other_content_after_paid_total counter
salur_other_content_after_paid_total 1
# HELP salur_paid_after_failed_total Answers in which DANA said paid, or still paying, of a payout that is booked as failed. Must be 0.
# TYPE salur_paid_after_failed_total counter
salur_paid_after_failed_total 3
`
	if err := testutil.GatherAndCompare(w.Runner.Metrics.Registry, strings.NewReader(want), "salur_paid_after_failed_total", "salur_other_content_after_paid_total"); err != nil {
		t.Error(err)
	}
	if n := b.logs.FilterMessageSnippet("a person must look").Len(); n != 4 {
		t.Errorf("%d alarms in the log, want 4", n)
	}
}

func inquiry(ref string) *asynq.Task {
	return asynq.NewTask(wakeup.TypeTopUpInquire, wakeup.Encode(ref))
}
