package danaclient

import "github.com/salur-id/salur/internal/statemachine"

// bankAccountInquiryCodes is DANA, Transfer to Bank Account Inquiry, response codes. The
// two server errors end the inquiry (Failed), and say nothing of the account.
var bankAccountInquiryCodes = map[string]meaning{
	"2004200": {kind: statemachine.Succeeded},

	"4004200": {kind: statemachine.Refused, why: "bad_request"},
	"4004201": {kind: statemachine.Refused, why: "invalid_field_format"},
	"4004202": {kind: statemachine.Refused, why: "invalid_mandatory_field"},
	"4014202": {kind: statemachine.Refused, why: "invalid_customer_token"},
	"4014204": {kind: statemachine.Refused, why: "customer_token_not_found"},
	"4034202": {kind: statemachine.Refused, why: statemachine.AmountLimit},
	"4034214": {kind: statemachine.Refused, why: statemachine.InsufficientFunds},
	"4034218": {kind: statemachine.Refused, why: "inactive_account"},
	"4034220": {kind: statemachine.Refused, why: statemachine.MerchantLimit},
	"4044208": {kind: statemachine.Refused, why: statemachine.InvalidMerchant},
	"4044211": {kind: statemachine.Refused, why: statemachine.InvalidAccount},

	"4014200": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4014201": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},

	"4294200": {kind: statemachine.Throttled, why: "too_many_requests"},

	"5004200": {kind: statemachine.Failed, why: "general_error"},
	"5004201": {kind: statemachine.Failed, why: "internal_server_error", fault: true},
}
