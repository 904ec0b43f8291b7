package tasks

import (
	"strings"
	"testing"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// A person who must decide sees what DANA answered: in the history, on the event stream and in the log.
func TestWhatDANAAnsweredIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	behaviour := sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNow, Answer: sandbox.ForeignAmount}}}
	if err := b.dana.Apply(sandbox.Plan{Behaviours: []sandbox.Planned{{Target: sandbox.Target{Ref: "OTHER"}, Behaviour: &behaviour}}}); err != nil {
		t.Fatal(err)
	}
	b.start(t, b.worker(t, "w1"))
	b.submit(t, "OTHER", good)
	rec := b.await(t, "OTHER", sm.StateReview)
	got := rec.Last.Answered
	if got.Ref != "OTHER" || got.Amount == rec.Payout.Amount || got.Amount == (money.Amount{}) {
		t.Errorf("on record: %+v, the payout is %s", got, rec.Payout.Amount)
	}
	if !strings.Contains(rec.Last.Summary(), got.String()) {
		t.Errorf("the history's line %q lacks %q", rec.Last.Summary(), got)
	}
	tx, err := salur.New(b.rdb).Get(t.Context(), "OTHER")
	if err != nil {
		t.Fatal(err)
	}
	last := tx.History[len(tx.History)-1].Answered
	if last == nil || last.Ref != "OTHER" || last.Amount.Value != got.Amount.Value() || last.Amount.Currency != "IDR" {
		t.Errorf("in Go: %+v", last)
	}
	events, err := b.ledger.Events(t.Context(), "0", 100, -1)
	if err != nil || events[len(events)-1].Answered != got {
		t.Errorf("the event: %+v, %v", events[len(events)-1], err)
	}
	logged := false
	for _, l := range b.logs.FilterMessage("payout").All() {
		logged = logged || l.ContextMap()["answered"] == got.String()
	}
	if !logged {
		t.Errorf("no line of the log has %q", got)
	}
}
