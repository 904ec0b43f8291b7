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
	refs := references(rows)
	bar := b.progress("waiting", len(refs))
	ended := endings{}
	open, err := poll(ctx, b.ledger, refs, func(rec ledger.Record) error {
		ended.count(rec)
		_ = bar.Add(1) // a bar that cannot be drawn changes nothing
		return b.printEnding(rec)
	})
	_ = bar.Clear()
	_, printing := fmt.Fprintln(summary, ended.summary(len(open)))
	const hint = "they go on without this program, run the same file again to wait for them"
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("interrupted with %d payouts still open; %s", len(open), hint)
	case err != nil:
		return fmt.Errorf("stopped waiting with %d payouts still open; %s: %w", len(open), hint, err)
	}
	return printing
}

// poll looks at payouts until none is open, and calls over for each that is not any more. It
// returns those that were still open when it was stopped, by ctx, the ledger or over.
func poll(ctx context.Context, l ledger.Ledger, open []string, over func(ledger.Record) error) ([]string, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		var done []ledger.Record
		var err error
		if done, open, err = look(ctx, l, open); err != nil {
			return open, err
		}
		for _, rec := range done {
			if err := over(rec); err != nil {
				return open, err
			}
		}
		if len(open) == 0 {
			return nil, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return open, ctx.Err()
		}
	}
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
func look(ctx context.Context, l ledger.Ledger, refs []string) (done []ledger.Record, open []string, err error) {
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
			done = append(done, rec)
		default:
			open = append(open, ref)
		}
	}
	return done, open, nil
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
