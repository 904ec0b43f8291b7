package gate

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// A worker that may do nothing, such as one whose clock is wrong, neither probes holds nor reads the balance: the times that it
// wrote would hold all others up.
func TestUnfitWritesNoTimes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		var unfit error
		probes, readings := 0, 0
		cfg := config(rdb, c.now)
		cfg.Fit = func() error { return unfit }
		cfg.Probe = func(context.Context, Hold) bool { probes++; return false }
		cfg.Watch = Watch{Every: time.Minute, LowWater: money.Rupiah(1), Ask: func(context.Context) (money.Amount, error) {
			readings++
			return money.Rupiah(10), nil
		}}
		g := New(cfg)
		if _, err := g.Hold(t.Context(), Hold{Cause: statemachine.CredentialsRefused, Ref: "A"}); err != nil {
			t.Fatal(err)
		}
		g.read(t.Context())
		unfit = errors.New("the clock is wrong")
		c.pass(31 * 24 * time.Hour)
		g.probeDue(t.Context())
		g.watch(t.Context())
		if probes != 0 || readings != 0 {
			t.Errorf("unfit, and made %d probes and %d readings", probes, readings)
		}
		unfit = nil
		g.probeDue(t.Context())
		g.watch(t.Context())
		if probes != 1 || readings != 1 {
			t.Errorf("fit, and made %d probes and %d readings", probes, readings)
		}
	})
}
