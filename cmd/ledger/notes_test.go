package main

import (
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/gate"
)

// stats says that DANA throttles, that a loss is marked, and knows no time of a hold that cannot be read.
func TestStatsNotes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := gate.New(gate.Config{Redis: b.rdb, BreakerFailures: 1, BreakerOpenFor: time.Second, Now: time.Now})
	if err := g.Throttled(t.Context(), "transfer-bank"); err != nil {
		t.Fatal(err)
	}
	b.must(t, "store", "--lost", "--reason", "disk gone")
	b.rdb.HSet(t.Context(), "salur:{gate}:holds", "system:insufficient_funds", `{"needs":"x"}`)
	out := b.must(t, "stats")
	for _, want := range []string{"DANA answers 429 (too many requests): sends by transfer-bank pause until ", "A loss is marked since ", "disk gone", "since an unknown time"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	if out := b.must(t, "resume"); strings.Contains(out, "0001-01-01") {
		t.Error(out)
	}
}
