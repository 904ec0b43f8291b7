// Package reconcile holds DANA's settlement reports against the ledger and tells what differs. It changes nothing.
//
// A row of a report takes about 75 bytes of memory here (48 and its reference), and a payout of the ledger
// that is in a report none, so that a month of a million payouts fits anywhere.
package reconcile

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/settlement"
)

// Report is what one or more settlement reports say.
type Report struct {
	rows  []row
	refs  []byte // of all rows, one after another
	files []string
	sums  [][sha256.Size]byte // of the files, so that none is read twice
	days  []time.Time         // that the files are about, as midnights
}

// row is a settlement.Row in little room.
type row struct {
	fund, charge, fee int64 // cents
	at                int64 // Unix seconds
	ref               uint32
	line              uint32
	file              uint16
	length            uint16 // of ref
	addsUp            bool   // total is fund and charge
}

// maxBad is how many bad rows are told of one by one.
const maxBad = 100

// ErrTwice is a report that was read before.
var ErrTwice = errors.New("has the same content as one before it; name each report once")

// BadRows are the rows of a file that cannot be read. Nothing is known of the whole file then.
type BadRows struct {
	Name  string
	Total int
	First []settlement.Row
}

// Error is a line for each of the first rows.
func (e *BadRows) Error() string {
	var b strings.Builder
	for _, r := range e.First {
		fmt.Fprintf(&b, "%s: line %d: %v\n", e.Name, r.Line, r.Err)
	}
	fmt.Fprintf(&b, "%s: %d rows cannot be read, so that nothing was reconciled", e.Name, e.Total)
	return b.String()
}

// Read reads one file, to its end. The error is *BadRows, ErrTwice, or one of settlement.Rows.
func (r *Report) Read(name string, from io.Reader) error {
	if len(r.files) > math.MaxUint16 {
		return errors.New("too many files; reconcile them in parts")
	}
	hash := sha256.New()
	days := map[time.Time]int{}
	bad := BadRows{Name: name}
	for in, err := range settlement.Rows(io.TeeReader(from, hash)) {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case in.Err != nil:
			if bad.Total++; len(bad.First) < maxBad {
				bad.First = append(bad.First, in)
			}
			continue
		case len(r.refs)+len(in.Ref) > math.MaxUint32:
			return fmt.Errorf("%s: there are too many rows; reconcile the reports in parts", name)
		}
		r.rows = append(r.rows, row{
			fund: in.Fund, charge: in.Charge, fee: in.Fee, at: in.At.Unix(), addsUp: in.Total == in.Fund+in.Charge,
			ref: uint32(len(r.refs)), length: uint16(len(in.Ref)), line: uint32(in.Line), file: uint16(len(r.files)),
		})
		r.refs = append(r.refs, in.Ref...)
		days[midnight(in.At)]++
	}
	if bad.Total > 0 {
		return &bad
	}
	sum := [sha256.Size]byte(hash.Sum(nil))
	if slices.Contains(r.sums, sum) {
		return fmt.Errorf("%s: %w", name, ErrTwice)
	}
	r.files, r.sums = append(r.files, name), append(r.sums, sum)
	if day, ok := mainDay(days); ok {
		r.days = append(r.days, day)
	}
	return nil
}

// mainDay is the day of most rows, the earlier of two. A report has rows of other days too: of a transfer that was
// pending over midnight, or of one that DANA took back later. Its name and REPORT_DATE do not tell: DANA calls both
// the transactions' day, and its samples have the day after it.
func mainDay(days map[time.Time]int) (day time.Time, ok bool) {
	for d, n := range days {
		if !ok || n > days[day] || n == days[day] && d.Before(day) {
			day, ok = d, true
		}
	}
	return day, ok
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(jakarta.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, jakarta.Zone)
}

// Period is the time that reports are about: from Since on, before Until.
type Period struct{ Since, Until time.Time }

// PeriodError is a period that the reports do not tell.
type PeriodError string

// Error says what to do.
func (e PeriodError) Error() string { return string(e) }

// Period is the days that the reports are about. The error is a PeriodError when they have no rows, or
// leave out a day between them.
func (r *Report) Period() (Period, error) {
	if len(r.days) == 0 {
		return Period{}, PeriodError("the report has no rows, so that it names no day; say which it is of with --since and --until")
	}
	days := slices.Clone(r.days)
	slices.SortFunc(days, time.Time.Compare)
	for i, day := range days[1:] {
		if next := days[i].AddDate(0, 0, 1); day.After(next) {
			return Period{}, PeriodError(fmt.Sprintf("no report is of %s; name it too, or say the period with --since and --until", next.Format(time.DateOnly)))
		}
	}
	return Period{days[0], days[len(days)-1].AddDate(0, 0, 1)}, nil
}

func (r *Report) ref(of *row) []byte { return r.refs[of.ref:][:of.length] }

// sort puts the rows in the order of their references, and those of one in the order of the files.
func (r *Report) sort() {
	slices.SortFunc(r.rows, func(a, b row) int {
		return cmp.Or(bytes.Compare(r.ref(&a), r.ref(&b)), cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
}

// has reports whether a sorted report has a row with this reference.
func (r *Report) has(ref string) bool {
	want := []byte(ref)
	_, found := slices.BinarySearchFunc(r.rows, want, func(a row, want []byte) int { return bytes.Compare(r.ref(&a), want) })
	return found
}
