package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/payout"
)

// csvReader reads CSV by the rules.
func csvReader(rules Rules) func(*bufio.Reader, func(Row, error) bool) error {
	return func(text *bufio.Reader, yield func(Row, error) bool) error { return readCSV(text, rules, yield) }
}

// readCSV yields every row that has at least one filled cell.
func readCSV(text *bufio.Reader, rules Rules, yield func(Row, error) bool) error {
	skipped, comma, err := separator(text)
	if err != nil {
		return err
	}
	bound := &bounded{from: text, left: longestLine}
	rows := csv.NewReader(bound)
	rows.FieldsPerRecord = -1 // counted here, to say it better
	rows.Comma = comma
	rows.ReuseRecord = true

	header, err := rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil // no payouts, as a header alone
	case errors.As(err, new(*csv.ParseError)):
		return HeaderError{"the quotes do not match; write the column names without quotes"}
	case errors.Is(err, errBeyond):
		return &LongRowError{skipped + 1}
	case err != nil:
		return fmt.Errorf("reading payouts: %w", err)
	case !utf8.ValidString(strings.Join(header, "")):
		return HeaderError{errUTF8.Error()}
	}
	columns, err := columnsOf(header)
	if err != nil {
		return err
	}
	next := skipped + 1 // no later than the line that the next row begins on
	for {
		bound.left = longestLine
		cells, err := rows.Read()
		var r Row
		switch broken := (*csv.ParseError)(nil); {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errBeyond):
			return &LongRowError{next}
		case errors.As(err, &broken):
			// Where the broken row ends is a guess: rows after it may have been swallowed
			// by an open quote. Swallowed rows are not paid, and this line reports them.
			r = Row{Line: skipped + broken.StartLine, Err: fmt.Errorf("the quotes do not match (line %d, column %d); "+
				"put a text with quotes into quotes and double those inside", skipped+broken.Line, broken.Column)}
			next = skipped + broken.Line + 1
		case err != nil:
			return fmt.Errorf("reading payouts: %w", err)
		default:
			line, _ := rows.FieldPos(0)
			last, _ := rows.FieldPos(len(cells) - 1)
			next = skipped + last + 1
			if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
				continue // a spreadsheet's empty row
			}
			r = csvRow(skipped+line, columns, cells, comma, rules)
			r.Unended = bound.unended && rows.InputOffset() == bound.read
		}
		if !yield(r, nil) {
			return errEnough
		}
	}
}

// csvRow is a row as its cells say.
func csvRow(line int, columns []int, cells []string, comma rune, rules Rules) Row {
	in, err := instruction(columns, cells)
	if err == nil && comma == ',' {
		err = splitNumber(columns, cells)
	}
	if err != nil {
		return Row{Line: line, Err: err}
	}
	r := row(line, in)
	if rules.RefsAsWritten {
		return r
	}
	if bad := checkRef(in.Ref); bad != nil {
		r = Row{Line: line, Err: withOthers(bad, r.Err)}
	}
	return r
}

// withOthers adds what else is wrong with a row.
func withOthers(bad, others error) error {
	var fields *salur.InvalidError
	var more *salur.InvalidError
	if errors.As(toPublic(bad), &fields) && errors.As(others, &more) {
		for _, f := range more.Fields {
			if f.Field != "ref" {
				fields.Fields = append(fields.Fields, f)
			}
		}
	}
	return fields
}

// bounded keeps a quote that is never closed from reading the rest of a large file into memory, and knows how the file ends.
type bounded struct {
	from io.Reader
	left int   // bytes that the present row may still take
	read int64 // bytes
	last byte
	// unended is that the file is at its end, and its last line is not. A quote that closes a cell ends nothing: it may be
	// the first of two.
	unended bool
}

var errBeyond = errors.New("beyond a row's length")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errBeyond
	}
	n, err := b.from.Read(p)
	b.left -= n
	b.read += int64(n)
	if n > 0 {
		b.last = p[n-1]
	}
	b.unended = errors.Is(err, io.EOF) && b.last != '\n' && b.last != '\r'
	return n, err
}

