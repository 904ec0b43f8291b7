package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/payout"
)

func (p *program) topUpCommand() *cobra.Command {
	var in payout.Instruction
	c := &cobra.Command{
		Use:   "topup --ref R --customer 628… --amount A",
		Short: "Pay one person's DANA balance",
		Example: `  enqueue topup --ref SALARY-2026-03-0017 --customer 62811742234 --amount 10000
  enqueue topup --ref R2 --customer 62811742234 --amount 2500000.50 --not-after 2026-03-31T17:00:00+07:00 --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.topUp(c, in) },
	}
	f := c.Flags()
	f.StringVar(&in.Ref, "ref", "", "DANA's partnerReferenceNo: 1 to 64 printable ASCII characters without spaces (required)")
	f.StringVar(&in.Customer, "customer", "", "the payee's number, 628 and 6 to 12 more digits (required)")
	f.StringVar((*string)(&in.Amount), "amount", "", "IDR, digits with at most two decimals (required)")
	f.StringVar((*string)(&in.Fee), "fee", "", "fee in IDR (default 0.00)")
	f.StringVar(&in.Notes, "notes", "", "a text for DANA, at most 255 characters")
	f.StringVar(&in.FundType, "fund-type", "", "DANA's fundType (default "+payout.FundTypeTopUp+")")
	f.StringVar(&in.ChargeTarget, "charge-target", "", "DIVISION or MERCHANT")
	f.StringVar(&in.Division, "division", "", "externalDivisionId; needed with --charge-target DIVISION")
	f.StringVar(&in.CustomerID, "customer-id", "", "DANA's public user id, with --customer "+payout.ByCustomerID)
	f.BoolVar(&in.Validate, "validate", false, "ask DANA about the account first (not available in this version)")
	f.StringVar(&in.NotAfter, "not-after", "", "RFC 3339; a payout that has not left by then fails as expired")
	return c
}

// flagOf is the flag of a field that is spelt otherwise on the command line.
var flagOf = map[string]string{
	"fundType": "fund-type", "chargeTarget": "charge-target", "customerId": "customer-id", "notAfter": "not-after",
}

func (p *program) topUp(c *cobra.Command, in payout.Instruction) error {
	pay, err := in.Parse()
	var bad payout.InvalidError
	if errors.As(err, &bad) {
		lines := make([]string, len(bad))
		for i, f := range bad {
			name := f.Field
			if flag, ok := flagOf[name]; ok {
				name = flag
			}
			lines[i] = fmt.Sprintf("--%s %q: %s", name, f.Value, f.Fix)
		}
		return cli.Fail(cli.Invalid, errors.New(strings.Join(lines, "\n")))
	}
	if err != nil {
		return err
	}
	s, err := p.open(c)
	if err != nil {
		return err
	}
	defer s.close()
	rec, created, err := s.submit(c.Context(), pay)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if p.json {
		return cli.PrintJSON(out, document{pay.Ref, string(rec.Tx.State), !created})
	}
	if created {
		fmt.Fprintf(out, "accepted %s: %s to %s\n", pay.Ref, pay.Amount, payee(pay))
	} else {
		fmt.Fprintf(out, "%s was accepted before; it is %s\n", pay.Ref, rec.Tx.State)
	}
	return nil
}
