package intake_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/payout"
)

const (
	example     = `{"ref":"A-1","customer":"62811742234","amount":"10000"}`
	bankExample = `{"ref":"B-1","kind":"bank","customer":"62811742234","amount":"50000","bankCode":"014","account":"2460888509"}`
)

// read is a whole file.
func read(text string, format intake.Format) ([]intake.Row, error) {
	return readFrom(strings.NewReader(text), format)
}

func readFrom(r io.Reader, format intake.Format) ([]intake.Row, error) {
	var all []intake.Row
	for row, err := range intake.Rows(r, format, intake.Rules{}) {
		if err != nil {
			return all, err
		}
		all = append(all, row)
	}
	return all, nil
}

// show is a file as text, the good rows and then the bad ones, for comparing.
func show(rows []intake.Row) string {
	var good, bad strings.Builder
	for _, r := range rows {
		if r.Err != nil {
			fmt.Fprintf(&bad, "line %d: %v\n", r.Line, r.Err)
		} else {
			fmt.Fprintf(&good, "%d %s %s %s\n", r.Line, r.Payout.Ref, r.Payout.Customer, r.Payout.Amount.Value())
		}
	}
	return good.String() + bad.String()
}

const (
	allFields    = "use ref, kind, customer, amount, fee, notes, fundType, chargeTarget, division, customerId, bankCode, account, accountName, validate, notAfter"
	noObject     = `not one JSON object; write a payout per line, such as ` + example
	badAmount    = "use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)"
	badThousands = "leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals"
	mangled      = "a spreadsheet has turned this number into scientific notation and its digits are lost; format the column as text, enter the number again and export the file again"
)

func TestJSONL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"one", example, "1 A-1 62811742234 10000.00\n"},
		{"blank lines and CRLF", "\r\n \t\r\n" + example + "\r\n\n", "3 A-1 62811742234 10000.00\n"},
		{"byte order mark", "\xef\xbb\xbf" + example, "1 A-1 62811742234 10000.00\n"},
		{"amount as a number", `{"ref":"A-1","customer":"62811742234","amount":10000.50}`, "1 A-1 62811742234 10000.50\n"},
		{"no rounding", `{"ref":"A-1","customer":"62811742234","amount":900719925474.01}`, "1 A-1 62811742234 900719925474.01\n"},
		{"more than any payout", `{"ref":"A-1","customer":"62811742234","amount":9007199254740993.01}`, `line 1: amount "9007199254740993.01": must be at most 1000000000000.00` + "\n"},
		{"null is not given", `{"ref":"A-1","customer":"62811742234","amount":1,"fee":null,"notes":null}`, "1 A-1 62811742234 1.00\n"},
		{"bad fields", `{"ref":"","customer":"0811742234","amount":"1,000"}` + "\n" + example,
			"2 A-1 62811742234 10000.00\n" + `line 1: ref "": use 1 to 64 printable ASCII characters without spaces; ` +
				`customer "****234": write it with 62 in place of the first 0, beginning with 628; amount "1,000": ` + badThousands + "\n"},
		{"thousands", `{"ref":"A","customer":"62811742234","amount":"1.000.000"}`, `line 1: amount "1.000.000": ` + badThousands + "\n"},
		{"unknown field", `{"ref":"A","costumer":"62811742234"}`, `line 1: "costumer": does not exist; did you mean "customer"?` + "\n"},
		{"far from any field", `{"phone":"62811742234"}`, `line 1: "phone": does not exist; ` + allFields + "\n"},
		{"number as field", `{"62811742234":1}`, `line 1: "***********": does not exist; ` + allFields + "\n"},
		{"case of a field", `{"Ref":"A"}`, `line 1: "Ref": write it "ref"` + "\n"},
		{"field twice", `{"amount":1,"amount":2}`, `line 1: "amount": is there twice; keep one` + "\n"},
		{"number for a text", `{"customer":62811742234}`, `line 1: "customer": use a text in double quotes` + "\n"},
		{"text for a truth", `{"validate":"true"}`, `line 1: "validate": use true or false without quotes` + "\n"},
		{"object for an amount", `{"ref":"A","customer":"62811742234","amount":{"value":"1.00"}}`,
			`line 1: "amount": use a text in double quotes, or a number` + "\n"},
		{"both kinds", example + "\n" + bankExample, "1 A-1 62811742234 10000.00\n2 B-1 62811742234 50000.00\n"},
		{"fields of the other kind", `{"ref":"A","customer":"62811742234","amount":1,"account":"2460888509"}` + "\n" +
			`{"ref":"B","kind":"bank","customer":"62811742234","amount":1,"bankCode":"014","account":"2460888509","notes":"gift"}`,
			`line 1: account "****509": goes only with kind bank` + "\n" + `line 2: notes "****": goes only with kind topup` + "\n"},
		{"account as a number", `{"kind":"bank","account":2460888509}`, `line 1: "account": use a text in double quotes` + "\n"},
		{"misspelt bank code", `{"kind":"bank","bankcode":"014"}`, `line 1: "bankcode": write it "bankCode"` + "\n"},
		{"array", "[" + example + "]", "line 1: " + noObject + "\n"},
		{"text", `"62811742234"`, "line 1: " + noObject + "\n"},
		{"cut off", `{"ref":"A-1","customer":"6281174`, "line 1: " + noObject + "\n"},
		{"not closed", `{"ref":"A-1"`, "line 1: " + noObject + "\n"},
		{"comma too many", `{"ref":"A-1",}`, "line 1: " + noObject + "\n"},
		{"garbage behind", example + "x", "line 1: " + noObject + "\n"},
		{"two objects on a line", example + example, "line 1: " + noObject + "\n"},
		{"not UTF-8", "{\"ref\":\"A\",\"notes\":\"caf\xe9\"}", "line 1: not UTF-8; save the file as UTF-8\n"},
		{"too long", example[:len(example)-1] + `,"notes":"` + strings.Repeat("x", 1<<20) + "\"}\n" + example,
			"2 A-1 62811742234 10000.00\nline 1: longer than 1048576 bytes; write one payout per line\n"},
		{"too long at the end", example + "\n" + strings.Repeat("x", 1<<20+1),
			"1 A-1 62811742234 10000.00\nline 2: longer than 1048576 bytes; write one payout per line\n"},
		{"longer than a payout", example[:len(example)-1] + `,"notes":"` + strings.Repeat("x", 1<<14) + "\"}\n" + example,
			"2 A-1 62811742234 10000.00\nline 1: longer than 16384 bytes; a payout needs a few hundred\n"},
		{"as long as allowed", strings.Repeat(" ", 1<<20-len(example)-1) + example + "\n", "1 A-1 62811742234 10000.00\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := read(tc.in, intake.JSONL)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, show(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func zeros(code string) string {
	return "a spreadsheet seems to have dropped the zeros of " + code + ", and perhaps those of account numbers too; " +
		"format both columns as text, enter the numbers again and export the file again"
}

