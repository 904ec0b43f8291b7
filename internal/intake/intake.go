// Package intake reads files of payouts, JSONL and CSV. A file is read to its end
// whatever is wrong with it, so that all bad rows are known before the first payout is
// accepted.
package intake

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/salur-id/salur/internal/payout"
)

// Format is how a file is written.
type Format string

// The formats.
const (
	JSONL Format = "jsonl" // one JSON object per line
	CSV   Format = "csv"   // a header row with the names of JSONL; comma or semicolon
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

// Row is a good payout and the line of the file that it begins on, from 1.
type Row struct {
	Line   int
	Payout payout.Payout
}

// BadRow is a row that is no payout. Err is a payout.InvalidError when single fields are
// wrong.
type BadRow struct {
	Line int
	Err  error
}

// Error names the line and all that is wrong with it.
func (b BadRow) Error() string { return fmt.Sprintf("line %d: %v", b.Line, b.Err) }

// Unwrap is Err.
func (b BadRow) Unwrap() error { return b.Err }

// Duplicate is a row that repeats the payout of an earlier line word for word. It is not
// among File.Rows again.
type Duplicate struct {
	Line  int
	First int // the line that is kept
	Ref   string
}

// File is what a file holds, each part in the order of its lines. No two Rows have the
// same reference.
type File struct {
	Rows       []Row
	Bad        []BadRow
	Duplicates []Duplicate
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

// Read reads a whole file. What is wrong with a row is in File.Bad. The error is a
// HeaderError, or the reader's own when the file could not be read to its end; then
// nothing of the file is returned, because what is missing from it is not known.
func Read(r io.Reader, format Format) (File, error) {
	var c collector
	read := readJSONL
	if format == CSV {
		read = readCSV
	}
	if err := read(r, &c); err != nil {
		return File{}, err
	}
	return c.file(), nil
}

// collector gathers what a file holds, row by row.
type collector struct {
	rows []Row // good by themselves, references perhaps repeated
	bad  []BadRow
}

func (c *collector) refuse(line int, err error) { c.bad = append(c.bad, BadRow{line, err}) }

func (c *collector) add(line int, in payout.Instruction) {
	if p, err := parse(in); err != nil {
		c.refuse(line, err)
	} else {
		c.rows = append(c.rows, Row{line, p})
	}
}

// file sorts out repeated references. Rows with one reference and different contents are
// all bad: which of them is meant is not known, and a payout that waits can still be
// made, while one that was made cannot be taken back.
func (c *collector) file() File {
	first := map[string]Row{}   // by reference
	differs := map[string]int{} // line of the first row with other content
	for _, row := range c.rows {
		earlier, again := first[row.Payout.Ref]
		switch {
		case !again:
			first[row.Payout.Ref] = row
		case !same(earlier, row) && differs[row.Payout.Ref] == 0:
			differs[row.Payout.Ref] = row.Line
		}
	}
	f := File{Bad: c.bad}
	for _, row := range c.rows {
		ref := row.Payout.Ref
		earlier, other := first[ref], differs[ref]
		switch {
		case other != 0 && same(earlier, row):
			f.Bad = append(f.Bad, conflict(row, other))
		case other != 0:
			f.Bad = append(f.Bad, conflict(row, earlier.Line))
		case row.Line != earlier.Line:
			f.Duplicates = append(f.Duplicates, Duplicate{row.Line, earlier.Line, ref})
		default:
			f.Rows = append(f.Rows, row)
		}
	}
	slices.SortFunc(f.Bad, func(a, b BadRow) int { return cmp.Compare(a.Line, b.Line) })
	return f
}

func same(a, b Row) bool { return a.Payout.Fingerprint() == b.Payout.Fingerprint() }

func conflict(row Row, other int) BadRow {
	return BadRow{row.Line, payout.InvalidError{{Field: "ref", Value: row.Payout.Ref,
		Fix: fmt.Sprintf("line %d has it with other content; give each payout a reference of its own", other)}}}
}
