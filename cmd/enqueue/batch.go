package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/batch"
	"github.com/salur-id/salur/internal/cli"
)

const batchHelp = `batch accepts a file of payouts, CSV or JSONL, of a million rows as well as of three. The
fields of a JSONL line and the columns of a CSV file have the same names: ref, customer,
amount, and optionally kind, fundType, chargeTarget, division, validate, notAfter.

A file may mix both kinds of payouts. kind topup, the default, pays a DANA balance and may
have fee, notes, customerId. kind bank pays a bank account and needs bankCode and account;
accountName is optional, and customer is the merchant's own business number. What belongs to
the other kind is left out, or an empty cell.

The whole file is checked before the first payout is accepted, against the ledger too, and
what it holds is told on stderr, with the least and the greatest amount and warnings of what is
often a mistake: amounts that are not whole rupiah, rows that look like totals, references that
differ in case only, a payee twice. One bad row refuses the file, unless --continue-on-error
accepts the others. A row that was accepted before, with the same content, counts as a
duplicate and changes nothing: a file that was interrupted is simply run again.
--expect-count and --expect-total (amounts and fees) are of all good rows, each payout once, those that were
accepted before included; a file that is not that is refused. A file without payouts is refused, too, unless
--expect-count is 0. A CSV that ends without a line end may be cut off: its last row is refused if it is new,
unless --expect-total is given.

The references of a CSV that a spreadsheet would rewrite (0001, MAR-1, 2026-3-1, 1E5, more than 15 digits) are
refused: saved again they would be other payouts. --refs-as-written takes them, for files that no spreadsheet opens.

--out writes a line for each row when the run has come to its end: line, ref, result
(accepted, duplicate, refused, or skipped for a good row of a file that was refused), state,
reason and error. --wait follows the payouts to their end; Ctrl-C stops the waiting and not
the payouts. At most 100 refused rows are told on stderr; --out has all.

--json prints a document per row on stdout, {"ref","state","duplicate"} for a good one and
{"line","ref","error"} for a refused one (ref is empty where the row has none that could be
read), and with --wait {"ref","state","reason"} for each payout that has ended. The summary
is then on stderr. In a --dry-run the state is the one on record, empty for a new payout.

Exit codes: 2 when a row is invalid or the file is not what was expected, 3 when rows were
refused only because their references exist with other content; with --continue-on-error as
well. 4 when Redis cannot be reached or has no room for the file. How payouts end does not
change the exit code.`

func (p *program) batchCommand() *cobra.Command {
	var format, total string
	var count int64
	var asWritten bool
	b := batchRun{environ: p.environ}
	c := &cobra.Command{
		Use:   "batch FILE|-",
		Short: "Accept a file of payouts, CSV or JSONL",
		Long:  batchHelp,
		Example: `  enqueue batch payroll.csv --dry-run
  enqueue batch payroll.csv --expect-count 3 --expect-total 4750000.50 --out results.csv
  enqueue batch payroll.csv --wait
  printf '%s\n' ref,kind,customer,amount,bankCode,account \
    A-1,topup,62811742234,10000,, A-2,bank,62811742234,50000,014,2460888509 |
    enqueue batch - --format csv --dry-run
  enqueue batch payroll.jsonl --continue-on-error --json > accepted.jsonl
  generate-payouts | enqueue batch - --format jsonl`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return refuse("give one FILE, or - for stdin; see %s --help", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if b.dryRun && b.wait {
				return refuse("--wait has nothing to wait for in a --dry-run; leave one of them out")
			}
			if c.Flags().Changed("expect-count") {
				b.expect.Count = &count
			}
			if c.Flags().Changed("expect-total") {
				amount, err := salur.ParseAmount(total)
				if err != nil {
					return refuse("--expect-total %q: use digits with at most two decimals and no separators, such as 4750000.50", total)
				}
				b.expect.Total = &amount
			}
			file, err := batch.Open(c.Context(), c.InOrStdin(), args[0], format)
			if err != nil {
				return err
			}
			defer file.Close()
			file.Rules.RefsAsWritten, file.TotalKnown = asWritten, b.expect.Total != nil
			var results *batch.Results
			if b.outFile != "" {
				if results, err = batch.CreateResults(b.outFile, file); err != nil {
					return err
				}
				defer results.Discard()
			}
			client, rdb, done, err := p.open(c)
			if err != nil {
				return err
			}
			defer done()
			b.rdb, b.json, b.out, b.errOut = rdb, p.json, c.OutOrStdout(), c.ErrOrStderr()
			return b.run(c.Context(), client, file, results)
		},
	}
	f := c.Flags()
	f.StringVar(&format, "format", "", "csv or jsonl (default: the end of the file's name)")
	f.BoolVar(&b.dryRun, "dry-run", false, "check everything, accept nothing, and say what would happen")
	f.BoolVar(&b.wait, "wait", false, "wait until every payout of the file has ended or is in review")
	f.BoolVar(&b.carryOn, "continue-on-error", false, "accept the good rows of a file that has bad ones")
	f.BoolVar(&asWritten, "refs-as-written", false, "take the references of a CSV also where a spreadsheet would rewrite them, such as 0001")
	f.Int64Var(&count, "expect-count", 0, "refuse a file that has not exactly so many payouts")
	f.StringVar(&total, "expect-total", "", "refuse a file whose amounts and fees do not add up to exactly this, in IDR")
	f.StringVar(&b.outFile, "out", "", "write what became of each row to this file, .csv or .jsonl; one that exists is replaced")
	return c
}

