package statemachine

import (
	"testing"
	"time"
)

// DANA's number of a payout that is over stays as it was booked, and the number of an order with other content is not taken for ours.
func TestReferenceNoIsOfThisPayout(t *testing.T) {
	now := time.Now()
	p := DefaultPolicy()
	tx := p.Decide(Transaction{Ref: "A", State: StateQueued, Next: StepSend}, Take(Attempt{ExternalID: "x", StartedAt: now, Deadline: now.Add(time.Minute)})).Tx
	open := tx.Open
	if other := p.Decide(tx, SendResult(open, Outcome{Kind: Inconsistent, ReferenceNo: "9"}, now)).Tx; other.ReferenceNo != "" {
		t.Errorf("of an order with other content: %q", other.ReferenceNo)
	}
	tx = p.Decide(tx, SendResult(open, Outcome{Kind: Succeeded, ReferenceNo: "1", EchoRef: "A"}, now)).Tx
	if tx.State != StateSucceeded || tx.ReferenceNo != "1" {
		t.Fatalf("%+v", tx)
	}
	for _, late := range []Event{
		SendResult(open, Outcome{Kind: Inconsistent, ReferenceNo: "9"}, now), SendResult(open, Outcome{Kind: Succeeded, ReferenceNo: "9", EchoRef: "A"}, now),
		InquiryResult(1, "y", Outcome{Kind: Refunded, Status: "04", ReferenceNo: "9", EchoRef: "A"}, now),
	} {
		if after := p.Decide(tx, late).Tx; after.ReferenceNo != "1" {
			t.Errorf("%s: %q", late.Trigger, after.ReferenceNo)
		}
	}
}
