package api

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/redistest"
)

// While Redis refuses writes the intake is not ready and names the reason, payouts are not accepted and called so,
// and looking goes on.
func TestRedisRefusesWrites(t *testing.T) {
	t.Parallel()
	for _, code := range redistest.Refusals {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b := over(t, redistest.Start(t, "--appendonly", "yes"))
			if a := b.post(pay("BEFORE")); a.status != 201 {
				t.Fatal(a.text)
			}
			b.server.Refuse(code)
			await(t, "the intake to notice", func() bool {
				status, r := b.readyz()
				return status == 503 && strings.Contains(r.Checks["writes"].Detail, code) && r.Checks["redis"].OK
			})
			want := refusesWrites
			if code == "OOM" {
				want = full
			}
			if code != "NOPERM" { // the limiter of requests writes too, and is in nobody's way
				for _, body := range []string{pay("A-1"), array(pay("A-1"), pay("A-2"))} {
					a := b.post(body)
					if p := b.refused(a, want); p.Detail == "" || strings.Contains(a.text, "user_script") {
						t.Errorf("%s", a.text)
					}
				}
			}
			if a := b.call("GET", "/v1/payouts/BEFORE", ""); a.status != 200 {
				t.Errorf("looking: %d %s", a.status, a.text)
			}
			if a := b.call("GET", "/v1/payouts", ""); a.status != 200 {
				t.Errorf("listing: %d %s", a.status, a.text)
			}
		})
	}
}
