package danaclient

import (
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// topUpCodes is DANA, Customer Top Up, response codes. It departs from DANA's own reading in three rows: 5003800
// also answers a replay, and 4043818 tells nothing of the first request, so neither is an
// end; and a timeout is never a success.
var topUpCodes = map[string]meaning{
	"2003800": {kind: statemachine.Succeeded},

	"4003800": {kind: statemachine.Refused, why: "bad_request"},
	"4003801": {kind: statemachine.Refused, why: "invalid_field_format"},
	"4003802": {kind: statemachine.Refused, why: "invalid_mandatory_field"},
	"4013802": {kind: statemachine.Refused, why: "invalid_customer_token"},
	"4013804": {kind: statemachine.Refused, why: "customer_token_not_found"},
	"4033802": {kind: statemachine.Refused, why: statemachine.AmountLimit},
	"4033803": {kind: statemachine.Refused, why: "suspected_fraud"},
	"4033805": {kind: statemachine.Refused, why: statemachine.DoNotHonor},
	"4033814": {kind: statemachine.Refused, why: statemachine.InsufficientFunds},
	"4033815": {kind: statemachine.Refused, why: "transaction_not_permitted"},
	"4033818": {kind: statemachine.Refused, why: "inactive_account"},
	"4033820": {kind: statemachine.Refused, why: statemachine.MerchantLimit},
	"4043808": {kind: statemachine.Refused, why: statemachine.InvalidMerchant},
	"4043811": {kind: statemachine.Refused, why: statemachine.InvalidAccount},

	"4013800": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4013801": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},

	"4043818": {kind: statemachine.Inconsistent, why: "inconsistent_request"},
	"4293800": {kind: statemachine.Throttled, why: "too_many_requests"},

	"5003800": {kind: statemachine.AskStatus, why: "general_error"},

	"5003801": {kind: statemachine.Unknown, why: "internal_server_error", fault: true},
	"5043800": {kind: statemachine.Unknown, why: "issuer_timeout", fault: true},
}

// readTopUp reads an answer of Customer Top Up to the payout ref.
//
// A success is passed on with what it says it paid; whether that is this payout is for the
// state machine. One that does not say so proves that DANA paid something, so it is neither
// believed nor sent again: the inquiry tells. Any other answer counts only when it is not
// about another payout; refusals often name none.
func readTopUp(s service, a answer, ref string) verdict {
	v := s.listed(a)
	switch {
	case v.Kind == statemachine.Succeeded:
		if a.ref == "" || a.amount == (money.Amount{}) {
			return a.unclear(statemachine.AskStatus, whyEchoMissing)
		}
	case a.ref != "" && a.ref != ref:
		return a.unclear(statemachine.Unknown, whyForeignReference)
	}
	return v
}
