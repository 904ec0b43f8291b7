package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

const askHelp = `

It asks DANA and moves no money; Redis is not needed. The status is DANA's own reading of
its answer: valid, or invalid (also when this inquiry failed: make a new one). A bank account
can be pending: no answer came in three attempts, or one that DANA's table does not know.

Exit codes: 0 the account can be paid the amount, 5 it cannot (it is unknown, frozen or over
its limit), 4 there is no verdict (DANA could not be reached, or did not tell), 1 DANA refused
for another reason, 2 bad usage or refused credentials.

Environment (flags come before it, a YAML file and the defaults after it):
`

// inquiry is the answer to a question about an account. What DANA did not tell is left out.
type inquiry struct {
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

func (p *program) accountCommand() *cobra.Command {
	var in payout.Instruction
	c := p.danaCommand(&cobra.Command{
		Use:   "account --customer 628… --amount AMOUNT",
		Short: "Ask DANA whether a DANA account can be paid an amount",
		Example: `  enqueue account --customer 62811742234 --amount 10000
  enqueue account --customer 62811742234 --amount 10000 --json`,
	}, askHelp, config.NeedDANA, func(c *cobra.Command) error {
		po, err := in.ParseInquiry()
		if err != nil {
			return asFlags(err)
		}
		dana, err := p.dana(c, config.NeedDANA)
		if err != nil {
			return err
		}
		a := dana.AccountInquiry(c.Context(), danaclient.NewExternalID(time.Now()), po)
		return p.tell(c, inquiry{
			Status: a.Standing, Customer: po.Payee(), Name: a.Name, Amount: po.Amount, Fee: told(a.Fee), FeeType: a.FeeType,
			Min: told(a.Min), Max: told(a.Max), MonthlyLimit: told(a.MonthlyLimit), Reason: a.Reason,
		}, a.Exchange)
	})
	balanceFlags(c.Flags(), &in)
	moneyFlags(c.Flags(), &in)
	return c
}

func (p *program) bankAccountCommand() *cobra.Command {
	in := payout.Instruction{Kind: string(payout.Bank)}
	c := p.danaCommand(&cobra.Command{
		Use:   "bank-account --customer 628… --bank-code CODE --account NUMBER --amount AMOUNT",
		Short: "Ask DANA whether a bank account can be paid an amount, and whose it is",
		Example: `  enqueue bank-account --customer 62811742234 --bank-code 014 --account 2460888509 --amount 50000
  enqueue bank-account --customer 62811742234 --bank-code 014 --account 2460888509 --amount 50000 --json`,
	}, askHelp, config.NeedDANA, func(c *cobra.Command) error {
		po, err := in.ParseInquiry()
		if err != nil {
			return asFlags(err)
		}
		dana, err := p.dana(c, config.NeedDANA)
		if err != nil {
			return err
		}
		b := dana.BankAccountInquiry(c.Context(), po)
		bank := b.BankName
		if bank == "" {
			bank = b.BankShortName
		}
		return p.tell(c, inquiry{
			Status: b.Standing, BankCode: po.BankCode, Bank: bank, Account: payout.Mask(po.Account), Name: b.Name, Amount: po.Amount,
			Fee: told(b.Fee), Max: told(b.Max), Reason: b.Reason, Attempts: b.Attempts,
		}, b.Exchange)
	})
	bankFlags(c.Flags(), &in)
	moneyFlags(c.Flags(), &in)
	return c
}

// told is nil for an amount that DANA left out.
func told(a money.Amount) *money.Amount {
	if a == (money.Amount{}) {
		return nil
	}
	return &a
}

// tell prints an inquiry's answer and returns what makes it no success.
func (p *program) tell(c *cobra.Command, q inquiry, x danaclient.Exchange) error {
	q.Code, q.Message, q.Why = x.Outcome.Code, x.Message, x.Outcome.Why
	var err error
	if p.json {
		err = cli.PrintJSON(c.OutOrStdout(), q)
	} else {
		err = q.print(c)
	}
	if err != nil {
		return err
	}
	return noVerdict(x)
}

// print is the answer for people: a line per thing that DANA told.
func (q inquiry) print(c *cobra.Command) error {
	account := q.Customer
	if q.Account != "" {
		account = q.BankCode + " " + q.Account
	}
	text := fmt.Sprintf("%-14s %s\n%-14s %s\n", "account", account, "status", q.Status)
	line := func(name, value string) {
		if value != "" {
			text += fmt.Sprintf("%-14s %s\n", name, value)
		}
	}
	amount := func(name string, a *money.Amount) {
		if a != nil {
			line(name, a.String())
		}
	}
	line("name", q.Name)
	line("bank", q.Bank)
	line("amount", q.Amount.String())
	amount("fee", q.Fee)
	line("fee type", q.FeeType)
	amount("least", q.Min)
	amount("most", q.Max)
	amount("monthly limit", q.MonthlyLimit)
	line("answer", trim(q.Code+" "+q.Message))
	line("reason", q.Reason)
	_, err := fmt.Fprint(c.OutOrStdout(), text)
	return err
}
