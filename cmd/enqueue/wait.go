package main

import (
	"context"
	"fmt"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
)

const followEvery = 500 * time.Millisecond

// follow waits until each payout is final or in review, which only a person ends.
func (b *batch) follow(ctx context.Context, rows []intake.Row) error {
	open := refsOf(rows)
	ended := map[statemachine.State]int{}
	bar := progress(b.c.ErrOrStderr(), len(open), "waiting")
	defer bar.finish()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		found, err := b.ledger.GetMany(ctx, open)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted with %d payouts still open; they go on without this", len(open))
		}
		if err != nil {
			return fmt.Errorf("follow the payouts, which go on without this: %w", err)
		}
		still := open[:0]
		for _, ref := range open {
			// One that is not there was over for longer than the ledger remembers.
			rec, ok := found[ref]
			if ok && !over(rec) {
				still = append(still, ref)
				continue
			}
			ended[rec.Tx.State]++
			bar.add()
			if err := b.tellEnd(ref, rec); err != nil {
				return err
			}
		}
		if open = still; len(open) == 0 {
			break
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	bar.finish()
	if b.json {
		return nil
	}
	for _, s := range statemachine.States {
		if n := ended[s]; n > 0 {
			fmt.Fprintf(b.c.OutOrStdout(), "%-10s %d\n", s, n)
		}
	}
	return nil
}

func over(rec ledger.Record) bool {
	return rec.Tx.State.Final() || rec.Tx.State == statemachine.StateReview
}

func (b *batch) tellEnd(ref string, rec ledger.Record) error {
	if !b.json {
		return nil
	}
	return cli.PrintJSON(b.c.OutOrStdout(), struct {
		Ref    string `json:"ref"`
		State  string `json:"state"`
		Reason string `json:"reason"`
	}{ref, string(rec.Tx.State), rec.Tx.Reason})
}
