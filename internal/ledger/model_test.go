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
	return bounds{policy: sm.Policy{
		RetryDelays: []time.Duration{time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, ResendWindow: time.Hour, NotFoundConfirmations: 1, NotFoundAction: sm.Resend,
	}, workers: more(long, 2, 3), sends: 3, inquiries: 2, late: 2}
}

func resending(long bool) bounds {
	return bounds{policy: sm.Policy{
		InquiryDelays: []time.Duration{time.Second}, InquiryCutoff: time.Hour, ResendWindow: time.Hour,
		NotFoundConfirmations: more(long, 1, 2), ResendLimit: 1, NotFoundAction: sm.Resend,
	}, workers: 2, sends: more(long, 2, 3), inquiries: more(long, 3, 4), late: 2}
}

func asking(long bool) bounds {
	return bounds{policy: sm.Policy{
		RetryDelays: []time.Duration{time.Second, time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, ResendWindow: time.Hour, NotFoundConfirmations: 1, NotFoundAction: sm.AskPerson,
	}, workers: 2, sends: more(long, 2, 3), inquiries: 2, late: 2}
}

// transfer is retrying, through the other door.
func transfer(long bool) bounds {
	b := retrying(false)
	b.bank, b.sends, b.inquiries = true, more(long, 2, 3), more(long, 2, 3)
	return b
}

// confirming believes the second "not found" in a row.
func confirming(long bool) bounds {
	b := asking(false)
	b.policy.RetryDelays, b.policy.NotFoundConfirmations = nil, 2
	b.sends, b.inquiries = more(long, 1, 2), more(long, 3, 4)
	return b
}

// sharing is a reference that another system of the merchant uses too; altering is a record that somebody changes; away
// is days without a worker, in which DANA may forget; losing is a Redis that loses everything.
func sharing(long bool) bounds {
	b := small(long)
	b.shared = true
	return b
}

func altering(long bool) bounds {
	b := small(long)
	b.altered = true
	return b
}

func away(long bool) bounds {
	b := small(long)
	b.days, b.policy.ResendLimit, b.policy.InquiryCutoff = true, 1, 1000*time.Hour
	return b
}

func losing(long bool) bounds {
	b := small(long)
	b.lost = true
	return b
}

func small(long bool) bounds {
	b := retrying(false)
	b.sends, b.inquiries, b.late = more(long, 2, 3), more(long, 1, 2), uint8(more(long, 1, 2))
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
	for name, b := range map[string]bounds{
		"retrying": retrying(long), "resending": resending(long), "asking": asking(long), "transfer": transfer(long), "confirming": confirming(long),
		"shared": sharing(long), "altered": altering(long), "away": away(long), "losing": losing(long),
	} {
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
		"a final state ignores the version":    {bounds: retrying(false), fault: fault{finalIsForced: true}},
		"an inquiry counts again":              {bounds: confirming(false), fault: fault{recounts: true}},
		"other content is a success":           {bounds: sharing(false), fault: fault{believesAnyway: true}},
		"an altered instruction is sent":       {bounds: altering(false), fault: fault{sendsAltered: true}},
		"sent again after days":                {bounds: withoutWindow(away(false))},
		"an attempt leaves after its deadline": {bounds: away(false), fault: fault{sendsLate: true}},
		"a loss that nobody reports":           {bounds: losing(false), fault: fault{lossIsUntold: true}},
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

func withoutWindow(b bounds) bounds {
	b.policy.ResendWindow = 1000 * time.Hour
	return b
}
