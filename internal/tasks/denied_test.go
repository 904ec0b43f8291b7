package tasks

import (
	"fmt"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// A payout whose own request DANA calls unauthorized is parked for a person once it is known to be alone; the others
// are paid.
func TestOnePayoutDeniedHoldsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.behave(t, sandbox.Target{Ref: "ODD"}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "401xx00"}}})
	b.start(t, b.worker(t, "w1"))
	b.submit(t, "ODD", good)
	b.awaitHold(t, sm.CredentialsRefused)
	for i := range 10 {
		b.submit(t, fmt.Sprint("PAY-", i), good)
	}
	rec := b.await(t, "ODD", sm.StateReview) // the probe after 5 s works
	if rec.Tx.Reason != "denied_alone" || rec.Tx.Unknown {
		t.Errorf("%+v", rec.Tx)
	}
	for i := range 10 {
		b.await(t, fmt.Sprint("PAY-", i), sm.StateSucceeded)
	}
	if holds, err := gate.ReadHolds(t.Context(), b.rdb); err != nil || len(holds) != 0 {
		t.Errorf("held: %+v, %v", holds, err)
	}
}

// Credentials that are refused for everything hold all and park nobody, however often a person resumes.
func TestLostCredentialsParkNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.dana.RefuseCredentials(true)
	w := b.worker(t, "w1")
	b.open(t, w)
	b.submit(t, "PAY-1", good)
	for i := range 3 {
		if _, err := gate.Resume(t.Context(), b.rdb, "", "Sari", time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
			t.Fatal(err)
		}
		b.awaitHold(t, sm.CredentialsRefused)
		if rec := b.get(t, "PAY-1"); rec.Tx.State != sm.StateProcessing || rec.Tx.Attempts != 0 || rec.Tx.Seq != i+1 {
			t.Fatalf("%+v", rec.Tx)
		}
	}
}

// A payout about which alone DANA refuses to answer holds once, and at the cut-off a person looks at it; the others go on.
func TestInquiryDeniedForOnePayoutHoldsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.InquiryCutoff = 8 * time.Second
	b.behave(t, sandbox.Target{Ref: "ODD"}, sandbox.Behaviour{
		Sends: []sandbox.Send{{Pay: sandbox.PayPending}}, Inquiries: []sandbox.Inquiry{{Answer: "401xx00"}},
	})
	b.start(t, b.worker(t, "w1"))
	b.submit(t, "ODD", good)
	b.awaitHold(t, sm.CredentialsRefused)
	rec := b.await(t, "ODD", sm.StateReview)
	if rec.Tx.Reason != "denied_alone" {
		t.Errorf("%+v", rec.Tx)
	}
	b.submit(t, "PAY-1", good)
	b.await(t, "PAY-1", sm.StateSucceeded)
	log, err := gate.Log(t.Context(), b.rdb, 100)
	if err != nil {
		t.Fatal(err)
	}
	holds := 0
	for _, c := range log {
		holds += len(c.Held)
	}
	if holds != 1 {
		t.Errorf("held %d times: %+v", holds, log)
	}
}
