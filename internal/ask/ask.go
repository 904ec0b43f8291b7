// Package ask puts questions to DANA that move no money: can this account be paid, and what is left in
// the merchant's balances. Whoever asks, a command or a request, gets the same documents.
package ask

import (
	"context"
	"time"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// Inquiry is the answer to a question about an account. What DANA did not tell is left out.
type Inquiry struct {
	Status       danaclient.Standing `json:"status"`
	Customer     string              `json:"customer,omitempty"` // masked
	BankCode     string              `json:"bankCode,omitempty"`
	Bank         string              `json:"bank,omitempty"`
	Account      string              `json:"account,omitempty"` // masked
	Name         string              `json:"name,omitempty"`
	Amount       money.Amount        `json:"amount"`
	Fee          *money.Amount       `json:"fee,omitempty"`
	FeeType      string              `json:"feeType,omitempty"`
	Min          *money.Amount       `json:"minAmount,omitempty"`
	Max          *money.Amount       `json:"maxAmount,omitempty"`
	MonthlyLimit *money.Amount       `json:"monthlyLimit,omitempty"`
	Code         string              `json:"responseCode,omitempty"`
	Message      string              `json:"responseMessage,omitempty"`
	Reason       string              `json:"reason,omitempty"` // DANA's inner reason of a refusal
	Why          statemachine.Why    `json:"why,omitempty"`    // ours
	Attempts     int                 `json:"attempts,omitempty"`
}

// Account asks about the account of a payee, of either kind; p needs no reference. The error is a
// *NoVerdictError, or a payout.InvalidError when nothing could be asked; the document is there beside it.
func Account(ctx context.Context, dana *danaclient.Client, p payout.Payout) (Inquiry, error) {
	if p.Kind == payout.Bank {
		return bankAccount(ctx, dana, p)
	}
	a := dana.AccountInquiry(ctx, danaclient.NewExternalID(time.Now()), p)
	return complete(Inquiry{
		Status: a.Standing, Customer: p.Payee(), Name: a.Name, Amount: p.Amount, Fee: told(a.Fee), FeeType: a.FeeType,
		Min: told(a.Min), Max: told(a.Max), MonthlyLimit: told(a.MonthlyLimit), Reason: a.Reason,
	}, a.Exchange)
}

func bankAccount(ctx context.Context, dana *danaclient.Client, p payout.Payout) (Inquiry, error) {
	b := dana.BankAccountInquiry(ctx, p)
	bank := b.BankName
	if bank == "" {
		bank = b.BankShortName
	}
	return complete(Inquiry{
		Status: b.Standing, BankCode: p.BankCode, Bank: bank, Account: payout.Mask(p.Account), Name: b.Name, Amount: p.Amount,
		Fee: told(b.Fee), Max: told(b.Max), Reason: b.Reason, Attempts: b.Attempts,
	}, b.Exchange)
}

func complete(q Inquiry, x danaclient.Exchange) (Inquiry, error) {
	q.Code, q.Message, q.Why = x.Outcome.Code, x.Message, x.Outcome.Why
	return q, verdict(x)
}

// Balance is one of the merchant's balances.
type Balance struct {
	Resource string        `json:"resource"`
	Amount   *money.Amount `json:"amount,omitempty"` // left out when DANA gave no number
	Raw      string        `json:"raw,omitempty"`    // DANA's number, in 1/100 rupiah as documented
}

// Balances asks for the merchant's balances. The errors are those of Account; a payout.InvalidError names the
// settings that are missing.
func Balances(ctx context.Context, dana *danaclient.Client) ([]Balance, error) {
	b := dana.Balance(ctx)
	if err := verdict(b.Exchange); err != nil {
		return nil, err
	}
	balances := make([]Balance, len(b.Resources))
	for i, r := range b.Resources {
		balances[i] = Balance{r.Type, told(r.Amount), r.Raw}
	}
	return balances, nil
}

// told is nil for an amount that DANA left out.
func told(a money.Amount) *money.Amount {
	if a == (money.Amount{}) {
		return nil
	}
	return &a
}
