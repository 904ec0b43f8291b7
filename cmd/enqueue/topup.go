package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tasks"
)

func (p *program) topUpCommand() *cobra.Command {
	var in payout.Instruction
	c := &cobra.Command{
		Use:   "topup --ref REF --customer 628… --amount AMOUNT",
		Short: "Accept one payout to a DANA balance",
		Example: `  enqueue topup --ref PAY-1 --customer 62811742234 --amount 10000
  enqueue topup --ref PAY-2 --customer 62811742234 --amount 10000.50 --notes "November" --json
  enqueue topup --ref PAY-3 --customer 620000000000 --customer-id 216610000000000000001 --amount 10000
  enqueue topup --ref PAY-4 --customer 62811742234 --amount 10000 --not-after 2026-12-31T17:00:00+07:00`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			po, err := in.Parse()
			if err != nil {
				return asFlags(err)
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			rec, created, err := tasks.Submit(c.Context(), ledger.NewRedis(rdb), tasks.NewQueue(rdb), po, time.Now())
			if errors.Is(err, ledger.ErrConflict) {
				return cli.Fail(cli.Conflict, fmt.Errorf("--%w", conflict(po.Ref)))
			}
			if err != nil {
				return uncertain(po.Ref, "run the same command again", err)
			}
			out := c.OutOrStdout()
			switch {
			case p.json:
				return cli.PrintJSON(out, receipt{po.Ref, rec.Tx.State, !created})
			case created:
				_, err = fmt.Fprintf(out, "accepted %s: %s to %s\n", po.Ref, po.Amount, payee(po))
			default:
				_, err = fmt.Fprintf(out, "%s was accepted before; it is %s\n", po.Ref, rec.Tx.State)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&in.Ref, "ref", "", "the payout's reference, one for ever: 1 to 64 printable ASCII characters without spaces (required)")
	f.StringVar(&in.Customer, "customer", "", "the payee's phone number: 628 and 6 to 12 more digits; or "+payout.ByCustomerID+" with --customer-id (required)")
	f.StringVar((*string)(&in.Amount), "amount", "", "IDR, digits with at most two decimals and no separators (required)")
	f.StringVar((*string)(&in.Fee), "fee", "", "IDR, the fee that DANA is told of (default 0.00)")
	f.StringVar(&in.Notes, "notes", "", "a text for DANA's records, at most 255 characters")
	f.StringVar(&in.FundType, "fund-type", "", "DANA's fund type (default "+payout.FundTypeTopUp+")")
	f.StringVar(&in.ChargeTarget, "charge-target", "", "who is charged: DIVISION or MERCHANT")
	f.StringVar(&in.Division, "division", "", "the division that is charged; --charge-target DIVISION needs it")
	f.StringVar(&in.CustomerID, "customer-id", "", "DANA's public user id of the payee, in place of a phone number")
	f.BoolVar(&in.Validate, "validate", false, "ask DANA about the payee's account before the first attempt; a frozen, unknown or full one fails unpaid")
	f.StringVar(&in.NotAfter, "not-after", "", "RFC 3339; a payout that has not left by then fails as expired")
	return c
}

// receipt is an accepted payout in JSON.
type receipt struct {
	Ref       string             `json:"ref"`
	State     statemachine.State `json:"state"`
	Duplicate bool               `json:"duplicate"` // accepted before
}

// conflict is the refusal of a reference that is on record with other content.
func conflict(ref string) error {
	return fmt.Errorf("ref %q: %w; nothing was changed, give a new payout a reference of its own (see ledger show %s)",
		ref, ledger.ErrConflict, ref)
}

// uncertain is a payout that Redis may or may not have recorded: it may be that only its
// answer was lost. Made again the same request is accepted once, so that asking for it is
// safe, while calling it refused could make somebody pay under a new reference.
func uncertain(ref, remedy string, err error) error {
	return fmt.Errorf("it is not known whether %s was accepted; %s, nobody is paid twice: %w", ref, remedy, err)
}

// payee is who is paid, masked.
func payee(p payout.Payout) string {
	if p.Customer == payout.ByCustomerID {
		return payout.Mask(p.CustomerID)
	}
	return payout.Mask(p.Customer)
}
