package intake_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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
		"ref;customer;amount\r\nA;62811742234;1", "\xef\xbb\xbfref", "a\"b", ";,;", header + ",,,,\n\"\"\"\n",
		"ref,kind,customer,amount,bankCode,account,validate\nA,topup,62811742234,1,,,\nB,bank,62811742234,1,014,2460888509,true\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text, intake.CSV) })
}

// check holds what must be true of any file whatever is in it.
func check(t *testing.T, text string, format intake.Format) {
	file, err := intake.Read(strings.NewReader(text), format)
	if err != nil {
		if len(file.Rows)+len(file.Bad)+len(file.Duplicates) > 0 {
			t.Fatal("rows beside an error")
		}
		return
	}
	lines := strings.Count(text, "\n") + 1
	taken, refs := map[int]bool{}, map[string]int{}
	take := func(line int) {
		if line < 1 || line > lines || taken[line] {
			t.Fatalf("line %d of %d is not there or was reported before", line, lines)
		}
		taken[line] = true
	}
	last := 0
	for _, r := range file.Rows {
		take(r.Line)
		if r.Line < last || refs[r.Payout.Ref] > 0 {
			t.Fatalf("line %d after %d, reference %q of line %d", r.Line, last, r.Payout.Ref, refs[r.Payout.Ref])
		}
		last, refs[r.Payout.Ref] = r.Line, r.Line
		again(t, r.Payout)
	}
	for _, d := range file.Duplicates {
		take(d.Line)
		if refs[d.Ref] != d.First || d.First >= d.Line {
			t.Fatalf("%+v does not repeat a kept row", d)
		}
	}
	for _, b := range file.Bad {
		take(b.Line)
		if strings.ContainsAny(b.Error(), "\n\r") {
			t.Fatalf("more than one line: %q", b.Error())
		}
	}
}

// again writes a payout as a line and reads it back: it must be the same payout.
func again(t *testing.T, p payout.Payout) {
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
	file, err := intake.Read(strings.NewReader(string(line)), intake.JSONL)
	if err != nil || len(file.Rows) != 1 || file.Rows[0].Payout.Fingerprint() != p.Fingerprint() {
		t.Fatalf("%s is read as %+v, %v", line, file, err)
	}
}
