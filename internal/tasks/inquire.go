package tasks

import (
	"context"
	"errors"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
)

// Inquire handles topup:inquire and bank:inquire: one inquiry, if one is due. Asking moves no money, so
// nothing is written ahead; two answers to one inquiry count once.
func (r *Runner) Inquire(ctx context.Context, t *asynq.Task) error {
	ref, err := r.load(ctx, t)
	if err != nil {
		return err
	}
	rec, err := r.Ledger.Get(ctx, ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return &PayloadError{t.Type(), errors.New("ref " + ref + ": there is no such payout in the ledger")}
	}
	if err != nil {
		return err
	}
	ctx = headersOf(ctx, t)
	if rec.Tx.Next != statemachine.StepInquire {
		return nil
	}
	if ok, err := r.due(ctx, rec.Tx.DueAt); !ok {
		return err
	}
	out := doors[rec.Payout.Kind]
	pass, err := r.Gate.Wait(ctx, string(out.statusAPI), gate.Inquire)
	if err != nil {
		return err
	}
	verdict := gate.NoVerdict
	defer func() { pass.Done(verdict) }()

	// It may have waited long at the gate: ask only what is still a question.
	if rec, err = r.Ledger.Get(ctx, ref); err != nil {
		return err
	}
	now := r.Now()
	if rec.Tx.Next != statemachine.StepInquire || rec.Tx.DueAt.After(now) {
		return nil
	}
	if rec.Altered() { // an answer over an amount that nobody instructed proves nothing
		return r.bookAltered(ctx, rec)
	}
	ctx, end := step(ctx, rec, stepInquire)
	defer func() { end(err) }()
	n, id := rec.Tx.Inquiries+1, danaclient.NewExternalID(now)
	xctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout)
	defer cancel()
	x := out.status(r.DANA, xctx, id, rec.Payout)
	verdict = verdictOf(x)
	ev := statemachine.InquiryResult(n, id, x.Outcome, r.Now()).Asked(now)
	ev.Alone = x.Outcome.Kind == statemachine.Denied && r.deniedAlone(ctx, rec, "inquiry_denied")
	_, err = r.settle(ctx, rec.Payout, x, ev, number(ctx, "inquiry", n))
	return err
}
