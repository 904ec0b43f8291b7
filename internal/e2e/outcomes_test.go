package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Every misbehaviour of DANA ends in the state that the table says, and the books agree.
func TestEveryOutcome(t *testing.T) {
	t.Parallel()
	s := setup(t)
	cases := []struct {
		name, customer, amount string
		want, reason           string
	}{
		{"good", "62811742234", "10000", "succeeded", ""},
		{"good-cents", "62811742299", "10000.55", "succeeded", ""},
		{"frozen", "628996647679", "10000", "failed", "do_not_honor"},
		{"general-error", "628121111111", "10000", "failed", ""},
		{"over-limit", "62811742235", "21000000", "failed", ""},
		{"internal-error", "628551008794", "10000", "review", "resends_used_up"},
		{"timeout", "628551005454", "10000", "succeeded", ""},
		{"pay-and-hang", "628999000001", "10000", "succeeded", ""},
		{"hang-unpaid", "628999000002", "10000", "succeeded", ""},
		{"pay-and-drop", "628999000003", "10000", "succeeded", ""},
		{"drop-unpaid", "628999000004", "10000", "succeeded", ""},
		{"pay-late", "628999000005", "10000", "succeeded", ""},
		{"html-paid", "628999000006", "10000", "succeeded", ""},
		{"html-unpaid", "628999000007", "10000", "succeeded", ""},
		{"half-json-paid", "628999000008", "10000", "succeeded", ""},
		{"half-json-unpaid", "628999000009", "10000", "succeeded", ""},
		{"empty-paid", "628999000010", "10000", "succeeded", ""},
		{"empty-unpaid", "628999000011", "10000", "succeeded", ""},
		{"throttle", "628999000012", "10000", "succeeded", ""},
		{"server-error", "628999000013", "10000", "succeeded", ""},
		{"in-progress", "628999000014", "10000", "succeeded", ""},
		{"in-progress-failed", "628999000015", "10000", "failed", ""},
		{"not-found-for-a-while", "628999000016", "10000", "succeeded", ""},
		{"refuse-after-paid", "628999000017", "10000", "succeeded", ""},
		{"foreign-ref", "628999000018", "10000", "review", "echo_mismatch"},
		{"foreign-amount", "628999000019", "10000", "review", "echo_mismatch"},
		{"status-error", "628999000020", "10000", "succeeded", ""},
		{"status-html", "628999000021", "10000", "succeeded", ""},
		{"refund", "628999000022", "10000", "succeeded", ""},
		{"cancelled", "628999000023", "10000", "failed", ""},
	}
	// pay-late moves the money 20 s after the first send, longer than these schedules follow.
	s.control("behaviours", `{"customer":"628999000005","behaviour":{"sends":[{"pay":"late","delayMillis":2500,"answer":"hang"}]}}`)

	var file strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&file, `{"ref":%q,"customer":%q,"amount":%q}`+"\n", c.name, c.customer, c.amount)
	}
	s.worker()
	out, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--wait", "--json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if accepted, ended := strings.Count(out, `"duplicate":false`), strings.Count(out, `"reason":`); accepted != len(cases) || ended != len(cases) {
		t.Errorf("%d payouts were accepted and %d ended, want %d", accepted, ended, len(cases))
	}
	for _, c := range cases {
		tx := s.show(c.name)
		if tx.State != c.want || c.reason != "" && tx.Reason != c.reason {
			t.Errorf("%s: %s (%s), want %s (%s); %+v", c.name, tx.State, tx.Reason, c.want, c.reason, tx.History)
		}
	}
	s.balance()

	// DANA takes a success back: seen when somebody asks.
	s.must("ledger", "inquire", "refund")
	s.awaitState("refund", "refunded")
	// What a person must decide.
	s.must("ledger", "resolve", "foreign-amount", "--as", "succeeded", "--reason", "seen on the statement", "--by", "Sari")
	if tx := s.show("foreign-amount"); tx.State != "succeeded" {
		t.Errorf("resolved as %s", tx.State)
	}
	s.balance()

	// The same file again pays nobody twice.
	before := len(s.books().Credits)
	out, _, code = s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--json")
	if code != 0 || strings.Count(out, `"duplicate":true`) != len(cases) {
		t.Errorf("again: exit %d, %s", code, out)
	}
	if after := len(s.books().Credits); after != before {
		t.Errorf("%d credits became %d", before, after)
	}
}

func (s *system) control(what, body string) {
	s.t.Helper()
	r, err := http.Post(s.danaURL+"/_sandbox/"+what, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode/100 != 2 {
		var problem any
		_ = json.NewDecoder(r.Body).Decode(&problem)
		s.t.Fatalf("%s: %d %v", what, r.StatusCode, problem)
	}
}

// Two workers on one Redis: every payout goes out once.
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.worker()
	s.worker()
	var file strings.Builder
	const n = 300
	for i := range n {
		fmt.Fprintf(&file, `{"ref":"PAY-%d","customer":"6281%07d","amount":"1000"}`+"\n", i, i)
	}
	if _, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--wait"); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	st := s.books()
	if len(st.Credits) != n || st.Requests["topup"] != n {
		t.Errorf("%d payouts: %d credits, %d sends", n, len(st.Credits), st.Requests["topup"])
	}
	s.balance()
}
