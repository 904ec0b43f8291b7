package statemachine

import "testing"

func TestExpired(t *testing.T) {
	t.Parallel()
	b := setup(t)
	known := b.policy.Decide(b.out(), SendResult(b.out().Open, Outcome{Kind: NotSent}, b.now)).Tx
	unknown := b.policy.Decide(b.out(), SendResult(b.out().Open, Outcome{Kind: Unknown}, b.now)).Tx
	for _, tt := range []struct {
		name string
		tx   Transaction
		want State
	}{{"Queued", b.queued(), StateFailed}, {"NeverLeft", known, StateFailed}, {"Unknown", unknown, StatePending}, {"Out", b.out(), StatePending}} {
		got := b.policy.Decide(tt.tx, Expire(b.now)).Tx
		if got.State != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.State, tt.want)
		}
		if tt.want == StateFailed && got.Reason != "expired" {
			t.Errorf("%s: reason %q, want expired", tt.name, got.Reason)
		}
	}
}

// When the store may have forgotten attempts, nothing that is not over can be known to be unpaid.
func TestAfterLoss(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.AfterLoss = true
	if d := b.policy.Decide(b.queued(), Expire(b.now)); d.Tx.State != StatePending || d.Tx.Next != StepInquire {
		t.Errorf("expired: %+v", d.Tx)
	}
	if d := b.policy.Decide(b.queued(), Cancel("Sari", "x", b.now)); !d.Ignored {
		t.Errorf("cancelled: %+v", d.Tx)
	}
	refused := AccountResult("ext", Outcome{Kind: Refused, Why: DoNotHonor}, b.now)
	if d := b.policy.Decide(b.queued(), refused); d.Tx.State != StateQueued {
		t.Errorf("its account is refused: %+v", d.Tx)
	}
	taken := b.policy.Decide(b.queued(), Take(b.attempt())).Tx
	d := b.policy.Decide(taken, SendResult(taken.Open, Outcome{Kind: Refused, Why: "exceeds_limit"}, b.now))
	if d.Tx.State != StatePending || d.Tx.Reason != "refused_after_unknown" {
		t.Errorf("refused: %+v", d.Tx)
	}
	b.policy.MismatchAction = FailMismatch
	another := AccountResult("ext", Outcome{Kind: Inconsistent, Why: NameMismatch}, b.now)
	if d := b.policy.Decide(b.queued(), another); d.Tx.State != StateReview {
		t.Errorf("its account is somebody else's: %+v", d.Tx)
	}
	over := DefaultPolicy().Decide(b.queued(), Expire(b.now)).Tx
	if d := b.policy.Decide(over, Expire(b.now)); d.Tx != over {
		t.Errorf("what is over changed: %+v", d.Tx)
	}
}

// What may have been sent cannot be taken back.
func TestCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	after := func(k Kind) Transaction {
		return b.policy.Decide(b.out(), SendResult(b.out().Open, Outcome{Kind: k}, b.now)).Tx
	}
	for _, tt := range []struct {
		name string
		tx   Transaction
		want State
	}{
		{"Queued", b.queued(), StateFailed},
		{"NeverLeft", after(NotSent), StateFailed},
		{"Denied", after(Denied), StateFailed},
		{"Unknown", after(Unknown), StateProcessing},
		{"Throttled", after(Throttled), StateProcessing},
		{"Out", b.out(), StateProcessing},
		{"Pending", b.in(StatePending), StatePending},
		{"Review", b.in(StateReview), StateReview},
		{"Succeeded", b.in(StateSucceeded), StateSucceeded},
	} {
		d := b.policy.Decide(tt.tx, Cancel("Sari", "the wrong file", b.now))
		if d.Tx.State != tt.want || d.Ignored != (tt.want != StateFailed) {
			t.Errorf("%s: %s, ignored %t; want %s", tt.name, d.Tx.State, d.Ignored, tt.want)
		}
		if tt.want == StateFailed && (d.Tx.Reason != "cancelled" || d.Entry.Detail != "by Sari: the wrong file" || d.Tx.Next != StepNone) {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
}
