package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

func (p *program) inquireCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "inquire REF",
		Short: "Have a worker ask DANA now how a payout stands",
		Args:  cli.OneArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := remark(reason); err != nil {
				return err
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			ref := args[0]
			rec, late, err := operate.Inquire(c.Context(), ledger.NewRedis(rdb), wakeup.New(rdb), ref, operator(), reason, time.Now())
			var refused *operate.RefusedError
			switch {
			case errors.As(err, &refused):
				return refuse("%s", refused)
			case errors.Is(err, ledger.ErrNotFound):
				return about(ref, err)
			case err != nil:
				return about(ref, undone("nobody was asked", "it is not known whether the inquiry is on record, so ask again", err))
			case late != nil:
				fmt.Fprintf(c.ErrOrStderr(), "The workers could not be told at once (%v); they find it by themselves within their sweep interval.\n", late)
			}
			if p.json {
				return cli.PrintJSON(c.OutOrStdout(), struct {
					Ref          string             `json:"ref"`
					State        statemachine.State `json:"state"`
					NextActionAt salur.Time         `json:"nextActionAt"`
				}{ref, rec.Tx.State, salur.Time{Time: rec.Tx.DueAt}})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "A worker asks DANA about %s as soon as it can. It is %s; %s.\nSee the answer with: ledger show %s\n",
				ref, rec.Tx.State, operate.AnswerDoes(rec.Tx.State), ref)
			return err
		},
	}
	addReason(c, &reason)
	return c
}
