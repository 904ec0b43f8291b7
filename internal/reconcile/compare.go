package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

const (
	// edge is how far the clocks of DANA and of the workers, and DANA's booking, may be apart for a payout to be in
	// the report of its day. What ended nearer to midnight may be in the next.
	edge = 15 * time.Minute
	// late is how long after its success here a payout may be dated there and be taken for the same payment. More than
	// the hours between time zones, should DANA's dates turn out to be in another.
	late = 24 * time.Hour
	page = 500 // payouts read at once
)

// Difference is one reference on which the two sides do not agree.
type Difference struct {
	Class Class
	Ref   string
	State statemachine.State // here; empty when it is not on record
	// There and Here are by how much each side says that the deposit fell in this time for the payout, without
	// charges: cents, negative when money came back.
	There, Here int64
	File        string // of the first row about it; empty when there is none
	Line        int
	Detail      string
	Do          string // what a person does about it

	file uint16
}

// Sum is how many there are of something, and their cents.
type Sum struct {
	Count int
	Cents int64
}

func (s *Sum) add(cents int64) { s.Count++; s.Cents += cents }

// Result is what a comparison has found.
type Result struct {
	Period      Period
	Rows        int
	Paid        Sum   // rows by which money left the deposit, without charges
	TakenBack   Sum   // rows by which it came back; their cents are negative
	Charges     int64 // of all rows, in cents
	Agree       Sum   // references on which both sides agree; their cents are those of both
	There, Here int64 // what the deposit fell by for the payouts, as each side says, in cents
	Differences []Difference
	ByClass     map[Class]Sum // their cents are There without Here
}

// Count is how many differences there are. What may be in the next report is none.
func (r Result) Count() int { return len(r.Differences) - r.ByClass[NextReport].Count }

// Compare holds a report against the ledger: each of its rows, whatever its date, and what ended here within the
// period against the rows.
//
// It is no picture of one moment: payouts go on meanwhile. Of a day that is over hardly any do.
func Compare(ctx context.Context, l *ledger.Redis, report *Report, period Period) (Result, error) {
	c := &comparison{ledger: l, report: report, Result: Result{Period: period, Rows: len(report.rows), ByClass: map[Class]Sum{}}}
	var err error
	if c.first, err = l.FirstEnded(ctx); err != nil {
		return Result{}, err
	}
	report.sort()
	if err := c.there(ctx); err != nil {
		return Result{}, err
	}
	if err := c.here(ctx); err != nil {
		return Result{}, err
	}
	slices.SortFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Classes, a.Class), slices.Index(Classes, b.Class)),
			cmp.Compare(a.file, b.file), cmp.Compare(a.Line, b.Line), strings.Compare(a.Ref, b.Ref),
		)
	})
	return c.Result, nil
}

type comparison struct {
	Result
	ledger *ledger.Redis
	report *Report
	first  time.Time // what ended here before that is forgotten
}

// group is the rows of one reference.
type group struct {
	ref        string
	rows       []row
	paid, back int
}

