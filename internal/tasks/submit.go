package tasks

import (
	"context"
	"time"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
)

// Submit accepts a payout: it is recorded, then its first wake-up is enqueued. created is
// false when the same payout was accepted before. Errors are the ledger's: ErrConflict,
// or the store's own, after which the same call made again is safe.
//
// Once it is recorded it is accepted (promise 2). If the process dies before the wake-up,
// or Redis refuses it, the sweeper finds the payout overdue and makes one: that is why a
// failed wake-up is not the caller's error.
func Submit(ctx context.Context, l ledger.Ledger, q *Queue, p payout.Payout, now time.Time) (rec ledger.Record, created bool, err error) {
	rec, created, err = l.Create(ctx, p, now)
	if err == nil && created {
		_ = q.Wake(ctx, rec)
	}
	return rec, created, err
}
