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

	"github.com/salur-id/salur/internal/payout"
)

// readCSV gives c every row that has at least one filled cell.
func readCSV(r io.Reader, c *collector) error {
	text := bufio.NewReader(r)
	// A short file is no error here; one that cannot be read fails again below.
	if start, _ := text.Peek(len(bom)); bytes.Equal(start, bom) {
		_, _ = text.Discard(len(bom))
	}
	rows := csv.NewReader(text)
	rows.FieldsPerRecord = -1 // counted here, to say it better
	rows.Comma = separator(text)

	header, err := rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return HeaderError{"the file is empty; begin it with the column names ref, customer and amount"}
	case errors.As(err, new(*csv.ParseError)):
		return HeaderError{"the quotes do not match; write the column names without quotes"}
	case err != nil:
		return fmt.Errorf("reading payouts: %w", err)
	}
	columns, err := columnsOf(header)
	if err != nil {
		return err
	}
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if broken := (*csv.ParseError)(nil); errors.As(err, &broken) {
			// Where the broken row ends is a guess: rows after it may have been swallowed
			// by an open quote. Swallowed rows are not paid, and this line reports them.
			c.refuse(broken.StartLine, fmt.Errorf("the quotes do not match (line %d, column %d); "+
				"put a text with quotes into quotes and double those inside", broken.Line, broken.Column))
			continue
		}
		if err != nil {
			return fmt.Errorf("reading payouts: %w", err)
		}
		line, _ := rows.FieldPos(0)
		switch in, err := instruction(columns, cells); {
		case !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }):
			// A spreadsheet's empty row.
		case err != nil:
			c.refuse(line, err)
		default:
			c.add(line, in)
		}
	}
}

// separator is a semicolon when the header has one, as spreadsheets write it where the
// comma is the decimal sign; no column name contains either.
func separator(r *bufio.Reader) rune {
	start, _ := r.Peek(r.Size()) // a short file gives what there is
	header, _, _ := bytes.Cut(bytes.TrimLeft(start, "\r\n"), []byte("\n"))
	if bytes.ContainsRune(header, ';') {
		return ';'
	}
	return ','
}

// columnsOf is the index of each column's field in payout.Instruction.
func columnsOf(header []string) ([]int, error) {
	var bad HeaderError
	columns := make([]int, len(header))
	for at, name := range header {
		i := slices.Index(fieldNames, name)
		switch {
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

// instruction fills the columns' fields with the cells. An empty cell is not given.
func instruction(columns []int, cells []string) (in payout.Instruction, err error) {
	if len(cells) != len(columns) {
		return in, fmt.Errorf("%d cells where the header has %d; quote a text that contains the separator", len(cells), len(columns))
	}
	fields := reflect.ValueOf(&in).Elem()
	for at, cell := range cells {
		if cell == "" {
			continue
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
