package transactions

import (
	"testing"

	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// The pages go on while Redis refuses writes, and say why it does; an act says that it was not done.
func TestRedisRefusesWrites(t *testing.T) {
	t.Parallel()
	for _, code := range redistest.Refusals {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			b.put(t, "A", sm.StateReview)
			to, hidden := b.form(t, Path+"holds", actHold)
			hidden.Set("by", "Sari")
			hidden.Set("reason", "test")
			b.server.Refuse(code)
			for _, path := range []string{Path, Path + "list", Path + "payout?ref=A", Path + "holds"} {
				b.shows(t, path, "Redis takes no writes", code)
			}
			if status, body := b.post(t, to, hidden); status != 503 {
				t.Errorf("hold: %d", status)
			} else {
				says(t, "hold", body, "Nothing was done", code)
			}
		})
	}
}
