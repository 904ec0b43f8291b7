package courier

import (
	"math/rand/v2"
	"time"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/webhook"
)

// patience is how long a payout's outcomes are tried from the first attempt that failed. Then
// the one that was tried is given up; so are those behind it, each after one attempt, unless that one
// goes well.
const patience = 72 * time.Hour

// mostRetryAfter is the longest wait that a receiver can ask for.
const mostRetryAfter = time.Hour

// delays are the waits after attempt 1..n that failed, the last one repeats: some 16 attempts in
// three days.
var delays = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
}

// failure is what is put on record about an attempt that failed now, and whether it was the last.
func failure(d ledger.Delivery, r webhook.Result, now time.Time) (f ledger.Failure, giveUp bool) {
	f = ledger.Failure{Tries: d.Tries + 1, Since: d.Failing, Error: string(r.Outcome), Status: r.Status}
	if f.Since.IsZero() {
		f.Since = now
	}
	return f, now.Sub(f.Since) >= patience
}

// wait is how long to wait after a failure: by the schedule or, if that is longer, as the receiver
// asked. Spread (0 to 1) adds up to a fifth, so that what failed together does not come back
// together. The last attempt is made when the patience ends, not before.
func wait(f ledger.Failure, r webhook.Result, now time.Time, spread float64) time.Duration {
	d := delays[max(0, min(f.Tries, len(delays))-1)]
	d = max(d, min(r.RetryAfter, mostRetryAfter))
	d += time.Duration(float64(d) / 5 * spread)
	return min(d, f.Since.Add(patience).Sub(now))
}

func spread() float64 { return rand.Float64() }
