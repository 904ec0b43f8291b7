package main

import (
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/payout"
)

func (p *program) topUpCommand() *cobra.Command {
	var in payout.Instruction
	c := p.payCommand(&cobra.Command{
		Use:   "topup --ref REF --customer 628… --amount AMOUNT",
		Short: "Accept one payout to a DANA balance",
		Example: `  enqueue topup --ref PAY-1 --customer 62811742234 --amount 10000
  enqueue topup --ref PAY-2 --customer 62811742234 --amount 10000.50 --notes "November" --json
  enqueue topup --ref PAY-3 --customer 620000000000 --customer-id 216610000000000000001 --amount 10000
  enqueue topup --ref PAY-4 --customer 62811742234 --amount 10000 --not-after 2026-12-31T17:00:00+07:00`,
	}, &in)
	f := c.Flags()
	balanceFlags(f, &in)
	f.StringVar((*string)(&in.Fee), "fee", "", "IDR, the fee that DANA is told of (default 0.00)")
	f.StringVar(&in.Notes, "notes", "", "a text for DANA's records, at most 255 characters")
	return c
}
