package doctor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

// Of a hold that only a person lifts it is said so, with the payout that met it.
func TestAdviceOnHolds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		cause          statemachine.Why
		fundedByPerson bool
		person         bool
	}{
		{gate.LimitPayout, false, true}, {gate.LimitFee, false, true}, {gate.HoldsLost, false, true}, {gate.StoreLost, false, true}, {gate.RefusedAlike, false, true},
		{gate.LowBalance, false, false}, {gate.LowBalance, true, true}, {statemachine.InsufficientFunds, false, false}, {statemachine.InsufficientFunds, true, true},
		{statemachine.CredentialsRefused, true, false},
	} {
		rdb := redistest.Start(t).Client()
		rdb.HSet(t.Context(), "salur:{gate}:holds", "system:x", fmt.Sprintf(`{"by":"system","cause":%q,"reason":"r","ref":"PAY-7","since":"2026-11-28T10:00:00Z"}`, tc.cause))
		f := holds(t.Context(), rdb, outlook{fundedByPerson: tc.fundedByPerson})[0]
		if person := strings.Contains(f.Do, "ledger resume"); person != tc.person || !strings.Contains(f.Found, "payout PAY-7") {
			t.Errorf("%s, %t: %+v", tc.cause, tc.fundedByPerson, f)
		}
	}
	rdb := redistest.Start(t).Client()
	rdb.HSet(t.Context(), "salur:{gate}:holds", "system:insufficient_funds", `{"needs":"x"}`)
	f := holds(t.Context(), rdb, outlook{})[0]
	if !strings.Contains(f.Found, "since an unknown time") || strings.Contains(f.Found, "0001") || !strings.Contains(f.Do, "ledger resume") {
		t.Errorf("unreadable: %+v", f)
	}
}

// Doctor says that DANA throttles, and names open payouts whose records cannot be read.
func TestThrottledAndUnreadable(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	now := time.Now()
	g := gate.New(gate.Config{Redis: rdb, BreakerFailures: 1, BreakerOpenFor: time.Second, Now: time.Now})
	if err := g.Throttled(t.Context(), "topup"); err != nil {
		t.Fatal(err)
	}
	l := ledger.NewRedis(rdb)
	for _, ref := range []string{"BAD-1", "GOOD"} {
		if _, _, err := l.Create(t.Context(), payout.Payout{Kind: payout.TopUp, Ref: ref, Customer: "62811742234", Amount: money.Rupiah(10)}, now); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, payouts(t.Context(), rdb, time.Now, outlook{}), "records", OK, "can be read")
	rdb.Set(t.Context(), "salur:{topup}:tx:BAD-1", `{"bad":1}`, 0)
	found := payouts(t.Context(), rdb, time.Now, outlook{})
	wants(t, found, "throttled", Warning, "DANA answers 429 (too many requests): sends by topup pause until "+now.Format("2006-01-02"))
	wants(t, found, "records", Problem, "1 open payouts have a record that cannot be read: BAD-1")
}

// While Redis refuses writes nothing is claimed about workers, and nothing is said of scripts.
func TestRefusedWritesAgree(t *testing.T) {
	t.Parallel()
	for _, code := range redistest.Refusals {
		s := redistest.Start(t)
		rdb := s.Client()
		s.Refuse(code)
		for _, f := range payouts(t.Context(), rdb, time.Now, outlook{refused: true}) {
			all := f.Found + f.Means + f.Do
			if strings.Contains(all, "script") || strings.Contains(all, "payouts are accepted") || strings.Contains(all, "none is running") {
				t.Errorf("%s: %+v", code, f)
			}
		}
	}
}
