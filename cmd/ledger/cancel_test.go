package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func cancels(args ...string) []string {
	return append([]string{"cancel", "--reason", "the wrong month", "--by", "Sari"}, args...)
}

// Only what has not been sent can be taken back.
func TestCancel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putAll(t)
	for _, s := range sm.States {
		ref := string(s)
		before := b.get(t, ref)
		if s != sm.StateQueued {
			says := "that is final; see ledger show " + ref
			if !s.Final() {
				says = "it may have been sent, and only DANA can say how it ends; see ledger show " + ref
			}
			b.refused(t, cli.Invalid, cancels(ref), "payout "+ref+" is "+ref+": "+says)
			if after := b.get(t, ref); after != before {
				t.Errorf("%s: refused, but became %+v", s, after)
			}
			continue
		}
		if out := b.must(t, cancels(ref)...); out != "queued: cancelled\n" {
			t.Errorf("prints %q", out)
		}
		after := b.get(t, ref)
		if after.Tx.State != sm.StateFailed || after.Tx.Reason != "cancelled" || after.Last.Detail != "by Sari: the wrong month" {
			t.Errorf("on record is %+v", after)
		}
		if out := b.must(t, cancels(ref)...); out != "queued: was cancelled before\n" {
			t.Errorf("again it prints %q", out)
		}
		if b.get(t, ref) != after {
			t.Error("cancelling again changed it")
		}
		if d := sm.DefaultPolicy().Decide(after.Tx, take(after)); !d.Ignored {
			t.Error("a worker could still send it")
		}
	}
	b.refused(t, cli.NotFound, cancels("NONE"), "NONE")
	b.refused(t, cli.Invalid, cancels(), "give either a payout's reference or --file")
	b.refused(t, cli.Invalid, cancels("queued", "pending"), "takes one argument at most: ledger cancel REF | --file FILE")
	b.refused(t, cli.Invalid, cancels("queued", "--file", "x.csv"), "give either a payout's reference or --file")
	b.refused(t, cli.Invalid, []string{"cancel", "queued", "--by", "Sari"}, "--reason")
	b.refused(t, cli.Invalid, cancels("--file", filepath.Join(t.TempDir(), "none.csv")), "none.csv")
	for _, text := range []string{"", "ref,customer,amount\n"} {
		empty := filepath.Join(t.TempDir(), "empty.csv")
		if err := os.WriteFile(empty, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b.refused(t, cli.Invalid, cancels("--file", empty), "--file: the file has no payouts; nothing was cancelled")
	}
}

// A file's payouts are taken back as far as they are this file's and were not sent.
func TestCancelFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var file, want strings.Builder
	file.WriteString("ref,customer,amount\n")
	for _, ref := range []string{"A", "B", "C", "SENT"} {
		b.create(t, payout.Instruction{Ref: ref, Customer: phone, Amount: "10000"}, nine)
		file.WriteString(ref + "," + phone + ",10000\n")
	}
	b.create(t, payout.Instruction{Ref: "OTHER", Customer: phone, Amount: "10001"}, nine)
	file.WriteString("OTHER," + phone + ",10000\nNEVER," + phone + ",10000\nBAD," + phone + ",-1\n")
	b.happen(t, "SENT", "", take)
	b.must(t, cancels("B")...)
	name := filepath.Join(t.TempDir(), "payroll.csv")
	if err := os.WriteFile(name, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	want.WriteString("line 5: payout SENT is processing: it may have been sent, and only DANA can say how it ends; see ledger show SENT\n")
	code, out, errs := b.run(t, cancels("--file", name)...)
	if code != cli.Invalid || out != "2 cancelled, 1 cancelled before, 1 not on record, 3 left as they are\n" {
		t.Errorf("exit %d, %q", code, out)
	}
	for _, says := range []string{want.String(), "line 6: payout OTHER is on record with other content: it is not this file's\n", "line 8: ", "3 payouts were not cancelled\n"} {
		if !strings.Contains(errs, says) {
			t.Errorf("stderr does not say %q:\n%s", says, errs)
		}
	}
	for ref, state := range map[string]sm.State{"A": sm.StateFailed, "B": sm.StateFailed, "C": sm.StateFailed, "SENT": sm.StateProcessing, "OTHER": sm.StateQueued} {
		if got := b.get(t, ref).Tx.State; got != state {
			t.Errorf("%s is %s", ref, got)
		}
	}
	_, out, errs = b.run(t, cancels("--file", name, "--json")...)
	const lines = `{"line":2,"ref":"A","result":"cancelled"}
{"line":3,"ref":"B","result":"cancelled"}
{"line":4,"ref":"C","result":"cancelled"}
{"line":5,"ref":"SENT","result":"left"}
{"line":6,"ref":"OTHER","result":"left"}
{"line":7,"ref":"NEVER","result":"not_on_record"}
{"line":8,"ref":"","result":"left"}
`
	if diff := cmp.Diff(lines, out); diff != "" || !strings.Contains(errs, "0 cancelled, 3 cancelled before, 1 not on record, 3 left as they are\n") {
		t.Errorf("(-want +got):\n%s%s", diff, errs)
	}
	if strings.Contains(out+errs, phone) {
		t.Error("the phone number is shown")
	}
}
