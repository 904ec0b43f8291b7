//go:build !race

package ledger

import (
	"testing"
	"time"

	"github.com/salur-id/salur/internal/prove"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// retrying is one retry and no resend, resending is no retry and one resend, asking leaves
// "not found" to a person. The long form has room for more.
func retrying(long bool) bounds {
	return bounds{sm.Policy{
		RetryDelays: []time.Duration{time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, ResendWindow: time.Hour, NotFoundConfirmations: 1, NotFoundAction: sm.Resend,
	}, more(long, 2, 3), 3, 2, false}
}

func resending(long bool) bounds {
	return bounds{sm.Policy{
		InquiryDelays: []time.Duration{time.Second}, InquiryCutoff: time.Hour, ResendWindow: time.Hour,
		NotFoundConfirmations: more(long, 1, 2), ResendLimit: 1, NotFoundAction: sm.Resend,
	}, 2, more(long, 2, 3), more(long, 3, 4), false}
}

func asking(long bool) bounds {
	return bounds{sm.Policy{
		RetryDelays: []time.Duration{time.Second, time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, ResendWindow: time.Hour, NotFoundConfirmations: 1, NotFoundAction: sm.AskPerson,
	}, 2, more(long, 2, 3), 2, false}
}

// transfer is retrying, through the other door.
func transfer(long bool) bounds {
	b := retrying(false)
	b.bank, b.sends, b.inquiries = true, more(long, 2, 3), more(long, 2, 3)
	return b
}

func more(long bool, short, most int) int {
	if long {
		return most
	}
	return short
}

// The edges of the machine that no order of events may leave out.
var modelEdges = [][2]sm.State{
	{sm.StateQueued, sm.StateProcessing}, {sm.StateQueued, sm.StateFailed},
	{sm.StateProcessing, sm.StateSucceeded}, {sm.StateProcessing, sm.StateFailed}, {sm.StateProcessing, sm.StatePending},
	{sm.StatePending, sm.StateSucceeded}, {sm.StatePending, sm.StateFailed}, {sm.StatePending, sm.StateReview}, {sm.StatePending, sm.StateRefunded},
	{sm.StateReview, sm.StateSucceeded}, {sm.StateReview, sm.StateFailed}, {sm.StateReview, sm.StateRefunded},
	{sm.StateSucceeded, sm.StateRefunded},
}

// No order of what two workers (three in the long form), Redis, DANA, the network, the
// clock and people can do breaks a promise.
func TestModel(t *testing.T) {
	t.Parallel()
	long := prove.For(t, "MODEL") > 0
	for name, b := range map[string]bounds{"retrying": retrying(long), "resending": resending(long), "asking": asking(long), "transfer": transfer(long)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := &explorer{bounds: b}
			visited, broken := x.explore()
			if broken != "" {
				t.Fatal(broken)
			}
			for _, e := range modelEdges {
				handedOn := b.bank && e == [2]sm.State{sm.StateProcessing, sm.StateSucceeded} // first pending
				if !x.edges[e] && !handedOn {
					t.Errorf("%s to %s never happened", e[0], e[1])
				}
			}
			prove.Say(t, "model: %s, %d workers: %d sends, %d inquiries: %d states explored, no promise broken", name, b.workers, b.sends, b.inquiries, visited)
		})
	}
}

// The model finds what it is for: each fault planted in the machine or around it breaks a promise.
func TestModelFindsPlantedFaults(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]*explorer{
		"no compare-and-set":                   {bounds: retrying(false), fault: fault{noCompareAndSet: true}},
		"no write-ahead":                       {bounds: retrying(false), fault: fault{noWriteAhead: true}},
		"a refusal after unknown is the end":   {bounds: retrying(false), fault: fault{refusalIsFinal: true}},
		"a new reference for a second sending": {bounds: resending(true), fault: fault{newReference: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visited, broken := x.explore()
			if broken == "" {
				t.Fatalf("%d states, and nothing was found", visited)
			}
			prove.Say(t, "model: planted fault %q found after %d states", name, visited)
			t.Log(broken)
		})
	}
}
