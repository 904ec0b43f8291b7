package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

// batch is one run over a file.
type batch struct {
	*program
	*store
	c *cobra.Command

	format                        string
	dryRun, wait, continueOnError bool

	accepted, before int
	sum              money.Amount // of what was accepted now
}

func (p *program) batchCommand() *cobra.Command {
	b := &batch{program: p, sum: money.Rupiah(0)}
	c := &cobra.Command{
		Use:   "batch FILE|-",
		Short: "Hand over a file of payouts, JSONL or CSV",
		Long: `batch checks the whole file before the first payout is accepted: every field of every row,
references that repeat within the file, and references that the ledger knows with other content.
One bad row refuses the file, unless --continue-on-error; then the good rows are accepted
and the exit code still says that some were refused (2, or 3 if all of them are conflicts).

The same file can be run again at any time, also after an interruption: what was accepted is
recognised, and nobody is paid twice.

JSONL, one object per line, and CSV, by the names in its header row:
  ref, customer, amount; optional kind, fee, notes, fundType, chargeTarget, division, customerId, validate, notAfter`,
		Example: `  enqueue batch payroll.csv --dry-run
  enqueue batch payroll.csv --wait
  cat payouts.jsonl | enqueue batch - --format jsonl --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b.c = c
			return b.run(c.Context(), args[0])
		},
	}
	f := c.Flags()
	f.StringVar(&b.format, "format", "", "csv or jsonl (default: by the file's name)")
	f.BoolVar(&b.dryRun, "dry-run", false, "check everything, accept nothing")
	f.BoolVar(&b.wait, "wait", false, "follow the payouts until each is final or in review")
	f.BoolVar(&b.continueOnError, "continue-on-error", false, "accept the good rows of a file with bad ones")
	c.MarkFlagsMutuallyExclusive("dry-run", "wait")
	return c
}

func (b *batch) run(ctx context.Context, name string) error {
	file, err := b.read(name)
	if err != nil {
		return err
	}
	if b.store, err = b.open(b.c); err != nil {
		return err
	}
	defer b.close()
	rows, refused, err := b.check(ctx, file)
	if err != nil {
		return err
	}
	if err := b.tellRefused(refused); err != nil {
		return err
	}
	if len(refused) > 0 && !b.continueOnError {
		return refusal(refused, fmt.Sprintf("%d of %d rows refused; nothing was accepted", len(refused), len(rows)+len(refused)))
	}
	if b.dryRun {
		err = b.rehearse(ctx, rows)
	} else {
		err = b.submitAll(ctx, rows)
	}
	if err != nil {
		return err
	}
	b.before += len(file.Duplicates)
	b.summary(len(refused))
	if b.wait {
		if err := b.follow(ctx, rows); err != nil {
			return err
		}
	}
	if len(refused) > 0 {
		return refusal(refused, fmt.Sprintf("%d of %d rows refused", len(refused), len(rows)+len(refused)))
	}
	return nil
}

// read reads and checks the file by itself.
func (b *batch) read(name string) (intake.File, error) {
	format, err := intake.FormatOf(name, b.format)
	if err != nil {
		return intake.File{}, cli.Fail(cli.Invalid, err)
	}
	in := b.c.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return intake.File{}, cli.Fail(cli.Invalid, err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	file, err := intake.Read(in, format)
	var header intake.HeaderError
	if err != nil && !errors.As(err, &header) {
		err = cli.Fail(cli.Invalid, fmt.Errorf("%s: %w; nothing was accepted", name, err))
	}
	return file, err
}

// check finds the rows whose reference exists with other content, so that they are known
// before the first payout is accepted.
func (b *batch) check(ctx context.Context, file intake.File) (good []intake.Row, refused []intake.BadRow, err error) {
	known, err := b.ledger.GetMany(ctx, refsOf(file.Rows))
	if err != nil {
		return nil, nil, fmt.Errorf("look the references up: %w; nothing was accepted", err)
	}
	refused = file.Bad
	for _, row := range file.Rows {
		if rec, ok := known[row.Payout.Ref]; ok && rec.Payout.Fingerprint() != row.Payout.Fingerprint() {
			refused = append(refused, intake.BadRow{Line: row.Line, Err: cli.Fail(cli.Conflict, conflict(row.Payout.Ref))})
			continue
		}
		good = append(good, row)
	}
	slices.SortFunc(refused, func(x, y intake.BadRow) int { return x.Line - y.Line })
	return good, refused, nil
}

func (b *batch) tellRefused(refused []intake.BadRow) error {
	for _, bad := range refused {
		fmt.Fprintf(b.c.ErrOrStderr(), "enqueue: %v\n", bad)
		if b.json {
			err := cli.PrintJSON(b.c.OutOrStdout(), struct {
				Line  int    `json:"line"`
				Error string `json:"error"`
			}{bad.Line, bad.Err.Error()})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// refusal has the exit code of the rows: 3 if all of them are conflicts, else 2.
func refusal(refused []intake.BadRow, text string) error {
	code := cli.Conflict
	for _, bad := range refused {
		if cli.CodeOf(bad.Err) != cli.Conflict {
			code = cli.Invalid
		}
	}
	return cli.Fail(code, errors.New(text))
}

// rehearse tells new payouts from those accepted before, and accepts none.
func (b *batch) rehearse(ctx context.Context, rows []intake.Row) error {
	known, err := b.ledger.GetMany(ctx, refsOf(rows))
	if err != nil {
		return err
	}
	for _, row := range rows {
		rec, ok := known[row.Payout.Ref]
		if err := b.count(row.Payout, rec, !ok); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) submitAll(ctx context.Context, rows []intake.Row) error {
	bar := progress(b.c.ErrOrStderr(), len(rows), "accepting")
	defer bar.finish()
	for i, row := range rows {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted after %d of %d payouts; run the same command again to go on, nobody is paid twice", i, len(rows))
		}
		rec, created, err := b.submit(ctx, row.Payout)
		if err != nil {
			return fmt.Errorf("line %d, after %d of %d payouts: %w", row.Line, i, len(rows), err)
		}
		if err := b.count(row.Payout, rec, created); err != nil {
			return err
		}
		bar.add()
	}
	return nil
}

// count books a row as accepted now or before, and prints it with --json.
func (b *batch) count(p payout.Payout, rec ledger.Record, created bool) error {
	if created {
		b.accepted++
		b.sum = b.sum.Add(p.Amount)
	} else {
		b.before++
	}
	if !b.json || b.wait {
		return nil
	}
	return cli.PrintJSON(b.c.OutOrStdout(), document{p.Ref, string(rec.Tx.State), !created})
}

func (b *batch) summary(refused int) {
	out := io.Writer(b.c.OutOrStdout())
	if b.json {
		out = b.c.ErrOrStderr() // stdout is for the rows
	}
	verb := "accepted"
	if b.dryRun {
		verb = "dry run, nothing accepted; would accept"
	}
	parts := []string{fmt.Sprintf("%s %d (%s)", verb, b.accepted, b.sum)}
	if b.before > 0 {
		parts = append(parts, fmt.Sprintf("%d accepted before", b.before))
	}
	if refused > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", refused))
	}
	fmt.Fprintln(out, strings.Join(parts, ", "))
}

func refsOf(rows []intake.Row) []string {
	refs := make([]string, len(rows))
	for i, row := range rows {
		refs[i] = row.Payout.Ref
	}
	return refs
}
