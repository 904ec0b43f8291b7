package statemachine

import (
	"testing"
	"time"
)

// An attempt that may have paid and is older than the resend window is asked about, whatever way leads
// to the next: DANA may have forgotten its reference, and would pay once more.
func TestOldUnknownAttemptsAreNotSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := func(after time.Duration) bundle {
		later := b
		later.now = b.now.Add(after)
		return later
	}
	take := func(tx Transaction, after time.Duration) Decision {
		return b.policy.Decide(tx, Take(at(after).attempt()))
	}
	answer := func(tx Transaction, k Kind, after time.Duration) Transaction {
		return b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: k}, b.now.Add(after))).Tx
	}
	window := b.policy.ResendWindow
	out := b.out()
	lost := b.policy.Decide(out, Lost(out.Open, b.now.Add(window+time.Hour))).Tx
	second := answer(take(answer(out, NotSent, 0), time.Hour).Tx, Unknown, time.Hour)
	third := answer(take(answer(out, Unknown, 0), time.Hour).Tx, Throttled, time.Hour)
	denied := answer(take(answer(out, Unknown, 0), time.Hour).Tx, Denied, time.Hour)

	for _, tt := range []struct {
		name  string
		tx    Transaction
		after time.Duration
		sends bool
	}{
		{"new, however old", b.queued(), 100 * window, true},
		{"never left, however old", answer(out, NotSent, 0), 100 * window, true},
		{"unknown, within the window", answer(out, Unknown, 0), window - time.Second, true},
		{"unknown, at its end", answer(out, Unknown, 0), window, false},
		{"throttled, after ten days of a hold", answer(out, Throttled, 0), 240 * time.Hour, false},
		{"lost, and found late", lost, window + time.Hour, false},
		{"the unknown one is the second", second, window + time.Minute, true},
		{"the unknown one is the second, and old", second, window + time.Hour, false},
		{"a younger one does not make it young", third, window, false},
		{"nor does one that DANA denied", denied, window, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := take(tt.tx, tt.after)
			if sends := d.Tx.Open.Seq != 0; sends != tt.sends {
				t.Fatalf("sent %t, want %t: %+v", sends, tt.sends, d.Tx)
			}
			if tt.sends {
				if aged := b.policy.Decide(tt.tx, Age(b.now.Add(tt.after))); !aged.Ignored {
					t.Errorf("it may be sent, and became %s", aged.Tx.State)
				}
				return
			}
			// The sweeper need not wait until a task passes the gate.
			for _, d := range []Decision{d, b.policy.Decide(tt.tx, Age(b.now.Add(tt.after)))} {
				if d.Tx.State != StatePending || d.Tx.Next != StepInquire || d.Tx.DueAt != b.now.Add(tt.after) || d.Tx.Reason != "resend_window" {
					t.Errorf("%s, %s: want an inquiry at once, got %+v", d.Entry.Event, tt.name, d.Tx)
				}
				if d.Tx.Attempts != tt.tx.Attempts || d.Tx.Seq != tt.tx.Seq {
					t.Errorf("an attempt was counted that was not made: %+v", d.Tx)
				}
			}
		})
	}
	if d := take(out, 100*window); !d.Ignored {
		t.Error("an attempt that is out was taken over by sending")
	}
	if d := b.policy.Decide(out, Age(b.now.Add(100*window))); !d.Ignored {
		t.Error("an attempt that is out was given up before its deadline")
	}
}

// What Redis has forgotten may be as old as the payout's record.
func TestAgeAfterLoss(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.AfterLoss = true
	window := b.policy.ResendWindow
	for after, sends := range map[time.Duration]bool{0: true, window - time.Second: true, window: false} {
		later := b
		later.now = b.now.Add(after)
		d := b.policy.Decide(b.queued(), Take(later.attempt()))
		if (d.Tx.Open.Seq != 0) != sends || !sends && (d.Tx.State != StatePending || d.Tx.Next != StepInquire) {
			t.Errorf("%s after it was accepted: %+v", after, d.Tx)
		}
	}
	// An attempt that is known now does not make what is not known younger.
	tx := b.out()
	tx = b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: Unknown}, b.now.Add(time.Hour))).Tx
	later := b
	later.now = b.now.Add(window)
	if d := b.policy.Decide(tx, Take(later.attempt())); d.Tx.Open.Seq != 0 {
		t.Errorf("sent again: %+v", d.Tx)
	}
}

// A "not found" that comes when DANA may have forgotten proves nothing any more, whatever the policy reads in it.
func TestNotFoundAfterTheWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.InquiryCutoff = 1000 * time.Hour
	notFound := func(p Policy, tx Transaction, after time.Duration) Transaction {
		return p.Decide(tx, InquiryResult(tx.Inquiries+1, "", Outcome{Kind: NotFound}, b.now.Add(after))).Tx
	}
	for _, action := range []NotFoundAction{Resend, BookFailed, AskPerson} {
		p := b.policy
		p.NotFoundAction = action
		tx := b.pending(AskStatus)
		for range 2 {
			if tx = notFound(p, tx, p.ResendWindow); tx.State != StatePending {
				t.Fatalf("%s: not confirmed, and %s", action, tx.State)
			}
		}
		if got := notFound(p, tx, p.ResendWindow); got.State != StateReview || got.Reason != "not_found_after_window" {
			t.Errorf("%s: %s (%s), want review", action, got.State, got.Reason)
		}
		if got := notFound(p, tx, p.ResendWindow-time.Second); got.Reason == "not_found_after_window" {
			t.Errorf("%s, within the window: %s (%s)", action, got.State, got.Reason)
		}
	}
}