func TestCSV(t *testing.T) {
	t.Parallel()
	const header = "ref,customer,amount,notes\n"
	const row = "A-1,62811742234,10000,\n"
	const bankHeader = "ref,kind,customer,amount,bankCode,account\n"
	for _, tc := range []struct{ name, in, want string }{
		{"header alone", header, ""},
		{"header without a line end", header[:len(header)-1], ""},
		{"empty", "", ""},
		{"blank lines", "\n\r\n", ""},
		{"byte order mark alone", "\xef\xbb\xbf", ""},
		{"the separator alone", "sep=;", ""},
		{"one", header + row, "2 A-1 62811742234 10000.00\n"},
		{"no newline at the end", "ref,customer,amount\nA-1,62811742234,1", "2 A-1 62811742234 1.00\n"},
		{"any order", "amount,ref,customer\n5.5,A-1,62811742234\n", "2 A-1 62811742234 5.50\n"},
		{"byte order mark, CRLF, semicolons, quotes", "\xef\xbb\xbf\"ref\";\"customer\";\"amount\"\r\n\"A-1\";\"62811742234\";1\r\n", "2 A-1 62811742234 1.00\n"},
		{"blank lines first", "\n\nref;customer;amount\nA-1;62811742234;1\n", "4 A-1 62811742234 1.00\n"},
		{"semicolon in a comma file", header + "A-1,62811742234,1,a;b\n", "2 A-1 62811742234 1.00\n"},
		{"empty rows of a spreadsheet", header + ",,,\n\n , ,,\n,\n" + row, "6 A-1 62811742234 10000.00\n"},
		{"lines after a quoted line break", header + "A-1,62811742234,1,\"two\nlines\"\nA-2,62811742234,1,\n",
			"4 A-2 62811742234 1.00\nline 2: notes \"****\": leave out line breaks and other control characters\n"},
		{"thousands", header + "A,62811742234,1.000.000,\nB,62811742234,\"1,000\",\n",
			`line 2: amount "1.000.000": ` + badThousands + "\n" + `line 3: amount "1,000": ` + badThousands + "\n"},
		{"mangled by a spreadsheet", header + "2.02601E+13,6.28117E+10,\"1,5E+6\",1E+5\nA-1,6.2811742234e+10,x,\n",
			fmt.Sprintf("line 2: ref %q: %s; customer %q: %s; amount %q: %s\n", "2.02601E+13", mangled, "****+10", mangled, "1,5E+6", mangled) +
				fmt.Sprintf("line 3: customer %q: %s; amount %q: %s\n", "****+10", mangled, "x", badAmount)},
		{"both kinds", bankHeader + "A,topup,62811742234,1,,\nB,bank,62811742234,2,014,0060888509\nC,,62811742234,3,,\n",
			"2 A 62811742234 1.00\n3 B 62811742234 2.00\n4 C 62811742234 3.00\n"},
		{"fields of the other kind", bankHeader + "A,topup,62811742234,1,014,2460888509\nB,bank,62811742234,2,,\nC,Bank,62811742234,2,014,2460888509\n",
			`line 2: bankCode "014": goes only with kind bank; account "****509": goes only with kind bank` + "\n" +
				`line 3: bankCode "": use the bank's code with its leading zeros, such as 014; account "": use 1 to 32 digits without separators` + "\n" +
				`line 4: kind "Bank": use topup or bank` + "\n"},
		{"bank account mangled by a spreadsheet", bankHeader + "B,bank,62811742234,2,014,2.46089E+09\nC,bank,62811742234,2,1.4E+1,2460888509\n",
			fmt.Sprintf("line 2: account %q: %s\nline 3: bankCode %q: %s\n", "****+09", mangled, "****", mangled)},
		{"zeros dropped by a spreadsheet", bankHeader + "B,bank,62811742234,2,14,60888509\nC,bank,62811742234,x,2,1\nD,bank,62811742234,2,77,1\nE,topup,62811742234,2,14,\n",
			"4 D 62811742234 2.00\n" + // 77 may be a code that the list does not have
				fmt.Sprintf("line 2: bankCode %q: %s\nline 3: bankCode %q: %s; amount %q: %s\n", "14", zeros("014"), "2", zeros("002"), "x", badAmount) +
				`line 5: bankCode "14": goes only with kind bank` + "\n"},
		{"cells missing", header + "A-1,62811742234,1\n" + row,
			"3 A-1 62811742234 10000.00\nline 2: 3 cells where the header has 4; the row may be cut off: an empty cell needs its separator, too\n"},
		{"cells too many", header + "A-1,62811742234,1,000,gift\n", "line 2: 5 cells where the header has 4; write amounts without separators, and quote a text that contains the separator\n"},
		{"a stray quote", header + "A-1,62811742234,1,a\"b\n" + row,
			"3 A-1 62811742234 10000.00\nline 2: the quotes do not match (line 2, column 20); put a text with quotes into quotes and double those inside\n"},
		{"an open quote", header + row + "A-2,62811742234,1,\"gift\nA-3,62811742234,1,\n",
			"2 A-1 62811742234 10000.00\nline 3: the quotes do not match (line 4, column 20); put a text with quotes into quotes and double those inside\n"},
		{"Excel names its separator", "\xef\xbb\xbfsep=;\r\nref;customer;amount\r\nA-1;62811742234;1\r\nA-2;62811742234;x\r\n",
			"3 A-1 62811742234 1.00\nline 4: amount \"x\": " + badAmount + "\n"},
		{"in quotes, behind blank lines", "\n\"SEP=,\"\nref,customer,amount\nA-1,62811742234,1\n", "4 A-1 62811742234 1.00\n"},
		{"a tab named", "sep=\t\nref\tcustomer\tamount\nA-1\t62811742234\t1\n", "3 A-1 62811742234 1.00\n"},
		{"tabs", "ref\tcustomer\tamount\tnotes\nA-1\t62811742234\t1\ta;b,c\n", "2 A-1 62811742234 1.00\n"},
		{"not UTF-8", header + "A-1,62811742234,1,caf\xe9\n" + row, "3 A-1 62811742234 10000.00\nline 2: not UTF-8; save the file as UTF-8\n"},
		{"a stray quote after the separator is named", "sep=,\n" + header + "A-1,62811742234,1,a\"b\n" + row,
			"4 A-1 62811742234 10000.00\nline 3: the quotes do not match (line 3, column 20); put a text with quotes into quotes and double those inside\n"},
		{"truth", "ref,customer,amount,validate\nA,62811742234,1,FALSE\nB,62811742234,1,yes\nC,62811742234,1,\n",
			"2 A 62811742234 1.00\n4 C 62811742234 1.00\nline 3: validate: use true or false\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := read(tc.in, intake.CSV)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, show(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCSVHeaderRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"missing", "ref,notes\n", `header: column "customer" is missing; add it` + "\n" + `header: column "amount" is missing; add it`},
		{"unknown", "ref,costumer,customer,amount,phone\n", `header: column "costumer" does not exist; did you mean "customer"?` + "\n" +
			`header: column "phone" does not exist; ` + allFields},
		{"twice", "ref,customer,amount,ref\n", `header: column "ref" is there twice; keep one`},
		{"no header", "62811742234,ref,customer,amount\n", `header: column "****234" does not exist; ` + allFields},
		{"not UTF-8", "ref,customer,amount,\xe9\n", "header: not UTF-8; save the file as UTF-8"},
		{"a separator that is none", "sep=|\nref|customer|amount\n", `header: "sep=|" names no separator; use sep=, or sep=; or a tab, or leave the line out`},
		{"quotes", "ref,\"customer,amount\n", "header: the quotes do not match; write the column names without quotes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := read(tc.in, intake.CSV)
			var header intake.HeaderError
			if !errors.As(err, &header) || err.Error() != tc.want {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
			if show(got) != "" {
				t.Errorf("rows beside the error: %s", show(got))
			}
		})
	}
}

// Every field arrives in the payout, from both formats alike.
func TestEveryField(t *testing.T) {
	t.Parallel()
	const csv = "ref,kind,customer,amount,fee,notes,fundType,chargeTarget,division,customerId,validate,notAfter\n" +
		"A-1,topup,620000000000,10000,1.5,\"gift, small\",FUND,DIVISION,D1,2166,false,2026-12-31T17:00:00+07:00\n"
	const jsonl = `{"ref":"A-1","kind":"topup","customer":"620000000000","amount":10000,"fee":"1.5","notes":"gift, small","fundType":"FUND",` +
		`"chargeTarget":"DIVISION","division":"D1","customerId":"2166","validate":false,"notAfter":"2026-12-31T17:00:00+07:00"}`
	want := salur.Payout{Kind: salur.TopUp, Ref: "A-1", Customer: "620000000000", Amount: salur.Rupiah(10000),
		Fee: salur.Cents(150), Notes: "gift, small", FundType: "FUND", ChargeTarget: "DIVISION", Division: "D1", CustomerID: "2166",
		NotAfter: time.Date(2026, 12, 31, 10, 0, 0, 0, time.UTC)}
	everyField(t, csv, jsonl, want)
}

func TestEveryFieldOfBank(t *testing.T) {
	t.Parallel()
	const csv = "ref,kind,customer,amount,fundType,chargeTarget,division,bankCode,account,accountName,validate,notAfter\n" +
		"B-1,bank,62811742234,50000,MERCHANT_WITHDRAW_FOR_CORPORATE,DIVISION,D1,014,0060888509,\"Budi, S.\",true,2026-12-31T17:00:00+07:00\n"
	const jsonl = `{"ref":"B-1","kind":"bank","customer":"62811742234","amount":50000,"fundType":"MERCHANT_WITHDRAW_FOR_CORPORATE","chargeTarget":"DIVISION",` +
		`"division":"D1","bankCode":"014","account":"0060888509","accountName":"Budi, S.","validate":true,"notAfter":"2026-12-31T17:00:00+07:00"}`
	everyField(t, csv, jsonl, salur.Payout{Kind: salur.Bank, Ref: "B-1", Customer: "62811742234", Amount: salur.Rupiah(50000),
		FundType: payout.FundTypeBank, ChargeTarget: "DIVISION", Division: "D1",
		BankCode: "014", Account: "0060888509", AccountName: "Budi, S.", Validate: true,
		NotAfter: time.Date(2026, 12, 31, 10, 0, 0, 0, time.UTC)})
}

func everyField(t *testing.T, csv, jsonl string, want salur.Payout) {
	t.Helper()
	for format, text := range map[intake.Format]string{intake.CSV: csv, intake.JSONL: jsonl} {
		got, err := read(text, format)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %+v, %v", format, got, err)
		}
		if diff := cmp.Diff(want, got[0].Payout, cmp.Comparer(func(a, b salur.Amount) bool { return a == b })); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
}

func TestReaderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk gone")
	for format, start := range map[intake.Format]string{
		intake.JSONL: example + "\n" + example[:9],
		intake.CSV:   "ref,customer,amount\nA-1,62811742234,1\nB",
	} {
		got, err := readFrom(io.MultiReader(strings.NewReader(start), iotest.ErrReader(broken)), format)
		if !errors.Is(err, broken) || len(got) != 1 || got[0].Err != nil {
			t.Errorf("%s: %q, %v", format, show(got), err)
		}
	}
	if _, err := readFrom(iotest.ErrReader(broken), intake.CSV); !errors.Is(err, broken) {
		t.Errorf("in the header: %v", err)
	}
}

