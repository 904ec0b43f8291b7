package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/wakeup"
)

const batchHelp = `batch accepts a file of payouts, CSV or JSONL. The fields of a JSONL line and the columns of
a CSV file have the same names: ref, customer, amount, and optionally kind, fundType,
chargeTarget, division, validate, notAfter.

A file may mix both kinds of payouts. kind topup, the default, pays a DANA balance and may
have fee, notes, customerId. kind bank pays a bank account and needs bankCode and account;
accountName is optional, and customer is the merchant's own business number. What belongs to
the other kind is left out, or an empty cell.

The whole file is checked before the first payout is accepted, against the ledger too. One
bad row refuses the file, unless --continue-on-error accepts the others. A row that was
accepted before, with the same content, counts as a duplicate and changes nothing: a file
that was interrupted is simply run again.

--json prints a document per row on stdout, {"ref","state","duplicate"} for a good one and
{"line","ref","error"} for a refused one (ref is empty where the row has none that could be
read), and with --wait {"ref","state","reason"} for each payout that has ended. The summary
is then on stderr. In a --dry-run the state is the one on record, empty for a new payout.

Exit codes: 2 when a row is invalid, 3 when rows were refused only because their references
exist with other content; with --continue-on-error as well. How payouts end does not change
the exit code.`

func (p *program) batchCommand() *cobra.Command {
	var format string
	b := batch{}
	c := &cobra.Command{
		Use:   "batch FILE|-",
		Short: "Accept a file of payouts, CSV or JSONL",
		Long:  batchHelp,
		Example: `  enqueue batch payroll.csv --dry-run
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
			file, err := readFile(c.Context(), c.InOrStdin(), args[0], format)
			if err != nil {
				return err
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			b.json, b.out, b.errOut = p.json, c.OutOrStdout(), c.ErrOrStderr()
			b.ledger, b.queue = ledger.NewRedis(rdb), wakeup.New(rdb)
			return b.run(c.Context(), file)
		},
	}
	f := c.Flags()
	f.StringVar(&format, "format", "", "csv or jsonl (default: the end of the file's name)")
	f.BoolVar(&b.dryRun, "dry-run", false, "check everything, accept nothing, and say what would happen")
	f.BoolVar(&b.wait, "wait", false, "wait until every payout of the file has ended or is in review")
	f.BoolVar(&b.carryOn, "continue-on-error", false, "accept the good rows of a file that has bad ones")
	return c
}

// batch is one run over a file.
type batch struct {
	json, dryRun, wait, carryOn bool

	out, errOut io.Writer
	ledger      ledger.Ledger
	queue       *wakeup.Queue
}

func (b *batch) run(ctx context.Context, file intake.File) error {
	rows, err := check(ctx, b.ledger, file)
	if err != nil {
		return fmt.Errorf("nothing was accepted: %w", err)
	}
	t, err := b.accept(ctx, rows)
	summary := b.out
	if b.json {
		summary = b.errOut
	}
	_, printing := fmt.Fprintln(summary, t)
	if err := errors.Join(err, printing); err != nil {
		return err
	}
	if b.wait && !t.refusedFile {
		if err := b.follow(ctx, rows, summary); err != nil {
			return err
		}
	}
	return t.refusal()
}

// readFile reads the file with this name, "-" for stdin. All that goes wrong is the
// input's fault.
func readFile(ctx context.Context, stdin io.Reader, name, format string) (intake.File, error) {
	f, err := intake.FormatOf(name, format)
	if err != nil {
		return intake.File{}, cli.Fail(cli.Invalid, err)
	}
	from := stdin
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return intake.File{}, cli.Fail(cli.Invalid, err)
		}
		defer opened.Close()
		from = opened
	}
	var file intake.File
	done := make(chan struct{})
	go func() {
		defer close(done)
		file, err = intake.Read(from, f)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		// Reading a pipe cannot be interrupted. The reader is left to end with the program.
		return intake.File{}, errors.New("interrupted while reading; nothing was accepted")
	}
	if err != nil {
		return intake.File{}, cli.Fail(cli.Invalid, err)
	}
	return file, nil
}
