package tasks

import (
	"fmt"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// A payout that would break a limit is not failed and loses no attempt; it waits with those behind
// it, asynq is left alone, and all go on when a person has resumed.
func TestLimitHolds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	w.Runner.Gate = gate.New(gate.Config{
		Redis: b.rdb, BreakerFailures: b.failures, BreakerOpenFor: b.openFor, Now: time.Now,
		Limits: gate.Limits{CustomerDay: money.Rupiah(50_000)},
	})
	const all = 40
	for i := range all {
		b.submit(t, fmt.Sprint("PAY-", i), good) // of 10,000 each, to one customer
	}
	b.start(t, w)
	for held := 1; held <= 2; held++ {
		b.awaitHold(t, gate.LimitCustomerDay)
		// The one let pass may still be on its way, or wait behind the hold.
		most := int64(5*held + held - 1)
		for deadline := time.Now().Add(15 * time.Second); b.count(t, sm.StateSucceeded) < int64(5*held); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d paid, want %d", b.count(t, sm.StateSucceeded), 5*held)
			}
		}
		if paid := b.count(t, sm.StateSucceeded); paid > most {
			t.Fatalf("%d paid, want %d at most", paid, most)
		}
		if failed := b.count(t, sm.StateFailed); failed != 0 {
			t.Fatalf("%d failed", failed)
		}
		holds, err := gate.ReadHolds(t.Context(), b.rdb)
		if err != nil || len(holds) != 1 {
			t.Fatalf("%+v, %v", holds, err)
		}
		if rec := b.get(t, holds[0].Ref); rec.Tx.State != sm.StateQueued || rec.Tx.Seq != 0 {
			t.Errorf("the payout that met the limit: %+v", rec.Tx)
		}
		before := b.commands(t)
		time.Sleep(time.Second) // the time itself is what is measured: how much Redis hears in it
		if n := b.commands(t) - before; n > 300 {
			t.Errorf("%d commands in a second while a limit holds", n)
		}
		if _, err := gate.Resume(t.Context(), b.rdb, "", "Sari", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// Sending is held before the refusal that asks for it is on record, and the hold knows what was
// missing.
func TestHoldComesFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.dana.SetDeposit(money.Rupiah(9_000)); err != nil {
		t.Fatal(err)
	}
	w := b.worker(t, "w1")
	b.open(t, w)
	b.submit(t, "PAY-1", good)
	var holds []gate.Hold
	b.ledgerHook(t, "send_refused", func() {
		var err error
		if holds, err = gate.ReadHolds(t.Context(), b.rdb); err != nil {
			t.Error(err)
		}
	})
	if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
		t.Fatal(err)
	}
	if rec := b.get(t, "PAY-1"); rec.Tx.State != sm.StateFailed {
		t.Fatalf("%+v", rec.Tx)
	}
	if len(holds) != 1 || holds[0].Cause != sm.InsufficientFunds || holds[0].Needs != money.Rupiah(10_000) {
		t.Errorf("when the refusal was written down the holds were %+v", holds)
	}
}

// What is expired, and what another task has sent, takes no room from the limits.
func TestOnlyWhatIsSentCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	w.Runner.Gate = gate.New(gate.Config{
		Redis: b.rdb, BreakerFailures: b.failures, BreakerOpenFor: b.openFor, Now: time.Now,
		Limits: gate.Limits{Minute: money.Rupiah(10_000)},
	})
	b.open(t, w)
	soon := time.Now().Add(300 * time.Millisecond)
	late, err := payout.Instruction{Ref: "LATE", Customer: good, Amount: "10000", NotAfter: soon.Format(time.RFC3339Nano)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.ledger.Create(t.Context(), late, time.Now()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(soon.Add(10 * time.Millisecond))) // the payout's own time must pass
	b.submit(t, "PAY-1", good)
	for _, ref := range []string{"LATE", "PAY-1", "PAY-1"} {
		if err := w.Runner.Send(t.Context(), b.task(ref)); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.get(t, "LATE").Tx.Reason + " " + string(b.get(t, "PAY-1").Tx.State); got != "expired succeeded" {
		t.Errorf("they are %s", got)
	}
	if holds, err := gate.ReadHolds(t.Context(), b.rdb); err != nil || len(holds) != 0 {
		t.Errorf("held: %+v, %v", holds, err)
	}
}
