package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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

// board shows how payouts stand while they are waited for: on a screen a table that is drawn again in its
// place, elsewhere a line a minute.
type board struct {
	b      *batchRun
	screen bool
	every  time.Duration
	last   time.Time
	lines  int // on the screen
}

func (b *batchRun) newBoard() *board {
	// Without colours the cursor is left alone, too: who sets NO_COLOR has a screen that cannot do it, or wants a log.
	screen := bool(cli.ColourFor(b.errOut, b.environ)) && !(b.json && cli.IsTerminal(b.out))
	every := time.Minute
	if screen {
		every = 200 * time.Millisecond
	}
	return &board{b: b, screen: screen, every: every, last: time.Now()}
}

func (d *board) draw(s batch.Standing) {
	if time.Since(d.last) < d.every {
		return
	}
	d.last = time.Now()
	if !d.screen {
		fmt.Fprintln(d.b.errOut, "waiting:", line(s))
		return
	}
	d.clear()
	fmt.Fprintf(d.b.errOut, "%-10s %10s %22s\n", "state", "payouts", "IDR")
	for _, state := range order {
		fmt.Fprintf(d.b.errOut, "%-10s %10d %22s\n", state, s[state].Payouts, s[state].Amount.Value())
	}
	d.lines = 1 + len(order)
}

// clear takes the table off the screen.
func (d *board) clear() {
	if d.lines > 0 {
		fmt.Fprintf(d.b.errOut, "\x1b[%dA\x1b[J", d.lines)
		d.lines = 0
	}
}
