package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/wakeup"
)

// accept accepts the good rows in their order and reports all rows. The rows are brought up
// to date. After an error the tally is of the rows up to there.
func (b *batch) accept(ctx context.Context, rows []row) (tally, error) {
	bad := slices.ContainsFunc(rows, func(r row) bool { return r.refused != nil })
	t := tally{rows: len(rows), total: money.Rupiah(0), dryRun: b.dryRun, refusedFile: bad && !b.carryOn}
	bar := b.progress("accepting", len(rows))
	defer func() { _ = bar.Clear() }()
	if !b.json { // people see what is wrong before the bar begins
		for _, r := range rows {
			if r.refused != nil {
				fmt.Fprintln(b.errOut, r.complaint())
			}
		}
	}
	for i := range rows {
		if ctx.Err() != nil {
			return t, fmt.Errorf("interrupted after %d of %d rows; run the same file again to go on, nobody is paid twice", i, len(rows))
		}
		r, late := &rows[i], false
		if r.refused == nil && !b.dryRun && !t.refusedFile {
			if err := b.submit(ctx, r); err != nil {
				return t, err
			}
			late = r.refused != nil // somebody else used the reference since the check
		}
		t.count(*r)
		_ = bar.Add(1) // a bar that cannot be drawn changes nothing
		if late && !b.json {
			_ = bar.Clear()
			fmt.Fprintln(b.errOut, r.complaint())
		}
		if err := b.print(*r, t.refusedFile); err != nil {
			return t, err
		}
		if late && !b.carryOn {
			return t, cli.Fail(cli.Conflict, fmt.Errorf("stopped at line %d; the rows before it were accepted, those after it were not", r.line))
		}
	}
	return t, nil
}

// submit accepts one row. A payout that was begun is finished when ctx ends, so that the
// program stops between two payouts and knows how far it came.
func (b *batch) submit(ctx context.Context, r *row) error {
	rec, created, err := wakeup.Submit(context.WithoutCancel(ctx), b.ledger, b.queue, r.payout, time.Now())
	switch {
	case errors.Is(err, ledger.ErrConflict):
		r.refused = conflict(r.payout.Ref)
	case err != nil:
		return fmt.Errorf("stopped at line %d: %w", r.line, uncertain(r.payout.Ref, "run the same file again to go on", err))
	default:
		r.before, r.state = !created, rec.Tx.State
	}
	return nil
}

// print tells of a row in JSON. A good row of a refused file has nothing to be told.
func (b *batch) print(r row, refusedFile bool) error {
	switch {
	case !b.json:
		return nil
	case r.refused != nil:
		return cli.PrintJSON(b.out, struct {
			Line  int    `json:"line"`
			Ref   string `json:"ref"`
			Error string `json:"error"`
		}{r.line, r.payout.Ref, r.refused.Error()})
	case refusedFile:
		return nil
	}
	return cli.PrintJSON(b.out, receipt{r.payout.Ref, r.state, r.before})
}

// complaint is a refused row for people.
func (r row) complaint() string { return fmt.Sprintf("line %d: %v", r.line, r.refused) }
