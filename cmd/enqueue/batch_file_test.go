package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// One file of both kinds, in both formats, is the same payouts.
func TestBatchOfBothKinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const header = "ref,kind,customer,amount,bankCode,account,accountName,notes\n"
	good := file(t, "both.csv", header+"A1,topup,628123450002,100,,,,gift\nB1,bank,628123450001,200.50,014,2460888509,Budi Santoso,\nA2,,628123450002,300,,,,\n")
	jsonl := file(t, "both.jsonl", `{"ref":"A1","customer":"628123450002","amount":100,"notes":"gift"}`+"\n"+
		`{"ref":"B1","kind":"bank","customer":"628123450001","amount":"200.5","bankCode":"014","account":"2460888509","accountName":"Budi Santoso"}`+"\n"+
		`{"ref":"B2","kind":"bank","customer":"628123450001","amount":"1","bankCode":"002","account":"2460888509"}`+"\n")
	taken := file(t, "taken.csv", header+"A3,topup,628123450002,100,,,,\nB1,bank,628123450001,200.50,008,2460888509,Budi Santoso,\n")
	bad := file(t, "bad.csv", header+"A3,topup,628123450002,100,014,2460888509,Budi Santoso,\nB3,bank,628123450001,1,014,,,\n"+
		"B4,bank,628123450001,1,14,60888509,,\nB5,bank,628123450001,1,014,2.46089E+09,,gift\nB6,cash,628123450001,1,014,2460888509,,\n")
	const refusedFile = "the file is refused for %d of its %d rows and nothing was accepted; correct them, or accept the others with --continue-on-error\n"
	for _, tt := range []struct {
		name, wantOut, wantErr string
		args                   []string
		code                   cli.Code
		changes                bool
	}{
		{"DryRun", "dry run, nothing was accepted; it would be: 3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", "",
			[]string{"batch", good, "--dry-run"}, cli.Done, false},
		{"First", "3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", "", []string{"batch", good}, cli.Done, true},
		{"Again", "0 accepted (IDR 0.00), 3 accepted before, 0 refused\n", "", []string{"batch", good}, cli.Done, false},
		{"JSONL", `{"ref":"A1","state":"queued","duplicate":true}` + "\n" + `{"ref":"B1","state":"queued","duplicate":true}` + "\n" + `{"ref":"B2","state":"queued","duplicate":false}` + "\n",
			"1 accepted (IDR 1.00), 2 accepted before, 0 refused\n", []string{"batch", jsonl, "--json"}, cli.Done, true},
		{"Conflict", "0 accepted (IDR 0.00), 0 accepted before, 1 refused\n", "line 3: " + strings.TrimPrefix(conflicts("B1"), "enqueue: --") + "enqueue: " + fmt.Sprintf(refusedFile, 1, 2),
			[]string{"batch", taken}, cli.Conflict, false},
		{"Bad", "0 accepted (IDR 0.00), 0 accepted before, 5 refused\n",
			`line 2: bankCode "014": goes only with kind bank; account "****509": goes only with kind bank; accountName "****": goes only with kind bank` + "\n" +
				`line 3: account "": use 1 to 32 digits without separators` + "\n" +
				`line 4: bankCode "14": a spreadsheet seems to have dropped the zeros of 014, and perhaps those of account numbers too; format both columns as text, enter the numbers again and export the file again` + "\n" +
				`line 5: account "****+09": a spreadsheet has turned this number into scientific notation and its digits are lost; format the column as text, enter the number again and export the file again; notes "****": goes only with kind topup` + "\n" +
				`line 6: kind "cash": use topup or bank` + "\n" +
				"enqueue: " + fmt.Sprintf(refusedFile, 5, 5),
			[]string{"batch", bad}, cli.Invalid, false},
		{"Others", "1 accepted (IDR 100.00), 0 accepted before, 1 refused\n",
			"line 3: " + strings.TrimPrefix(conflicts("B1"), "enqueue: --") + "enqueue: 1 of 2 rows were refused; correct them and run the file again, nobody is paid twice\n",
			[]string{"batch", taken, "--continue-on-error"}, cli.Conflict, true},
	} {
		before := b.size(t)
		out, errs, code := b.run(t.Context(), "", tt.args...)
		if out != tt.wantOut || errs != tt.wantErr || code != tt.code {
			t.Errorf("%s: exit %d, %q, %q; want exit %d, %q, %q", tt.name, code, out, errs, tt.code, tt.wantOut, tt.wantErr)
		}
		if changed := b.size(t) != before; changed != tt.changes {
			t.Errorf("%s: changed Redis: %t", tt.name, changed)
		}
	}
	rec, err := b.ledger.Get(t.Context(), "B1")
	if err != nil || rec.Payout.Kind != payout.Bank || rec.Payout.BankCode != "014" || rec.Payout.AccountName != "Budi Santoso" {
		t.Errorf("B1 is %+v, %v", rec, err)
	}
	b.hides(t, append(personalOfBank, "628123450002", "60888509", "gift")...)
}

