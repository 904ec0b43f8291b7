package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) listCommand() *cobra.Command {
	var state, since, until string
	var limit int
	c := &cobra.Command{
		Use:   "list",
		Short: "List payouts by time of creation, the newest first",
		Args:  cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := query(state, since, until, limit)
			if err != nil {
				return err
			}
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			page, err := salur.New(rdb).List(c.Context(), q)
			if err != nil {
				return err
			}
			if err := p.printList(c.OutOrStdout(), page.Transactions); err != nil {
				return err
			}
			leftOut(c.ErrOrStderr(), page.Unreadable)
			switch {
			case len(page.Transactions) == 0 && len(page.Unreadable) == 0:
				fmt.Fprintln(c.ErrOrStderr(), "No payouts match.")
			case page.Next != "":
				fmt.Fprintf(c.ErrOrStderr(), "Only the newest %d are listed and there are more; raise --limit, or narrow with --state, --since, --until.\n", limit)
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
func query(state, since, until string, limit int) (q salur.Query, err error) {
	q = salur.Query{State: salur.State(state), Limit: limit}
	if state != "" && !slices.Contains(statemachine.States, statemachine.State(state)) {
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

func (p *program) printList(out io.Writer, txs []salur.Transaction) error {
	if p.json {
		for _, tx := range txs {
			if err := cli.PrintJSON(out, tx); err != nil {
				return err
			}
		}
		return nil
	}
	if len(txs) == 0 {
		return nil
	}
	head := []string{"REF", "STATE", "REASON", "AMOUNT", "PAYEE", "CREATED", "NEXT ACTION"}
	fees := slices.ContainsFunc(txs, func(tx salur.Transaction) bool { return tx.Fee.Cents() > 0 })
	if fees { // most merchants pay none, and the lines are long
		head = slices.Insert(head, feeColumn, "FEE")
	}
	rows := [][]string{head}
	for _, tx := range txs {
		next := ""
		if tx.NextActionAt != nil {
			next = tx.NextActionAt.String()
		}
		row := []string{tx.Ref, string(tx.State), string(tx.Reason), tx.Amount.String(), listedPayee(tx), tx.CreatedAt.String(), next}
		if fees {
			fee := ""
			if tx.Fee.Cents() > 0 {
				fee = tx.Fee.String()
			}
			row = slices.Insert(row, feeColumn, fee)
		}
		rows = append(rows, row)
	}
	_, err := io.WriteString(out, align(rows))
	return err
}

// feeColumn is where the fees stand when there are any: behind the amounts.
const feeColumn = 4

// listedPayee is who is paid. A bank account is named as one, so that nobody takes its
// number for a phone's.
func listedPayee(tx salur.Transaction) string {
	if tx.Kind == salur.Bank {
		return strings.Join(strings.Fields(strings.Join([]string{"bank", tx.BankCode, tx.Bank, tx.Account}, " ")), " ")
	}
	return tx.Customer
}
