package tasks

import (
	"context"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// door is one of DANA's two ways out: all that differs between the steps of a payout to a
// balance and of one to a bank account, but for where their wake-ups go (wakeup.Route).
type door struct {
	sendAPI, statusAPI, accountAPI danaclient.API

	// transfer asks for money to move; needNotify is for transfers to banks.
	transfer func(c *danaclient.Client, ctx context.Context, id string, p payout.Payout, needNotify bool) danaclient.Exchange
	status   func(c *danaclient.Client, ctx context.Context, id string, p payout.Payout) danaclient.Exchange
	// account asks about the payee and tells the account holder's name, if DANA does.
	account func(*danaclient.Client, context.Context, string, payout.Payout) (x danaclient.Exchange, holder string)
}

var doors = map[payout.Kind]door{
	payout.TopUp: {
		sendAPI: danaclient.APITopUp, statusAPI: danaclient.APITopUpStatus, accountAPI: danaclient.APIAccountInquiry,
		transfer: func(c *danaclient.Client, ctx context.Context, id string, p payout.Payout, _ bool) danaclient.Exchange {
			return c.TopUp(ctx, id, p)
		},
		status: (*danaclient.Client).TopUpStatus,
		account: func(c *danaclient.Client, ctx context.Context, id string, p payout.Payout) (danaclient.Exchange, string) {
			return c.AccountInquiry(ctx, id, p).Exchange, "" // DANA masks it
		},
	},
	payout.Bank: {
		sendAPI: danaclient.APIBankTransfer, statusAPI: danaclient.APIBankTransferStatus, accountAPI: danaclient.APIBankAccountInquiry,
		transfer: (*danaclient.Client).BankTransferAs,
		status:   (*danaclient.Client).BankTransferStatus,
		account: func(c *danaclient.Client, ctx context.Context, _ string, p payout.Payout) (danaclient.Exchange, string) {
			b := c.BankAccountInquiry(ctx, p) // up to four exchanges, each with an id of its own
			return b.Exchange, b.Name
		},
	},
}

// payeeOf is who is paid, for what is counted by payee: one phone number or customer id, or one account at one bank.
// (The customer of a transfer is the merchant.)
func payeeOf(p payout.Payout) string {
	if p.Kind == payout.Bank {
		return "bank " + p.BankCode + " " + p.Account
	}
	return p.Customer + " " + p.CustomerID
}

// policy is the machine's for a kind: they differ in the retries alone.
func (r *Runner) policy(k payout.Kind) statemachine.Policy {
	p := r.Policy
	if k == payout.Bank {
		p.RetryDelays = r.BankRetryDelays
	}
	return p
}
