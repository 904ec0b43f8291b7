package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A merchant who signs symmetrically, whose tokens end early, and who keeps an audit file, in
// a crowd of random faults: everybody is paid once, and nothing personal is on record.
func TestSymmetricAmongRandomFaults(t *testing.T) {
	t.Parallel()
	s := setup(t)
	audit := filepath.Join(t.TempDir(), "audit.jsonl")
	s.env["SALUR_SIGNATURE"], s.env["SALUR_AUDIT_FILE"], s.env["SALUR_DANA_PATHS"] = "symmetric", audit, "htm"
	s.control("plan", `{"random":{"seed":7,"share":0.4,"presets":["pay_and_drop","drop_unpaid","html_paid","half_json_unpaid","throttle","server_error","in_progress","empty_paid"]}}`)
	s.worker()
	const n = 120
	var file strings.Builder
	for i := range n {
		fmt.Fprintf(&file, `{"ref":"PAY-%d","customer":"6281%07d","amount":"1000","validate":%t}`+"\n", i, i, i%10 == 0)
	}
	s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl")
	await(t, "a third of the payouts to be paid", func() bool { return len(s.books().Credits) > n/3 })
	s.control("tokens", `{"revoke":true}`)
	if _, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--wait"); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	st := s.books()
	if len(st.Credits) != n || st.Requests["access-token"] < 2 || st.Requests["account-inquiry"] < n/10 {
		t.Errorf("%d payouts: %d credits, requests %v", n, len(st.Credits), st.Requests)
	}
	s.balance()

	text, err := os.ReadFile(audit)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"62810000", clientSecret, "Bearer e", "BEGIN"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is in the audit file", secret)
		}
	}
	sent := 0
	for _, requests := range st.Requests {
		sent += requests
	}
	if lines := strings.Count(string(text), "\n"); lines != sent {
		t.Errorf("%d exchanges are on record, %d arrived", lines, sent)
	}
}

// With --validate an account that cannot be paid fails before any money is asked for.
func TestValidate(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.worker()
	for ref, c := range map[string]struct{ customer, amount, state, reason string }{
		"GOOD":    {"628123450001", "10000", "succeeded", ""},
		"FROZEN":  {"628123456667", "10000", "failed", "do_not_honor"},
		"UNKNOWN": {"628152768647", "10000", "failed", "do_not_honor"},
		"LIMIT":   {"628123450002", "20000001", "failed", "amount_limit_exceeded"},
	} {
		s.must("enqueue", "topup", "--ref", ref, "--customer", c.customer, "--amount", c.amount, "--validate")
		s.awaitState(ref, c.state)
		if tx := s.show(ref); tx.Reason != c.reason || tx.Attempts != map[bool]int{true: 1}[ref == "GOOD"] {
			t.Errorf("%s: %s after %d attempts", ref, tx.Reason, tx.Attempts)
		}
	}
	if n := s.books().Requests["topup"]; n != 1 {
		t.Errorf("%d top-ups were sent", n)
	}
	s.balance()
}
