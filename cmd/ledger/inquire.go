package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

func (p *program) inquireCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inquire REF",
		Short: "Have a worker ask DANA now how a payout stands",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			ref := args[0]
			rec, d, err := ledger.Update(c.Context(), ledger.NewRedis(rdb), statemachine.Policy{}, ref, "",
				func(ledger.Record) (statemachine.Event, bool) { return statemachine.AskNow(time.Now()), true })
			if err != nil {
				// The inquiry may be on record or not; another one is harmless.
				return about(ref, err)
			}
			if d.Ignored {
				return refuse("payout %s is %s: there is nothing to ask yet, the worker is still sending it; see ledger show %s", ref, rec.Tx.State, ref)
			}
			if err := wakeup.New(rdb).Wake(c.Context(), rec); err != nil {
				// The inquiry is on record. Whether it has a wake-up is not known; a worker that
				// finds it overdue makes one, so it is late at worst.
				fmt.Fprintf(c.ErrOrStderr(), "The workers could not be told at once (%v); they find it by themselves within their sweep interval.\n", err)
			}
			if p.json {
				return cli.PrintJSON(c.OutOrStdout(), struct {
					Ref          string             `json:"ref"`
					State        statemachine.State `json:"state"`
					NextActionAt salur.Time         `json:"nextActionAt"`
				}{ref, rec.Tx.State, salur.Time{Time: rec.Tx.DueAt}})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "A worker asks DANA about %s as soon as it can. It is %s; %s.\nSee the answer with: ledger show %s\n",
				ref, rec.Tx.State, whatAnswerDoes(rec.Tx.State), ref)
			return err
		},
	}
}

// whatAnswerDoes is what DANA's word can change about a payout in the state.
func whatAnswerDoes(s statemachine.State) string {
	switch s {
	case statemachine.StatePending:
		return "the answer may settle it"
	case statemachine.StateReview:
		return "the answer is recorded for the person who resolves it"
	case statemachine.StateSucceeded:
		return "only an answer that DANA has taken it back changes that"
	}
	return "the answer is recorded and changes nothing"
}
