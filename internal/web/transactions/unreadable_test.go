package transactions

import (
	"testing"

	sm "github.com/salur-id/salur/internal/statemachine"
)

// A record that cannot be read is told as such, and not as a Redis that is away.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.put(t, "GOOD", sm.StateSucceeded)
	b.put(t, "BAD", sm.StateReview)
	to, hidden := b.form(t, Path+"payout?ref=BAD", actResolve)
	hidden.Set("by", "Sari")
	hidden.Set("reason", "test")
	hidden.Set("as", "failed")
	b.rdb.Set(t.Context(), "salur:{topup}:tx:BAD", `{"bad":1}`, 0)
	b.shows(t, Path+"list", "GOOD", "1 payout is left out, because the record cannot be read: BAD")
	status, body := b.get(t, Path+"payout?ref=BAD")
	if status != 500 {
		t.Errorf("status %d", status)
	}
	says(t, "payout", body, "The record of BAD cannot be read: it is damaged or was altered", "SalurUnreadableRecords")
	status, body = b.post(t, to, hidden)
	if status != 500 {
		t.Errorf("resolve: %d", status)
	}
	says(t, "resolve", body, "Nothing was done", "The record of BAD cannot be read")
}
