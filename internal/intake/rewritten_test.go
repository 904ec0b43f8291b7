package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/salur-id/salur/internal/intake"
)

func accepted(t testing.TB, text string, format intake.Format, rules intake.Rules) (bool, error) {
	t.Helper()
	for row, err := range intake.Rows(strings.NewReader(text), format, rules) {
		if err != nil {
			t.Fatal(err)
		}
		return row.Err == nil, row.Err
	}
	t.Fatalf("no row in %q", text)
	return false, nil
}

// A reference that a spreadsheet would rewrite, or has rewritten, is refused in a CSV: it would be another payout, and pay again.
func TestRefsThatSpreadsheetsRewrite(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{
		"0001", "00", "1234567890123456", "100000000000000000", // zeros and digits that are lost
		"1.23E+17", "1E5", "12e3", "1e-3", "1.5E3", "1,5E+6", // exponents
		"2026-3-1", "2026-03-01", "01/03/2026", "1-2", "3/4", "12-2026", "1.2.2026", "2026-11-001", "2026-0001", "2026-03-01T10:00:00Z", // dates
		"MAR-1", "01-Mar", "Mar-26", "mar1", "SEPT2", "March1", "1Mar2026", "Mei-26", "AGU-1", "1-Okt", "Des-2026", "Agustus-1", "NOV-2026-001",
		"10:30", "1:2:3", "10:30pm", "10AM",
		"1.5", "1,5", "1.0", "1.", ".5", "1,000", "1.000.000", "10.0.0.1", "5%", "$5", "Rp500", "(5)",
		"+1", "-1", "-A", "=A", "=1+1", "@A", "'0001", "TRUE", "false", "#NAME?", "#N/A", "#####", "#DIV/0!",
	} {
		text := fmt.Sprintf("ref;customer;amount\n%s;62811742234;10000\n", ref)
		ok, err := accepted(t, text, intake.CSV, intake.Rules{})
		if ok || !strings.HasPrefix(err.Error(), "ref ") || !strings.Contains(err.Error(), "spreadsheet") {
			t.Errorf("%q: %v", ref, err)
		}
		if ok, err := accepted(t, text, intake.CSV, intake.Rules{RefsAsWritten: true}); !ok && ref != "1.23E+17" && ref != "1,5E+6" {
			t.Errorf("%q as written: %v", ref, err) // those two have lost their digits for certain
		}
		line := fmt.Sprintf(`{"ref":%q,"customer":"62811742234","amount":"10000"}`, ref)
		if ok, err := accepted(t, line, intake.JSONL, intake.Rules{}); !ok && ref != "1.23E+17" && ref != "1,5E+6" {
			t.Errorf("JSONL %q: %v", ref, err)
		}
	}
	for _, ref := range []string{"1", "0", "10023", "123456789012345", "P0001", "PAY-2026-11-001", "A-1", "MAR", "MARS-1", "JUNK-1", "4812-7731", "1E5X", "INV/2026/001", "truest", "a1", "#17", "1e"} {
		if ok, err := accepted(t, fmt.Sprintf("ref;customer;amount\n%s;62811742234;10000\n", ref), intake.CSV, intake.Rules{}); !ok {
			t.Errorf("%q is refused: %v", ref, err)
		}
	}
	_, err := accepted(t, "ref,customer,amount\n0001,0811742234,10000\n", intake.CSV, intake.Rules{})
	if err == nil || !strings.Contains(err.Error(), "customer ") || !strings.Contains(err.Error(), "put a letter before it") || strings.Contains(err.Error(), "\n") {
		t.Errorf("both fields: %v", err)
	}
	if _, err := accepted(t, "ref,customer,amount\n0811742234567,62811742234,10000\n", intake.CSV, intake.Rules{}); strings.Contains(err.Error(), "0811742234567") {
		t.Errorf("what may be a phone number is shown: %v", err)
	}
}

