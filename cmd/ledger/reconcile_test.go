package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	sm "github.com/salur-id/salur/internal/statemachine"
)

const settlementFile = "testdata/settlement.csv"

func TestReconcileDiffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putAll(t)
	code, stdout, stderr := b.run(t, "reconcile", settlementFile)
	if code != cli.Conflict || stderr != "ledger: the two sides differ on 2 references\n" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	want := `CLASS               REF     STATE HERE  THERE     HERE  ROW                        WHAT TO DO
paid_but_failed     failed  failed      10000.00  0.00  testdata/settlement.csv:6  ledger inquire failed; do not pay it in another way; ask DANA with: ledger evidence failed (exceeds_limit)
paid_not_succeeded  review  review      10000.00  0.00  testdata/settlement.csv:5  ledger resolve review --as succeeded --reason 'in the settlement report' --by NAME

period              2026-03-01T00:00:00.000+07:00 to 2026-03-02T00:00:00.000+07:00
report              5 rows: 4 (IDR 40000.00) paid, 1 (IDR -10000.00) taken back, charges IDR 1665.00
agree               2 (IDR 10000.00)
paid_but_failed     1 (IDR 10000.00)
paid_not_succeeded  1 (IDR 10000.00)
there               IDR 30000.00
here                IDR 10000.00
difference          IDR 20000.00
`
	if diff := cmp.Diff(want, stdout); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, stdout, _ = b.run(t, "reconcile", settlementFile, "--json")
	wantJSON := `{"class":"paid_but_failed","ref":"failed","state":"failed","there":{"value":"10000.00","currency":"IDR"},"here":{"value":"0.00","currency":"IDR"},` +
		`"file":"testdata/settlement.csv","line":6,"detail":"exceeds_limit","do":"ledger inquire failed; do not pay it in another way; ask DANA with: ledger evidence failed"}
{"class":"paid_not_succeeded","ref":"review","state":"review","there":{"value":"10000.00","currency":"IDR"},"here":{"value":"0.00","currency":"IDR"},` +
		`"file":"testdata/settlement.csv","line":5,"do":"ledger resolve review --as succeeded --reason 'in the settlement report' --by NAME"}
{"summary":{"since":"2026-03-01T00:00:00.000+07:00","until":"2026-03-02T00:00:00.000+07:00","rows":5,` +
		`"paid":{"count":4,"amount":{"value":"40000.00","currency":"IDR"}},"takenBack":{"count":1,"amount":{"value":"-10000.00","currency":"IDR"}},` +
		`"charges":{"value":"1665.00","currency":"IDR"},"agree":{"count":2,"amount":{"value":"10000.00","currency":"IDR"}},` +
		`"there":{"value":"30000.00","currency":"IDR"},"here":{"value":"10000.00","currency":"IDR"},"difference":{"value":"20000.00","currency":"IDR"},"differences":2,` +
		`"classes":[{"class":"paid_but_failed","count":1,"amount":{"value":"10000.00","currency":"IDR"}},` +
		`{"class":"paid_not_succeeded","count":1,"amount":{"value":"10000.00","currency":"IDR"}}]}}
`
	if diff := cmp.Diff(wantJSON, stdout); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := b.get(t, "review").Tx.State; got != sm.StateReview {
		t.Errorf("it has changed the payout to %s", got)
	}
}

func TestReconcileAgrees(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StateSucceeded)
	b.put(t, sm.StateRefunded)
	report, err := os.ReadFile(settlementFile)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.csv")
	if err := os.WriteFile(path, []byte(strings.Join(strings.SplitAfter(string(report), "\n")[:4], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	want := `period      2026-03-01T00:00:00.000+07:00 to 2026-03-02T00:00:00.000+07:00
report      3 rows: 2 (IDR 20000.00) paid, 1 (IDR -10000.00) taken back, charges IDR 555.00
agree       2 (IDR 10000.00)
there       IDR 10000.00
here        IDR 10000.00
difference  IDR 0.00
`
	if diff := cmp.Diff(want, b.must(t, "reconcile", path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// From stdin, and for a period that nothing ended in.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	args := []string{"reconcile", "-", "--since", "2026-02-01", "--until", "2026-02-02T00:00:00+07:00", "--json"}
	if code := cli.Main(t.Context(), newCommand(b.environ), args, strings.NewReader(string(text)), &out, &errs); code != 0 ||
		!strings.HasPrefix(out.String(), `{"summary":{"since":"2026-02-01T00:00:00.000+07:00","until":"2026-02-02T00:00:00.000+07:00","rows":3,`) {
		t.Errorf("exit %d, %s%s", code, out.String(), errs.String())
	}
}

func TestReconcileRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	report, err := os.ReadFile(settlementFile)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(report), "\n")
	bad := write("bad.csv", strings.Replace(string(report), "-10000.0", "10.000,0", 1))
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{"reconcile"}, "takes one argument or more: ledger reconcile "},
		{[]string{"reconcile", "none.csv"}, "none.csv"},
		{[]string{"reconcile", t.TempDir()}, "is a directory"},
		{[]string{"reconcile", write("payroll.csv", "ref,customer,amount\n")}, "payroll.csv: line 1: there is no column REQUEST_ID"},
		{[]string{"reconcile", write("empty.csv", header)}, "with --since and --until"},
		{[]string{"reconcile", settlementFile, settlementFile}, "same content"},
		{[]string{"reconcile", settlementFile, "--since", "2026-03-01"}, "give both"},
		{[]string{"reconcile", settlementFile, "--since", "2026-03-01", "--until", "2026-03-01"}, "must be later"},
		{[]string{"reconcile", settlementFile, "--until", "x", "--since", "x"}, "RFC 3339"},
	} {
		b.refused(t, cli.Invalid, tc.args, tc.says)
	}
	code, stdout, stderr := b.run(t, "reconcile", settlementFile, bad)
	if code != cli.Invalid || stdout != "" || stderr != "ledger: "+bad+": line 4: 15 cells where the header has 14; use DANA's settlement report as it came, CSV with commas\n"+
		"ledger: "+bad+": 1 rows cannot be read, so that nothing was reconciled\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}
