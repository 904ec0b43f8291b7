package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/prove"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// retrying is one retry and no resend, resending is no retry and one resend, asking leaves "not found" to a
// person.
var (
	retrying = bounds{sm.Policy{
		RetryDelays: []time.Duration{time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, NotFoundConfirmations: 1, NotFoundAction: sm.Resend,
	}, 2, 3, 2}
	resending = bounds{sm.Policy{
		InquiryDelays: []time.Duration{time.Second}, InquiryCutoff: time.Hour,
		NotFoundConfirmations: 2, ResendLimit: 1, NotFoundAction: sm.Resend,
	}, 2, 3, 4}
	asking = bounds{sm.Policy{
		RetryDelays: []time.Duration{time.Second, time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, NotFoundConfirmations: 1, NotFoundAction: sm.AskPerson,
	}, 2, 3, 2}
)

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
	workers := 2
	if prove.For(t, "MODEL") > 0 {
		workers = 3
	}
	for name, b := range map[string]bounds{"retrying": retrying, "resending": resending, "asking": asking} {
		t.Run(fmt.Sprint(name, "/", workers), func(t *testing.T) {
			t.Parallel()
			b.workers = workers
			x := &explorer{bounds: b}
			visited, broken := x.explore()
			if broken != "" {
				t.Fatal(broken)
			}
			for _, e := range modelEdges {
				if !x.edges[e] {
					t.Errorf("%s to %s never happened", e[0], e[1])
				}
			}
			prove.Say(t, "model: %s, %d workers: %d states explored, no promise broken", name, workers, visited)
		})
	}
}

// The model finds what it is for: each fault planted in the machine or around it breaks a promise.
func TestModelFindsPlantedFaults(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]*explorer{
		"no compare-and-set":                   {bounds: retrying, fault: fault{noCompareAndSet: true}},
		"no write-ahead":                       {bounds: retrying, fault: fault{noWriteAhead: true}},
		"a refusal after unknown is the end":   {bounds: retrying, fault: fault{refusalIsFinal: true}},
		"a new reference for a second sending": {bounds: resending, fault: fault{newReference: true}},
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
