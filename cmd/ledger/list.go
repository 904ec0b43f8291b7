package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) listCommand() *cobra.Command {
	var state, since, until string
	var limit int
	c := &cobra.Command{
		Use:   "list",
		Short: "List payouts by time of creation, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := query(state, since, until, limit)
			if err != nil {
				return err
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			records, err := ledger.NewRedis(rdb).List(c.Context(), q)
			if err != nil {
				return err
			}
			if err := p.printList(c.OutOrStdout(), records); err != nil {
				return err
			}
			switch len(records) {
			case 0:
				fmt.Fprintln(c.ErrOrStderr(), "No payouts match.")
			case limit:
				fmt.Fprintf(c.ErrOrStderr(), "Only the newest %d are listed and there may be more; raise --limit, or narrow with --state, --since, --until.\n", limit)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&state, "state", "", "only payouts in this state, one of "+stateNames())
	f.StringVar(&since, "since", "", "only payouts created at this time or later: RFC 3339, or a day (YYYY-MM-DD, from midnight in Jakarta)")
	f.StringVar(&until, "until", "", "only payouts created before this time, written as for --since")
	f.IntVar(&limit, "limit", 100, "how many payouts at most")
	return c
}

// query checks the flags of list.
func query(state, since, until string, limit int) (q ledger.Query, err error) {
	q = ledger.Query{State: statemachine.State(state), Limit: limit}
	if state != "" && !slices.Contains(statemachine.States, q.State) {
		return q, refuse("--state %.40q: use one of %s", state, stateNames())
	}
	if limit < 1 {
		return q, refuse("--limit %d: use 1 or more", limit)
	}
	if q.Since, err = moment("since", since); err != nil {
		return q, err
	}
	if q.Until, err = moment("until", until); err != nil {
		return q, err
	}
	if until != "" && !q.Since.Before(q.Until) {
		return q, refuse("--until %q: must be later than --since %q", until, since)
	}
	return q, nil
}

func stateNames() string {
	names := make([]string, len(statemachine.States))
	for i, s := range statemachine.States {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

func (p *program) printList(out io.Writer, records []ledger.Record) error {
	if p.json {
		for _, rec := range records {
			if err := cli.PrintJSON(out, newDocument(rec)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(records) == 0 {
		return nil
	}
	rows := [][]string{{"REF", "STATE", "REASON", "AMOUNT", "PAYEE", "CREATED", "NEXT ACTION"}}
	for _, rec := range records {
		d, next := newDocument(rec), ""
		if d.NextActionAt != nil {
			next = *d.NextActionAt
		}
		rows = append(rows, []string{d.Ref, string(d.State), d.Reason, d.Amount.String(), listedPayee(rec.Payout), d.CreatedAt, next})
	}
	_, err := io.WriteString(out, align(rows))
	return err
}

// listedPayee is who is paid. A bank account is named as one, so that nobody takes its
// number for a phone's.
func listedPayee(p payout.Payout) string {
	if p.Kind == payout.Bank {
		return string(p.Kind) + " " + p.Payee()
	}
	return p.Payee()
}
