package transactions

import (
	"strings"
	"testing"
)

// The overview says that DANA throttles and that a loss is marked; a hold that cannot be read has no time.
func TestOverviewTells(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.rdb.HSet(t.Context(), "salur:{gate}:throttled:topup", "until", ten.UnixMilli(), "pause", 60000)
	b.rdb.HSet(t.Context(), "salur:{topup}:store", "lost", "disk gone", "lostAt", nine.UnixMilli())
	b.rdb.HSet(t.Context(), "salur:{gate}:holds", "system:insufficient_funds", `{"needs":"x"}`)
	body := b.shows(t, Path, "DANA answers 429 (too many requests): sends by topup pause until 2026-03-01 10:00:00 WIB", "A loss is marked since 2026-03-01 09:00:00 WIB: disk gone", "since an unknown time")
	if strings.Contains(body+b.shows(t, Path+"holds", "since an unknown time"), "0001-01-01") {
		t.Error("a time that is not known is shown")
	}
}
