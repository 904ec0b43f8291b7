package api

import (
	"context"
	"errors"

	"github.com/salur-id/salur/internal/ask"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/payout"
)

// inquire asks DANA whether an account can be paid. A no of DANA about the account is an answer, too.
func (a *api) inquire(c *call) (reply, error) {
	if a.dana == nil {
		return reply{}, unconfigured()
	}
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	p, err := intake.Question(body)
	if err != nil {
		return reply{}, &problem{kind: invalidFields, errors: faults(nil, err)}
	}
	ctx, cancel := context.WithTimeout(c.Context(), askTime)
	defer cancel()
	answer, err := ask.Account(ctx, a.dana, p)
	var none *ask.NoVerdictError
	if err != nil && (!errors.As(err, &none) || none.Cause != ask.Payee) {
		return reply{}, asked(err)
	}
	return ok(answer), nil
}

// balance asks DANA for the merchant's balances.
func (a *api) balance(c *call) (reply, error) {
	if a.dana == nil {
		return reply{}, unconfigured()
	}
	ctx, cancel := context.WithTimeout(c.Context(), askTime)
	defer cancel()
	balances, err := ask.Balances(ctx, a.dana)
	if err != nil {
		return reply{}, asked(err)
	}
	return ok(struct {
		Balances []ask.Balance `json:"balances"`
	}{balances}), nil
}

func unconfigured() error {
	return &problem{kind: noDANA, detail: "start the intake with X_PARTNER_ID, ORIGIN and PRIVATE_KEY or PRIVATE_KEY_PATH set; the balance needs MERCHANT_ID and CLIENT_SECRET, too"}
}

// asked is the problem that a question without a verdict is.
func asked(err error) error {
	var missing payout.InvalidError
	var none *ask.NoVerdictError
	switch {
	case errors.As(err, &missing): // the balance's own settings: accounts were checked before
		return &problem{kind: noDANA, detail: missing.Error()}
	case errors.As(err, &none) && none.Cause == ask.Silence:
		// The cause may name DANA's host and the way to it, which is not for the client.
		return &problem{kind: noVerdict, detail: "ask again later; no money was moved", retryAfter: 10 * soon, cause: err}
	case errors.As(err, &none):
		return &problem{kind: danaRefused, detail: none.Error(), cause: err}
	}
	return err
}
