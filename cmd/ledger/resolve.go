package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) resolveCommand() *cobra.Command {
	var as, reason, by string
	c := &cobra.Command{
		Use:   "resolve REF --as succeeded|failed|refunded --reason TEXT --by NAME",
		Short: "Decide a payout in review, with a reason",
		Long: `resolve ends a payout in review the way a person has found it to be, and puts the person
and the reason on record. It cannot be taken back. It moves no money and asks nobody: look
first at ledger show REF and at DANA's merchant portal.

A payout that succeeded can be resolved as refunded, for a reversal that a person has seen.`,
		Args: cli.OneArg,
		RunE: func(c *cobra.Command, args []string) error {
			target, err := resolution(as)
			if err := errors.Join(err, sentence("reason", reason), sentence("by", by)); err != nil {
				return err
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			ref := args[0]
			entry, err := operate.Resolve(c.Context(), ledger.NewRedis(rdb), ref, target, by, reason, time.Now())
			if err != nil {
				return decided(ref, err)
			}
			if p.json {
				return cli.PrintJSON(c.OutOrStdout(), struct {
					Ref   string             `json:"ref"`
					State statemachine.State `json:"state"`
				}{ref, entry.To})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s → %s, %s\n", ref, entry.From, entry.To, entry.Detail)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&as, "as", "", "what it is: succeeded, failed or refunded (required)")
	f.StringVar(&reason, "reason", "", "how that is known, at most 200 characters (required)")
	f.StringVar(&by, "by", "", "who decides, at most 200 characters (required)")
	return c
}

func resolution(as string) (statemachine.State, error) {
	if s := statemachine.State(as); s.Final() {
		return s, nil
	}
	return "", refuse("--as %.40q: use succeeded, failed or refunded", as)
}

// decided is the error of a decision that was not made.
func decided(ref string, err error) error {
	var refused *operate.RefusedError
	switch {
	case errors.As(err, &refused):
		return refuse("%s", refused)
	case errors.Is(err, ledger.ErrNotFound):
		return about(ref, err)
	}
	// The answer to the write may be what was lost. Made again, a decision that is on
	// record is refused as final, so that trying is safe.
	return about(ref, undone("the decision is not on record", "it is not known whether the decision is on record, see ledger show", err))
}
