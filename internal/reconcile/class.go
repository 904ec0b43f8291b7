package reconcile

import (
	"fmt"

	"github.com/salur-id/salur/internal/statemachine"
)

// Class is a kind of difference.
type Class string

// The classes, the most alarming first. A reference is in one of them: the first that fits.
const (
	Repeated         Class = "repeated"           // one reference is there as paid, or as taken back, more than once
	PaidAgain        Class = "paid_again"         // there as paid a day or more after it had succeeded here
	PaidButFailed    Class = "paid_but_failed"    // there as paid; here it failed
	Unknown          Class = "unknown"            // there; here is no such payout
	PaidNotSucceeded Class = "paid_not_succeeded" // there as paid; here it is not over
	TakenBack        Class = "taken_back"         // there taken back; here it is not
	NotTakenBack     Class = "not_taken_back"     // here refunded; there paid and not taken back
	NotInReport      Class = "not_in_report"      // succeeded here, and not there
	OtherAmount      Class = "other_amount"       // another amount there
	OtherFee         Class = "other_fee"          // another fee there than DANA was told, or a sum that is not one
	Forgotten        Class = "forgotten"          // there; here is nothing left of that time
	// NextReport is no difference yet: it ended here near an edge of the period, and may be in the report before or
	// after. Also a refund whose payment is in neither.
	NextReport Class = "next_report"
)

// Classes lists them all, in their order.
var Classes = []Class{
	Repeated, PaidAgain, PaidButFailed, Unknown, PaidNotSucceeded, TakenBack, NotTakenBack, NotInReport, OtherAmount, OtherFee, Forgotten, NextReport,
}

// do is what a person does about a payout in a class, which here is in the state.
func do(c Class, ref string, state statemachine.State) string {
	evidence := "ask DANA with: ledger evidence " + ref
	inquire := "ledger inquire " + ref
	switch c {
	case Repeated, PaidAgain:
		return "stop sending with: ledger hold; " + evidence
	case PaidButFailed:
		return inquire + "; do not pay it in another way; " + evidence
	case Unknown:
		return "find who else pays from this deposit; ask DANA"
	case Forgotten:
		return "look in the export of that time"
	case PaidNotSucceeded:
		if state == statemachine.StateReview {
			return fmt.Sprintf("ledger resolve %s --as succeeded --reason 'in the settlement report' --by NAME", ref)
		}
		return inquire
	case TakenBack:
		if state == statemachine.StateReview {
			return fmt.Sprintf("ledger resolve %s --as refunded --reason 'in the settlement report' --by NAME", ref)
		}
		return inquire
	case NotInReport:
		return inquire + "; " + evidence
	case NextReport:
		return "reconcile it together with the reports before and after"
	}
	return evidence
}
