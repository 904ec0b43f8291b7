package statemachine

import (
	"testing"
	"time"
)

func TestInquirySchedule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tx := b.pending(InProgress)
	now := b.now
	for i, wait := range []time.Duration{7, 13, 13, 13} {
		if got := tx.DueAt.Sub(now); got != wait*time.Second {
			t.Fatalf("wait before inquiry %d is %s, want %ds", i+1, got, wait)
		}
		now = tx.DueAt
		tx = b.policy.Decide(tx, InquiryResult(i+1, "", Outcome{Kind: Unknown}, now)).Tx
	}
	now = b.now.Add(time.Hour - time.Second)
	tx = b.policy.Decide(tx, InquiryResult(5, "", Outcome{Kind: Unknown}, now)).Tx
	if tx.State != StatePending || tx.DueAt != b.now.Add(time.Hour) {
		t.Fatalf("%s, the next inquiry is at %s, want the cut-off", tx.State, tx.DueAt)
	}
	// DANA is asked after it as before.
	tx = b.policy.Decide(tx, InquiryResult(6, "", Outcome{Kind: Throttled}, tx.DueAt)).Tx
	if tx.State != StatePending || tx.DueAt != b.now.Add(time.Hour+13*time.Second) {
		t.Fatalf("%s, the next inquiry is at %s, want 13s after the cut-off", tx.State, tx.DueAt)
	}
}

// The follow-up ends with an answer of DANA to a question that was asked after the cut-off, or not at
// all: after an outage of any length DANA is asked first.
func TestCutOffRestsOnAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cutOff := b.now.Add(time.Hour)
	month := b.now.Add(30 * 24 * time.Hour)
	for _, tt := range []struct {
		name      string
		kind      Kind
		asked, at time.Time
		want      State
		reason    string
	}{
		{"in progress before it", InProgress, cutOff.Add(-time.Second), cutOff.Add(-time.Second), StatePending, "in_progress"},
		{"in progress at it", InProgress, cutOff, cutOff, StateReview, "cut_off"},
		{"in progress, asked before it and answered after", InProgress, cutOff.Add(-time.Second), cutOff.Add(time.Second), StatePending, "in_progress"},
		{"in progress, asked before it by a worker that was frozen", InProgress, cutOff.Add(-time.Second), month, StatePending, "in_progress"},
		{"not found at it", NotFound, cutOff, cutOff, StateReview, "cut_off"},
		{"paid after it", Succeeded, month, month, StateSucceeded, ""},
		{"failed after it", Failed, month, month, StateFailed, ""},
		{"reversed after it", Refunded, month, month, StateRefunded, ""},
		{"no line", NotSent, month, month, StatePending, "in_progress"},
		{"credentials refused", Denied, month, month, StatePending, "in_progress"},
		{"throttled", Throttled, month, month, StatePending, "in_progress"},
		{"no answer, soon after it", Unknown, cutOff, cutOff, StatePending, "in_progress"},
		{"no answer, after an outage of any length", Unknown, month, month, StatePending, "in_progress"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := b.policy.Decide(b.pending(InProgress), InquiryResult(1, "", b.ours(tt.kind), tt.at).Asked(tt.asked))
			if d.Tx.State != tt.want || tt.reason != "" && d.Tx.Reason != tt.reason {
				t.Errorf("%s (%s), want %s (%s)", d.Tx.State, d.Tx.Reason, tt.want, tt.reason)
			}
			if d.Tx.State == StatePending && !d.Tx.DueAt.After(tt.at) {
				t.Errorf("the next inquiry is at %s, the answer came at %s", d.Tx.DueAt, tt.at)
			}
		})
	}
	// Without an answer it takes as many inquiries as another cut-off has room for, however long nobody asked between them.
	limit := int(time.Hour / (13 * time.Second))
	for _, apart := range []time.Duration{13 * time.Second, 30 * 24 * time.Hour} {
		at := month
		tx := b.policy.Decide(b.pending(InProgress), InquiryResult(1, "", b.ours(Unknown), cutOff.Add(-time.Second))).Tx
		asks := 0
		for ; tx.State == StatePending && asks < 2*limit; asks++ {
			tx = b.policy.Decide(tx, InquiryResult(asks+2, "", b.ours(Unknown), at)).Tx
			at = at.Add(apart)
		}
		if tx.State != StateReview || tx.Reason != "cut_off" || asks != limit+1 {
			t.Errorf("asked in vain every %s: %s (%s) after %d inquiries, want review after %d", apart, tx.State, tx.Reason, asks, limit+1)
		}
	}
	// Nothing but an answer does it.
	for _, s := range States {
		for _, trigger := range Triggers {
			tx := b.in(s)
			later := b
			later.now = month
			if d := b.policy.Decide(tx, later.event(t, trigger, tx)); d.Tx.Reason == "cut_off" && !isInquiry(trigger) {
				t.Errorf("%s on %s: cut off without an answer", s, trigger)
			}
		}
	}
}
