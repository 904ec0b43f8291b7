package statemachine

import (
	"time"

	"github.com/salur-id/salur/internal/money"
)

// Attempt is one request that asks DANA for money to move. It is written ahead: on
// record, with its external id, before the request leaves.
type Attempt struct {
	// Seq numbers the attempts of a payout from 1, the ones that did not count included.
	// Zero means no attempt.
	Seq        int       `json:"seq"`
	ExternalID string    `json:"externalId"` // X-EXTERNAL-ID
	Owner      string    `json:"owner"`      // the worker process that makes it
	StartedAt  time.Time `json:"startedAt"`
	// Deadline is when the attempt counts as lost if no outcome is on record. It is after
	// the longest time an exchange can last.
	Deadline time.Time `json:"deadline"`
	// NeedNotify is what the worker would ask of DANA; it counts for a payout's first attempt (Transaction.NeedNotify).
	NeedNotify string `json:"-"`
}

// Transaction is what is known about a payout: everything that a decision needs.
type Transaction struct {
	// What the payout itself says and never changes; stored with it, not twice.
	Ref      string       `json:"-"` // partnerReferenceNo, the same for ever (promise 1)
	Amount   money.Amount `json:"-"`
	NotAfter time.Time    `json:"-"` // zero for never
	// CreatedAt is when it was accepted.
	CreatedAt time.Time `json:"-"`

	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"` // machine-readable: why it is in this state

	// Next is what is to be done at DueAt; StepNo changes with each new step, so that a
	// wake-up for an older one is recognised.
	Next   Step      `json:"next,omitempty"`
	DueAt  time.Time `json:"dueAt,omitzero"`
	StepNo int       `json:"stepNo"`

	Open     Attempt `json:"open,omitzero"`     // the attempt without an outcome, if any
	Seq      int     `json:"seq"`               // attempts ever written ahead
	Attempts int     `json:"attempts"`          // attempts that count
	Round    int     `json:"round,omitempty"`   // attempts that count since the last (re)send began
	Resends  int     `json:"resends,omitempty"` // times it was sent again after "not found"
	Unknown  bool    `json:"unknown,omitempty"` // some attempt may have paid
	// UnknownSince is when the oldest of the attempts that may have paid began; zero if that is
	// not known.
	UnknownSince time.Time `json:"unknownSince,omitzero"`
	Accepted     bool      `json:"accepted,omitempty"` // DANA said once that it has the payout
	// Confirmed: DANA took a send as it was. It refuses a number with other content (4043818,
	// 4044318), so that what it has under this number is this payout, amount included.
	Confirmed bool `json:"confirmed,omitempty"`
	// Inconsistent: DANA said that the number was used with other content (4043818, 4044318). From
	// then on nothing is sent, and no answer about the number is proof of this payout.
	Inconsistent bool `json:"inconsistent,omitempty"`
	// NeedNotify is what the first attempt's body says of a notify, true or false, so that every attempt has the
	// same body. Empty when there was none, or when it was not kept.
	NeedNotify string `json:"needNotify,omitempty"`

	Inquiries    int       `json:"inquiries"`             // answered or failed inquiries
	InquiryStep  int       `json:"inquiryStep,omitempty"` // position in the inquiry schedule
	NotFound     int       `json:"notFound,omitempty"`    // "not found" answers in a row
	PendingSince time.Time `json:"pendingSince,omitzero"` // first time it became pending
	// Unanswered counts the inquiries that were made past the cut-off and got no readable answer.
	Unanswered  int    `json:"unanswered,omitempty"`
	ReferenceNo string `json:"referenceNo,omitempty"` // DANA's number
}

// New is a payout that has just been accepted, due at once.
func New(ref string, amount money.Amount, notAfter, now time.Time) Transaction {
	return Transaction{
		Ref: ref, Amount: amount, NotAfter: notAfter, CreatedAt: now,
		State: StateQueued, Next: StepSend, DueAt: now, StepNo: 1,
	}
}