func TestUTF16(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\xff\xfer\x00e\x00f\x00", "\xfe\xff\x00r\x00e", "r\x00e\x00f\x00", "\x00r\x00e", "\xef\xbb\xbfr\x00"} {
		for _, format := range []intake.Format{intake.CSV, intake.JSONL} {
			if got, err := read(text, format); !errors.Is(err, intake.ErrUTF16) || len(got) > 0 {
				t.Errorf("%s %q: %v, %v", format, text, got, err)
			}
		}
	}
}

// A quote that is never closed must not take the whole rest of a large file into memory.
func TestRowWithoutEnd(t *testing.T) {
	t.Parallel()
	const good = "A,62811742234,1\n"
	text := "sep=,\nref,customer,amount\n" + strings.Repeat(good, 200_000) + "B,62811742234,\"1\n" + strings.Repeat(good, 200_000)
	got, err := read(text, intake.CSV)
	var long *intake.LongRowError
	if !errors.As(err, &long) || long.Line != 200_003 || len(got) != 200_000 || strings.Contains(err.Error(), "\n") {
		t.Errorf("%d rows, %v", len(got), err)
	}
	if _, err := read("\"ref"+strings.Repeat("\n", 2<<20), intake.CSV); !errors.As(err, &long) || long.Line != 1 {
		t.Errorf("in the header: %v", err)
	}
}

