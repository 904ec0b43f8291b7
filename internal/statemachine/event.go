package statemachine

import "time"

// Trigger names what happened. The names stand in the history of a payout.
type Trigger string

// What a worker, the clock or a person does to a payout. The outcomes of exchanges make
// triggers of their own: send_succeeded, inquiry_not_found, account_refused, and so on.
const (
	// Taken: a worker writes an attempt ahead, about to send it.
	Taken Trigger = "taken"
	// Expired: the not-after time has passed.
	Expired Trigger = "expired"
	// Aged: an attempt that may have paid has become too old to be sent again.
	Aged Trigger = "resend_window"
	// InquireNow: a person wants DANA asked at once, or a notify of DANA suggests it.
	InquireNow Trigger = "inquire_now"
	// Resolved: a person decides.
	Resolved Trigger = "resolved"
	// Cancelled: a person takes back what has not been sent.
	Cancelled Trigger = "cancelled"
	// Altered: the instruction on record is not the one that was accepted (promise 7).
	Altered Trigger = "altered"
)

func sent(k Kind) Trigger      { return Trigger("send_" + k.String()) }
func inquired(k Kind) Trigger  { return Trigger("inquiry_" + k.String()) }
func validated(k Kind) Trigger { return Trigger("account_" + k.String()) }

// Triggers lists everything that can happen to a payout.
var Triggers = func() []Trigger {
	all := []Trigger{Taken}
	for _, k := range []Kind{Succeeded, Refused, Inconsistent, Unknown, Throttled, NotSent, Denied} {
		all = append(all, validated(k))
	}
	for _, k := range []Kind{Succeeded, InProgress, Refused, AskStatus, Inconsistent, Unknown, Throttled, NotSent, Denied} {
		all = append(all, sent(k))
	}
	for _, k := range []Kind{Succeeded, InProgress, Refunded, Failed, NotFound, Unknown, Throttled, NotSent, Denied} {
		all = append(all, inquired(k))
	}
	return append(all, Expired, Aged, InquireNow, Resolved, Cancelled, Altered)
}()

// Event is something that happened, with all that is known about it. Make one with the
// functions below.
type Event struct {
	Trigger Trigger
	At      time.Time
	// Outcome is the result of an exchange.
	Outcome Outcome
	// Attempt is the one to write ahead (Taken), or the one that Outcome answers.
	Attempt Attempt
	// Inquiry numbers the inquiry that Outcome answers: one more than the transaction's
	// Inquiries when it was made. A second answer with one number adds no confirmation.
	Inquiry int
	// AskedAt is when that inquiry was made.
	AskedAt    time.Time
	ExternalID string
	// Alone: DANA refuses the credentials for this payout alone. It did so before, and right after this answer it
	// took them for a harmless exchange.
	Alone bool
	// As, By and Reason are a person's decision or wish.
	As         State
	By, Reason string
}

// Answer reports whether the event is the end of an exchange with DANA, which is worth an
// entry in the history even when it changes nothing.
func (e Event) Answer() bool {
	return isSend(e.Trigger) || isInquiry(e.Trigger) || isValidation(e.Trigger)
}

// AccountResult is what an account inquiry told about the payee before the first attempt.
// An outcome of a kind that such an inquiry cannot have proves nothing: it is Unknown.
func AccountResult(externalID string, o Outcome, at time.Time) Event {
	switch o.Kind {
	case Succeeded, Refused, Inconsistent, Throttled, NotSent, Denied:
	default:
		o.Kind = Unknown
	}
	return Event{Trigger: validated(o.Kind), At: at, Outcome: o, ExternalID: externalID}
}

// Take is a worker about to send the attempt a; its Seq is given by the machine.
func Take(a Attempt) Event {
	return Event{Trigger: Taken, At: a.StartedAt, Attempt: a, ExternalID: a.ExternalID}
}

// SendResult is what the exchange of attempt a proved. An outcome of a kind that only an
// inquiry can have proves nothing here: it is taken as Unknown.
func SendResult(a Attempt, o Outcome, at time.Time) Event {
	switch o.Kind {
	case Refunded, Failed, NotFound:
		o.Kind = Unknown
	}
	return Event{Trigger: sent(o.Kind), At: at, Attempt: a, Outcome: o, ExternalID: a.ExternalID}
}

// Lost is an attempt whose deadline passed without an outcome on record. What it did is
// not known: it may have paid.
func Lost(a Attempt, at time.Time) Event {
	return SendResult(a, Outcome{Kind: Unknown, Why: AttemptLost}, at)
}

// InquiryResult is what inquiry number n proved, asked and answered at this time (see Asked). An outcome
// of a kind that only a send can have proves nothing here: it is taken as Unknown.
func InquiryResult(n int, externalID string, o Outcome, at time.Time) Event {
	switch o.Kind {
	case Refused, AskStatus, Inconsistent:
		o.Kind = Unknown
	}
	return Event{Trigger: inquired(o.Kind), At: at, Inquiry: n, AskedAt: at, Outcome: o, ExternalID: externalID}
}

// Asked is the event of an inquiry that was made earlier than its answer came.
func (ev Event) Asked(at time.Time) Event {
	ev.AskedAt = at
	return ev
}

// Expire says that the not-after time has passed.
func Expire(at time.Time) Event { return Event{Trigger: Expired, At: at} }

// Age says that an attempt which may have paid may be too old to be sent again; the machine checks.
func Age(at time.Time) Event { return Event{Trigger: Aged, At: at} }

// Alter says that the instruction on record is not the one that was accepted.
func Alter(at time.Time) Event { return Event{Trigger: Altered, At: at} }

// AskNow is a person's wish to have DANA asked at once, or a notify that suggests it. The reason may be
// empty.
func AskNow(by, reason string, at time.Time) Event {
	return Event{Trigger: InquireNow, At: at, By: by, Reason: reason}
}

// Resolve is a person's decision on a payout in review, or the reversal of a success.
func Resolve(as State, by, reason string, at time.Time) Event {
	return Event{Trigger: Resolved, At: at, As: as, By: by, Reason: reason}
}

// Cancel is a person's wish that a payout that has not been sent never is.
func Cancel(by, reason string, at time.Time) Event {
	return Event{Trigger: Cancelled, At: at, By: by, Reason: reason}
}

// Holds is the cause for which all sending must be held because of the event (promise 6): refused
// credentials, and refusals that would meet every payout of the merchant. Empty for none. It does not
// depend on the payout's state, so that sending stops before the event is on record.
//
// What a validation met is left to the send that follows it.
func (ev Event) Holds() Why {
	o := ev.Outcome
	switch {
	case isValidation(ev.Trigger):
	case o.Kind == Denied && ev.Alone:
	case o.Kind == Denied:
		return CredentialsRefused
	case o.Kind == Refused && o.Why.MerchantCause():
		return o.Why
	}
	return ""
}