// Whatever of numbers, separators and months makes up a reference: one letter that belongs to none of them keeps it.
func TestPropertyALetterBeforeARefKeepsIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		ref := rapid.StringMatching(`([0-9]{1,9}|[-/.:,]|Mar|Mei|DES|E|AM|%|TRUE){1,6}`).Draw(rt, "ref")
		if ok, err := accepted(t, fmt.Sprintf("ref;customer;amount\nQ%s;62811742234;10000\n", ref), intake.CSV, intake.Rules{}); !ok {
			rt.Fatal(err)
		}
		number := rapid.StringMatching(`0[0-9]{1,40}|[1-9][0-9]{15,40}`).Draw(rt, "number")
		if ok, _ := accepted(t, fmt.Sprintf("ref;customer;amount\n%s;62811742234;10000\n", number), intake.CSV, intake.Rules{}); ok {
			rt.Fatalf("%q is accepted", number)
		}
	})
}

// A number that seems to stand in more than one cell is refused.
func TestNumberInSeveralCells(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		header, row string
		ok          bool
	}{
		{"amount,fee,notes", "1,500,000", false},
		{"amount,fee,notes", "1,500,", false},
		{"amount,fee,notes", "12,500.00,", false},
		{"fee,amount,notes", "0,1,500", false},
		{"amount,fee,notes", "1750000,50,", false},
		{"amount,notes", "1,500", false},
		{"amount,fee,notes", "1.00,500,", true},
		{"amount,fee,notes", "1500000,2500,", true},
		{"amount,fee,notes", "1500000,50.00,", true},
		{"amount,fee,notes", "1500000,0,", true},
		{"amount,notes", "1500000,11", true},
		{"amount,notes", "1500,500", true},
	} {
		ok, err := accepted(t, "ref,customer,"+tc.header+"\nA,62811742234,"+tc.row+"\n", intake.CSV, intake.Rules{})
		if ok != tc.ok || !ok && !strings.Contains(err.Error(), "one number") {
			t.Errorf("%s under %s: %v", tc.row, tc.header, err)
		}
	}
	for row, want := range map[string]bool{"500,014,2460888509": true, "1,500,000": false} {
		if ok, err := accepted(t, "ref,kind,customer,amount,bankCode,account\nA,bank,62811742234,"+row+"\n", intake.CSV, intake.Rules{}); ok != want {
			t.Errorf("%s: %v", row, err)
		}
	}
}

// Columns that are empty throughout do not matter, and nothing stands in one without a name.
func TestEmptyColumns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"ref,customer,amount,,\nA,62811742234,1,,\n":     true,
		"ref,customer,amount,,\nA,62811742234,1\n":       true,
		"ref,customer,amount\nA,62811742234,1,,\n":       true,
		"ref,,customer,amount\nA,,62811742234,1\n":       true,
		"ref,,customer,amount\nA,x,62811742234,1\n":      false,
		"ref,customer,amount,,\nA,62811742234,1,,gift\n": false,
		"ref,customer,amount\nA,62811742234\n":           false,
	} {
		if ok, err := accepted(t, text, intake.CSV, intake.Rules{}); ok != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is no text with lines is named, in both formats.
func TestOtherFormatsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"PK\x03\x04\x14\x00\x06\x00":             "Excel workbook",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00":   "old Excel workbook",
		"\x1f\x8b\x08\x00":                       "compressed",
		"%PDF-1.7\n":                             "PDF",
		"<html><table>":                          "HTML",
		"ref,customer,amount\rA,62811742234,1\r": "carriage return alone",
		example + "\r" + strings.Replace(example, "A-1", "A-2", 1): "carriage return alone",
		"r\x00e\x00f\x00": "UTF-16",
	} {
		for _, format := range []intake.Format{intake.CSV, intake.JSONL} {
			rows, err := read(text, format)
			if err == nil || len(rows) > 0 || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s %q: %v", format, text, err)
			}
		}
	}
}
