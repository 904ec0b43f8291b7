package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
)

func (p *program) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show REF",
		Short: "Show one payout and all that happened to it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			ref, l := args[0], ledger.NewRedis(rdb)
			rec, err := l.Get(c.Context(), ref)
			if err != nil {
				return about(ref, err)
			}
			history, err := l.History(c.Context(), ref)
			if err != nil {
				return about(ref, err)
			}
			if p.json {
				return cli.PrintJSON(c.OutOrStdout(), newFullDocument(rec, history))
			}
			_, err = io.WriteString(c.OutOrStdout(), describe(rec)+"\n"+narrate(history))
			return err
		},
	}
}

// describe is how a payout stands, for people.
func describe(rec ledger.Record) string {
	d := newDocument(rec)
	next := "nothing is scheduled"
	if d.NextActionAt != nil {
		next = fmt.Sprintf("%s at %s", rec.Tx.Next, *d.NextActionAt)
	}
	rows := [][]string{
		{"ref", d.Ref},
		{"kind", string(d.Kind)},
		{"state", string(d.State)},
		{"reason", d.Reason},
		{"amount", d.Amount.String()},
		{"customer", d.Customer},
	}
	if d.Kind == payout.Bank {
		rows = append(rows, []string{"bank", rec.Payout.Bank()}, []string{"account", d.Account})
	}
	return align(append(rows, [][]string{
		{"DANA reference", d.ReferenceNo},
		{"sent", fmt.Sprintf("%d attempts, %d resends", d.Attempts, d.Resends)},
		{"asked", fmt.Sprintf("%d inquiries", d.Inquiries)},
		{"created", d.CreatedAt},
		{"updated", d.UpdatedAt},
		{"next", next},
	}...))
}

// narrate is a history for people: one line for an entry, and below it the answer of DANA
// that was kept because it could not be understood.
func narrate(history []ledger.Entry) string {
	rows := make([][]string, len(history))
	for i, e := range history {
		states := string(e.To)
		if e.From != e.To && e.From != "" {
			states = fmt.Sprintf("%s → %s", e.From, e.To)
		}
		rows[i] = []string{stamp(e.At), states, string(e.Event), e.ResponseCode, e.ExternalID, detail(e)}
	}
	var b strings.Builder
	for i, line := range strings.SplitAfter(align(rows), "\n")[:len(rows)] {
		b.WriteString(line)
		for part := range strings.Lines(history[i].Answer) {
			fmt.Fprintf(&b, "    %s\n", plain(strings.TrimRight(part, "\r\n")))
		}
	}
	return b.String()
}
