package tasks

import (
	"context"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
)

// bookAltered books a payout whose instruction on record is not the one that was accepted: it is neither sent nor
// asked about any more, and a person looks at it. An attempt that is out is answered first.
func (r *Runner) bookAltered(ctx context.Context, rec ledger.Record) error {
	rec, d, err := ledger.Update(ctx, r.Ledger, r.policy(rec.Payout.Kind), rec.Payout.Ref, "", func(rec ledger.Record) (statemachine.Event, bool) {
		return statemachine.Alter(r.Now()), rec.Altered() && rec.Tx.Next != statemachine.StepNone
	})
	if err != nil || d.Ignored {
		return err
	}
	r.booked(ctx, rec, d, 0)
	return nil
}

// alarm says that an instruction was altered. What it says now is not shown: it may be anybody's.
func (r *Runner) alarm(fields ...zap.Field) {
	r.Metrics.InstructionAltered()
	r.Log.Error("THE INSTRUCTION OF A PAYOUT ON RECORD IS NOT THE ONE THAT WAS ACCEPTED: it is not sent; somebody has written to Redis", fields...)
}
