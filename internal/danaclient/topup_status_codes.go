package danaclient

import "github.com/salur-id/salur/internal/statemachine"

// topUpStatusCodes is DANA, Customer Top Up Inquiry Status, response codes other than
// 2003900. Only "not found" says anything of the payout. A refused inquiry refuses no
// payout, so every other row leaves it as it was.
var topUpStatusCodes = map[string]meaning{
	"4003900": {kind: statemachine.Unknown, why: "bad_request"},
	"4003901": {kind: statemachine.Unknown, why: "invalid_field_format"},
	"4003902": {kind: statemachine.Unknown, why: "invalid_mandatory_field"},
	"4013900": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4013901": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4043901": {kind: statemachine.NotFound, why: "transaction_not_found"},
	"4293900": {kind: statemachine.Throttled, why: "too_many_requests"},
	"5003900": {kind: statemachine.Unknown, why: "general_error"},
	"5003901": {kind: statemachine.Unknown, why: "internal_server_error", fault: true},
}
