package danaclient

import "github.com/salur-id/salur/internal/statemachine"

// snapCodes are the codes of the SNAP standard that no page of DANA's lists: HTTP status
// and case, without the service code between them. They are looked up after the API's own
// table, and read as an answer to a send.
//
// A row is Refused where SNAP rejects the request itself. Where it speaks of a
// transaction that exists (expired, suspended, cancelled, paid), it does not say whether
// that is this payout's, nor whether money moved: only the inquiry can tell.
var snapCodes = map[string]meaning{
	"20200": {kind: statemachine.InProgress},

	"40103": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},

	"40300": {kind: statemachine.AskStatus, why: "transaction_expired"},
	"40301": {kind: statemachine.Refused, why: statemachine.NotAllowed},
	"40304": {kind: statemachine.Refused, why: "frequency_limit_exceeded"},
	"40306": {kind: statemachine.Refused, why: statemachine.NotAllowed}, // a cut-off is in progress
	"40307": {kind: statemachine.Refused, why: "card_blocked"},
	"40308": {kind: statemachine.Refused, why: "card_expired"},
	"40309": {kind: statemachine.Refused, why: "dormant_account"},
	"40310": {kind: statemachine.Refused, why: "token_limit_not_set"},
	"40311": {kind: statemachine.Refused, why: "otp_blocked"},
	"40312": {kind: statemachine.Refused, why: "otp_expired"},
	"40313": {kind: statemachine.Refused, why: "otp_required"},
	"40316": {kind: statemachine.AskStatus, why: "transaction_suspended"},
	"40317": {kind: statemachine.Refused, why: "token_limit_exceeded"},
	"40319": {kind: statemachine.Refused, why: statemachine.MerchantBlacklisted},
	"40321": {kind: statemachine.Refused, why: "limit_not_allowed"},
	"40322": {kind: statemachine.Refused, why: "token_limit_invalid"},
	"40323": {kind: statemachine.Refused, why: "account_limit_exceeded"},

	"40400": {kind: statemachine.AskStatus, why: "invalid_transaction_status"},
	"40402": {kind: statemachine.Refused, why: "invalid_routing"},
	"40404": {kind: statemachine.AskStatus, why: "transaction_cancelled"},
	"40405": {kind: statemachine.Refused, why: "not_registered"},
	"40406": {kind: statemachine.Refused, why: "otp_required"},
	"40407": {kind: statemachine.Refused, why: "journey_not_found"},
	"40409": {kind: statemachine.Refused, why: "no_issuer"},
	"40410": {kind: statemachine.AskStatus, why: "invalid_transition"},
	"40412": {kind: statemachine.Refused, why: "invalid_bill"},
	"40413": {kind: statemachine.Refused, why: "invalid_amount"},
	"40414": {kind: statemachine.AskStatus, why: "already_paid"},
	"40415": {kind: statemachine.Refused, why: "invalid_otp"},
	"40416": {kind: statemachine.Refused, why: statemachine.InvalidMerchant}, // partner not found
	"40417": {kind: statemachine.Refused, why: "invalid_terminal"},
	"40419": {kind: statemachine.Refused, why: "bill_expired"},

	"40500": {kind: statemachine.Refused, why: statemachine.NotAllowed},
	"40501": {kind: statemachine.Refused, why: statemachine.NotAllowed},

	"40900": {kind: statemachine.AskStatus, why: "duplicate_external_id"},
	"40901": {kind: statemachine.AskStatus, why: "duplicate_reference"},

	"50002": {kind: statemachine.Unknown, why: "external_server_error", fault: true},
	"50400": {kind: statemachine.Unknown, why: "issuer_timeout", fault: true},
}

// purpose is what an API is for; the same refusal says less of a payout when it is the
// question that was refused.
type purpose uint8

const (
	moves      purpose = iota // asks for money to move (38, 43)
	asksPayee                 // asks about an account (37, 42)
	asksStatus                // asks what became of a payout (39, 00)
)

// of reads a row of snapCodes for an API of this purpose.
func (p purpose) of(m meaning) meaning {
	switch {
	case p == moves:
	case m.kind == statemachine.InProgress, m.kind == statemachine.AskStatus,
		m.kind == statemachine.Refused && p == asksStatus:
		m.kind = statemachine.Unknown
	}
	return m
}
