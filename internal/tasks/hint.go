package tasks

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
)

// Hint has DANA asked at once about a payout that a notify names. What the notify says of
// its end is not looked at: money is booked on what the inquiry says. refs are what the
// notify calls the payout; the first one that is ours counts. An error means that DANA
// should call again.
func (r *Runner) Hint(ctx context.Context, refs ...string) error {
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		switch err := r.hint(ctx, ref); {
		case errors.Is(err, ledger.ErrNotFound):
		case err != nil:
			// Not known: whether the inquiry is on record. The repetition finds out, and asking
			// twice is harmless.
			return fmt.Errorf("record a notify of payout %s: %w", ref, err)
		default:
			r.Metrics.Notify("accepted")
			return nil
		}
	}
	// Not known: whose payout it is, another system's or one that the ledger has forgotten.
	// DANA calling again would not tell, so it is accepted.
	r.Log.Warn("a notify of a payout that is not in the ledger", zap.Strings("refs", refs))
	r.Metrics.Notify("unknown")
	return nil
}

func (r *Runner) hint(ctx context.Context, ref string) error {
	rec, d, err := ledger.Update(ctx, r.Ledger, r.Policy, ref, "", func(rec ledger.Record) (statemachine.Event, bool) {
		now := r.Now()
		// An inquiry that is due already answers this notify as well. Each further one would be
		// a flood that DANA, or whoever repeats its calls, could make.
		due := rec.Tx.Next == statemachine.StepInquire && !rec.Tx.DueAt.After(now)
		return statemachine.AskNow("a notify of DANA", "", now), !due
	})
	if err != nil {
		return err
	}
	r.Log.Info("notify", zap.String("ref", ref), zap.String("state", string(rec.Tx.State)), zap.Bool("inquire", !d.Ignored),
		traceField(rec.Trace.In(ctx)))
	if d.Ignored {
		// Due already, or the worker is still sending: the answer to that, or the inquiry that
		// follows it, tells how it ends.
		return nil
	}
	if err := r.Queue.Wake(ctx, rec); err != nil {
		// The inquiry is on record, and whether it has a wake-up is not known. The sweeper
		// makes one; a repetition of the notify would add nothing.
		r.Log.Warn("a wake-up could not be enqueued; the sweeper will", zap.String("ref", ref), zap.Error(err))
	}
	return nil
}
