package wakeup

import (
	"context"
	"time"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
)

// Submit accepts a payout: it is recorded, then its first wake-up is enqueued. created is
// false when the same payout was accepted before. Errors are the ledger's: ErrConflict,
// or the store's own, after which the same call made again is safe.
func Submit(ctx context.Context, l ledger.Ledger, q *Queue, p payout.Payout, now time.Time) (rec ledger.Record, created bool, err error) {
	c := SubmitMany(ctx, l, q, []payout.Payout{p}, "", now)[0]
	return c.Record, c.New, c.Err
}

// SubmitMany is Submit for several payouts in two exchanges with Redis, with one answer for
// each in their order. by names who hands them over, for their history; it may be empty.
//
// Once a payout is recorded it is accepted (promise 2). If the process dies before the wake-up,
// or Redis refuses it, the sweeper finds the payout overdue and makes one: that is why a
// failed wake-up is not the caller's error.
func SubmitMany(ctx context.Context, l ledger.Ledger, q *Queue, ps []payout.Payout, by string, now time.Time) []ledger.Created {
	created := l.CreateMany(ctx, ps, by, now)
	var fresh []ledger.Record
	for _, c := range created {
		if c.New {
			fresh = append(fresh, c.Record)
		}
	}
	q.WakeMany(ctx, fresh)
	return created
}
