package danaclient

import (
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// bankTransferCodes is DANA, Transfer to Bank, response codes. As for top-ups, neither
// 5004300 nor 4044318 is taken for an end.
var bankTransferCodes = map[string]meaning{
	"2004300": {kind: statemachine.Succeeded},
	"2024300": {kind: statemachine.InProgress},

	"4004300": {kind: statemachine.Refused, why: "bad_request"},
	"4004301": {kind: statemachine.Refused, why: "invalid_field_format"},
	"4004302": {kind: statemachine.Refused, why: "invalid_mandatory_field"},
	"4014302": {kind: statemachine.Refused, why: "invalid_customer_token"},
	"4014304": {kind: statemachine.Refused, why: "customer_token_not_found"},
	"4034302": {kind: statemachine.Refused, why: statemachine.AmountLimit},
	"4034303": {kind: statemachine.Refused, why: "suspected_fraud"},
	"4034314": {kind: statemachine.Refused, why: statemachine.InsufficientFunds},
	"4034318": {kind: statemachine.Refused, why: "inactive_account"},
	"4034320": {kind: statemachine.Refused, why: statemachine.MerchantLimit},
	"4044303": {kind: statemachine.Refused, why: "bank_not_supported"},
	"4044311": {kind: statemachine.Refused, why: statemachine.InvalidAccount},

	"4014300": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4014301": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},

	"4044318": {kind: statemachine.Inconsistent, why: "inconsistent_request"},
	"4294300": {kind: statemachine.Throttled, why: "too_many_requests"},

	"5004300": {kind: statemachine.AskStatus, why: "general_error"},
	"5004301": {kind: statemachine.Unknown, why: "internal_server_error", fault: true},
}

// whySubmitted: DANA took the transfer and gave it to the bank.
const whySubmitted statemachine.Why = "submitted"

// readBankTransfer reads an answer of Transfer to Bank to the payout ref.
//
// DANA's table calls 2004300 a success, its guide calls it submitted: the bank may still
// say no. It tells neither an amount nor always a reference, so it proves no payment
// (promise 4), but that DANA has the transfer: InProgress, like 2024300. Should an answer
// name reference and amount, it is taken like a top-up's.
func readBankTransfer(s service, a answer, ref string) verdict {
	v := s.listed(a)
	switch {
	case a.ref != "" && a.ref != ref:
		return a.unclear(statemachine.Unknown, whyForeignReference)
	case v.Kind == statemachine.Succeeded && (a.ref == "" || a.amount == money.Amount{}):
		return a.means(meaning{kind: statemachine.InProgress, why: whySubmitted})
	}
	return v
}
