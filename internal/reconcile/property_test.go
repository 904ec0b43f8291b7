package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/prove"
	"github.com/salur-id/salur/internal/reconcile"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// TestFindsExactlyWhatIsWrong draws a ledger and DANA's books that agree with it, spoils some of the report of
// these books, and expects to be told of exactly what was spoilt.
func TestFindsExactlyWhatIsWrong(t *testing.T) {
	t.Parallel()
	for round := range uint64(4) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			d := drawn{setup(t), rand.New(rand.NewPCG(prove.Seed(), round)), sandbox.State{}, map[string]sm.State{}, map[string]string{}}
			for i := range 250 {
				d.draw(fmt.Sprintf("PAY-%03d", i))
			}
			var csv strings.Builder
			if err := d.books.Settlement(&csv, "216620000000000000001", today, day.Until); err != nil {
				t.Fatal(err)
			}
			rows := strings.SplitAfter(strings.TrimSuffix(csv.String(), "\n"), "\n")
			d.expect(d.text(rows))
			if len(d.wrong) != 0 {
				t.Fatal("something is wrong before anything was spoilt")
			}
			d.expect(d.text(d.spoil(rows)))
			if len(d.wrong) < 10 {
				t.Errorf("only %d references were spoilt", len(d.wrong))
			}
		})
	}
}

// drawn is a ledger, DANA's books, and what is wrong with the report of them.
type drawn struct {
	testBundle
	dice   *rand.Rand
	books  sandbox.State
	states map[string]sm.State
	wrong  map[string]string // class by reference
}

// draw makes one payout on both sides.
func (d *drawn) draw(ref string) {
	d.Helper()
	accepted := today.Add(time.Hour + time.Duration(d.dice.IntN(20*3600))*time.Second)
	paid := accepted.Add(time.Duration(d.dice.IntN(900)) * time.Second)
	ended := paid.Add(time.Duration(d.dice.IntN(3600)) * time.Second)
	state := []sm.State{sm.StateSucceeded, sm.StateSucceeded, sm.StateSucceeded, sm.StateSucceeded, sm.StateFailed, sm.StateRefunded, sm.StatePending, sm.StateReview, sm.StateQueued}[d.dice.IntN(9)]
	cents, fee := 1+d.dice.Int64N(2_000_000_000), d.dice.Int64N(3)*27_75
	d.put(ref, cents, money.FromCents(fee).Value(), state, accepted, ended)
	d.states[ref] = state
	if state != sm.StateSucceeded && state != sm.StateRefunded {
		return
	}
	c := sandbox.Credit{Ref: ref, Customer: "62811742234", Amount: money.FromCents(cents), Fee: money.FromCents(fee), At: paid}
	if d.dice.IntN(2) == 0 {
		c.Customer = "014/2460888509"
	}
	if state == sm.StateRefunded {
		c.RefundedAt = ended
	}
	d.books.Credits = append(d.books.Credits, c)
}

// text is the report, its rows in any order: DANA promises none.
func (d *drawn) text(rows []string) string {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i] = strings.TrimSuffix(rows[i], "\n")
	}
	d.dice.Shuffle(len(rows)-1, func(i, j int) { rows[1+i], rows[1+j] = rows[1+j], rows[1+i] })
	return strings.Join(rows, "\n")
}

// spoil makes one thing wrong with about every fifth reference.
func (d *drawn) spoil(rows []string) (spoilt []string) {
	spoilt = rows[:1:1]
	for _, row := range rows[1:] {
		cell := strings.Split(strings.TrimSuffix(row, "\n"), ",")
		ref, back := cell[0], strings.HasPrefix(cell[1], "-")
		if d.wrong[ref] != "" || d.dice.IntN(5) > 0 {
			spoilt = append(spoilt, row)
			continue
		}
		write := func() { spoilt = append(spoilt, strings.Join(cell, ",")) }
		if d.states[ref] == sm.StateRefunded {
			if back { // dropped
				d.wrong[ref] = "not_taken_back"
			} else {
				spoilt = append(spoilt, row)
			}
			continue
		}
		switch d.dice.IntN(6) {
		case 0:
			d.wrong[ref] = "not_in_report"
		case 1:
			d.wrong[ref] = "repeated"
			write()
			write()
		case 2:
			d.wrong[ref] = "taken_back"
			write()
			for _, i := range []int{1, 3, 4, 7} {
				cell[i] = "-" + cell[i]
			}
			write()
		case 3:
			d.wrong[ref] = "other_amount"
			cell[1] = "1.37"
			write()
		case 4:
			d.wrong[ref] = "other_fee"
			cell[7] = "0.01"
			write()
		case 5: // it is another's
			d.wrong[ref], d.wrong["X"+ref] = "not_in_report", "unknown"
			cell[0] = "X" + ref
			write()
		}
	}
	for ref, state := range d.states { // DANA paid what is not over here, or failed
		class := map[sm.State]string{
			sm.StateFailed: "paid_but_failed", sm.StatePending: "paid_not_succeeded", sm.StateReview: "paid_not_succeeded", sm.StateQueued: "paid_not_succeeded",
		}[state]
		if class != "" && d.dice.IntN(5) == 0 {
			d.wrong[ref] = class
			spoilt = append(spoilt, strings.TrimSuffix(line(ref, 12_345, 0, noon), "\n")+",,")
		}
	}
	return spoilt
}

// expect compares, and holds what was found against what is wrong.
func (d *drawn) expect(text string) {
	d.Helper()
	r := &reconcile.Report{}
	if err := r.Read("report.csv", strings.NewReader(text)); err != nil {
		d.Fatal(err)
	}
	period, err := r.Period()
	if err != nil || !period.Since.Equal(day.Since) || !period.Until.Equal(day.Until) {
		d.Fatalf("period %v, %v", period, err)
	}
	result, err := reconcile.Compare(d.Context(), d.ledger, r, period)
	if err != nil {
		d.Fatal(err)
	}
	d.adds(result)
	found := map[string]string{}
	for _, diff := range result.Differences {
		if found[diff.Ref] != "" {
			d.Errorf("%s is told of twice", diff.Ref)
		}
		found[diff.Ref] = string(diff.Class)
	}
	if diff := cmp.Diff(d.wrong, found); diff != "" {
		d.Errorf("seed %d (-wrong +found):\n%s", prove.Seed(), diff)
	}
}
