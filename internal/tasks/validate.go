package tasks

import (
	"context"
	"errors"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// whyNotWaited is the reason of an account inquiry that was left out, since the breaker of
// its API is open.
const whyNotWaited statemachine.Why = "breaker_open"

// validate asks DANA about the payee of a payout that has not been sent yet. It reports
// whether the payout is to be sent now.
//
// What is not known when no verdict on the account comes back (no answer, refused
// credentials, no funds): whether it can take the money. The payout is sent all the same.
// Nothing is risked by that: DANA looks itself, and its answer to the send decides, holds
// included.
func (r *Runner) validate(ctx context.Context, rec ledger.Record) (good bool, err error) {
	p := rec.Payout
	out, id := doors[p.Kind], danaclient.NewExternalID(r.Now())
	x := danaclient.Exchange{
		API: out.accountAPI, ExternalID: id,
		Outcome: statemachine.Outcome{Kind: statemachine.NotSent, Why: whyNotWaited},
	}
	pass, err := r.Gate.Wait(ctx, string(out.accountAPI), gate.Validate)
	var closed *gate.ClosedError
	if err != nil && (!errors.As(err, &closed) || closed.Why != gate.WhyBreaker) {
		return false, err
	}
	ctx, end := step(ctx, rec, stepValidate)
	defer func() { end(err) }()
	if err == nil {
		xctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout)
		defer cancel()
		var holder string
		x, holder = out.account(r.DANA, xctx, id, p)
		pass.Done(verdictOf(x))
		if x.Outcome.Kind == statemachine.Succeeded && !r.IgnoreNames && !payout.SameName(p.AccountName, holder) {
			x.Outcome.Kind, x.Outcome.Why = statemachine.Inconsistent, statemachine.NameMismatch
		}
	}
	d, err := r.settle(ctx, p, x, statemachine.AccountResult(x.ExternalID, x.Outcome, r.Now()))
	return d.Tx.State == statemachine.StateQueued, err
}
