// Package intake reads files of payouts, JSONL and CSV, row by row. A file is read to its end
// whatever is wrong with its rows, so that all bad rows can be known before the first payout is
// accepted.
package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/payout"
)

// Format is how a file is written.
type Format string

// The formats.
const (
	JSONL Format = "jsonl" // one JSON object per line
	CSV   Format = "csv"   // a header row with the names of JSONL; comma, semicolon or tab
)

// FormatOf is the format that a flag names or, when the flag is empty, the end of the
// file's name. The error says how to name a format.
func FormatOf(name, flag string) (Format, error) {
	wanted := flag
	if wanted == "" {
		wanted = strings.TrimPrefix(filepath.Ext(name), ".")
	}
	switch f := Format(strings.ToLower(wanted)); {
	case f == JSONL || f == CSV:
		return f, nil
	case flag != "":
		return "", fmt.Errorf("--format %q: use csv or jsonl", flag)
	}
	return "", fmt.Errorf("%q does not end in .csv or .jsonl; say --format csv or --format jsonl", name)
}

// Row is one row of a file: a good payout, or what is wrong with it.
type Row struct {
	Line   int // that it begins on, from 1
	Payout salur.Payout
	// Unended is the last row of a CSV file that ends without a line end: the file may be cut off within it, and a number
	// with fewer digits is a number, too. A line of JSONL is closed by its brace.
	Unended bool
	// Err is nil for a good row. It is a *salur.InvalidError when single fields are wrong; it is
	// one line and shows nothing personal.
	Err error
}

// HeaderError is a CSV header by which no row can be read: one entry per wrong column.
type HeaderError []string

// Error is one line per wrong column.
func (e HeaderError) Error() string {
	lines := make([]string, len(e))
	for i, problem := range e {
		lines[i] = "header: " + problem
	}
	return strings.Join(lines, "\n")
}

// Rules are what the caller of Rows decides.
type Rules struct {
	// RefsAsWritten takes a CSV's references also where a spreadsheet would rewrite them.
	RefsAsWritten bool
}

// Rows reads a file row by row, and keeps none of them. A bad row does not end it. An error does: a
// HeaderError, a FormatError, a *LongRowError, or the reader's own. Then it is not known what else the file holds.
func Rows(r io.Reader, format Format, rules Rules) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		text := bufio.NewReaderSize(r, 64<<10)
		start, _ := text.Peek(len(bom)) // a file that cannot be read fails again below
		if bytes.Equal(start, bom) {
			_, _ = text.Discard(len(bom))
		}
		if start, _ = text.Peek(text.Size()); notText(start) != nil { // a short file gives what there is
			yield(Row{}, notText(start))
			return
		}
		read := readJSONL
		if format == CSV {
			read = csvReader(rules)
		}
		if err := read(text, yield); err != nil && !errors.Is(err, errEnough) {
			yield(Row{}, err)
		}
	}
}

// ErrNoPayouts is a file without a row: empty, or with a header alone. Rows does not return it, since only the caller knows
// whether that is meant.
var ErrNoPayouts = errors.New("the file has no payouts")

// errEnough ends the reading of a file whose reader wants no more rows.
var errEnough = errors.New("enough")

// row is a payout as it was written, checked.
func row(line int, in payout.Instruction) Row {
	p, err := parse(in, true)
	if err != nil {
		return Row{Line: line, Err: toPublic(err)}
	}
	return Row{Line: line, Payout: ToPayout(p)}
}
