package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/ask"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

const askHelp = `

It asks DANA and moves no money; Redis is not needed. The status is what the answer proves of
the account: valid, invalid, or pending when there is no verdict: no answer came (a bank account
is asked about three times), DANA refused us or the question, or the answer lacks a mandatory
field or is about another account or amount.

Exit codes: 0 the account can be paid the amount, 5 it cannot (it is unknown, frozen or over
its limit), 4 there is no verdict, 2 bad usage or configuration.

Environment (flags come before it, a YAML file and the defaults after it):
`

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
		answer, noVerdict := ask.Account(c.Context(), dana, po)
		return p.tell(c, answer, noVerdict)
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
		answer, noVerdict := ask.Account(c.Context(), dana, po)
		return p.tell(c, answer, noVerdict)
	})
	bankFlags(c.Flags(), &in)
	moneyFlags(c.Flags(), &in)
	return c
}

// tell prints an inquiry's answer and returns what makes it no success.
func (p *program) tell(c *cobra.Command, q ask.Inquiry, noVerdict error) error {
	var err error
	if p.json {
		err = cli.PrintJSON(c.OutOrStdout(), q)
	} else {
		err = printInquiry(c, q)
	}
	if err != nil {
		return err
	}
	return withCode(noVerdict)
}

// printInquiry is the answer for people: a line per thing that DANA told.
func printInquiry(c *cobra.Command, q ask.Inquiry) error {
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
	line("answer", strings.TrimSpace(q.Code+" "+q.Message))
	line("reason", q.Reason)
	_, err := fmt.Fprint(c.OutOrStdout(), text)
	return err
}
