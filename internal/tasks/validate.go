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
func (r *Runner) validate(ctx context.Context, rec ledger.Record) (good bool, err error) {
	for {
		good, again, err := r.askPayee(ctx, rec)
		if err != nil || !again || rec.Tx.Expired(r.Now()) { // what is expired fails unsent where it would be sent
			return good, err
		}
	}
}

// askPayee asks once.
//
// What is not known when no verdict on the account comes back (no answer, refused
// credentials, no funds): whether it can take the money. A payout without a name to compare is sent all the same.
// Nothing is risked by that: DANA looks itself, and its answer to the send decides, holds
// included.
//
// A payout with a name to compare is sent only after that name came back: DANA does not compare it. It waits for
// the breaker as its send would, and without a name it goes to a person. Refused credentials and the merchant's trouble
// hold all sending, as they do when a send meets them. After refused credentials it is asked about again: DANA did not look.
func (r *Runner) askPayee(ctx context.Context, rec ledger.Record) (good, again bool, err error) {
	p := rec.Payout
	named := p.AccountName != "" && !r.IgnoreNames
	purpose := gate.Validate
	if named {
		purpose = gate.Send
	}
	out, id := doors[p.Kind], danaclient.NewExternalID(r.Now())
	x := danaclient.Exchange{
		API: out.accountAPI, ExternalID: id,
		Outcome: statemachine.Outcome{Kind: statemachine.NotSent, Why: whyNotWaited},
	}
	pass, err := r.Gate.Wait(ctx, string(out.accountAPI), purpose)
	var closed *gate.ClosedError
	if err != nil && (named || !errors.As(err, &closed) || closed.Why != gate.WhyBreaker) {
		return false, false, err
	}
	ctx, end := step(ctx, rec, stepValidate)
	defer func() { end(err) }()
	if err == nil {
		xctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout)
		defer cancel()
		var holder string
		x, holder = out.account(r.DANA, xctx, id, p)
		pass.Done(verdictOf(x))
		if named {
			again = r.compareName(ctx, p, &x, holder)
		}
	}
	d, err := r.settle(ctx, p, x, statemachine.AccountResult(x.ExternalID, x.Outcome, r.Now()))
	queued := d.Tx.State == statemachine.StateQueued
	return queued, again && queued, err
}

// compareName makes the outcome of an account inquiry Inconsistent unless the account's holder has the payout's name, or the
// account is proven unable to be paid. again says that DANA refused our credentials and is to be asked again.
func (r *Runner) compareName(ctx context.Context, p payout.Payout, x *danaclient.Exchange, holder string) (again bool) {
	o := &x.Outcome
	switch {
	case o.Kind == statemachine.Succeeded && payout.SameName(p.AccountName, holder):
	case o.Kind == statemachine.Succeeded && payout.IsName(holder):
		o.Kind, o.Why = statemachine.Inconsistent, statemachine.NameMismatch
	case o.Kind == statemachine.Refused && o.Why.PayeeCause():
	case o.Kind == statemachine.Denied:
		r.hold(ctx, p, statemachine.CredentialsRefused, o.Code)
		return true
	default:
		if o.Kind == statemachine.Refused && o.Why.MerchantCause() {
			r.hold(ctx, p, o.Why, o.Code)
		}
		o.Kind, o.Why = statemachine.Inconsistent, statemachine.NameUnknown
	}
	return false
}
