package payout

import (
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
)

func TestBounds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	fees := Bounds{MaxFee: money.Rupiah(2500)}
	small := Bounds{MaxTotal: money.Rupiah(1000)}
	for _, tt := range []struct {
		name        string
		bounds      Bounds
		amount, fee money.Amount
		notAfter    time.Time
		want        string // empty for accepted
	}{
		{name: "DefaultMost", amount: money.Rupiah(1_000_000_000)},
		{name: "DefaultBeyond", amount: money.FromCents(100_000_000_001), want: `amount "1000000000.01": must be at most 1000000000.00 (SALUR_MAX_AMOUNT)`},
		{name: "FeeCounts", amount: money.Rupiah(1_000_000_000), fee: money.FromCents(1), want: `fee "0.01": must be at most 1000000000.00 together with the amount (SALUR_MAX_AMOUNT)`},
		{name: "Most", bounds: small, amount: money.Rupiah(999), fee: money.Rupiah(1)},
		{name: "Beyond", bounds: small, amount: money.Rupiah(1001), want: `amount "1001.00": must be at most 1000.00 (SALUR_MAX_AMOUNT)`},
		{name: "FeeAlone", bounds: small, amount: money.Rupiah(1), fee: money.Rupiah(5000), want: `fee "5000.00": must be at most 1000.00 together with the amount (SALUR_MAX_AMOUNT)`},
		{name: "FeeMost", bounds: fees, amount: money.Rupiah(1), fee: money.Rupiah(2500)},
		{name: "FeeBeyond", bounds: fees, amount: money.Rupiah(1), fee: money.FromCents(250001), want: `fee "2500.01": must be at most 2500.00 (SALUR_LIMIT_FEE)`},
		{name: "Overflow", amount: money.Rupiah(1), fee: money.Rupiah(1e18), want: `fee "****.07": must be at most 1000000000.00 together with the amount (SALUR_MAX_AMOUNT)`},
		{name: "Later", amount: money.Rupiah(1), notAfter: now.Add(time.Nanosecond)},
		{name: "Now", amount: money.Rupiah(1), notAfter: now, want: `notAfter "2026-12-01T09:00:00Z": must be later than now; give a later time, or leave it out`},
		{name: "Past", amount: money.Rupiah(1), notAfter: now.Add(-time.Hour), want: `notAfter "2026-12-01T08:00:00Z": must be later than now; give a later time, or leave it out`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Payout{Kind: TopUp, Ref: "A", Amount: tt.amount, Fee: money.Rupiah(0).Add(tt.fee), NotAfter: tt.notAfter}
			err := tt.bounds.Check(p, now)
			if got := ""; err != nil {
				if got = err.Error(); got != tt.want {
					t.Errorf("%s\nwant %s", got, tt.want)
				}
			} else if tt.want != "" {
				t.Errorf("accepted; want %s", tt.want)
			}
		})
	}
}
