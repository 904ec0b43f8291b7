package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/reconcile"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func TestMain(m *testing.M) {
	logging.Disable()
	goleak.VerifyTestMain(m,
		// go-redis ends its pool's goroutines after Close has returned.
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).checkMinIdleConns"),
	)
}

// today is a day in Jakarta, and day its period.
var (
	today = time.Date(2026, 3, 1, 0, 0, 0, 0, jakarta.Zone)
	day   = reconcile.Period{Since: today, Until: today.AddDate(0, 0, 1)}
	noon  = today.Add(12 * time.Hour)
)

type testBundle struct {
	*testing.T
	ledger *ledger.Redis
}

func setup(t *testing.T) testBundle {
	t.Helper()
	return testBundle{t, ledger.NewRedis(redistest.Start(t).Client())}
}

// put makes a payout that was accepted and brings it into the state, as of the time when it ended.
func (b testBundle) put(ref string, cents int64, fee string, s sm.State, accepted, ended time.Time) {
	b.Helper()
	in := payout.Instruction{Ref: ref, Customer: "62811742234", Amount: payout.Number(money.FromCents(cents).Value()), Fee: payout.Number(fee)}
	p, err := in.Parse()
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := b.ledger.Create(b.Context(), p, accepted); err != nil {
		b.Fatal(err)
	}
	happen := func(make func(ledger.Record) sm.Event) {
		b.Helper()
		if _, _, err := ledger.Update(b.Context(), b.ledger, sm.DefaultPolicy(), ref, "",
			func(r ledger.Record) (sm.Event, bool) { return make(r), true }); err != nil {
			b.Fatal(err)
		}
	}
	take := func(ledger.Record) sm.Event {
		return sm.Take(sm.Attempt{ExternalID: "ext", Owner: "w", StartedAt: accepted, Deadline: accepted.Add(11 * time.Second)})
	}
	sends := func(o sm.Outcome) func(ledger.Record) sm.Event {
		return func(r ledger.Record) sm.Event { return sm.SendResult(r.Tx.Open, o, ended) }
	}
	paid := sm.Outcome{Kind: sm.Succeeded, Code: "2003800", ReferenceNo: "1", EchoRef: ref, EchoAmount: p.Amount}
	foreign := paid
	foreign.EchoAmount = money.FromCents(cents + 1)
	refunded := func(r ledger.Record) sm.Event {
		return sm.InquiryResult(r.Tx.Inquiries+1, "ext-2", sm.Outcome{Kind: sm.Refunded, Code: "2003900", Status: "04"}, ended)
	}
	for _, make := range map[sm.State][]func(ledger.Record) sm.Event{
		sm.StateProcessing: {take},
		sm.StatePending:    {take, sends(sm.Outcome{Kind: sm.AskStatus, Code: "5003800"})},
		sm.StateReview:     {take, sends(foreign)},
		sm.StateSucceeded:  {take, sends(paid)},
		sm.StateFailed:     {take, sends(sm.Outcome{Kind: sm.Refused, Why: "exceeds_limit", Code: "4033802"})},
		sm.StateRefunded:   {take, sends(paid), refunded},
	}[s] {
		happen(make)
	}
	rec, err := b.ledger.Get(b.Context(), ref)
	if err != nil || rec.Tx.State != s {
		b.Fatalf("%s is %s, want %s: %v", ref, rec.Tx.State, s, err)
	}
}

const header = "REQUEST_ID,FUND_AMOUNT,FUND_AMOUNT_CURRENCY,CHARGE_AMOUNT,FEE,WHT,VAT,PAID_TOTAL_AMOUNT,PAYER_ROLE_ID,DEPOSIT_ACCOUNT_NO,MERCHANT_NAME,TRANSACTION_DATE,SOURCE,REPORT_DATE\n"

// line is a row of a report.
func line(ref string, cents, charge int64, at time.Time) string {
	value := func(c int64) string { return money.FromCents(c).Value() }
	return fmt.Sprintf("%s,%s,IDR,%s,%s,0.0,0.0,%s,216620000000000000001,20070000000000000001,Toko,%s,Toko,20260302\n",
		ref, value(cents), value(charge), value(charge), value(cents+charge), at.In(jakarta.Zone).Format("20060102 15:04:05"))
}

func report(t testing.TB, files ...string) *reconcile.Report {
	t.Helper()
	r := &reconcile.Report{}
	for i, text := range files {
		if err := r.Read(fmt.Sprintf("report-%d.csv", i+1), strings.NewReader(header+text)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (b testBundle) compare(p reconcile.Period, files ...string) reconcile.Result {
	b.Helper()
	result, err := reconcile.Compare(b.Context(), b.ledger, report(b, files...), p)
	if err != nil {
		b.Fatal(err)
	}
	b.adds(result)
	return result
}

// adds holds the sums of a result against each other.
func (b testBundle) adds(r reconcile.Result) {
	b.Helper()
	there, here := int64(0), int64(0)
	counts := map[reconcile.Class]int{}
	for _, d := range r.Differences {
		there, here = there+d.There, here+d.Here
		counts[d.Class]++
		if d.Do == "" {
			b.Errorf("%s: nothing is said to do", d.Class)
		}
	}
	sums, all := int64(0), 0
	for class, sum := range r.ByClass {
		sums, all = sums+sum.Cents, all+sum.Count
		if sum.Count != counts[class] {
			b.Errorf("%d of %s are counted as %d", counts[class], class, sum.Count)
		}
	}
	switch {
	case there-here != r.There-r.Here, sums != r.There-r.Here:
		b.Errorf("the differences come to %d and by class to %d, the sides differ by %d", there-here, sums, r.There-r.Here)
	case r.Paid.Cents+r.TakenBack.Cents != r.There, r.Paid.Count+r.TakenBack.Count != r.Rows:
		b.Errorf("the report's sums do not add up: %+v", r)
	case r.Agree.Cents != r.Here-here, all != len(r.Differences):
		b.Errorf("agreed %+v, here %d of which %d differ", r.Agree, r.Here, here)
	}
}
