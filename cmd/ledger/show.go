package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show REF",
		Short: "Show one payout and all that happened to it",
		Args:  cli.OneArg,
		RunE: func(c *cobra.Command, args []string) error {
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			ref, l := args[0], ledger.NewRedis(rdb)
			if p.json {
				tx, err := salur.New(rdb).Get(c.Context(), ref)
				if err != nil {
					return about(ref, err)
				}
				return cli.PrintJSON(c.OutOrStdout(), tx)
			}
			rec, err := l.Get(c.Context(), ref)
			if err != nil {
				return about(ref, err)
			}
			history, err := l.History(c.Context(), ref)
			if err != nil {
				return about(ref, err)
			}
			_, err = io.WriteString(c.OutOrStdout(), describe(rec)+"\n"+narrate(history))
			return err
		},
	}
}

// describe is how a payout stands, for people.
func describe(rec ledger.Record) string {
	p, tx := rec.Payout, rec.Tx
	next := "nothing is scheduled"
	if tx.Next != statemachine.StepNone {
		next = fmt.Sprintf("%s at %s", tx.Next, jakarta.Stamp(tx.DueAt))
	}
	rows := [][]string{
		{"ref", p.Ref},
		{"kind", string(p.Kind)},
		{"state", string(tx.State)},
		{"reason", tx.Reason},
		{"amount", p.Amount.String()},
	}
	if p.Kind == payout.TopUp { // a transfer to a bank has no field for one
		rows = append(rows, []string{"fee", money.Rupiah(0).Add(p.Fee).String()})
	}
	rows = append(rows, []string{"customer", p.MaskedCustomer()})
	if p.Kind == payout.Bank {
		rows = append(rows, []string{"bank", p.Bank()}, []string{"account", payout.Mask(p.Account)})
	}
	return align(append(rows, [][]string{
		{"DANA reference", tx.ReferenceNo},
		{"sent", fmt.Sprintf("%d attempts, %d resends", tx.Attempts, tx.Resends)},
		{"asked", fmt.Sprintf("%d inquiries", tx.Inquiries)},
		{"created", jakarta.Stamp(rec.CreatedAt)},
		{"updated", jakarta.Stamp(rec.UpdatedAt)},
		{"next", next},
	}...)) + meaning(tx.Reason)
}

// meaning is what a reason means and what to do about it; empty for none, and for one that this version does not know.
func meaning(reason string) string {
	row, ok := statemachine.ReasonOf(reason)
	if !ok {
		return ""
	}
	return "\n" + align([][]string{{"means", row.Means}, {"what to do", row.Do}})
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
		rows[i] = []string{jakarta.Stamp(e.At), states, string(e.Event), e.ResponseCode, e.ExternalID, e.Summary()}
	}
	var b strings.Builder
	for i, line := range strings.SplitAfter(align(rows), "\n")[:len(rows)] {
		b.WriteString(line)
		for part := range strings.Lines(history[i].Answer) {
			fmt.Fprintf(&b, "    %s\n", operate.Plain(strings.TrimRight(part, "\r\n")))
		}
	}
	return b.String()
}
