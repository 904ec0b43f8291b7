package salur

import (
	"context"
	"slices"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
)

// Limits bounds what a client accepts. Whatever they are, no payout may take more than IDR 1,000,000,000,000.
type Limits struct {
	// MaxAmount is the most that one payout may take from the deposit, amount and fee together. Zero is IDR 1,000,000,000.
	MaxAmount Amount
	// MaxFee is the greatest fee of one payout. Zero is no limit.
	MaxFee Amount
}

// Within is the client with other limits than those of New, which are the zero Limits. enqueue takes them from SALUR_MAX_AMOUNT and
// SALUR_LIMIT_FEE. The workers' own hold for payouts that other producers put into tasks.
func (c *Client) Within(l Limits) *Client {
	limited := *c
	limited.bounds = payout.Bounds{}
	if l.MaxAmount != (Amount{}) {
		limited.bounds.MaxTotal = l.MaxAmount.internal()
	}
	if l.MaxFee != (Amount{}) {
		limited.bounds.MaxFee = l.MaxFee.internal()
	}
	return &limited
}

// CheckNew is Check of a payout that is not on record: it tells also what the client's limits and the time refuse. The error
// is an *InvalidError, or nil.
func (c *Client) CheckNew(p Payout) error {
	in, err := p.internal()
	if err != nil {
		return err
	}
	return invalid(c.bounds.Check(in, c.now()))
}

// within leaves those of the payouts that are accepted at this time. One that is refused for its size or its time may be on record
// already, from when that was otherwise: it is answered as what it is, and nothing is handed over again.
func (c *Client) within(ctx context.Context, results []Result, good []payout.Payout, at []int) ([]payout.Payout, []int, error) {
	now := c.now()
	var inside, outside []int
	for i, p := range good {
		if c.bounds.Check(p, now) == nil {
			inside = append(inside, i)
		} else {
			outside = append(outside, i)
		}
	}
	if len(outside) == 0 {
		return good, at, nil
	}
	refs := make([]string, len(outside))
	for n, i := range outside {
		refs[n] = good[i].Ref
	}
	known, unreadable, err := c.ledger.Look(ctx, refs)
	if err != nil {
		return nil, nil, told(err)
	}
	for _, i := range outside {
		if rec, found := known[good[i].Ref]; found {
			results[at[i]].recorded(rec, good[i])
		} else if slices.Contains(unreadable, good[i].Ref) {
			results[at[i]].Err = ErrUnreadable
		} else {
			results[at[i]].Err = invalid(c.bounds.Check(good[i], now))
		}
	}
	some, places := make([]payout.Payout, len(inside)), make([]int, len(inside))
	for n, i := range inside {
		some[n], places[n] = good[i], at[i]
	}
	return some, places, nil
}

// recorded is the result of a payout whose reference is on record.
func (r *Result) recorded(rec ledger.Record, p payout.Payout) {
	r.State, r.Duplicate = State(rec.Tx.State), true
	if rec.Payout.Fingerprint() != p.Fingerprint() {
		r.Duplicate, r.Err = false, ErrConflict
	}
}
