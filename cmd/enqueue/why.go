package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/batch"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/wakeup"
)

// quiet is for how long a worker may give no sign of life and be taken for one that runs.
const quiet = 15 * time.Second

// why is what keeps open payouts, empty when nothing seems to. moved: something has changed since it was last asked. What the
// Redis user may not look at is said, and is taken for nothing.
func why(ctx context.Context, rdb redis.UniversalClient, s batch.Standing, moved bool) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var reasons, hidden []string
	look := func(what string, err error) bool {
		if redisfault.Code(err) == "NOPERM" {
			hidden = append(hidden, what)
		}
		return err == nil // any other error is met by those who wait, too
	}
	sends := s[salur.Queued].Payouts + s[salur.Processing].Payouts
	seen, err := wakeup.WorkerSeen(ctx, rdb)
	switch {
	case !look("workers", err):
	case seen.IsZero():
		reasons = append(reasons, "no worker is running")
	case time.Since(seen) > quiet:
		reasons = append(reasons, "no worker has been seen since "+jakarta.Format(seen))
	}
	holds, err := gate.ReadHolds(ctx, rdb)
	if look("holds", err) && sends > 0 {
		for _, h := range holds {
			by := h.Person
			if h.By != gate.ByPerson {
				by = "the system (" + string(h.Cause) + ")"
			}
			reasons = append(reasons, fmt.Sprintf("sending is held by %s since %s: %s", by, h.SinceText(jakarta.Format), h.Reason))
		}
	}
	switch pending := s[salur.Pending].Payouts; {
	case len(reasons) > 0 || moved:
	case sends == 0 && pending > 0:
		reasons = append(reasons, fmt.Sprintf("DANA has not told how %d pending ended; it is asked again and again", pending))
	case len(hidden) == 0:
		reasons = append(reasons, "workers run and sending is not held; is a breaker open? /readyz of a worker tells")
	}
	if len(hidden) > 0 && !moved {
		reasons = append(reasons, "this Redis user may not look at "+strings.Join(hidden, " and ")+" (docs/redis.md)")
	}
	return strings.Join(reasons, "; ")
}