// batchRun is one run over a file.
type batchRun struct {
	json, dryRun, wait, carryOn bool
	outFile                     string
	told                        int // refused rows that people were told of
	expect                      batch.Expect

	rdb         redis.UniversalClient
	environ     []string
	out, errOut io.Writer
}

func (b *batchRun) run(ctx context.Context, client *salur.Client, file *batch.File, results *batch.Results) error {
	bar := b.bytesBar(file.Size())
	plan, err := batch.Check(ctx, client, file, bar)
	_ = bar.Clear()
	if err != nil {
		return err
	}
	checked := plan.Tally()
	fmt.Fprintf(b.errOut, "checked %s: %s\n", cli.Count(checked.Rows, "row", "rows"), checked)
	if err := b.warn(ctx, plan); err != nil {
		return err
	}
	refused := checked.Refused > 0 && !b.carryOn
	unexpected := plan.Unexpected(b.expect)
	if unexpected == nil && !refused && checked.New.Payouts > 0 {
		if err := plan.Room(ctx); err != nil {
			return err
		}
	}
	whole := refused || unexpected != nil // the file is refused, not only rows of it
	stopped := b.rows(ctx, plan, !b.dryRun && !whole, !whole)
	t := plan.Tally()
	if _, err := fmt.Fprintln(b.summary(), b.sum(t, whole)); err != nil {
		return errors.Join(stopped, err)
	}
	if stopped != nil && cli.CodeOf(stopped) != cli.Conflict {
		return stopped // it can go on; there is no end to tell of yet
	}
	if b.wait && !whole && stopped == nil {
		if err := b.follow(ctx, plan); err != nil {
			return err
		}
	}
	if results != nil {
		if err := results.Write(ctx, plan, b.dryRun && !whole); err != nil {
			return errors.Join(stopped, err)
		}
	}
	if stopped != nil {
		return stopped
	}
	return errors.Join(unexpected, t.Refusal(whole))
}

// rows goes through the file and tells of its rows: of the refused ones, and with good of the others too.
func (b *batchRun) rows(ctx context.Context, plan *batch.Plan, accept, good bool) error {
	if accept {
		bar := b.rowsBar(plan.Tally().Rows)
		defer func() { _ = bar.Clear() }()
		return plan.Accept(ctx, b.carryOn, func(r batch.Row) error {
			_ = bar.Add(1) // a bar that cannot be drawn changes nothing
			if r.Err != nil {
				_ = bar.Clear()
			}
			return b.tell(r, true)
		})
	}
	if !b.json && plan.Tally().Refused == 0 {
		return nil
	}
	return plan.Each(ctx, func(r batch.Row) error { return b.tell(r, good) })
}
