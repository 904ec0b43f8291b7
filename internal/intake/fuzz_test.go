package intake_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/payout"
)

func FuzzJSONL(f *testing.F) {
	for _, text := range []string{example, example + "\n\n" + example, `{"ref":1}`, `{"a":`, "{}{}", `{"amount":1e5,"ref":"\ud800"}`, "[", "\xff", "null", bankExample} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text, intake.JSONL) })
}

func FuzzCSV(f *testing.F) {
	const header = "ref,customer,amount,notes,validate\n"
	for _, text := range []string{header + "A-1,62811742234,1,,", header + "A,62811742234,1,\"a\n\nb\",x\nA,62811742234,2,,", header + "\"",
		"ref;customer;amount\r\nA;62811742234;1", "sep=;\r\nref;customer;amount\r\nA;62811742234;1", "ref\tcustomer\tamount\nA\t62811742234\t1", "\xff\xfer\x00", "\xef\xbb\xbfref", "a\"b", ";,;", header + ",,,,\n\"\"\"\n",
		"ref,kind,customer,amount,bankCode,account,validate\nA,topup,62811742234,1,,,\nB,bank,62811742234,1,014,2460888509,true\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text, intake.CSV) })
}

// check holds what must be true of any file whatever is in it.
func check(t *testing.T, text string, format intake.Format) {
	rows, err := read(text, format)
	if twice, again := read(text, format); show(twice) != show(rows) || (err == nil) != (again == nil) {
		t.Fatalf("read again it is another file: %v, %v\n%s\n%s", err, again, show(rows), show(twice))
	}
	lines, last := strings.Count(text, "\n")+1, 0
	for _, r := range rows {
		if r.Line <= last || r.Line > lines {
			t.Fatalf("line %d of %d after line %d", r.Line, lines, last)
		}
		last = r.Line
		switch {
		case r.Err == nil:
			sameAgain(t, r.Payout)
		case strings.ContainsAny(r.Err.Error(), "\n\r"):
			t.Fatalf("more than one line: %q", r.Err)
		case r.Payout != salur.Payout{}:
			t.Fatalf("line %d is bad and a payout", r.Line)
		}
	}
}

// sameAgain writes a payout as a line and reads it back: it must be the same payout.
func sameAgain(t *testing.T, p salur.Payout) {
	in := payout.Instruction{Ref: p.Ref, Kind: string(p.Kind), Customer: p.Customer, Amount: payout.Number(p.Amount.Value()),
		Fee: payout.Number(p.Fee.Value()), Notes: p.Notes, FundType: p.FundType, ChargeTarget: p.ChargeTarget,
		Division: p.Division, CustomerID: p.CustomerID,
		BankCode: p.BankCode, Account: p.Account, AccountName: p.AccountName, Validate: p.Validate}
	if !p.NotAfter.IsZero() {
		in.NotAfter = p.NotAfter.Format(time.RFC3339Nano)
	}
	line, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := read(string(line), intake.JSONL); err != nil || len(rows) != 1 || rows[0].Payout != p {
		t.Fatalf("%s is read as %+v, %v", line, rows, err)
	}
}
