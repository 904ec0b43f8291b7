package statemachine

import (
	"fmt"
	"strings"
)

// ReasonRow is what a payout's reason means, and what a person does about it.
type ReasonRow struct {
	Why   Why
	Means string
	Do    string
}

const (
	doNothing   = "Nothing. Salur goes on by itself."
	doAsk       = "Nothing. DANA is asked how it ended."
	doPayee     = "Ask the payee for another account or number. Pay under a new reference."
	doMend      = "Mend the instruction. Pay under a new reference."
	doDANA      = "Ask DANA. Pay under a new reference when it is solved."
	doMerchant  = "Solve it with DANA. Sending is held meanwhile, and the payouts behind it wait unharmed."
	doResolve   = "Look the payout up in DANA's merchant portal by its reference. Resolve it as you find it. Do not pay it again before that."
	doFields    = "Compare the request with DANA's page. When many payouts end like this, hold sending and report it."
	doSeeLog    = "Salur goes on by itself. When it lasts, look at the line to DANA and at DANA's status page."
	doSeeAnswer = "Salur goes on by itself. The answer is kept in the history: show it to DANA when it lasts."
)

// Reasons lists every reason that a payout can have, with its meaning. docs/reasons.md, the pages and the commands show it; a
// test holds it to the table and to the codes of DANA.
var Reasons = []ReasonRow{
	// Decided by Salur.
	{"in_progress", "DANA has the payout and works on it.", doNothing},
	{"refused_after_unknown", "DANA refused an attempt, but the outcome of an earlier attempt is unknown. It may have paid.", doAsk},
	{"expired", "The not-after time passed before anything was sent. Nobody was paid.", "Pay under a new reference if it is still wanted."},
	{"expired_after_unknown", "The not-after time passed while the outcome of an attempt was unknown. It is not sent again.", doAsk},
	{"cancelled", "A person cancelled it before it was sent, or DANA says that it was cancelled (status 05).", "Nothing. Nobody was paid."},
	{"echo_mismatch", "DANA reported success, but of another reference, amount or currency. The history shows what DANA answered.", doResolve},
	{"other_content", "DANA knows the reference with other content, usually another payee. Its outcome does not prove anything about this payout.", doResolve},
	{"not_found", "DANA says that it does not know the payout, several times in a row.",
		"In processing: nothing, it is sent again under the same reference. In review: " + lower(doResolve)},
	{"not_found_after_known", "DANA does not know the payout any more, although it had accepted it before.", doResolve},
	{"expired_not_found", "DANA does not know the payout, and its not-after time has passed. It is not sent again.", doResolve},
	{"resends_used_up", "DANA did not find the payout after each permitted resend.", doResolve},
	{"cut_off", "DANA did not report an end for as long as Salur asks (SALUR_INQUIRY_CUTOFF).", doResolve},
	{"resolved", "A person decided. The history says who and why.", "Nothing."},
	{NameMismatch, "The bank reports another name of the account's holder than the instruction.",
		"Compare the names. Resolve it as failed, and pay under a new reference with the right account or name."},
	{InstructionAltered, "The instruction on record is not the one that was accepted. Salur does not send it.",
		"Find out who can write to Redis. Compare with what you instructed. Resolve it as failed if the history has no attempt, and pay under a new reference."},
	{DeniedAlone, "DANA refuses the credentials (401) for this payout alone, and takes them for others.",
		"Ask DANA about the response code of the history. If the history has a send that was not denied, look the payout up in DANA's merchant portal first. Resolve it as you find it, and pay under a new reference only what was not paid."},
	{"resend_window", "An attempt that may have paid is older than SALUR_RESEND_WINDOW. It is not sent again.", doAsk},
	{"not_found_after_window", "DANA does not know the payout, and its oldest attempt that may have paid is older than SALUR_RESEND_WINDOW: DANA may have forgotten it. It is not sent again.", doResolve},
	{"name_unknown", "The instruction names the account's holder, and no name to compare came from DANA. Nothing was sent.",
		"Check the account. Resolve it as failed, and pay under a new reference."},
	{AttemptLost, "A worker stopped between sending and recording the answer. The attempt may have paid.", doAsk},

	// What happened to an exchange with DANA.
	{"timeout", "DANA did not answer in time. The attempt may have paid.", doSeeLog},
	{"connection_lost", "The connection broke during the exchange. The attempt may have paid.", doSeeLog},
	{"not_connected", "No connection to DANA. Nothing was sent.", doSeeLog},
	{"request_invalid", "The instruction does not fit DANA's API. Nothing was sent.", doMend},
	{"request_not_built", "The request could not be built. Nothing was sent.", "Report it: this is a fault of Salur."},
	{"no_token", "DANA gave no access token. Nothing was sent.", "Check CLIENT_SECRET, X_PARTNER_ID and the private key."},
	{"breaker_open", "The account was not asked about, because the circuit breaker of that API is open.", doNothing},
	{"answer_empty", "DANA's answer is empty. The attempt may have paid.", doSeeLog},
	{"answer_too_large", "DANA's answer is larger than any that its pages describe.", doSeeAnswer},
	{"answer_unreadable", "DANA's answer is not JSON, or not whole.", doSeeAnswer},
	{"answer_ambiguous", "DANA's answer says one thing twice: a field of it is there two times.", doSeeAnswer},
	{"malformed_code", "DANA's answer has no response code of seven digits.", doSeeAnswer},
	{"foreign_service", "DANA's response code belongs to another API.", doSeeAnswer},
	{"status_contradicts_code", "The HTTP status and DANA's response code contradict each other.", doSeeAnswer},
	{"unlisted_code", "No page lists DANA's response code.", doSeeAnswer},
	{"unlisted_status", "No page lists the latestTransactionStatus of DANA's answer.", doSeeAnswer},
	{"foreign_reference", "DANA's answer names another reference. It proves nothing about this payout.", doSeeAnswer},
	{"foreign_account", "DANA's answer to the inquiry is about another account or customer. It proves nothing about this payout.", doSeeAnswer},
	{"foreign_amount", "DANA's answer to the inquiry is about another amount. It proves nothing about this payout.", doSeeAnswer},
	{"echo_missing", "DANA's answer does not say what it is about: its reference or amount is missing.", doAsk},

	// DANA's codes. Those that concern the merchant hold all sending.
	{CredentialsRefused, "DANA refused the credentials (401). It did not look at the payout.", "Check X_PARTNER_ID, the private key, and the public key in DANA's portal."},
	{InsufficientFunds, "The merchant's deposit does not cover the payout (xx14).", "Fund the deposit. Pay this one under a new reference; those behind it wait."},
	{MerchantLimit, "The merchant's limit at DANA is used up (xx20).", doMerchant},
	{MerchantBlacklisted, "DANA has blacklisted the merchant (403xx19).", doMerchant},
	{InvalidMerchant, "DANA does not know the merchant, or it is not active (404xx08).", doMerchant},
	{NotAllowed, "DANA does not permit the merchant to use this API (403xx01, 403xx06, 405).", doMerchant},
	{DoNotHonor, "The payee's account is frozen or not registered (403xx05).", doPayee},
	{AmountLimit, "The payment exceeds a limit of the payee's account (403xx02).", "Pay less, or later, under a new reference."},
	{InvalidAccount, "The payee's account or number does not exist (404xx11).", doPayee},
	{"inactive_account", "The account is not active (403xx18).", doPayee},
	{"dormant_account", "The account is dormant (403xx09).", doPayee},
	{"not_registered", "The payee is not registered (404xx05).", doPayee},
	{"account_limit_exceeded", "The account's limit is exceeded (403xx23).", doPayee},
	{"bank_not_supported", "DANA does not pay to this bank (404xx03).", doPayee},
	{"suspected_fraud", "DANA suspects fraud (403xx03).", doDANA},
	{"transaction_not_permitted", "DANA does not permit this transaction (403xx15).", doDANA},
	{"frequency_limit_exceeded", "Too many transactions (403xx04).", doDANA},
	{"limit_not_allowed", "DANA does not permit this limit (403xx21).", doDANA},
	{"bad_request", "DANA calls the request wrong (400xx00).", doFields},
	{"invalid_field_format", "DANA calls the form of a field wrong (400xx01).", doFields},
	{"invalid_mandatory_field", "DANA misses a field or calls it wrong (400xx02).", doFields},
	{"invalid_amount", "DANA calls the amount wrong (404xx13).", doMend},
	{"invalid_routing", "DANA cannot route the payment (404xx02).", doDANA},
	{"no_issuer", "DANA knows no issuer for the payee (404xx09).", doPayee},
	{"invalid_customer_token", "DANA refused the customer's token (401xx02).", doFields},
	{"customer_token_not_found", "DANA does not know the customer's token (401xx04).", doFields},
	{"card_blocked", "The payee's card is blocked (403xx07).", doPayee},
	{"card_expired", "The payee's card has expired (403xx08).", doPayee},
	{"token_limit_not_set", "No limit is set for the token (403xx10).", doDANA},
	{"token_limit_exceeded", "The token's limit is exceeded (403xx17).", doDANA},
	{"token_limit_invalid", "The token's limit is not valid (403xx22).", doDANA},
	{"otp_blocked", "A one-time password is blocked (403xx11).", doDANA},
	{"otp_expired", "A one-time password has expired (403xx12).", doDANA},
	{"otp_required", "DANA wants a one-time password (403xx13, 404xx06).", doDANA},
	{"invalid_otp", "A one-time password is wrong (404xx15).", doDANA},
	{"journey_not_found", "DANA does not know the journey (404xx07).", doDANA},
	{"invalid_bill", "DANA does not know the bill (404xx12).", doDANA},
	{"bill_expired", "The bill has expired (404xx19).", doDANA},
	{"invalid_terminal", "DANA does not know the terminal (404xx17).", doDANA},
	{"inconsistent_request", "DANA knows the reference with other content (404xx18). Whatever the inquiry says, a person decides.", doAsk},
	{"too_many_requests", "DANA limits the rate of requests (429). The attempt may have paid.", doNothing},
	{"general_error", "DANA reports a general error, or repeats the end of a failed number (500xx00). Only the inquiry can tell.", doAsk},
	{"internal_server_error", "DANA reports an internal error (500xx01). The attempt may have paid.", doSeeLog},
	{"external_server_error", "A server behind DANA failed (500xx02). The attempt may have paid.", doSeeLog},
	{"issuer_timeout", "A server behind DANA did not answer in time (504xx00). The attempt may have paid.", doSeeLog},
	{"transaction_expired", "DANA speaks of a transaction that has expired (403xx00).", doAsk},
	{"transaction_suspended", "DANA speaks of a transaction that is suspended (403xx16).", doAsk},
	{"transaction_cancelled", "DANA speaks of a transaction that is cancelled (404xx04).", doAsk},
	{"invalid_transaction_status", "DANA speaks of a transaction in another state (404xx00).", doAsk},
	{"invalid_transition", "DANA speaks of a transaction that cannot change so (404xx10).", doAsk},
	{"already_paid", "DANA speaks of a transaction that is already paid (404xx14).", doAsk},
	{"duplicate_external_id", "DANA has seen the X-EXTERNAL-ID before (409xx00).", doAsk},
	{"duplicate_reference", "DANA has seen the reference before (409xx01).", doAsk},

	// DANA's latestTransactionStatus.
	{"submitted", "DANA took the transfer and gave it to the bank.", doAsk},
	{"initiated", "DANA's status 01: initiated.", doAsk},
	{"paying", "DANA's status 02: paying.", doAsk},
	{"pending", "DANA's status 03: pending.", doAsk},
	{"refunded", "DANA's status 04: paid and taken back.", "Pay under a new reference if it is still wanted."},
	{"failed", "DANA's status 06: failed. Nobody was paid.", "Pay under a new reference if it is still wanted."},
	{"transaction_not_found", "DANA does not know the reference, perhaps not yet (status 07, 404xx01).", doAsk},
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// ReasonOf is the row of a reason; false for one that a newer or older version wrote.
func ReasonOf(reason string) (ReasonRow, bool) {
	for _, r := range Reasons {
		if string(r.Why) == reason {
			return r, true
		}
	}
	return ReasonRow{}, false
}

// EventRow is what an event of a payout's history says.
type EventRow struct {
	Event Trigger
	Means string
}

// Accepted is the first event of every payout.
const Accepted Trigger = "accepted"

// Events lists every event of a history, with its meaning.
var Events = func() []EventRow {
	means := map[Trigger]string{
		Taken:      "A worker wrote an attempt on record, and sends it.",
		Expired:    "The not-after time passed.",
		Aged:       "An attempt that may have paid became too old to be sent again (SALUR_RESEND_WINDOW).",
		InquireNow: "A person, or a notification of DANA, wants DANA asked at once.",
		Resolved:   "A person decided.",
		Cancelled:  "A person cancelled what was not sent.",
		Altered:    "The instruction on record is not the one that was accepted.",
	}
	outcomes := map[Kind]string{
		Succeeded: "success", InProgress: "that DANA works on it", Refused: "that DANA refused it", AskStatus: "that only an inquiry can tell",
		Inconsistent: "that DANA knows the reference with other content", Refunded: "that it was paid and taken back", Failed: "failure",
		NotFound: "that DANA does not know the reference", Unknown: "nothing: the outcome is unknown", Throttled: "that DANA limits the rate of requests",
		NotSent: "that nothing left this machine", Denied: "that DANA refused the credentials",
	}
	events := []EventRow{{Accepted, "The payout is on record."}}
	for _, t := range Triggers {
		m := means[t]
		for kind, text := range outcomes {
			switch t {
			case sent(kind):
				m = "A send yielded " + text + "."
			case inquired(kind):
				m = "An inquiry yielded " + text + "."
			case validated(kind):
				m = "The question about the payee's account yielded " + text + "."
			}
		}
		if t == validated(Inconsistent) {
			m = "The bank reports another name of the account's holder."
		}
		events = append(events, EventRow{t, m})
	}
	return events
}()

// ReasonTable and EventTable write the rows as Markdown, for docs/reasons.md.
func ReasonTable() string {
	var b strings.Builder
	b.WriteString("| reason | what it means | what to do |\n| --- | --- | --- |\n")
	for _, r := range Reasons {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Why, r.Means, r.Do)
	}
	return b.String()
}

// EventTable is like ReasonTable, for the events.
func EventTable() string {
	var b strings.Builder
	b.WriteString("| event | what it says |\n| --- | --- |\n")
	for _, e := range Events {
		fmt.Fprintf(&b, "| `%s` | %s |\n", e.Event, e.Means)
	}
	return b.String()
}
