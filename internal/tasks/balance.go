package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// Balance asks DANA once for what the merchant's deposit holds. It waits its turn for the rate like every
// exchange, and asks nobody who refuses our credentials. What it meets tells no breaker anything: it asks
// seldom, and a balance that is away keeps no payout from being sent.
//
// Each outage is said once. An error means that the balance is not known.
func (r *Runner) Balance(ctx context.Context) (money.Amount, error) {
	amount, err := r.askBalance(ctx)
	var closed *gate.ClosedError
	switch away := err != nil; {
	case errors.As(err, &closed): // DANA was not asked
	case r.balanceAway.Swap(away) == away:
	case away:
		r.Log.Warn("the merchant's balance is not known; payouts go on", zap.Error(err))
	default:
		r.Log.Info("the merchant's balance is known again", zap.Stringer("deposit", amount))
	}
	return amount, err
}

func (r *Runner) askBalance(ctx context.Context) (money.Amount, error) {
	pass, err := r.Gate.Wait(ctx, string(danaclient.APIBalance), gate.Inquire)
	if err != nil {
		return money.Amount{}, err
	}
	defer pass.Done(gate.NoVerdict)
	b := r.DANA.Balance(ctx)
	r.Metrics.Exchange(string(b.API), b.Outcome.Kind.String(), b.Duration)
	if b.Outcome.Kind != statemachine.Succeeded {
		return money.Amount{}, errors.Join(fmt.Errorf("DANA %s: %s (%s) %s", b.API, b.Outcome.Kind, b.Outcome.Why, b.Outcome.Code), b.Err)
	}
	i := slices.IndexFunc(b.Resources, func(r danaclient.Resource) bool { return r.Type == danaclient.DepositBalance })
	if i < 0 || b.Resources[i].Raw == "" || b.Resources[i].Amount.Currency() != money.IDR {
		return money.Amount{}, fmt.Errorf("DANA %s: the answer has no %s in IDR", b.API, danaclient.DepositBalance)
	}
	return b.Resources[i].Amount, nil
}
