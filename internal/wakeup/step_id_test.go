package wakeup

import (
	"fmt"
	"testing"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// No two steps of any payouts have one id: else the one would be taken for the other's wake-up. References may hold colons and digits.
func TestStepIDsAreOfOneStep(t *testing.T) {
	seen := map[string]string{}
	for _, ref := range []string{"A", "A:1", "A:1:2", "A:1 respin:1"} {
		good := payout.Instruction{Ref: ref, Customer: "62811742234", Amount: "1"}
		if _, err := good.Parse(); err != nil && ref != "A:1 respin:1" {
			t.Fatalf("%q: %v", ref, err)
		} else if err != nil {
			continue // no payout has this reference
		}
		for step := range 4 {
			for respin := range 3 {
				rec := ledger.Record{Payout: payout.Payout{Ref: ref}, Tx: sm.Transaction{StepNo: step}}
				what := fmt.Sprintf("%q step %d respin %d", ref, step, respin)
				if other, taken := seen[StepID(rec, respin)]; taken {
					t.Errorf("%s and %s have the id %q", what, other, StepID(rec, respin))
				}
				seen[StepID(rec, respin)] = what
			}
		}
	}
}
