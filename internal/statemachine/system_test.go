package statemachine

import (
	"testing"
	"time"
)

// DANA taking less than we send is no payout's fault: it costs no retry, and ends in no review, however long it
// lasts. The money may have moved all the same.
func TestThrottledCostsNoRetry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tx := b.queued()
	for i := range 50 {
		tx = b.policy.Decide(tx, Take(b.attempt())).Tx
		tx = b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: Throttled, Why: "too_many_requests"}, b.now)).Tx
		if tx.State != StateProcessing || tx.Next != StepSend || tx.DueAt != b.now.Add(5*time.Second) || tx.Attempts != 0 || !tx.Unknown {
			t.Fatalf("after throttled attempt %d: %+v", i+1, tx)
		}
	}
	tx = b.policy.Decide(tx, Take(b.attempt())).Tx
	d := b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: Unknown, Why: "timeout"}, b.now))
	if d.Entry.Detail != "timeout, retry 1 of 2" {
		t.Errorf("the first failure that counts: %q", d.Entry.Detail)
	}
}

// One payout whose own request DANA calls unauthorized is a person's, and holds nobody. Refused credentials hold all.
func TestDeniedAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ev := SendResult(b.out().Open, Outcome{Kind: Denied, Why: CredentialsRefused}, b.now)
	if d := b.policy.Decide(b.out(), ev); d.Tx.State != StateProcessing || d.Tx.Next != StepSend || ev.Holds() != CredentialsRefused {
		t.Errorf("denied: %+v, holds %q", d.Tx, ev.Holds())
	}
	ev.Alone = true
	d := b.policy.Decide(b.out(), ev)
	if d.Tx.State != StateReview || d.Tx.Reason != "denied_alone" || d.Tx.Unknown || ev.Holds() != "" {
		t.Errorf("denied alone: %+v, holds %q", d.Tx, ev.Holds())
	}
}

// An altered instruction is a person's, and what is known of its attempts stays known. The answer to an attempt that
// is out comes first.
func TestAlteredKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if d := b.policy.Decide(b.out(), Alter(b.now)); !d.Ignored || d.Tx != b.out() {
		t.Errorf("an attempt that is out: %+v", d.Tx)
	}
	tx := b.policy.Decide(b.out(), SendResult(b.out().Open, Outcome{Kind: Unknown}, b.now)).Tx
	tx = b.policy.Decide(tx, Alter(b.now)).Tx
	if tx.State != StateReview || tx.Reason != "instruction_altered" || !tx.Unknown || tx.Next != StepNone {
		t.Errorf("after an attempt of unknown outcome: %+v", tx)
	}
}

// Every attempt has the body of the first one, whichever worker makes it.
func TestNeedNotifyIsTheFirstAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.attempt(), b.attempt()
	first.NeedNotify, second.NeedNotify = "false", "true"
	tx := b.policy.Decide(b.queued(), Take(first)).Tx
	tx = b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: Unknown}, b.now)).Tx
	tx = b.policy.Decide(tx, Take(second)).Tx
	if tx.NeedNotify != "false" || tx.Open.NeedNotify != "" {
		t.Errorf("the second attempt asks %q %q", tx.NeedNotify, tx.Open.NeedNotify)
	}
}