// there looks up what the report has.
func (c *comparison) there(ctx context.Context) error {
	var groups []group
	flush := func() error {
		err := c.look(ctx, groups)
		groups = groups[:0]
		return err
	}
	rows := c.report.rows
	for len(rows) > 0 {
		g := group{ref: string(c.report.ref(&rows[0]))}
		for n := 0; n <= len(rows); n++ {
			if n == len(rows) || string(c.report.ref(&rows[n])) != g.ref {
				g.rows, rows = rows[:n], rows[n:]
				break
			}
			c.Charges += rows[n].charge
			if rows[n].fund > 0 {
				g.paid++
				c.Paid.add(rows[n].fund)
			} else {
				g.back++
				c.TakenBack.add(rows[n].fund)
			}
		}
		if groups = append(groups, g); len(groups) == page {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (c *comparison) look(ctx context.Context, groups []group) error {
	refs := make([]string, len(groups))
	for i, g := range groups {
		refs[i] = g.ref
	}
	ended, err := c.ledger.Ended(ctx, refs) // first: then a record that is over has its time, or ended this moment
	if err != nil {
		return err
	}
	records, unreadable, err := c.ledger.Look(ctx, refs)
	if err != nil {
		return err
	}
	for i, g := range groups {
		rec, known := records[g.ref]
		if known && ended[i].IsZero() {
			ended[i] = rec.UpdatedAt
		}
		d := c.judge(g, rec, known, ended[i])
		if slices.Contains(unreadable, g.ref) {
			d.Detail = "it is on record here, and its record cannot be read: see docs/runbooks/SalurUnreadableRecords.md"
		}
		c.add(d)
	}
	return nil
}

// add counts what was judged. Without a class it is agreed on.
func (c *comparison) add(d Difference) {
	c.There += d.There
	c.Here += d.Here
	if d.Class == "" {
		c.Agree.add(d.Here)
		return
	}
	d.Do = do(d.Class, d.Ref, d.State)
	c.Differences = append(c.Differences, d)
	sum := c.ByClass[d.Class]
	sum.add(d.There - d.Here)
	c.ByClass[d.Class] = sum
}

// judge is what becomes of the rows of one reference.
func (c *comparison) judge(g group, rec ledger.Record, known bool, ended time.Time) Difference {
	first := g.rows[0]
	d := Difference{Ref: g.ref, State: rec.Tx.State, file: first.file, File: c.report.files[first.file], Line: int(first.line)}
	for _, r := range g.rows {
		d.There += r.fund
	}
	if known {
		d.Here = c.expected(g, rec, ended)
	}
	d.Class, d.Detail = c.classify(g, rec, known, ended)
	if d.Class == PaidAgain {
		d.Here = 0 // what is on record was paid in another report
	}
	return d
}

// expected is what the rows should come to, by what is on record. What the report tells only one end of was in
// an earlier one, or will be in a later one.
func (c *comparison) expected(g group, rec ledger.Record, ended time.Time) int64 {
	amount := rec.Payout.Amount.Cents()
	switch rec.Tx.State {
	case statemachine.StateSucceeded:
		if g.paid > 0 {
			return amount
		}
	case statemachine.StateRefunded:
		switch {
		case g.paid == 0:
			return -amount
		case g.back == 0 && !c.mustBeBack(ended):
			return amount
		}
	case statemachine.StateFailed:
		if g.paid == 0 && g.back > 0 { // it was listed as pending before
			return -amount
		}
	}
	return 0
}

// mustBeBack: DANA took it back before we knew of it, and so before the reports end.
func (c *comparison) mustBeBack(ended time.Time) bool { return ended.Before(c.Period.Until.Add(-edge)) }

func (c *comparison) classify(g group, rec ledger.Record, known bool, ended time.Time) (Class, string) {
	state, first := rec.Tx.State, g.rows[0]
	at := time.Unix(first.at, 0)
	switch {
	case g.paid > 1 || g.back > 1:
		return Repeated, fmt.Sprintf("%d times paid and %d times taken back there", g.paid, g.back)
	case !known && at.Before(c.first):
		return Forgotten, "from before the first payout that is still on record, which ended at " + jakarta.Stamp(c.first)
	case !known:
		return Unknown, ""
	case g.back > 0:
		if state != statemachine.StateRefunded && state != statemachine.StateFailed {
			return TakenBack, ""
		}
	case state == statemachine.StateFailed:
		return PaidButFailed, rec.Tx.Reason
	case state == statemachine.StateRefunded:
		if c.mustBeBack(ended) {
			return NotTakenBack, "refunded here at " + jakarta.Stamp(ended)
		}
	case state != statemachine.StateSucceeded:
		if first.charge == 0 {
			return PaidNotSucceeded, "listed without a charge: perhaps pending there too"
		}
		return PaidNotSucceeded, ""
	case at.After(ended.Add(late)):
		return PaidAgain, fmt.Sprintf("paid there at %s, succeeded here at %s", jakarta.Stamp(at), jakarta.Stamp(ended))
	}
	return sums(g, rec.Payout)
}

// sums holds each row's amounts against the payout.
func sums(g group, p payout.Payout) (Class, string) {
	for _, r := range g.rows {
		if abs(r.fund) != p.Amount.Cents() {
			return OtherAmount, ""
		}
	}
	told := p.Fee.Cents()
	for _, r := range g.rows {
		switch {
		case !r.addsUp:
			return OtherFee, "PAID_TOTAL_AMOUNT is not FUND_AMOUNT and CHARGE_AMOUNT"
		case p.Kind == payout.TopUp && told > 0 && r.fund > 0 && r.charge != told && r.fee != told:
			return OtherFee, fmt.Sprintf("charged %s there, DANA was told %s", money.FromCents(r.charge), money.FromCents(told))
		}
	}
	return "", ""
}

// here walks through what ended within the period and is not in the report.
func (c *comparison) here(ctx context.Context) error {
	after := ledger.Over{}
	for {
		all, err := c.ledger.Finished(ctx, c.Period.Since, c.Period.Until, after, page)
		if err != nil || len(all) == 0 {
			return err
		}
		after = all[len(all)-1]
		var refs []string
		for _, o := range all {
			if !c.report.has(o.Ref) {
				refs = append(refs, o.Ref)
			}
		}
		records, err := c.ledger.GetMany(ctx, refs)
		if err != nil {
			return err
		}
		for _, o := range all {
			if rec, found := records[o.Ref]; found { // else it is in the report, or forgotten since
				c.missing(rec, o.At)
			}
		}
	}
}

// missing judges what the report does not have.
func (c *comparison) missing(rec ledger.Record, ended time.Time) {
	d := Difference{Class: NextReport, Ref: rec.Payout.Ref, State: rec.Tx.State, Detail: "ended here at " + jakarta.Stamp(ended)}
	switch rec.Tx.State {
	case statemachine.StateSucceeded:
		// DANA paid at some time between these two.
		if !rec.CreatedAt.Before(c.Period.Since.Add(edge)) && ended.Before(c.Period.Until.Add(-edge)) {
			d.Class, d.Here = NotInReport, rec.Payout.Amount.Cents()
		}
		c.add(d)
	case statemachine.StateRefunded:
		c.add(d)
	}
}

func abs(n int64) int64 { return max(n, -n) }
