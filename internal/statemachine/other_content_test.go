package statemachine

import "testing"

// Whoever hears that the number has other content, and whenever: from then on no success, failure or
// reversal under the number is proof of this payout, and nothing is sent.
func TestOtherContentIsOnRecordForGood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.out().Open
	other := func(a Attempt) Event {
		return SendResult(a, Outcome{Kind: Inconsistent, Why: "inconsistent_request"}, b.now)
	}
	lost := b.policy.Decide(b.out(), Lost(first, b.now)).Tx
	second := b.policy.Decide(lost, Take(b.attempt())).Tx

	for _, tt := range []struct {
		name string
		tx   Transaction
		ev   Event
		want State // of the payout when it hears so
	}{
		{"the attempt that is out", b.out(), other(first), StatePending},
		{"a late answer, a retry is due", lost, other(first), StatePending},
		{"a late answer, the next attempt is out", second, other(first), StateProcessing},
		{"a late answer in pending", b.pending(AskStatus), other(first), StatePending},
		{"after DANA took it once", b.pending(InProgress), other(first), StatePending},
		{"an attempt that the store has lost", b.queued(), other(first), StatePending},
		{"in review", b.in(StateReview), other(first), StateReview},
		{"after a success", b.in(StateSucceeded), other(first), StateSucceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := b.policy.Decide(tt.tx, tt.ev)
			tx := d.Tx
			if tx.State != tt.want || d.Ignored || !tx.Inconsistent {
				t.Fatalf("%s, ignored %t, on record %t; want %s", tx.State, d.Ignored, tx.Inconsistent, tt.want)
			}
			if next := b.policy.Decide(tx, Take(b.attempt())).Tx; next.Open != tx.Open {
				t.Errorf("sent again: %+v", next)
			}
			if tx.State.Final() || tx.State == StateReview {
				if got := b.policy.Decide(tx, InquiryResult(tx.Inquiries+1, "", b.ours(Refunded), b.now)).Tx.State; got != tx.State {
					t.Errorf("a reversal under the number made %s", got)
				}
				return
			}
			last := tx.Open
			if last.Seq == 0 {
				last = first
			}
			for name, ev := range map[string]Event{
				"late success": SendResult(first, b.ours(Succeeded), b.now),
				"success":      SendResult(last, b.ours(Succeeded), b.now),
				"inquiry":      InquiryResult(tx.Inquiries+1, "", b.ours(Succeeded), b.now),
				"no amount":    InquiryResult(tx.Inquiries+1, "", Outcome{Kind: Succeeded, EchoRef: "PAY-1"}, b.now),
			} {
				if got := b.policy.Decide(tx, ev).Tx; got.State != StateReview || name != "no amount" && got.Reason != "other_content" {
					t.Errorf("%s: %s (%s), want review", name, got.State, got.Reason)
				}
			}
			// A refusal and a time that is over are no proof either; a retry asks first.
			for _, ev := range []Event{SendResult(last, Outcome{Kind: Refused, Why: AmountLimit}, b.now), Expire(b.now), Cancel("Sari", "x", b.now)} {
				if got := b.policy.Decide(tx, ev).Tx.State; got == StateFailed {
					t.Errorf("failed on %s", ev.Trigger)
				}
			}
			retried := b.policy.Decide(tx, SendResult(last, Outcome{Kind: Unknown}, b.now)).Tx
			if got := b.policy.Decide(retried, Take(b.attempt())).Tx; got.Open.Seq != 0 || got.State != StatePending {
				t.Errorf("sent again after an unknown answer: %+v", got)
			}
		})
	}
}

// What DANA says against a final state changes nothing, and a person must hear of it.
func TestContradictions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.out().Open
	for _, tt := range []struct {
		in   State
		ev   Event
		want State
	}{
		{StateFailed, SendResult(a, b.ours(Succeeded), b.now), StateFailed},
		{StateFailed, SendResult(a, b.ours(InProgress), b.now), StateFailed}, // all that a transfer's answer says
		{StateFailed, InquiryResult(1, "", b.ours(Succeeded), b.now), StateFailed},
		{StateFailed, InquiryResult(1, "", b.ours(InProgress), b.now), StateFailed},
		{StateFailed, InquiryResult(1, "", b.ours(Refunded), b.now), ""},
		{StateFailed, InquiryResult(1, "", b.ours(NotFound), b.now), ""},
		{StateFailed, SendResult(a, b.ours(Unknown), b.now), ""},
		{StateSucceeded, SendResult(a, b.ours(Inconsistent), b.now), StateSucceeded},
		{StateSucceeded, SendResult(a, b.ours(Succeeded), b.now), ""},
		{StatePending, SendResult(a, b.ours(Inconsistent), b.now), ""},
		{StatePending, InquiryResult(1, "", b.ours(Succeeded), b.now), ""},
		{StateRefunded, InquiryResult(2, "", b.ours(Succeeded), b.now), ""},
	} {
		d := b.policy.Decide(b.in(tt.in), tt.ev)
		if got := d.Contradicts(); got != tt.want || tt.want != "" && d.Tx.State != tt.in {
			t.Errorf("%s on %s: %q (now %s), want %q", tt.in, tt.ev.Trigger, got, d.Tx.State, tt.want)
		}
	}
}
