package settlement_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/settlement"
)

const (
	balanceHeader = "REQUEST_ID,FUND_AMOUNT,FUND_AMOUNT_CURRENCY,CHARGE_AMOUNT,FEE,WHT,VAT,PAID_TOTAL_AMOUNT,PAYER_ROLE_ID,DEPOSIT_ACCOUNT_NO,MERCHANT_NAME,TRANSACTION_DATE,SOURCE,REPORT_DATE"
	good          = "A-1,6000.0,IDR,550.0,500.0,0.0,50.0,6550.0,216620000000000000001,20070000000000000001,Toko,20260301 08:31:11,Toko,20260302"
)

// read is the rows of a report as text, and how it ended.
func read(text string) (rows []string, err error) {
	for r, err := range settlement.Rows(strings.NewReader(text)) {
		if err != nil {
			return rows, err
		}
		if r.Err != nil {
			rows = append(rows, fmt.Sprintf("%d: %v", r.Line, r.Err))
			continue
		}
		rows = append(rows, fmt.Sprintf("%d %s %d %d %d %d %s %t", r.Line, r.Ref, r.Fund, r.Charge, r.Fee, r.Total, jakarta.Format(r.At), r.Back()))
	}
	return rows, nil
}

func TestReport(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/MERCHANT_DANA_DISBURSEMENT_SETTLEMENT_REPORT_216620000000000000001_20260302.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2 PAY-2026-03-0001 15000000 55500 50000 15055500 2026-03-01T08:31:11+07:00 false",
		"3 PAY-2026-03-0002 1250000000 277500 250000 1250277500 2026-03-01T23:59:59+07:00 false",
		"4 PAY-2026-03-0003 7500050 0 0 7500050 2026-03-01T00:00:00+07:00 false",
		"5 PAY-2026-02-0917 -2000000 0 0 -2000000 2026-02-28T16:12:39+07:00 true",
		"6 PAY-2026-02-0455 -200000 -55500 -50000 -255500 2026-03-01T04:23:32+07:00 true",
	}
	for name, form := range map[string]string{
		"AsItIs": string(text), "BOM": "\ufeff" + string(text), "CRLF": strings.ReplaceAll(string(text), "\n", "\r\n"),
		"NoLastLineBreak": strings.TrimSuffix(string(text), "\n"), "Quoted": strings.ReplaceAll(string(text), "Toko Melati", `"Toko ""Melati"", Solo"`),
	} {
		got, err := read(form)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// Columns are found by name: DANA may add some, and a report of balances alone has two less.
func TestColumns(t *testing.T) {
	t.Parallel()
	want := []string{"2 A-1 600000 55000 50000 655000 2026-03-01T08:31:11+07:00 false"}
	for _, text := range []string{
		balanceHeader + "\n" + good,
		balanceHeader + "\n" + good + "\n\n  \n",
		balanceHeader + "\n" + good + "\n,,,,,,,,,,,,,\n\"\",\"\", ,\t,,\n", // a spreadsheet's empty rows
		"NEW," + balanceHeader + "\nx," + good,
		"TRANSACTION_DATE, PAID_TOTAL_AMOUNT ,FEE,CHARGE_AMOUNT,FUND_AMOUNT_CURRENCY,FUND_AMOUNT,REQUEST_ID\n20260301 08:31:11,6550,500,550.00, IDR ,6000.000,A-1",
	} {
		got, err := read(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestNoReport(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"Empty":      {"", "line 1: there is no column REQUEST_ID"},
		"Payroll":    {"ref,customer,amount\n", "no column REQUEST_ID"},
		"Semicolons": {strings.ReplaceAll(balanceHeader, ",", ";"), "CSV with commas"},
		"Missing":    {strings.Replace(balanceHeader, ",FEE", ",FEES", 1), "no column FEE;"},
		"Twice":      {balanceHeader + ",FEE", "column FEE is there twice"},
		"Quotes":     {`"` + balanceHeader, "quotes do not match"},
		"UTF16":      {"\xff\xfeR\x00E\x00", "no column REQUEST_ID"},
	} {
		_, err := read(tc.text)
		var header settlement.HeaderError
		if !errors.As(err, &header) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := read(balanceHeader + "\n" + good + "\n" + strings.Repeat("x", 70_000) + "\n" + good)
	var long *settlement.LongLineError
	if !errors.As(err, &long) || long.Line != 3 {
		t.Errorf("a long line: %v", err)
	}
	for _, err := range settlement.Rows(iotest.ErrReader(errors.New("disk"))) {
		if err == nil || !strings.HasSuffix(err.Error(), "disk") {
			t.Errorf("a file that cannot be read: %v", err)
		}
	}
}

// A bad row is told of, and the next one is read.
func TestBadRows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, want string }{
		"NoRef":       {"A-1", "", `REQUEST_ID "": is not 1 to 64 printable characters`},
		"LongRef":     {"A-1", strings.Repeat("x", 65), "is not 1 to 64"},
		"Control":     {"A-1", "A\x01", "is not 1 to 64"},
		"Mangled":     {"A-1", "2.02603E+15", "scientific notation"},
		"Currency":    {"IDR", "USD", `FUND_AMOUNT_CURRENCY "USD": only IDR`},
		"NoAmount":    {"6000.0", "", `FUND_AMOUNT "": is not an amount`},
		"Separators":  {"6000.0", "6.000.0", "FUND_AMOUNT"},
		"Cents":       {"6000.0", "6000.005", "FUND_AMOUNT"},
		"Infinite":    {"6000.0", "NaN", "FUND_AMOUNT"},
		"Lost":        {"6000.0", "1.5E+10", "FUND_AMOUNT"},
		"Nothing":     {"6000.0", "-0.0", `FUND_AMOUNT "-0.0": is no movement`},
		"Sign":        {"550.0", "-550.0", `CHARGE_AMOUNT "-550.0": has another sign`},
		"Charge":      {"550.0,500.0", "x,500.0", `CHARGE_AMOUNT "x"`},
		"Fee":         {"500.0", "x", `FEE "x"`},
		"Total":       {"6550.0", "x", `PAID_TOTAL_AMOUNT "x"`},
		"Date":        {"20260301 08:31:11", "20260230 08:31:11", "TRANSACTION_DATE"},
		"DateShort":   {"20260301 08:31:11", "20260301 8:31:11", "TRANSACTION_DATE"},
		"DateISO":     {"20260301 08:31:11", "2026-03-01T08:31:11", "TRANSACTION_DATE"},
		"Cells":       {"A-1,", "A,1,", "15 cells where the header has 14"},
		"Quote":       {"Toko", `"Toko`, "quotes do not match"},
		"PhoneMasked": {"IDR", "62811742234", `"****234"`},
	} {
		got, err := read(balanceHeader + "\n" + strings.Replace(good, tc.from, tc.to, 1) + "\n" + good)
		if err != nil || len(got) != 2 || !strings.HasPrefix(got[0], "2: ") || !strings.Contains(got[0], tc.want) || !strings.HasPrefix(got[1], "3 A-1") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// Whatever a file holds: every row is told once, in order, in one line, and a good one is a movement of money.
func FuzzRows(f *testing.F) {
	report, err := os.ReadFile("testdata/MERCHANT_DANA_DISBURSEMENT_SETTLEMENT_REPORT_216620000000000000001_20260302.csv")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		string(report), balanceHeader, balanceHeader + "\n" + good + "\n" + strings.Replace(good, "6000.0", "9E16", 1), "\ufeff", "\n\n", `"`, balanceHeader + "\n,,,,,,,,,,,,,\n\"",
		balanceHeader + "\n" + strings.Replace(good, "6000.0", "-1.23456789012345678E9", 1), balanceHeader + "\n" + strings.Replace(good, "6000.0", "92233720368547758.07", 1),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, last := strings.Count(text, "\n")+1, 1
		for r, err := range settlement.Rows(strings.NewReader(text)) {
			switch {
			case err != nil:
				if r.Line != 0 || strings.Contains(err.Error(), "\n") {
					t.Fatalf("%+v, %q", r, err)
				}
				return
			case r.Line <= last || r.Line > lines:
				t.Fatalf("line %d of %d after line %d", r.Line, lines, last)
			case r.Err != nil && (strings.Contains(r.Err.Error(), "\n") || r.Ref != ""):
				t.Fatalf("%+v", r)
			case r.Err == nil && (r.Ref == "" || r.Fund == 0 || r.At.IsZero() || r.Back() != (r.Fund < 0)):
				t.Fatalf("%+v", r)
			}
			last = r.Line
		}
	})
}
