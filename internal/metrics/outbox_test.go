package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	outbox := ledger.NewOutbox(server.Client())
	happened := time.UnixMilli(1763700000000)
	c := metrics.NewOutbox(outbox, func() time.Time { return happened.Add(90 * time.Second) }, zap.NewNop())
	const help = `
# HELP salur_webhook_oldest_waiting_age_seconds Age of the oldest outcome that waits, in seconds; 0 without one.
# TYPE salur_webhook_oldest_waiting_age_seconds gauge
salur_webhook_oldest_waiting_age_seconds AGE
# HELP salur_webhook_undelivered Payouts with outcomes that were given up after three days.
# TYPE salur_webhook_undelivered gauge
salur_webhook_undelivered GIVEN
# HELP salur_webhook_waiting Payouts with outcomes that the webhook has not been told yet.
# TYPE salur_webhook_waiting gauge
salur_webhook_waiting WAITING
`
	want := func(age, given, waiting string) {
		t.Helper()
		text := strings.NewReplacer("AGE", age, "GIVEN", given, "WAITING", waiting).Replace(help)
		if err := testutil.CollectAndCompare(c, strings.NewReader(text)); err != nil {
			t.Error(err)
		}
	}
	want("0", "0", "0")
	after, _, err := outbox.Read(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	events := []ledger.Event{{ID: "1763700000000-0", Ref: "A", To: sm.StateFailed}, {ID: "1763700000500-0", Ref: "B", To: sm.StateSucceeded}}
	if _, err := outbox.Put(t.Context(), after, events, happened); err != nil {
		t.Fatal(err)
	}
	want("90", "0", "2")
	d, _, err := outbox.Take(t.Context(), "A", "w", happened, happened.Add(time.Minute))
	if err == nil {
		_, err = outbox.GiveUp(t.Context(), d, ledger.Failure{Since: happened}, happened)
	}
	if err != nil {
		t.Fatal(err)
	}
	want("89.5", "1", "1")
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) != 0 {
		t.Errorf("%v, %v", problems, err)
	}
	server.Kill()
	if n := testutil.CollectAndCount(c); n != 0 {
		t.Errorf("%d metrics of a Redis that is away, which would be told as 0", n)
	}
}
