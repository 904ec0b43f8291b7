package statemachine

import "github.com/salur-id/salur/internal/money"

// Kind is what one exchange with DANA proved. The zero Kind proves nothing: it is Unknown.
type Kind uint8

// The outcomes of a disbursement (services 38 and 43) and of its inquiry (39 and 00). Which response code
// becomes which outcome is decided in danaclient, by DANA's code tables alone.
const (
	// Unknown: money may have moved or not. Timeouts, dropped lines, 5xx, answers that
	// cannot be read, codes that no table lists.
	Unknown Kind = iota
	// NotSent: no byte of the request left this machine. It is proof that DANA did
	// nothing for this attempt.
	NotSent
	// Throttled: 429. DANA may have queued it: for the money this is as unknown as Unknown.
	Throttled
	// Denied: DANA refused the caller (signature, partner, token) and never looked at the
	// payout (401xx00, 401xx01, 401xx03).
	Denied
	// InProgress: DANA has the payout and is working on it (2023800, 2024300, and 2004300,
	// which says that it has handed it to the bank; status 01, 02, 03).
	InProgress
	// Succeeded: paid, if the echo is ours (2003800; status 00).
	Succeeded
	// Refused: DANA looked at the payout and will not pay it (send only).
	Refused
	// AskStatus: the answer settles nothing, and sending again cannot settle it either
	// (5003800 general error or the replay of a failed number; a success that does not
	// say of what): only the inquiry can tell.
	AskStatus
	// Inconsistent: the number was used before with other content (4043818, 4044318). Of an
	// account: it is not proven to be the one that the payout names.
	Inconsistent
	// Refunded: paid and taken back (status 04, inquiry only).
	Refunded
	// Failed: cancelled or failed for good (status 05, 06, inquiry only).
	Failed
	// NotFound: DANA does not know the number, perhaps not yet (status 07, 4043901, inquiry only).
	NotFound
	kinds // how many there are
)

var kindNames = [kinds]string{
	"unknown", "not_sent", "throttled", "denied", "in_progress", "succeeded",
	"refused", "ask_status", "inconsistent", "refunded", "failed", "not_found",
}

// String is the machine-readable name: unknown, not_sent, …
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "invalid"
}

// Why is the machine-readable reason behind an outcome: a row of DANA's table such as
// insufficient_funds, or what happened to the exchange such as timeout.
type Why string

// Reasons that the machine itself decides on. Every other Why is for people.
const (
	// InsufficientFunds (xx14), MerchantLimit (xx20), MerchantBlacklisted (403xx19) and
	// InvalidMerchant (404xx08) concern the merchant and not the payout: each would refuse
	// every payout behind this one too.
	InsufficientFunds   Why = "insufficient_funds"
	MerchantLimit       Why = "merchant_limit"
	MerchantBlacklisted Why = "merchant_blacklisted"
	InvalidMerchant     Why = "invalid_merchant"
	// NotAllowed (403xx01, 403xx06, 405): DANA does not let the merchant do this, now or ever.
	NotAllowed Why = "not_allowed"
	// DoNotHonor (403xx05: frozen or not registered), AmountLimit (403xx02) and
	// InvalidAccount (404xx11) are about the payee's account, when an account inquiry says so.
	DoNotHonor     Why = "do_not_honor"
	AmountLimit    Why = "amount_limit_exceeded"
	InvalidAccount Why = "invalid_account"
	// CredentialsRefused is the cause of a hold after Denied.
	CredentialsRefused Why = "credentials_refused"
	// NameMismatch: the bank's name of the account's holder is not the payout's.
	NameMismatch Why = "name_mismatch"
	// NameUnknown: a name was to be compared, and DANA gave none for this account.
	NameUnknown Why = "name_unknown"
	// AttemptLost: the attempt is on record without an outcome and its time is over; the
	// worker that made it died, froze or lost Redis.
	AttemptLost Why = "attempt_lost"
	// InstructionAltered: the instruction on record is not the one that was accepted.
	InstructionAltered Why = "instruction_altered"
	// DeniedAlone: DANA refuses our credentials for this payout again and again, and takes them otherwise.
	DeniedAlone Why = "denied_alone"
)

// MerchantCause reports whether the reason would refuse every payout of the merchant.
func (w Why) MerchantCause() bool {
	switch w {
	case InsufficientFunds, MerchantLimit, MerchantBlacklisted, InvalidMerchant, NotAllowed:
		return true
	}
	return false
}

// PayeeCause reports whether the reason is that the payee's account cannot take the money.
func (w Why) PayeeCause() bool {
	switch w {
	case DoNotHonor, AmountLimit, InvalidAccount:
		return true
	}
	return false
}

// Outcome is what one exchange proved, and about what.
type Outcome struct {
	Kind Kind
	Why  Why
	// Code is DANA's seven-digit responseCode, empty when there was no readable one.
	Code string
	// Status is latestTransactionStatus (00–07) of an inquiry, else empty.
	Status string
	// ReferenceNo is DANA's own number for the payout, when the answer gave it.
	ReferenceNo string
	// EchoRef and EchoAmount are what the answer says it is about. Empty and zero mean
	// that it did not say.
	EchoRef    string
	EchoAmount money.Amount
}
