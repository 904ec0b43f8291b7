package salur

import (
	"context"
	"time"
)

// Wait waits until a payout is over or in Review, and returns it with its history. The error is
// ErrNotFound, ErrUnavailable, or the context's: then the payout goes on, and Wait may be called
// again. A payout may be under way for as long as the workers' SALUR_INQUIRY_CUTOFF.
func (c *Client) Wait(ctx context.Context, ref string) (Transaction, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		rec, err := c.ledger.Get(ctx, ref)
		if err != nil {
			return Transaction{}, ended(ctx, err)
		}
		if state := State(rec.Tx.State); state.Final() || state == Review {
			return c.Get(ctx, ref)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return Transaction{}, ctx.Err()
		}
	}
}
