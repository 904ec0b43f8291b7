package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/batch"
	"github.com/salur-id/salur/internal/cli"
)

// order is the states in the order of a payout's life.
var order = []salur.State{salur.Queued, salur.Processing, salur.Pending, salur.Review, salur.Succeeded, salur.Failed, salur.Refunded}

// follow waits until every payout of the good rows has ended or is in review.
func (b *batchRun) follow(ctx context.Context, plan *batch.Plan) error {
	board := b.newBoard()
	standing, err := plan.Follow(ctx, batch.Follower{
		Ended: func(tx salur.Transaction) error {
			if !b.json {
				return nil
			}
			return cli.PrintJSON(b.out, struct {
				Ref    string       `json:"ref"`
				State  salur.State  `json:"state"`
				Reason salur.Reason `json:"reason"`
			}{tx.Ref, tx.State, tx.Reason})
		},
		Standing: board.draw,
		Still:    board.still,
		Away: func(err error) {
			board.clear()
			if err != nil {
				fmt.Fprintf(b.errOut, "Redis cannot be reached, waiting for it; the payouts go on without this program: %v\n", err)
			} else {
				fmt.Fprintln(b.errOut, "Redis is back")
			}
		},
	})
	board.clear()
	if err != nil && len(standing) == 0 {
		return err
	}
	_, printing := fmt.Fprintln(b.summary(), line(standing))
	return errors.Join(err, printing)
}

// line is a standing in one line.
func line(s batch.Standing) string {
	var parts []string
	if open := s.Open(); open > 0 {
		parts = append(parts, fmt.Sprintf("%d still open", open))
	}
	for _, state := range order {
		if sum := s[state]; sum.Payouts > 0 && (state.Final() || state == salur.Review) {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", sum.Payouts, state, sum.Money()))
		}
	}
	if parts == nil {
		return "no payouts to wait for"
	}
	return strings.Join(parts, ", ")
}
