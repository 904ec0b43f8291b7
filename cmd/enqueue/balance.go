package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/ask"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
)

const balanceHelp = `

It asks DANA's open API (Check Disbursement Account); Redis is not needed. MERCHANT_ID and
CLIENT_SECRET must be set. Disbursements are paid from MERCHANT_DEPOSIT_BALANCE.

DANA's page says that the numbers are in the smallest unit, 1/100 rupiah, and they are read so.
That is not confirmed for every merchant: --json has DANA's own number beside it ("raw").
Compare once with the merchant portal.

Exit codes: 0 done, 2 bad usage or configuration, 4 DANA could not be reached, refused or did
not tell.

Environment (flags come before it, a YAML file and the defaults after it):
`

func (p *program) balanceCommand() *cobra.Command {
	return p.danaCommand(&cobra.Command{
		Use:   "balance",
		Short: "Ask DANA for the merchant's balances",
		Example: `  enqueue balance
  enqueue balance --json`,
	}, balanceHelp, config.NeedDANA, func(c *cobra.Command) error {
		dana, err := p.dana(c, config.NeedDANA)
		if err != nil {
			return err
		}
		balances, err := ask.Balances(c.Context(), dana)
		if err != nil {
			return withCode(err)
		}
		for _, b := range balances {
			if err := p.printBalance(c, b); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *program) printBalance(c *cobra.Command, b ask.Balance) error {
	if p.json {
		return cli.PrintJSON(c.OutOrStdout(), b)
	}
	shown := "not told"
	if b.Raw != "" {
		shown = b.Amount.String()
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%-26s %s\n", b.Resource, shown)
	return err
}
