package main

import (
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/payout"
)

const bankHelp = `Accept one payout to a bank account.

DANA passes it on to the bank, which may take a while and may still refuse it. The customer is
the merchant's own business number; who is paid is told by the bank's code and the account.
A code that Salur does not know is accepted, for DANA to judge: look whether the bank's name
stands in the answer. --account-name goes to DANA; with --validate it is compared with the
holder's name at the bank, and another one sends the payout to review. It is never printed.`

func (p *program) bankCommand() *cobra.Command {
	in := payout.Instruction{Kind: string(payout.Bank)}
	c := p.payCommand(&cobra.Command{
		Use:   "bank --ref REF --customer 628… --bank-code CODE --account NUMBER --amount AMOUNT",
		Short: "Accept one payout to a bank account",
		Long:  bankHelp,
		Example: `  enqueue bank --ref PAY-1 --customer 62811742234 --bank-code 014 --account 2460888509 --amount 50000
  enqueue bank --ref PAY-2 --customer 62811742234 --bank-code 014 --account 2460888509 --amount 50000 --validate --json
  enqueue bank --ref PAY-3 --customer 62811742234 --bank-code 008 --account 1370011223344 --amount 50000 --account-name "Budi Santoso"`,
	}, &in)
	f := c.Flags()
	bankFlags(f, &in)
	// Known here so that it is refused in words of our own, with the reason.
	f.StringVar((*string)(&in.Fee), "fee", "", "IDR; a transfer has no field for a fee, so nothing but 0.00 is accepted")
	return c
}