const goodCSV = "ref,customer,amount\nA1,628123450001,100\nA2,628123450002,200.50\nA3,628123450003,300\n"

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "payroll.csv", goodCSV)
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"DryRun", "dry run, nothing was accepted; it would be: 3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", []string{"batch", path, "--dry-run"}},
		{"First", "3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", []string{"batch", path}},
		{"Again", "0 accepted (IDR 0.00), 3 accepted before, 0 refused\n", []string{"batch", path}},
	} {
		before := b.size(t)
		out, errs, code := b.run(t.Context(), "", tt.args...)
		if out != tt.want || errs != "" || code != cli.Done {
			t.Errorf("%s: exit %d, %q, %q", tt.name, code, out, errs)
		}
		if tt.name != "First" && b.size(t) != before {
			t.Errorf("%s changed Redis", tt.name)
		}
	}
	jsonl := `{"ref":"A1","customer":"628123450001","amount":100}` + "\n\n" + `{"ref":"B1","customer":"628123450001","amount":"5"}` + "\n"
	out, errs, code := b.run(t.Context(), jsonl, "batch", "-", "--format", "jsonl", "--json")
	want := `{"ref":"A1","state":"queued","duplicate":true}` + "\n" + `{"ref":"B1","state":"queued","duplicate":false}` + "\n"
	if out != want || code != cli.Done || errs != "1 accepted (IDR 5.00), 1 accepted before, 0 refused\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

// One bad row refuses the file, before anything is accepted.
func TestBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, errs, code := b.run(t.Context(), "", topUp("ref", "TAKEN", "customer", "628123450009")...); code != 0 {
		t.Fatal(errs)
	}
	before := b.size(t)
	for _, tt := range []struct {
		name, row, want string
		code            cli.Code
	}{
		{"Field", "X1,0812345,1", `line 3: customer "****": use 628`, cli.Invalid},
		{"Conflict", "TAKEN,628123450009,1", `line 3: ref "TAKEN": the reference exists with other content`, cli.Conflict},
		{"Spreadsheet", "X1,6.28123E+11,1", `line 3: customer`, cli.Invalid},
		{"Repeated", "A1,628123450001,999", `line `, cli.Invalid},
	} {
		path := file(t, "p.csv", "ref,customer,amount\nA1,628123450001,100\n"+tt.row+"\n")
		out, errs, code := b.run(t.Context(), "", "batch", path)
		if code != tt.code || !strings.HasPrefix(out, "0 accepted") || !strings.HasPrefix(errs, tt.want) || !strings.Contains(errs, "nothing was accepted") {
			t.Errorf("%s: exit %d, %q, %q", tt.name, code, out, errs)
		}
		if b.size(t) != before {
			t.Fatalf("%s: a refused file left something behind", tt.name)
		}
	}
	path := file(t, "p.csv", "ref,customer,amount\nA1,628123450001,100\nX1,0812345,1\nTAKEN,628123450009,1\nA2,628123450002,1\n")
	out, errs, code := b.run(t.Context(), "", "batch", path, "--continue-on-error")
	if code != cli.Invalid || out != "2 accepted (IDR 101.00), 0 accepted before, 2 refused\n" || strings.Count(errs, "\nline")+1 != 2 {
		t.Errorf("continue on error: exit %d, %q, %q", code, out, errs)
	}
	for _, args := range [][]string{{"batch"}, {"batch", "-"}, {"batch", "/nonexistent.csv"}, {"batch", path, "--format", "xls"}, {"batch", path, "--dry-run", "--wait"}} {
		if _, errs, code := b.run(t.Context(), "", args...); code != cli.Invalid || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

func TestBatchInterrupted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	go func() { // the interruption comes after the file was read and before it is accepted
		fmt.Fprint(w, goodCSV)
		_ = w.Close()
	}()
	var out, errs bytes.Buffer
	root := newCommand([]string{"REDIS_URL=" + b.url})
	cancelled := false
	code := cli.Main(ctx, root, []string{"batch", "-", "--format", "csv"}, readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && !cancelled {
			cancelled = true
			cancel()
		}
		return n, err
	}), &out, &errs)
	if cli.Code(code) == cli.Done || b.size(t) != 0 {
		t.Errorf("exit %d, %q, %d keys", code, errs.String(), b.size(t))
	}
	if _, _, code := b.run(t.Context(), goodCSV, "batch", "-", "--format", "csv"); code != cli.Done {
		t.Errorf("run again: exit %d", code)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// --wait follows payouts to their end; the test plays the worker.
func TestBatchWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i, ref := range []string{"A1", "A2", "A3"} {
			now := time.Now()
			for {
				if _, err := b.ledger.Get(context.Background(), ref); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			for _, event := range []func(ledger.Record) sm.Event{
				func(ledger.Record) sm.Event { return sm.Take(sm.Attempt{StartedAt: now, Deadline: now}) },
				func(r ledger.Record) sm.Event {
					o := sm.Outcome{Kind: sm.Succeeded, EchoRef: ref, EchoAmount: r.Payout.Amount}
					if i == 1 {
						o = sm.Outcome{Kind: sm.Refused, Why: "do_not_honor"}
					} else if i == 2 {
						o.EchoRef = "OTHER"
					}
					return sm.SendResult(r.Tx.Open, o, now)
				},
			} {
				if _, _, err := ledger.Update(context.Background(), b.ledger, sm.DefaultPolicy(), ref, "", func(r ledger.Record) (sm.Event, bool) { return event(r), true }); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	out, errs, code := b.run(t.Context(), goodCSV, "batch", "-", "--format", "csv", "--wait")
	<-done
	if want := "3 accepted (IDR 600.50), 0 accepted before, 0 refused\n1 review (IDR 300.00), 1 succeeded (IDR 100.00), 1 failed (IDR 200.50)\n"; out != want || code != cli.Done {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	out, _, code = b.run(t.Context(), goodCSV, "batch", "-", "--format", "csv", "--wait", "--json")
	for _, want := range []string{
		`{"ref":"A1","state":"succeeded","reason":""}`, `{"ref":"A2","state":"failed","reason":"do_not_honor"}`, `{"ref":"A3","state":"review","reason":"echo_mismatch"}`,
	} {
		if !strings.Contains(out, want+"\n") || code != cli.Done {
			t.Errorf("exit %d, %q lacks %s", code, out, want)
		}
	}
}
