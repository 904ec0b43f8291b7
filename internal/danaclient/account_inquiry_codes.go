package danaclient

import "github.com/salur-id/salur/internal/statemachine"

// accountInquiryCodes is DANA, Account Inquiry, response codes. DANA treats every row but
// the first as a failed inquiry; they are told apart to see whose trouble it is.
var accountInquiryCodes = map[string]meaning{
	"2003700": {kind: statemachine.Succeeded},

	"4003700": {kind: statemachine.Refused, why: "bad_request"},
	"4003701": {kind: statemachine.Refused, why: "invalid_field_format"},
	"4003702": {kind: statemachine.Refused, why: "invalid_mandatory_field"},
	"4013702": {kind: statemachine.Refused, why: "invalid_customer_token"},
	"4013704": {kind: statemachine.Refused, why: "customer_token_not_found"},
	"4033702": {kind: statemachine.Refused, why: statemachine.AmountLimit},
	"4033705": {kind: statemachine.Refused, why: statemachine.DoNotHonor},
	"4033714": {kind: statemachine.Refused, why: statemachine.InsufficientFunds},
	"4033715": {kind: statemachine.Refused, why: "transaction_not_permitted"},
	"4033718": {kind: statemachine.Refused, why: "inactive_account"},
	"4033720": {kind: statemachine.Refused, why: statemachine.MerchantLimit},
	"4043708": {kind: statemachine.Refused, why: statemachine.InvalidMerchant},
	"4043711": {kind: statemachine.Refused, why: statemachine.InvalidAccount},

	"4013700": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4013701": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},

	"4293700": {kind: statemachine.Throttled, why: "too_many_requests"},

	"5003700": {kind: statemachine.Unknown, why: "general_error"},
	"5003701": {kind: statemachine.Unknown, why: "internal_server_error", fault: true},
}
