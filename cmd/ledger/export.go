package main

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/csvfile"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) exportCommand() *cobra.Command {
	var state, since, until, format string
	c := &cobra.Command{
		Use:   "export",
		Short: "Print every payout for finance, as CSV or JSONL",
		Long: `export prints every payout with what finance needs of it, by time of creation, the newest first, as CSV or JSONL.
Payouts go on meanwhile: each that was on record when it began is printed once, as it is at that moment. What is left out because its record cannot be read is named on stderr.

In CSV every cell is quoted, and a text that a spreadsheet would take for a formula (it begins with = + - @) has a ' before it.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := query(state, since, until, exportPage)
			if err != nil {
				return err
			}
			if p.json && !c.Flags().Changed("format") {
				format = "jsonl"
			}
			print, flush, err := exporter(c.OutOrStdout(), format)
			if err != nil {
				return err
			}
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			selected := ledger.Query{State: statemachine.State(q.State), Since: q.Since, Until: q.Until, Limit: exportPage}
			unreadable, err := export(c.Context(), ledger.NewRedis(rdb), selected, print)
			if err != nil {
				return err
			}
			leftOut(c.ErrOrStderr(), unreadable)
			return flush()
		},
	}
	f := c.Flags()
	f.StringVar(&format, "format", "csv", "csv or jsonl")
	f.StringVar(&state, "state", "", "only payouts in this state, one of "+stateNames())
	f.StringVar(&since, "since", "", "only payouts created at this time or later: RFC 3339, or a day (YYYY-MM-DD, from midnight in Jakarta)")
	f.StringVar(&until, "until", "", "only payouts created before this time, written as for --since")
	return c
}

// exportPage is how many payouts are read at once.
const exportPage = 500

// export reads page after page. A page begins after a payout and not at a number, and is of one moment in all states. It returns
// the references of the payouts whose records cannot be read.
func export(ctx context.Context, l *ledger.Redis, q ledger.Query, print func(exported) error) (unreadable []string, err error) {
	for {
		page, err := l.Page(ctx, q)
		if err != nil {
			return nil, err
		}
		unreadable = append(unreadable, page.Unreadable...)
		refs := make([]string, len(page.Records))
		for i, rec := range page.Records {
			refs[i] = rec.Payout.Ref
		}
		ended, err := l.Ended(ctx, refs)
		if err != nil {
			return nil, err
		}
		for i, rec := range page.Records {
			if err := print(newExported(rec, ended[i])); err != nil {
				return nil, err
			}
		}
		if page.Next == (ledger.Cursor{}) {
			return unreadable, nil
		}
		q.After = page.Next
	}
}

// exported is a payout as finance gets it.
type exported struct {
	Ref             string             `json:"ref"`
	Kind            payout.Kind        `json:"kind"`
	State           statemachine.State `json:"state"`
	Reason          string             `json:"reason"`
	Amount          money.Amount       `json:"amount"`
	Fee             money.Amount       `json:"fee"` // that DANA was told
	Customer        string             `json:"customer"`
	BankCode        string             `json:"bankCode,omitempty"`
	Account         string             `json:"account,omitempty"`
	DANAReferenceNo string             `json:"danaReferenceNo"`
	Attempts        int                `json:"attempts"`
	CreatedAt       string             `json:"createdAt"`
	UpdatedAt       string             `json:"updatedAt"`
	EndedAt         string             `json:"endedAt"` // empty while it is not over
	By              string             `json:"by"`      // who handed it over
}

func newExported(rec ledger.Record, ended time.Time) exported {
	p, tx := rec.Payout, rec.Tx
	e := exported{
		Ref: p.Ref, Kind: p.Kind, State: tx.State, Reason: tx.Reason, Amount: p.Amount, Fee: money.Rupiah(0).Add(p.Fee),
		Customer: p.MaskedCustomer(), DANAReferenceNo: tx.ReferenceNo, Attempts: tx.Attempts,
		CreatedAt: jakarta.Stamp(rec.CreatedAt), UpdatedAt: jakarta.Stamp(rec.UpdatedAt), By: rec.By,
	}
	if p.Kind == payout.Bank {
		e.BankCode, e.Account = p.BankCode, payout.Mask(p.Account)
	}
	if tx.State.Final() {
		e.EndedAt = jakarta.Stamp(ended)
		if ended.IsZero() { // forgotten since it was read
			e.EndedAt = e.UpdatedAt
		}
	}
	return e
}

var exportColumns = []string{
	"ref", "kind", "state", "reason", "amount", "fee", "currency", "customer", "bankCode", "account", "danaReferenceNo", "attempts",
	"createdAt", "updatedAt", "endedAt", "by",
}

// exporter prints in a format, by the bufferful; flush prints the rest.
func exporter(out io.Writer, format string) (print func(exported) error, flush func() error, err error) {
	switch format {
	case "jsonl":
		w := bufio.NewWriter(out)
		return func(e exported) error { return cli.PrintJSON(w, e) }, w.Flush, nil
	case "csv":
	default:
		return nil, nil, refuse("--format %.40q: use csv or jsonl", format)
	}
	w := bufio.NewWriter(out)
	if err := csvfile.Write(w, exportColumns...); err != nil {
		return nil, nil, err
	}
	print = func(e exported) error {
		return csvfile.Write(w,
			e.Ref, string(e.Kind), string(e.State), e.Reason, e.Amount.Value(), e.Fee.Value(), e.Amount.Currency(), e.Customer, e.BankCode, e.Account,
			e.DANAReferenceNo, strconv.Itoa(e.Attempts), e.CreatedAt, e.UpdatedAt, e.EndedAt, e.By)
	}
	return print, w.Flush, nil
}
