package statemachine

import (
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// An entry says what DANA's answer was about when that is not this payout, or when the payout goes to review on it.
func TestAnsweredIsOnRecord(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	ours, less := money.Rupiah(10000), money.Rupiah(9999)
	dollars, err := money.ParseIn("USD", "10000.00")
	if err != nil {
		t.Fatal(err)
	}
	sent := func(o Outcome) []Event { return []Event{SendResult(Attempt{Seq: 1}, o, at)} }
	asked := func(first, o Outcome) []Event {
		return []Event{SendResult(Attempt{Seq: 1}, first, at), InquiryResult(1, "e", o, at)}
	}
	unclear, other := Outcome{Kind: AskStatus}, Outcome{Kind: Inconsistent}
	for name, c := range map[string]struct {
		events []Event
		state  State
		want   Answered
		text   string
	}{
		"paid":                           {sent(Outcome{Kind: Succeeded, EchoRef: "R", EchoAmount: ours}), StateSucceeded, Answered{}, ""},
		"another reference":              {sent(Outcome{Kind: Succeeded, EchoRef: "S", EchoAmount: ours}), StateReview, Answered{Ref: "S", Amount: ours}, "DANA answered for reference S, IDR 10000.00"},
		"another amount":                 {sent(Outcome{Kind: Succeeded, EchoRef: "R", EchoAmount: less}), StateReview, Answered{Ref: "R", Amount: less}, "DANA answered for reference R, IDR 9999.00"},
		"another currency":               {sent(Outcome{Kind: Succeeded, EchoRef: "R", EchoAmount: dollars}), StateReview, Answered{Ref: "R", Amount: dollars}, "DANA answered for reference R, USD 10000.00"},
		"no amount":                      {asked(unclear, Outcome{Kind: Succeeded, Status: "00", EchoRef: "R"}), StateReview, Answered{Ref: "R", Status: "00"}, "DANA answered for reference R"},
		"an inquiry's amount":            {asked(unclear, Outcome{Kind: Succeeded, Status: "00", EchoRef: "R", EchoAmount: less}), StateReview, Answered{"R", less, "00"}, "DANA answered for reference R, IDR 9999.00"},
		"failed, of other content":       {asked(other, Outcome{Kind: Failed, Status: "06", EchoRef: "R", EchoAmount: ours}), StateReview, Answered{"R", ours, "06"}, "DANA answered for reference R, IDR 10000.00"},
		"failed":                         {asked(unclear, Outcome{Kind: Failed, Status: "06", EchoRef: "R", EchoAmount: ours}), StateFailed, Answered{}, ""},
		"not read, of another reference": {sent(Outcome{Kind: Unknown, Why: "foreign_reference", EchoRef: "S"}), StateProcessing, Answered{Ref: "S"}, "DANA answered for reference S"},
	} {
		tx := DefaultPolicy().Decide(New("R", ours, time.Time{}, at), Take(Attempt{StartedAt: at})).Tx
		var d Decision
		for _, ev := range c.events {
			d = DefaultPolicy().Decide(tx, ev)
			tx = d.Tx
		}
		if tx.State != c.state || d.Entry.Answered != c.want {
			t.Errorf("%s: %s, answered %+v; want %s, %+v", name, tx.State, d.Entry.Answered, c.state, c.want)
		}
		if got := d.Entry.Answered.String(); got != c.text {
			t.Errorf("%s: %q, want %q", name, got, c.text)
		}
	}
}
