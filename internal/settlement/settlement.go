// Package settlement reads DANA's settlement report of disbursements: a CSV file that DANA makes each day
// (MERCHANT_DANA_DISBURSEMENT_SETTLEMENT_REPORT_<merchant id>_<YYYYMMDD>.csv), a row for each movement of the
// merchant's deposit. docs/reconcile.md has the format.
package settlement

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/jakarta"
)

// Row is one row of a report: a movement of money, or what is wrong with it.
type Row struct {
	Line int // from 1, the header's
	// Ref is REQUEST_ID, the merchant's own number of the payout.
	Ref string
	// Fund is the payout's amount, Charge what DANA takes for it with taxes, Fee the part of that without, and
	// Total what has left the deposit: cents, negative when money came back.
	Fund, Charge, Fee, Total int64
	At                       time.Time // TRANSACTION_DATE
	// Err is nil for a good row. It is one line.
	Err error
}

// Back reports whether the money came back to the merchant: what DANA calls a refund (of a transfer that was
// pending) or a reversal (of one that was a success).
func (r Row) Back() bool { return r.Fund < 0 }

// Columns that are read, by their place in wanted. DANA's other ones are skipped, and so are new ones.
const (
	requestID = iota
	fund
	currency
	charge
	fee
	total
	transactionDate
)

var wanted = []string{
	"REQUEST_ID", "FUND_AMOUNT", "FUND_AMOUNT_CURRENCY", "CHARGE_AMOUNT", "FEE", "PAID_TOTAL_AMOUNT", "TRANSACTION_DATE",
}

// HeaderError is a file by whose first line no row can be read.
type HeaderError string

// Error says what is wrong with the first line.
func (e HeaderError) Error() string { return "line 1: " + string(e) }

// LongLineError is a line that no report has.
type LongLineError struct{ Line int }

// Error names the line.
func (e *LongLineError) Error() string {
	return fmt.Sprintf("line %d: is longer than %d bytes; use DANA's file as it came", e.Line, longest)
}

const (
	longest = 64 << 10 // bytes of a line; DANA's have about 200
	asItIs  = "use DANA's settlement report as it came, CSV with commas"
)

var bom = []byte("\xef\xbb\xbf")

// Rows reads a report row by row, and keeps none. A bad row does not end it. An error does: a HeaderError, a
// *LongLineError, or the reader's own.
//
// A line is a row: no cell of DANA's has a line break, and so a quote that is never closed swallows nothing.
func Rows(from io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		text := bufio.NewReaderSize(from, longest)
		if start, _ := text.Peek(len(bom)); bytes.Equal(start, bom) { // what cannot be read fails again below
			_, _ = text.Discard(len(bom))
		}
		var columns []int // place in the row of each of wanted
		width := 0
		for number := 1; ; number++ {
			line, err := text.ReadSlice('\n')
			switch {
			case errors.Is(err, bufio.ErrBufferFull):
				yield(Row{}, &LongLineError{number})
				return
			case err != nil && !errors.Is(err, io.EOF):
				yield(Row{}, fmt.Errorf("reading the report: %w", err))
				return
			}
			last := err != nil
			line = bytes.TrimRight(line, "\r\n")
			switch {
			case columns == nil:
				if columns, width, err = header(line); err != nil {
					yield(Row{}, err)
					return
				}
			case len(bytes.Trim(line, "\", \t")) > 0: // else a spreadsheet's empty row
				row, err := read(line, columns, width)
				if err != nil {
					row = Row{Err: err}
				}
				row.Line = number
				if !yield(row, nil) {
					return
				}
			}
			if last {
				return
			}
		}
	}
}

// header finds the columns by their names.
func header(line []byte) (columns []int, width int, err error) {
	names, err := cells(line)
	if err != nil {
		return nil, 0, HeaderError("the quotes do not match; " + asItIs)
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	for _, name := range wanted {
		at := slices.Index(names, name)
		if at < 0 {
			return nil, 0, HeaderError(fmt.Sprintf("there is no column %s; %s", name, asItIs))
		}
		if slices.Contains(names[at+1:], name) {
			return nil, 0, HeaderError(fmt.Sprintf("column %s is there twice; %s", name, asItIs))
		}
		columns = append(columns, at)
	}
	return columns, len(names), nil
}

func cells(line []byte) ([]string, error) {
	if !bytes.ContainsRune(line, '"') { // as DANA writes them
		return strings.Split(string(line), ","), nil
	}
	return csv.NewReader(bytes.NewReader(line)).Read()
}

func read(line []byte, columns []int, width int) (r Row, err error) {
	all, err := cells(line)
	switch {
	case err != nil:
		return r, errors.New("the quotes do not match; " + asItIs)
	case len(all) != width:
		return r, fmt.Errorf("%d cells where the header has %d; %s", len(all), width, asItIs)
	}
	cell := func(column int) string { return strings.TrimSpace(all[columns[column]]) }
	wrong := func(column int, fix string) error {
		return fmt.Errorf("%s %s: %s", wanted[column], show(cell(column)), fix)
	}
	r.Ref = strings.Clone(cell(requestID)) // or it would keep the whole line
	switch n := utf8.RuneCountInString(r.Ref); {
	case n == 0 || n > 64 || !utf8.ValidString(r.Ref) || strings.ContainsFunc(r.Ref, func(c rune) bool { return !unicode.IsPrint(c) }):
		return r, wrong(requestID, "is not 1 to 64 printable characters")
	case mangled.MatchString(r.Ref):
		return r, wrong(requestID, "a spreadsheet has turned this into scientific notation and its digits are lost; "+asItIs)
	case cell(currency) != "IDR":
		return r, wrong(currency, "only IDR can be reconciled")
	}
	for _, sum := range [...]struct {
		column int
		into   *int64
	}{{fund, &r.Fund}, {charge, &r.Charge}, {fee, &r.Fee}, {total, &r.Total}} {
		var ok bool
		if *sum.into, ok = cents(cell(sum.column)); !ok {
			return r, wrong(sum.column, "is not an amount such as 6000.0, -550.0 or 1.0E7; "+asItIs)
		}
	}
	switch {
	case r.Fund == 0:
		return r, wrong(fund, "is no movement of money")
	case r.Fund > 0 && r.Charge < 0, r.Fund < 0 && r.Charge > 0:
		return r, wrong(charge, "has another sign than FUND_AMOUNT")
	}
	at := cell(transactionDate)
	if r.At, err = time.ParseInLocation(dateLayout, at, jakarta.Zone); err != nil || len(at) != len(dateLayout) {
		return r, wrong(transactionDate, "is not a time such as 20260131 23:59:59")
	}
	return r, nil
}

const dateLayout = "20060102 15:04:05"
