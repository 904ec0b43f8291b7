package statemachine

import "testing"

// Every reason that a rule gives, and every reason of the machine's own, has a row; no row stands twice or is empty.
func TestEveryReasonHasARow(t *testing.T) {
	t.Parallel()
	rows := map[Why]bool{}
	for _, r := range Reasons {
		if rows[r.Why] || r.Why == "" || r.Means == "" || r.Do == "" {
			t.Errorf("row %q stands twice, or says nothing", r.Why)
		}
		rows[r.Why] = true
	}
	for state, rules := range table {
		for _, r := range rules {
			if r.reason != "" && !rows[r.reason] {
				t.Errorf("%s, %s: reason %q has no row", state, r.on, r.reason)
			}
		}
	}
	for _, why := range []Why{
		InsufficientFunds, MerchantLimit, MerchantBlacklisted, InvalidMerchant, NotAllowed, DoNotHonor, AmountLimit, InvalidAccount,
		CredentialsRefused, NameMismatch, AttemptLost, "resolved",
	} {
		if !rows[why] {
			t.Errorf("reason %q has no row", why)
		}
	}
}

func TestEveryEventHasARow(t *testing.T) {
	t.Parallel()
	if len(Events) != len(Triggers)+1 {
		t.Errorf("%d rows for %d triggers and the acceptance", len(Events), len(Triggers))
	}
	for _, e := range Events {
		if e.Means == "" {
			t.Errorf("event %q says nothing", e.Event)
		}
	}
}
