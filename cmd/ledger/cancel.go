package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
)

const cancelHelp = `cancel ends payouts that have not been sent as failed (cancelled), and puts the person and the
reason on record. It cannot be taken back: the same reference is never paid. A payout of which
DANA may have heard is left as it is, and told: only DANA can say how it ends.

Hold first (ledger hold), so that nothing more is sent meanwhile. With --file it takes the file
that enqueue batch took, and cancels what that file put into the queue: a row whose reference is
on record with other content is not touched. An interrupted run is simply made again.

Exit codes: 2 when a payout could not be cancelled, because it was sent or has ended, or a row is
not good; 5 when REF is not on record.`

func (p *program) cancelCommand() *cobra.Command {
	var file, format, reason, by string
	c := &cobra.Command{
		Use:   "cancel REF | --file FILE  --reason TEXT --by NAME",
		Short: "Take back payouts that have not been sent",
		Long:  cancelHelp,
		Example: `  ledger cancel PAY-1 --reason "paid in cash" --by Sari
  ledger cancel --file payroll.csv --reason "the wrong month" --by Sari`,
		Args: cli.AtMostOneArg,
		RunE: func(c *cobra.Command, args []string) error {
			if (file == "") == (len(args) == 0) {
				return refuse("cancel: give either a payout's reference or --file")
			}
			if err := errors.Join(sentence("reason", reason), sentence("by", by)); err != nil {
				return err
			}
			rows, done, err := cancelledRows(c.InOrStdin(), file, format)
			if err != nil {
				return err
			}
			defer done()
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			k := canceller{rdb: rdb, client: salur.New(rdb), by: by, reason: reason, json: p.json, out: c.OutOrStdout(), errs: c.ErrOrStderr()}
			if len(args) == 1 {
				return k.one(c.Context(), args[0])
			}
			return k.file(c.Context(), rows)
		},
	}
	f := c.Flags()
	f.StringVar(&file, "file", "", "the file of payouts to cancel, or - for stdin")
	f.StringVar(&format, "format", "", "csv or jsonl (default: the end of the file's name)")
	f.StringVar(&reason, "reason", "", "why, at most 200 characters (required)")
	f.StringVar(&by, "by", "", "who decides, at most 200 characters (required)")
	return c
}

// asWritten: nothing new is accepted from a file of payouts to cancel, and one of its rows that was rewritten is not on record.
var asWritten = intake.Rules{RefsAsWritten: true}

// cancelledRows opens the file, none for an empty name.
func cancelledRows(stdin io.Reader, name, format string) (rows func(func(intake.Row, error) bool), done func(), err error) {
	if name == "" {
		return nil, func() {}, nil
	}
	f, err := intake.FormatOf(name, format)
	if err != nil {
		return nil, nil, refuse("%s", err)
	}
	if name == "-" {
		return intake.Rows(stdin, f, asWritten), func() {}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, refuse("--file: %s", err)
	}
	return intake.Rows(file, f, asWritten), func() { _ = file.Close() }, nil
}

// canceller cancels, and counts what became of each payout.
type canceller struct {
	rdb        redis.UniversalClient
	client     *salur.Client
	by, reason string
	json       bool
	out, errs  io.Writer

	cancelled, before, unknown, left int
}

func (k *canceller) one(ctx context.Context, ref string) error {
	again, err := k.cancel(ctx, ref)
	var refused *operate.RefusedError
	switch {
	case errors.As(err, &refused):
		return refuse("%s", refused)
	case err != nil:
		return about(ref, err)
	case k.json:
		return k.tell(0, ref, "cancelled")
	}
	_, err = fmt.Fprintf(k.out, "%s: %s\n", operate.Plain(ref), map[bool]string{false: "cancelled", true: "was cancelled before"}[again])
	return err
}

func (k *canceller) cancel(ctx context.Context, ref string) (again bool, err error) {
	again, err = operate.Cancel(ctx, ledger.NewRedis(k.rdb), ref, k.by, k.reason, time.Now())
	var refused *operate.RefusedError
	if err != nil && !errors.As(err, &refused) && !errors.Is(err, ledger.ErrNotFound) {
		err = undone("it is not cancelled", "it is not known whether it is cancelled, so cancel again", err)
	}
	return again, err
}

// file cancels what is on record exactly as a row has it. An error ends it; what was cancelled stays so.
func (k *canceller) file(ctx context.Context, rows func(func(intake.Row, error) bool)) error {
	var some []intake.Row
	none := true
	for row, err := range rows {
		if err != nil {
			return errors.Join(k.sum(), refuse("--file: %s", strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
		none = false
		if row.Err == nil {
			some = append(some, row)
		}
		if len(some) == 64 || row.Err != nil {
			if err := k.these(ctx, some); err != nil {
				return errors.Join(k.sum(), err)
			}
			some = some[:0]
		}
		if row.Err != nil {
			if err := k.leave(row.Line, "", row.Err.Error()); err != nil {
				return err
			}
		}
	}
	if none {
		return refuse("--file: %s; nothing was cancelled", intake.ErrNoPayouts)
	}
	if err := errors.Join(k.these(ctx, some), k.sum()); err != nil {
		return err
	}
	if k.left > 0 {
		return refuse("%d payouts were not cancelled", k.left)
	}
	return nil
}

func (k *canceller) these(ctx context.Context, rows []intake.Row) error {
	payouts := make([]salur.Payout, len(rows))
	for i, row := range rows {
		payouts[i] = row.Payout
	}
	known, err := k.client.Check(ctx, payouts)
	if err != nil {
		return err
	}
	for i, r := range known {
		if err := k.row(ctx, rows[i].Line, payouts[i].Ref, r); err != nil {
			return err
		}
	}
	return nil
}

func (k *canceller) row(ctx context.Context, line int, ref string, known salur.Result) error {
	switch {
	case errors.Is(known.Err, salur.ErrConflict):
		return k.leave(line, ref, "payout "+ref+" is on record with other content: it is not this file's")
	case errors.Is(known.Err, salur.ErrUnreadable):
		return k.leave(line, ref, unreadableRecord(ref, "see the workers' log").Error())
	case !known.Duplicate:
		k.unknown++
		return k.tell(line, ref, "not_on_record")
	}
	again, err := k.cancel(ctx, ref)
	var refused *operate.RefusedError
	switch {
	case errors.As(err, &refused):
		return k.leave(line, ref, refused.Error())
	case err != nil:
		return about(ref, err)
	case again:
		k.before++
	default:
		k.cancelled++
	}
	return k.tell(line, ref, "cancelled")
}

// leave tells of a payout that stays as it is.
func (k *canceller) leave(line int, ref, why string) error {
	k.left++
	fmt.Fprintf(k.errs, "line %d: %s\n", line, operate.Plain(why))
	return k.tell(line, ref, "left")
}

func (k *canceller) tell(line int, ref, result string) error {
	if !k.json {
		return nil
	}
	return cli.PrintJSON(k.out, struct {
		Line   int    `json:"line,omitempty"`
		Ref    string `json:"ref"` // empty where the row has none that could be read
		Result string `json:"result"`
	}{line, ref, result})
}

// sum tells people what was done.
func (k *canceller) sum() error {
	to := k.out
	if k.json {
		to = k.errs
	}
	_, err := fmt.Fprintf(to, "%d cancelled, %d cancelled before, %d not on record, %d left as they are\n", k.cancelled, k.before, k.unknown, k.left)
	return err
}
