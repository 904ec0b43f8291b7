package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// pollEvery is how often open payouts are looked at. It is a look at Redis, not at DANA.
const pollEvery = 500 * time.Millisecond

// follow waits until every payout of the good rows has ended or is in review. The payouts
// do not depend on it: when it stops, whatever the reason, they go on.
func (b *batch) follow(ctx context.Context, rows []row, summary io.Writer) error {
	open := references(rows)
	bar := b.progress("waiting", len(open))
	ended := endings{}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var err error
	for {
		var over []ledger.Record
		if over, open, err = look(ctx, b.ledger, open); err != nil {
			break
		}
		for _, rec := range over {
			ended.count(rec)
			_ = bar.Add(1) // a bar that cannot be drawn changes nothing
			if err = b.printEnding(rec); err != nil {
				break
			}
		}
		if err != nil || len(open) == 0 {
			break
		}
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		break
	}
	_ = bar.Clear()
	if _, printing := fmt.Fprintln(summary, ended.summary(len(open))); err == nil {
		err = printing
	}
	switch {
	case ctx.Err() != nil && len(open) > 0:
		return fmt.Errorf("interrupted with %d payouts still open; they go on without this program, run the same file again to wait for them", len(open))
	case err != nil:
		return fmt.Errorf("waiting has stopped; the payouts go on without this program, run the same file again to wait for them: %w", err)
	}
	return nil
}

// references are those of the good rows, each once.
func references(rows []row) []string {
	var refs []string
	seen := map[string]bool{}
	for _, r := range rows {
		if r.refused == nil && !seen[r.payout.Ref] {
			seen[r.payout.Ref] = true
			refs = append(refs, r.payout.Ref)
		}
	}
	return refs
}

// look parts the references into payouts that need no more waiting for and those that do.
func look(ctx context.Context, l ledger.Ledger, refs []string) (over []ledger.Record, open []string, err error) {
	records, err := l.GetMany(ctx, refs)
	if err != nil {
		return nil, refs, err
	}
	for _, ref := range refs {
		rec, found := records[ref]
		switch {
		case !found:
			// Only what had ended long ago is forgotten, but how this one ended is not known
			// any more, and it must not be counted as anything.
			return nil, refs, cli.Fail(cli.NotFound, fmt.Errorf("ref %q: %w", ref, ledger.ErrNotFound))
		case rec.Tx.State.Final(), rec.Tx.State == statemachine.StateReview:
			over = append(over, rec)
		default:
			open = append(open, ref)
		}
	}
	return over, open, nil
}

func (b *batch) printEnding(rec ledger.Record) error {
	if !b.json {
		return nil
	}
	return cli.PrintJSON(b.out, struct {
		Ref    string             `json:"ref"`
		State  statemachine.State `json:"state"`
		Reason string             `json:"reason"`
	}{rec.Payout.Ref, rec.Tx.State, rec.Tx.Reason})
}

// endings counts and sums payouts by the state in which they ended.
type endings map[statemachine.State]struct {
	payouts int
	total   money.Amount
}

func (e endings) count(rec ledger.Record) {
	in, seen := e[rec.Tx.State]
	if !seen {
		in.total = money.Rupiah(0)
	}
	in.payouts++
	in.total = in.total.Add(rec.Payout.Amount)
	e[rec.Tx.State] = in
}

// summary is one line, in the order of a payout's life.
func (e endings) summary(open int) string {
	var parts []string
	if open > 0 {
		parts = append(parts, fmt.Sprintf("%d still open", open))
	}
	for _, s := range statemachine.States {
		if in, seen := e[s]; seen {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", in.payouts, s, in.total))
		}
	}
	if parts == nil {
		return "no payouts to wait for"
	}
	return strings.Join(parts, ", ")
}
