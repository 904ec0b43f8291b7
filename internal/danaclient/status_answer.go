package danaclient

import (
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// The values of latestTransactionStatus (DANA, enum LatestTransactionStatus), the same for
// both status inquiries and the notify.
const (
	StatusSuccess   = "00"
	StatusInitiated = "01"
	StatusPaying    = "02"
	StatusPending   = "03"
	StatusRefunded  = "04"
	StatusCancelled = "05"
	StatusFailed    = "06"
	StatusNotFound  = "07"
)

// statuses tells what they mean. DANA counts 04 and 07 as failures; they are kept apart
// here, because money did move under 04 and may yet move under 07.
var statuses = map[string]meaning{
	StatusSuccess:   {kind: statemachine.Succeeded},
	StatusInitiated: {kind: statemachine.InProgress, why: "initiated"},
	StatusPaying:    {kind: statemachine.InProgress, why: "paying"},
	StatusPending:   {kind: statemachine.InProgress, why: "pending"},
	StatusRefunded:  {kind: statemachine.Refunded, why: "refunded"},
	StatusCancelled: {kind: statemachine.Failed, why: "cancelled"},
	StatusFailed:    {kind: statemachine.Failed, why: "failed"},
	StatusNotFound:  {kind: statemachine.NotFound, why: "transaction_not_found"},
}

// readStatus reads an answer to the question about ref. A status moves a payout only
// when the answer says that it is this payout's, and "paid" only when it says how much,
// unless DANA calls that optional: then the machine decides what it is worth. Otherwise
// nothing is known and it is asked again. A serviceCode may be left out, since the reference
// alone names the payout, but it may not be another API's.
func readStatus(s service, a answer, ref string) verdict {
	switch {
	case a.ref != "" && a.ref != ref:
		return a.unclear(statemachine.Unknown, whyForeignReference)
	case a.serviceCode != "" && a.serviceCode != s.statusOf:
		return a.unclear(statemachine.Unknown, whyForeignService)
	case a.code != "200"+s.code+"00": // under which latestTransactionStatus is the answer
		return s.listed(a)
	case a.ref == "":
		return a.unclear(statemachine.Unknown, whyEchoMissing)
	}
	m, ok := statuses[a.status]
	switch {
	case !ok:
		return a.unclear(statemachine.Unknown, whyUnlistedStatus)
	case m.kind == statemachine.Succeeded && a.amount == (money.Amount{}) && !(s.amountOptional && a.untold):
		return a.unclear(statemachine.Unknown, whyEchoMissing)
	}
	v := a.means(m)
	v.Status = a.status
	return v
}