// Who wants no more rows gets none.
func TestStopReading(t *testing.T) {
	t.Parallel()
	for format, text := range map[intake.Format]string{intake.JSONL: example + "\n" + example, intake.CSV: "ref,customer,amount\nA,62811742234,1\nB,62811742234,1\n"} {
		n := 0
		for range intake.Rows(strings.NewReader(text), format, intake.Rules{}) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: %d rows", format, n)
		}
	}
}

func TestBadRowKeepsItsType(t *testing.T) {
	t.Parallel()
	got, err := readFrom(strings.NewReader(`{"ref":"A","customer":"62811742234","amount":"0"}`), intake.JSONL)
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	var fields *salur.InvalidError
	if !errors.As(got[0].Err, &fields) || fields.Fields[0].Field != "amount" {
		t.Errorf("%v", got[0].Err)
	}
}

func TestFormatOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, flag string
		want       intake.Format
		err        string
	}{
		{"a.csv", "", intake.CSV, ""},
		{"dir.csv/A.JSONL", "", intake.JSONL, ""},
		{"a.csv", "jsonl", intake.JSONL, ""},
		{"-", "CSV", intake.CSV, ""},
		{"-", "", "", `"-" does not end in .csv or .jsonl; say --format csv or --format jsonl`},
		{"a.json", "", "", `"a.json" does not end in .csv or .jsonl; say --format csv or --format jsonl`},
		{"a.csv", "xlsx", "", `--format "xlsx": use csv or jsonl`},
	} {
		got, err := intake.FormatOf(tc.name, tc.flag)
		if got != tc.want || (err == nil) != (tc.err == "") || err != nil && err.Error() != tc.err {
			t.Errorf("FormatOf(%q, %q) = %q, %v", tc.name, tc.flag, got, err)
		}
	}
}
