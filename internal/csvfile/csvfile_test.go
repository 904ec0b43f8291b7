package csvfile

import (
	"encoding/csv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However a spreadsheet separates the cells of a line, none begins like a formula.
func TestNoCellBeginsLikeAFormula(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"PAY-1":          `"PAY-1"`,
		"=1+1":           `"'=1+1"`,
		"-5":             `"'-5"`,
		"A;=cmd|' /C'!0": `"A;'=cmd|' /C'!0"`,
		"A; @SUM(1)":     `"A;' @SUM(1)"`,
		"A\t+1":          "\"A\t'+1\"",
		`say "hi"`:       `"say ""hi"""`,
		"\ttext":         "\"'\ttext\"",
		"A,=1":           `"A,'=1"`,
		"10000.00":       `"10000.00"`,
	} {
		var b strings.Builder
		if err := Write(&b, in); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(b.String(), "\n"); got != want {
			t.Errorf("%q is written %s, want %s", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune("aA1 =+-@;,|\t\"'"))), 1, 4).Draw(t, "cells")
		var b strings.Builder
		if err := Write(&b, cells...); err != nil {
			t.Fatal(err)
		}
		for _, separator := range []rune{',', ';', '\t', '|'} {
			r := csv.NewReader(strings.NewReader(b.String()))
			r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator, true, -1
			rows, err := r.ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if text := strings.TrimLeft(cell, " "); text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
						t.Fatalf("separated at %q, %q has the cell %q", separator, b.String(), cell)
					}
				}
			}
		}
	})
}