// LongRowError is a CSV row without an end. It is told of the whole file, for what comes after it
// cannot be told apart from it.
type LongRowError struct{ Line int }

// Error names the line that the row begins on.
func (e *LongRowError) Error() string {
	return fmt.Sprintf("line %d: the row is longer than %d bytes; there is probably a quote that is not closed", e.Line, longestLine)
}

// separator is what stands between cells. Excel may name it in a first line of its own, sep=; which
// is skipped. Else it is a semicolon or a tab when the header has one, as spreadsheets write them
// where the comma is the decimal sign; no column name contains any of them.
func separator(r *bufio.Reader) (skipped int, comma rune, err error) {
	start, _ := r.Peek(r.Size()) // a short file gives what there is
	blank := len(start) - len(bytes.TrimLeft(start, "\r\n"))
	header, _, whole := bytes.Cut(start[blank:], []byte("\n"))
	if named, found := bytes.CutPrefix(bytes.ToLower(bytes.Trim(header, "\"\r")), []byte("sep=")); found {
		if len(named) != 1 || !bytes.ContainsAny(named, ",;\t") {
			return 0, 0, HeaderError{fmt.Sprintf("%.20q names no separator; use sep=, or sep=; or a tab, or leave the line out", header)}
		}
		end := blank + len(header)
		if whole {
			end++
		}
		skipped = bytes.Count(start[:end], []byte("\n"))
		_, err = r.Discard(end)
		return skipped, rune(named[0]), err
	}
	for _, c := range ";\t" {
		if bytes.ContainsRune(header, c) {
			return 0, c, nil
		}
	}
	return 0, ',', nil
}

// columnsOf is the index of each column's field in payout.Instruction.
//
// A spreadsheet writes columns that are empty throughout: without a name they are unnamed, or at the end left out.
func columnsOf(header []string) ([]int, error) {
	var bad HeaderError
	for len(header) > 0 && header[len(header)-1] == "" {
		header = header[:len(header)-1]
	}
	columns := make([]int, len(header))
	for at, name := range header {
		i := slices.Index(fieldNames, name)
		switch {
		case name == "":
			i = unnamed
		case i < 0:
			bad = append(bad, "column "+unknownField(name))
		case slices.Contains(columns[:at], i):
			bad = append(bad, fmt.Sprintf("column %q is there twice; keep one", name))
		}
		columns[at] = i
	}
	for _, name := range required {
		if !slices.Contains(header, name) {
			bad = append(bad, fmt.Sprintf("column %q is missing; add it", name))
		}
	}
	if bad != nil {
		return nil, bad
	}
	return columns, nil
}

// unnamed is the index of a column without a name.
const unnamed = -1

// instruction fills the columns' fields with the cells. An empty cell is not given.
func instruction(columns []int, cells []string) (in payout.Instruction, err error) {
	switch filled := len(strings.Join(cells[min(len(cells), len(columns)):], "")) > 0; {
	case len(cells) < len(columns):
		return in, fmt.Errorf("%d cells where the header has %d; the row may be cut off: an empty cell needs its separator, too", len(cells), len(columns))
	case filled:
		return in, fmt.Errorf("%d cells where the header has %d; write amounts without separators, and quote a text that contains the separator",
			len(cells), len(columns))
	}
	fields := reflect.ValueOf(&in).Elem()
	for at, cell := range cells[:len(columns)] {
		if cell == "" {
			continue
		}
		if columns[at] == unnamed {
			return in, fmt.Errorf("cell %d stands in a column without a name; name the column or empty it", at+1)
		}
		if !utf8.ValidString(cell) {
			return in, errUTF8
		}
		field := fields.Field(columns[at])
		if field.Kind() == reflect.String {
			field.SetString(cell)
			continue
		}
		yes, err := strconv.ParseBool(cell)
		if err != nil {
			return in, fmt.Errorf("%s: use true or false", fieldNames[columns[at]])
		}
		field.SetBool(yes)
	}
	return in, nil
}
