package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/wakeup"
)

func TestBooks(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	l := ledger.NewRedis(rdb)
	now := time.Now()
	for ref, amount := range map[string]payout.Number{"PAY-1": "10000.50", "PAY-2": "5"} {
		p, err := payout.Instruction{Ref: ref, Customer: "628123450001", Amount: amount}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := wakeup.Submit(t.Context(), l, wakeup.New(rdb), p, now.Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	books := metrics.NewBooks(l, rdb, func() time.Time { return now.Truncate(time.Millisecond) }, zap.NewNop())
	compare := func(want string, names ...string) {
		t.Helper()
		if err := testutil.CollectAndCompare(books, strings.NewReader(want), names...); err != nil {
			t.Error(err)
		}
	}
	compare(`
# HELP salur_oldest_transaction_age_seconds Age of the oldest payout in a state that is not final, in seconds; 0 without one.
# TYPE salur_oldest_transaction_age_seconds gauge
salur_oldest_transaction_age_seconds{state="pending"} 0
salur_oldest_transaction_age_seconds{state="processing"} 0
salur_oldest_transaction_age_seconds{state="queued"} 60
salur_oldest_transaction_age_seconds{state="review"} 0
`, "salur_oldest_transaction_age_seconds")
	compare(`
# HELP salur_open_payouts Payouts by what is to be done next: send, wait for an attempt's answer, inquire. Those in review have nothing scheduled.
# TYPE salur_open_payouts gauge
salur_open_payouts{kind="bank",step="answer"} 0
salur_open_payouts{kind="bank",step="inquire"} 0
salur_open_payouts{kind="bank",step="send"} 0
salur_open_payouts{kind="topup",step="answer"} 0
salur_open_payouts{kind="topup",step="inquire"} 0
salur_open_payouts{kind="topup",step="send"} 2
`, "salur_open_payouts")
	for _, name := range []string{"salur_transactions", "salur_transactions_rupiah", "salur_queue_tasks", "salur_ledger_up"} {
		if n := testutil.CollectAndCount(books, name); n == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if problems, err := testutil.CollectAndLint(books); err != nil || len(problems) != 0 {
		t.Errorf("%v, %v", problems, err)
	}
	server.Kill()
	compare("# HELP salur_ledger_up 1 if the ledger could be read for this scrape.\n# TYPE salur_ledger_up gauge\nsalur_ledger_up 0\n")
}

// A hold that was lifted is gone from the metrics, and a transition to the same state is none.
func TestProcessMetrics(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Hold("system", "insufficient_funds", true)
	m.Hold("person", "", true)
	m.Hold("system", "insufficient_funds", false)
	m.Transition("pending", "pending", time.Unix(1, 0))
	m.Transition("pending", "succeeded", time.Unix(1763700000, 500e6))
	state := "open"
	m.Breakers(func() map[string]string { return map[string]string{"topup": state} })
	m.Breakers(func() map[string]string { return map[string]string{"webhook": "closed"} })
	m.Notify("accepted")
	want := `
# HELP salur_breaker_state Circuit breaker of an API: 0 closed, 1 half-open, 2 open.
# TYPE salur_breaker_state gauge
salur_breaker_state{api="topup"} 1
salur_breaker_state{api="webhook"} 0
# HELP salur_hold 1 while sending is held, by who holds it and why.
# TYPE salur_hold gauge
salur_hold{by="person",cause=""} 1
# HELP salur_last_progress_timestamp_seconds When this worker last changed a payout's state, in Unix time; absent before the first.
# TYPE salur_last_progress_timestamp_seconds gauge
salur_last_progress_timestamp_seconds 1.7637000005e+09
# HELP salur_notifies_total DANA's bank notifies: accepted, of an unknown payout, refused (not signed by DANA, not readable), failed (Redis away). Repetitions that are recognised are not counted.
# TYPE salur_notifies_total counter
salur_notifies_total{result="accepted"} 1
salur_notifies_total{result="failed"} 0
salur_notifies_total{result="refused"} 0
salur_notifies_total{result="unknown"} 0
# HELP salur_transitions_total Changes of a payout's state, by the state it left and the one it reached.
# TYPE salur_transitions_total counter
salur_transitions_total{from="pending",to="failed"} 0
salur_transitions_total{from="pending",to="refunded"} 0
salur_transitions_total{from="pending",to="succeeded"} 1
salur_transitions_total{from="processing",to="failed"} 0
salur_transitions_total{from="processing",to="refunded"} 0
salur_transitions_total{from="processing",to="succeeded"} 0
salur_transitions_total{from="queued",to="failed"} 0
salur_transitions_total{from="queued",to="refunded"} 0
salur_transitions_total{from="queued",to="succeeded"} 0
salur_transitions_total{from="review",to="failed"} 0
salur_transitions_total{from="review",to="refunded"} 0
salur_transitions_total{from="review",to="succeeded"} 0
`
	state = "half-open" // as a breaker that is looked at after its time
	err := testutil.GatherAndCompare(m.Registry, strings.NewReader(want),
		"salur_breaker_state", "salur_hold", "salur_last_progress_timestamp_seconds", "salur_transitions_total", "salur_notifies_total",
		"salur_balance_rupiah", "salur_balance_read_timestamp_seconds", "salur_low_water_rupiah") // absent: the balance is not watched
	if err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(m.Registry); err != nil || len(problems) != 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// The balance is told once it was read, with when that was.
func TestBalance(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Balance(money.FromCents(123_456_789_050), time.Unix(1763700000, 0))
	m.LowWater(money.Rupiah(50_000_000))
	want := `
# HELP salur_balance_read_timestamp_seconds When this worker last read that balance, in Unix time.
# TYPE salur_balance_read_timestamp_seconds gauge
salur_balance_read_timestamp_seconds 1.7637e+09
# HELP salur_balance_rupiah The merchant's balance at DANA as this worker last read it, in rupiah; absent when it is not watched.
# TYPE salur_balance_rupiah gauge
salur_balance_rupiah 1.2345678905e+09
# HELP salur_low_water_rupiah The balance below which sending is held, in rupiah; absent when none is set.
# TYPE salur_low_water_rupiah gauge
salur_low_water_rupiah 5e+07
`
	err := testutil.GatherAndCompare(m.Registry, strings.NewReader(want), "salur_balance_rupiah", "salur_balance_read_timestamp_seconds", "salur_low_water_rupiah")
	if err != nil {
		t.Error(err)
	}
}
