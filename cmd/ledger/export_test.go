package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func TestExportForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putBanks(t)
	b.put(t, sm.StateRefunded)
	p, err := payout.Instruction{Ref: "=cmd|'x'", Customer: payout.ByCustomerID, CustomerID: customerID, Amount: "1.5", Fee: "0.25"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	b.ledger.CreateMany(t.Context(), []payout.Payout{p}, "@team", nine.Add(time.Minute))
	want := `"ref","kind","state","reason","amount","fee","currency","customer","bankCode","account","danaReferenceNo","attempts","createdAt","updatedAt","endedAt","by"
"'=cmd|'x'","topup","queued","","1.50","0.25","IDR","****042","","","","0","2026-03-01T09:01:00.000+07:00","2026-03-01T09:01:00.000+07:00","","'@team"
"NEW","bank","queued","","2.00","0.00","IDR","****234","99999","****","","0","2026-03-01T09:00:01.000+07:00","2026-03-01T09:00:01.000+07:00","",""
"refunded","topup","refunded","general_error","10000.00","0.00","IDR","****234","","","","1","2026-03-01T09:00:00.000+07:00","2026-03-01T09:00:03.000+07:00","2026-03-01T09:00:03.000+07:00",""
"BANK","bank","queued","","50000.00","0.00","IDR","****234","014","****509","","0","2026-03-01T09:00:00.000+07:00","2026-03-01T09:00:00.000+07:00","",""
`
	if diff := cmp.Diff(want, b.must(t, "export")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantJSON := `{"ref":"=cmd|'x'","kind":"topup","state":"queued","reason":"","amount":{"value":"1.50","currency":"IDR"},"fee":{"value":"0.25","currency":"IDR"},` +
		`"customer":"****042","danaReferenceNo":"","attempts":0,` +
		`"createdAt":"2026-03-01T09:01:00.000+07:00","updatedAt":"2026-03-01T09:01:00.000+07:00","endedAt":"","by":"@team"}
{"ref":"NEW","kind":"bank","state":"queued","reason":"","amount":{"value":"2.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
		`"customer":"****234","bankCode":"99999","account":"****","danaReferenceNo":"","attempts":0,` +
		`"createdAt":"2026-03-01T09:00:01.000+07:00","updatedAt":"2026-03-01T09:00:01.000+07:00","endedAt":"","by":""}
`
	for _, args := range [][]string{{"export", "--format", "jsonl"}, {"export", "--json"}} {
		got := b.must(t, append(args, "--since", "2026-03-01T09:00:01+07:00")...)
		if diff := cmp.Diff(wantJSON, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", args, diff)
		}
	}
	if got := b.must(t, "export", "--state", "refunded", "--until", "2026-03-02"); strings.Count(got, "\n") != 2 || !strings.Contains(got, "\n\"refunded\",") {
		t.Errorf("by state: %s", got)
	}
	if got := b.must(t, "export", "--until", "2026-03-01"); strings.Count(got, "\n") != 1 {
		t.Errorf("of the day before: %s", got)
	}
	b.refused(t, cli.Invalid, []string{"export", "--format", "xlsx"}, `--format "xlsx": use csv or jsonl`)
	b.refused(t, cli.Invalid, []string{"export", "--since", "x"}, `--since "x"`)
}

// busy is stdout; each write of the export lets payouts go on, so that every page is read of another ledger.
type busy struct {
	strings.Builder
	meanwhile func()
}

func (w *busy) Write(p []byte) (int, error) {
	w.meanwhile()
	return w.Builder.Write(p)
}

// Payouts change their states and new ones come in between any two pages: those that were there are printed once.
func TestExportWhilePayoutsGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 3*exportPage + 7
	var ps []payout.Payout
	for i := range n {
		p, err := payout.Instruction{Ref: fmt.Sprintf("PAY-%04d", i), Customer: phone, Amount: "1"}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	for i := 0; i < n; i += 500 { // a batch has one time
		b.ledger.CreateMany(t.Context(), ps[i:min(i+500, n)], "", nine.Add(time.Duration(i/1000)*time.Millisecond))
	}
	turn := 0
	out := &busy{meanwhile: func() {
		turn++
		b.create(t, payout.Instruction{Ref: fmt.Sprint("NEW-", turn), Customer: phone, Amount: "1"}, nine.Add(time.Hour))
		for i := turn % 17; i < n; i += 170 { // each time others
			ref := ps[i].Ref
			switch b.get(t, ref).Tx.State {
			case sm.StateQueued:
				b.happen(t, ref, "", take)
			case sm.StateProcessing:
				b.happen(t, ref, "", sends(sm.Outcome{Kind: sm.AskStatus, Why: "general_error", Code: "5003800"}))
			case sm.StatePending:
				b.happen(t, ref, "", func(r ledger.Record) sm.Event {
					return sm.InquiryResult(r.Tx.Inquiries+1, "ext-2", sm.Outcome{Kind: sm.Failed, Code: "2003900", Status: "06"}, nine.Add(3*time.Second))
				})
			}
		}
	}}
	if code := cli.Main(t.Context(), newCommand(b.environ), []string{"export"}, nil, out, io.Discard); code != 0 {
		t.Fatalf("exit %d", code)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, row := range rows[1:] {
		seen[row[0]]++
	}
	if turn < 10 {
		t.Errorf("%d rows were written at %d times: too few for anything to happen meanwhile", len(rows), turn)
	}
	for _, p := range ps {
		if seen[p.Ref] != 1 {
			t.Errorf("%s is there %d times", p.Ref, seen[p.Ref])
		}
	}
}
