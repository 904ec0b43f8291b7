package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
)

// payCommand completes a command that accepts one payout, in: what it does, and the flags
// that every kind of payout has.
func (p *program) payCommand(c *cobra.Command, in *payout.Instruction) *cobra.Command {
	c.Args = noArgs
	c.RunE = func(c *cobra.Command, _ []string) error {
		po, err := in.Parse()
		if err != nil {
			return asFlags(err)
		}
		return p.pay(c, po)
	}
	f := c.Flags()
	f.StringVar(&in.Ref, "ref", "", "the payout's reference, one for ever: 1 to 64 printable ASCII characters without spaces (required)")
	f.BoolVar(&in.Validate, "validate", false, "ask DANA about the payee's account before the first attempt; one that cannot be paid fails unpaid")
	f.StringVar(&in.NotAfter, "not-after", "", "RFC 3339; a payout that has not left by then fails as expired")
	moneyFlags(f, in)
	return c
}

// pay accepts one payout.
func (p *program) pay(c *cobra.Command, po payout.Payout) error {
	client, _, done, err := p.open(c)
	if err != nil {
		return err
	}
	defer done()
	got, err := client.Enqueue(c.Context(), intake.ToPayout(po))
	switch {
	case errors.As(err, new(*salur.InvalidError)):
		return asFlags(err)
	case errors.Is(err, salur.ErrConflict):
		return cli.Fail(cli.Conflict, fmt.Errorf("--%w", conflict(po.Ref)))
	case errors.Is(err, salur.ErrUnreadable):
		return cli.Fail(cli.Conflict, fmt.Errorf("--ref %q: not accepted: %w; find out what became of it before anybody is paid under a new reference, "+
			"see docs/runbooks/SalurUnreadableRecords.md", po.Ref, err))
	case errors.As(err, new(*salur.RefusedError)), errors.Is(err, salur.ErrFull):
		return fmt.Errorf("%s was not accepted: %w", po.Ref, err)
	case err != nil:
		return uncertain(po.Ref, "run the same command again", err)
	}
	out := c.OutOrStdout()
	switch {
	case p.json:
		return cli.PrintJSON(out, got)
	case !got.Duplicate:
		_, err = fmt.Fprintf(out, "accepted %s: %s to %s\n", po.Ref, priced(po), po.Payee())
	default:
		_, err = fmt.Fprintf(out, "%s was accepted before; it is %s\n", po.Ref, got.State)
	}
	return err
}

// priced is what a payout pays, and its fee where it has one.
func priced(po payout.Payout) string {
	if po.Fee.Cents() == 0 {
		return po.Amount.String()
	}
	return fmt.Sprintf("%s and a fee of %s", po.Amount, po.Fee)
}

// moneyFlags are how much is paid or asked about, and who is charged.
func moneyFlags(f *pflag.FlagSet, in *payout.Instruction) {
	f.StringVar((*string)(&in.Amount), "amount", "", "IDR, digits with at most two decimals and no separators (required)")
	f.StringVar(&in.ChargeTarget, "charge-target", "", "who is charged: DIVISION or MERCHANT")
	f.StringVar(&in.Division, "division", "", "the division that is charged; --charge-target DIVISION needs it")
}

// balanceFlags name a payee with a DANA balance.
func balanceFlags(f *pflag.FlagSet, in *payout.Instruction) {
	f.StringVar(&in.Customer, "customer", "", "the payee's phone number: 628 and 6 to 12 more digits; or "+payout.ByCustomerID+" with --customer-id (required)")
	f.StringVar(&in.CustomerID, "customer-id", "", "DANA's public user id of the payee, in place of a phone number")
	f.StringVar(&in.FundType, "fund-type", "", "DANA's fund type (default "+payout.FundTypeTopUp+")")
}

// bankFlags name a payee with a bank account.
func bankFlags(f *pflag.FlagSet, in *payout.Instruction) {
	f.StringVar(&in.Customer, "customer", "", "the merchant's business phone number: 628 and 6 to 12 more digits (required)")
	f.StringVar(&in.BankCode, "bank-code", "", "the bank's code with its leading zeros, such as 014 (required)")
	f.StringVar(&in.Account, "account", "", "the account number, digits (required)")
	f.StringVar(&in.AccountName, "account-name", "", "the account holder's name, for DANA to look at")
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
