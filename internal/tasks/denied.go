package tasks

import (
	"context"
	"crypto/rand"
	"slices"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// deniedAlone tells whether DANA refuses our credentials for this payout and for nothing else. The first time all
// sending is held, and a probe finds out. If DANA refuses the payout once more after that, and takes our credentials
// for a harmless exchange at this very moment, a hold would come back for ever. Credentials that are lost again fail
// that exchange too, and hold.
//
// What is not known is never "alone": then sending is held, and no payout is parked (promise 6).
func (r *Runner) deniedAlone(ctx context.Context, rec ledger.Record, before statemachine.Trigger) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout)
	defer cancel()
	history, err := r.Ledger.History(ctx, rec.Payout.Ref)
	if err != nil || !slices.ContainsFunc(history, func(e ledger.Entry) bool { return e.Event == before }) {
		return false
	}
	x := r.harmless(ctx, rec.Payout.Kind)
	r.Metrics.Exchange(string(x.API), x.Outcome.Kind.String(), x.Duration)
	alone := takesUs(x.Outcome)
	r.Log.Warn("DANA refuses the credentials for one payout again; a harmless exchange tells whether for it alone",
		append(r.exchangeFields(rec.Payout.Ref, x), zap.Bool("alone", alone))...)
	return alone
}

// harmless asks DANA about a reference that nobody has: whatever is wrong with one payout, the answer is about us.
func (r *Runner) harmless(ctx context.Context, kind payout.Kind) danaclient.Exchange {
	nobody := payout.Payout{Kind: kind, Ref: "salur-probe-" + rand.Text()}
	return doors[kind].status(r.DANA, ctx, danaclient.NewExternalID(r.Now()), nobody)
}

// takesUs tells whether an answer proves that DANA takes our credentials and the merchant.
func takesUs(o statemachine.Outcome) bool {
	switch o.Kind {
	case statemachine.Unknown, statemachine.NotSent, statemachine.Throttled, statemachine.Denied:
		return false
	case statemachine.Refused:
		return !o.Why.MerchantCause()
	}
	return true
}
