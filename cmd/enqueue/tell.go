package main

import (
	"context"
	"fmt"
	"io"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/batch"
	"github.com/salur-id/salur/internal/cli"
)

// toldAtMost is how many refused rows people are told of, one line each.
const toldAtMost = 100

// tell tells of a row: of a refused one, and in JSON with good of the others too. A good row of a refused
// file has nothing to be told.
func (b *batchRun) tell(r batch.Row, good bool) error {
	switch {
	case r.Err != nil && b.json:
		return cli.PrintJSON(b.out, struct {
			Line  int    `json:"line"`
			Ref   string `json:"ref"`
			Error string `json:"error"`
		}{r.Line, r.Ref, r.Err.Error()})
	case r.Err != nil:
		if b.told++; b.told <= toldAtMost {
			fmt.Fprintf(b.errOut, "line %d: %v\n", r.Line, r.Err)
		} else if b.told == toldAtMost+1 {
			fmt.Fprintln(b.errOut, "more refused rows are not told here; --out FILE.csv has all of them")
		}
	case b.json && good:
		return cli.PrintJSON(b.out, struct {
			Ref       string      `json:"ref"`
			State     salur.State `json:"state"`
			Duplicate bool        `json:"duplicate"`
		}{r.Ref, r.State, r.Verdict == batch.Known || r.Verdict == batch.Repeated})
	}
	return nil
}

// warn tells what a person should look at before the first payout is accepted.
func (b *batchRun) warn(ctx context.Context, plan *batch.Plan) error {
	warnings, err := plan.Warnings(ctx)
	if err != nil {
		return fmt.Errorf("nothing was accepted: %w", err)
	}
	if amounts := plan.Amounts(); amounts != "" {
		fmt.Fprintln(b.errOut, amounts)
	}
	for _, w := range warnings {
		fmt.Fprintln(b.errOut, "warning:", w)
	}
	return nil
}

// summary is where summaries go: stdout, unless that is for documents.
func (b *batchRun) summary() io.Writer {
	if b.json {
		return b.errOut
	}
	return b.out
}

// sum is the summary in one line. whole: the file is refused as a whole.
func (b *batchRun) sum(t batch.Tally, whole bool) string {
	mood, accepted := "", t.Accepted
	if b.dryRun {
		mood = "dry run, nothing was accepted; it would be: "
		if !whole {
			accepted = t.New
		}
	}
	return fmt.Sprintf("%s%d accepted (%s), %d accepted before, %d refused", mood, accepted.Payouts, accepted.Money(), t.Before, t.Refused)
}
