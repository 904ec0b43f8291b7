package statemachine

import "testing"

// Only what is known to be wrong with the payee's account fails a payout before it is sent.
func TestValidation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		o     Outcome
		state State
	}{
		"Good":             {Outcome{Kind: Succeeded}, StateQueued},
		"FrozenOrUnknown":  {Outcome{Kind: Refused, Why: DoNotHonor}, StateFailed},
		"OverItsLimit":     {Outcome{Kind: Refused, Why: AmountLimit}, StateFailed},
		"InvalidAccount":   {Outcome{Kind: Refused, Why: InvalidAccount}, StateFailed},
		"OtherRefusal":     {Outcome{Kind: Refused, Why: "transaction_not_permitted"}, StateQueued},
		"NoFunds":          {Outcome{Kind: Refused, Why: InsufficientFunds}, StateQueued},
		"Denied":           {Outcome{Kind: Denied, Why: CredentialsRefused}, StateQueued},
		"Timeout":          {Outcome{Kind: Unknown, Why: "timeout"}, StateQueued},
		"UnknownOfFrozen":  {Outcome{Kind: Unknown, Why: DoNotHonor}, StateQueued},
		"OfAStatusInquiry": {Outcome{Kind: Failed, Why: "failed"}, StateQueued},
	} {
		tx := b.queued()
		ev := AccountResult("ext", tt.o, b.now)
		d := b.policy.Decide(tx, ev)
		if d.Tx.State != tt.state || ev.Holds() != "" || d.Ignored || d.Tx.Attempts != 0 {
			t.Errorf("%s: %s, hold %q; want %s and none", name, d.Tx.State, ev.Holds(), tt.state)
		}
		if d.Tx.State == StateQueued && (d.Tx.StepNo != tx.StepNo || d.Tx.Next != StepSend) {
			t.Errorf("%s: step %d %q after %d", name, d.Tx.StepNo, d.Tx.Next, tx.StepNo)
		}
		if d.Entry.ExternalID != "ext" || !AccountResult("", tt.o, b.now).Answer() {
			t.Errorf("%s: the answer leaves no trace", name)
		}
	}
}
