package salur_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
)

// What is beyond the limits, or over before it begins, is refused before anything is on record; what was accepted before
// stays accepted, whoever asks again.
func TestLimits(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
		now := noon
		c = c.At(func() time.Time { return now })
		small := c.Within(salur.Limits{MaxAmount: salur.Rupiah(10_000), MaxFee: salur.Rupiah(500)})
		large, fee, late, sum := topUp("LARGE"), topUp("FEE"), topUp("LATE"), topUp("SUM")
		large.Amount = salur.Rupiah(1_000_000_000)
		fee.Amount, fee.Fee = salur.Rupiah(1), salur.Rupiah(501)
		sum.Fee = salur.Cents(1)
		late.NotAfter = noon.Add(time.Hour)
		beyond := large
		beyond.Ref, beyond.Fee = "BEYOND", salur.Cents(1)
		refused := func(c *salur.Client, p salur.Payout, field string) {
			t.Helper()
			_, err := c.Enqueue(t.Context(), p)
			checked, checkErr := c.Check(t.Context(), []salur.Payout{p})
			for _, err := range []error{err, checked[0].Err, c.CheckNew(p)} {
				var invalid *salur.InvalidError
				if !errors.As(err, &invalid) || len(invalid.Fields) != 1 || invalid.Fields[0].Field != field {
					t.Errorf("%s: %v", p.Ref, err)
				}
			}
			if _, err := c.Get(t.Context(), p.Ref); checkErr != nil || !errors.Is(err, salur.ErrNotFound) {
				t.Errorf("%s: %v, on record: %v", p.Ref, checkErr, err)
			}
		}
		refused(c, beyond, "fee")
		refused(small, large, "amount")
		refused(small, sum, "fee")
		refused(small, fee, "fee")
		now = late.NotAfter
		refused(c, late, "notAfter")

		now = noon
		for _, p := range []salur.Payout{large, fee, sum, late} {
			if got, err := c.Enqueue(t.Context(), p); err != nil || got.Duplicate {
				t.Errorf("%s: %+v, %v", p.Ref, got, err)
			}
		}
		now = late.NotAfter.Add(time.Hour)
		other := large
		other.Notes = "other"
		both := []salur.Payout{beyond, large, fee, sum, late, other, topUp("NEW")}
		const before = "[BEYOND  false LARGE queued true FEE queued true SUM queued true LATE queued true LARGE queued false conflict NEW  false]"
		const after = "[BEYOND  false LARGE queued true FEE queued true SUM queued true LATE queued true LARGE queued false conflict NEW queued false]"
		if got, err := small.Check(t.Context(), both); err != nil || shown(got) != before {
			t.Errorf("%s, %v", shown(got), err)
		}
		if got, err := small.EnqueueAll(t.Context(), both); err != nil || shown(got) != after {
			t.Errorf("%s, %v", shown(got), err)
		}
	})
}

func shown(results []salur.Result) string {
	var all []string
	for _, r := range results {
		s := fmt.Sprint(r.Ref, " ", r.State, " ", r.Duplicate)
		if errors.Is(r.Err, salur.ErrConflict) {
			s += " conflict"
		}
		all = append(all, s)
	}
	return fmt.Sprint(all)
}
