package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Every misbehaviour of DANA at the second door, in one file with payouts through the first.
func TestEveryBankOutcome(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.env["SALUR_BANK_RETRY_DELAYS"] = "200ms,300ms,400ms"
	cases := []struct{ name, account, want, reason string }{
		{"good", "2460888509", "succeeded", ""},
		{"general-error", "8121111111", "failed", ""},
		{"internal-error", "8551008794", "review", "resends_used_up"},
		{"inactive", "81298055132", "failed", "inactive_account"},
		{"fraud", "82298055100", "failed", "suspected_fraud"},
		{"no-such-account", "815919191", "failed", "invalid_account"},
		{"pay-and-hang", "628999000001", "succeeded", ""},
		{"hang-unpaid", "628999000002", "succeeded", ""},
		{"pay-and-drop", "628999000003", "succeeded", ""},
		{"drop-unpaid", "628999000004", "succeeded", ""},
		{"html-paid", "628999000006", "succeeded", ""},
		{"half-json-unpaid", "628999000009", "succeeded", ""},
		{"empty-paid", "628999000010", "succeeded", ""},
		{"throttle", "628999000012", "succeeded", ""},
		{"server-error", "628999000013", "succeeded", ""},
		{"in-progress", "628999000014", "succeeded", ""},
		{"in-progress-failed", "628999000015", "failed", ""},
		{"not-found-for-a-while", "628999000016", "succeeded", ""},
		{"refuse-after-paid", "628999000017", "succeeded", ""},
		{"status-error", "628999000020", "succeeded", ""},
		{"cancelled", "628999000023", "failed", ""},
	}
	var file strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&file, `{"ref":%q,"kind":"bank","customer":"62811742234","bankCode":"014","account":%q,"amount":"10000.55"}`+"\n", c.name, c.account)
		fmt.Fprintf(&file, `{"ref":"topup-%s","customer":"62811742234","amount":"1000"}`+"\n", c.name)
	}
	s.worker()
	if _, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--wait"); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, c := range cases {
		if tx := s.show(c.name); tx.State != c.want || c.reason != "" && tx.Reason != c.reason {
			t.Errorf("%s: %s (%s), want %s (%s); %+v", c.name, tx.State, tx.Reason, c.want, c.reason, tx.History)
		}
		if tx := s.show("topup-" + c.name); tx.State != "succeeded" {
			t.Errorf("%s: the top-up beside it is %s", c.name, tx.State)
		}
	}
	s.balance()
	before := len(s.books().Credits)
	out, _, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--json")
	if code != 0 || strings.Count(out, `"duplicate":true`) != 2*len(cases) || len(s.books().Credits) != before {
		t.Errorf("again: exit %d, %d credits became %d", code, before, len(s.books().Credits))
	}
}

// kill -9 between the write-ahead of a transfer and its answer.
func TestBankKilledBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.env["SALUR_DANA_TIMEOUT"], s.env["SALUR_BANK_RETRY_DELAYS"] = "5s", "200ms,300ms,400ms"
	first := s.worker()
	s.must("enqueue", "bank", "--ref", "PAY-1", "--customer", "62811742234", "--bank-code", "014", "--account", "628999000001", "--amount", "10000") // paid, then hangs
	await(t, "DANA to pay", func() bool { return len(s.books().Credits) == 1 })
	first.kill()
	s.worker()
	tx := s.awaitState("PAY-1", "succeeded")
	if n := len(s.books().Credits); n != 1 || tx.Attempts != 2 {
		t.Errorf("%d credits after %d attempts", n, tx.Attempts)
	}
	s.balance()
}

// An account of another name goes to a person, and nothing was asked of DANA but the name.
func TestBankNameMismatch(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.worker()
	pay := func(ref, name string) {
		s.must("enqueue", "bank", "--ref", ref, "--customer", "62811742234", "--bank-code", "014", "--account", "2460888509", "--amount", "10000",
			"--account-name", name, "--validate")
	}
	pay("SAME", "Bpk. Account Holder")
	pay("OTHER", "Siti Aminah")
	s.awaitState("SAME", "succeeded")
	if tx := s.awaitState("OTHER", "review"); tx.Reason != "name_mismatch" || tx.Attempts != 0 {
		t.Errorf("%s after %d attempts", tx.Reason, tx.Attempts)
	}
	if n := s.books().Requests["transfer-bank"]; n != 1 {
		t.Errorf("%d transfers were sent", n)
	}
	s.must("ledger", "resolve", "OTHER", "--as", "failed", "--reason", "not her account", "--by", "Sari")
	s.balance()
}
