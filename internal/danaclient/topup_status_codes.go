package danaclient

import (
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// topUpStatusFound is the code under which latestTransactionStatus is the answer.
const topUpStatusFound = "2003900"

// topUpStatusCodes is DANA, Customer Top Up Inquiry Status, response codes other than
// 2003900. Only "not found" says anything of the payout. A refused inquiry refuses no
// payout, so every other row leaves it as it was.
var topUpStatusCodes = map[string]meaning{
	"4003900": {kind: statemachine.Unknown, why: "bad_request"},
	"4003901": {kind: statemachine.Unknown, why: "invalid_field_format"},
	"4003902": {kind: statemachine.Unknown, why: "invalid_mandatory_field"},
	"4013900": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4013901": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4013903": {kind: statemachine.Denied, why: statemachine.CredentialsRefused}, // SNAP
	"4043901": {kind: statemachine.NotFound, why: "transaction_not_found"},
	"4293900": {kind: statemachine.Throttled, why: "too_many_requests"},
	"5003900": {kind: statemachine.Unknown, why: "general_error"},
	"5003901": {kind: statemachine.Unknown, why: "internal_server_error", fault: true},
	"5043900": {kind: statemachine.Unknown, why: "issuer_timeout", fault: true}, // SNAP
}

// topUpStatuses is DANA, latestTransactionStatus. DANA counts 04 and 07 as failures; they
// are kept apart here, because money did move under 04 and may yet move under 07.
var topUpStatuses = map[string]meaning{
	"00": {kind: statemachine.Succeeded},
	"01": {kind: statemachine.InProgress, why: "initiated"},
	"02": {kind: statemachine.InProgress, why: "paying"},
	"03": {kind: statemachine.InProgress, why: "pending"},
	"04": {kind: statemachine.Refunded, why: "refunded"},
	"05": {kind: statemachine.Failed, why: "cancelled"},
	"06": {kind: statemachine.Failed, why: "failed"},
	"07": {kind: statemachine.NotFound, why: "transaction_not_found"},
}

// readTopUpStatus reads an answer to the question about ref. A status moves a payout only
// when the answer says that it is this payout's, and "paid" only when it says how much;
// otherwise nothing is known and it is asked again. A serviceCode may be left out, since the
// reference alone names the payout, but it may not be another API's.
func readTopUpStatus(a answer, ref string) verdict {
	switch {
	case a.ref != "" && a.ref != ref:
		return a.unclear(statemachine.Unknown, whyForeignReference)
	case a.serviceCode != "" && a.serviceCode != topUp.code:
		return a.unclear(statemachine.Unknown, whyForeignService)
	case a.code != topUpStatusFound:
		return a.listed(topUpStatusCodes)
	case a.ref == "":
		return a.unclear(statemachine.Unknown, whyEchoMissing)
	}
	m, ok := topUpStatuses[a.status]
	switch {
	case !ok:
		return a.unclear(statemachine.Unknown, whyUnlistedStatus)
	case m.kind == statemachine.Succeeded && a.amount == (money.Amount{}):
		return a.unclear(statemachine.Unknown, whyEchoMissing)
	}
	v := a.means(m)
	v.Status = a.status
	return v
}