// Expired reports whether the payout's not-after time has passed at now.
func (t Transaction) Expired(now time.Time) bool {
	return !t.NotAfter.IsZero() && now.After(t.NotAfter)
}

// unknownFor is how long ago the oldest attempt that may have paid began. If that is not known it
// was made when the payout was accepted, at the earliest.
func (t Transaction) unknownFor(now time.Time) time.Duration {
	if t.UnknownSince.IsZero() {
		return now.Sub(t.CreatedAt)
	}
	return now.Sub(t.UnknownSince)
}

// NotFoundAction is what happens after the confirmed "not found" of an inquiry.
type NotFoundAction string

const (
	// Resend sends the same reference again: DANA deduplicates by it, so that a request
	// which was only late cannot pay twice.
	Resend NotFoundAction = "resend"
	// BookFailed is DANA's own reading of its table.
	BookFailed NotFoundAction = "failed"
	// AskPerson leaves it to a person.
	AskPerson NotFoundAction = "review"
)

// MismatchAction is what happens to a payout whose account turns out to be somebody else's,
// by name, before any money has moved.
type MismatchAction string

const (
	// ReviewMismatch leaves it to a person. It is the zero Policy's too.
	ReviewMismatch MismatchAction = "review"
	// FailMismatch fails the payout.
	FailMismatch MismatchAction = "failed"
)

// Policy is what a merchant can choose about the machine.
type Policy struct {
	// RetryDelays are the waits before retry 1..n; their number is the number of retries.
	RetryDelays []time.Duration
	// InquiryDelays are the waits before inquiry 1..n of a pending payout; the last repeats.
	InquiryDelays []time.Duration
	// InquiryCutoff is how long a pending payout is followed up before StateReview. The first answer
	// of DANA to an inquiry made after it that does not end the payout leaves it to a person.
	InquiryCutoff time.Duration
	// ResendWindow is how long an attempt that may have paid can be sent again: for so long DANA is
	// believed to know the reference. An older one is asked about and never sent again. Zero: each is.
	ResendWindow time.Duration
	// NotFoundConfirmations is how many "not found" answers in a row are believed.
	NotFoundConfirmations int
	// ResendLimit is how often the same reference is sent again after that.
	ResendLimit    int
	NotFoundAction NotFoundAction
	MismatchAction MismatchAction
	// AfterLoss: the store may have forgotten attempts, so every payout that is not over counts as one
	// that may have been paid: a refusal is no proof any more, DANA is asked.
	AfterLoss bool
}

// DefaultPolicy is DANA's retry rule for top-ups (five retries after 5, 10, 20, 40 and
// 60 s) with the same waits for inquiries, followed up for a day.
func DefaultPolicy() Policy {
	waits := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 60 * time.Second}
	return Policy{
		RetryDelays: waits, InquiryDelays: waits, InquiryCutoff: 24 * time.Hour, ResendWindow: 24 * time.Hour,
		NotFoundConfirmations: 3, ResendLimit: 2, NotFoundAction: Resend,
	}
}

// retryDelay is the wait after the n-th counted attempt of a round (n from 1).
func (p Policy) retryDelay(n int) time.Duration { return at(p.RetryDelays, n-1) }

// inquiryDelay is the wait at position n of the inquiry schedule (n from 0).
func (p Policy) inquiryDelay(n int) time.Duration { return at(p.InquiryDelays, n) }

// unansweredLimit is how many inquiries past the cut-off may get no answer: about as many as fit into another cut-off.
func (p Policy) unansweredLimit() int {
	apart := p.inquiryDelay(len(p.InquiryDelays) - 1)
	return max(1, int(p.InquiryCutoff/max(apart, time.Second)))
}

// at is delays[i], clamped to the list at both ends.
func at(delays []time.Duration, i int) time.Duration {
	if len(delays) == 0 {
		return 0
	}
	return delays[max(0, min(i, len(delays)-1))]
}
