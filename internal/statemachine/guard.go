package statemachine

import "github.com/salur-id/salur/internal/money"

// guard is a condition of a rule, with the name that the documents show. The zero guard
// always holds.
type guard struct {
	name  string
	holds func(c *decision) bool
}

var (
	// current: the outcome answers the attempt that is out, not an older one.
	current = guard{"of the attempt that is out", func(c *decision) bool { return !c.late() }}
	// nothingOut: no attempt is without an outcome.
	nothingOut   = guard{"no attempt is out", func(c *decision) bool { return c.tx.Open.Seq == 0 }}
	outOrUnknown = guard{"an attempt is out or of unknown outcome", func(c *decision) bool { return c.tx.Open.Seq != 0 || c.tx.Unknown }}
	nothingSent  = guard{"no attempt is out or of unknown outcome", func(c *decision) bool { return !outOrUnknown.holds(c) }}

	currentAfterUnknown = guard{"an earlier attempt is unknown", func(c *decision) bool { return !c.late() && c.tx.Unknown }}
	// currentRetriesLeft: the first attempt of a round is no retry, so n delays allow n+1 attempts.
	currentRetriesLeft = guard{"retries left", func(c *decision) bool { return !c.late() && c.tx.Round <= len(c.policy.RetryDelays) }}

	currentAlone = guard{"again, and for this payout alone", func(c *decision) bool { return !c.late() && c.ev.Alone }}

	// tooOld: DANA may have forgotten the reference since, and would pay once more.
	tooOld = guard{"an unknown attempt older than the resend window", func(c *decision) bool {
		return c.tx.Unknown && c.tx.unknownFor(c.ev.At) >= c.policy.ResendWindow
	}}
	tooOldNothingOut = guard{tooOld.name + ", none is out", func(c *decision) bool { return tooOld.holds(c) && nothingOut.holds(c) }}

	// otherContent: what DANA has under the number is not proven to be this payout, also not by the
	// same amount: other content is usually another payee (promise 4).
	otherContent           = guard{"an inconsistent request on record", func(c *decision) bool { return c.tx.Inconsistent }}
	otherContentNothingOut = guard{otherContent.name + ", none is out", func(c *decision) bool { return c.tx.Inconsistent && nothingOut.holds(c) }}

	payeeCause = guard{"the account cannot take it, and nothing was sent", func(c *decision) bool {
		return c.ev.Outcome.Why.PayeeCause() && nothingSent.holds(c)
	}}

	// notOurs: a success counts only with our reference, amount and currency (promise 4). A
	// bank transfer's status may leave the amount out; then DANA must have taken this very
	// content under the reference before.
	notOurs = guard{"echo is not ours", func(c *decision) bool {
		o := c.ev.Outcome
		untold := o.EchoAmount == money.Amount{} && isInquiry(c.ev.Trigger) && c.tx.Confirmed && !c.tx.Inconsistent
		return o.EchoRef != c.tx.Ref || o.EchoAmount != c.tx.Amount && !untold
	}}
	// foreign: the answer names another reference or amount; it may leave the amount out.
	foreign = guard{"echo is not ours", func(c *decision) bool {
		o := c.ev.Outcome
		return o.EchoRef != "" && o.EchoRef != c.tx.Ref || o.EchoAmount != money.Amount{} && o.EchoAmount != c.tx.Amount
	}}
	foreignOrInconsistent = guard{"echo is not ours, or an inconsistent request on record", func(c *decision) bool {
		return foreign.holds(c) || c.tx.Inconsistent
	}}

	// repeated: another answer to this inquiry is on record already.
	repeated = guard{"answered already", func(c *decision) bool { return c.repeated }}
	// pastCutOff: DANA was asked when the payout had been pending for as long as the policy follows up.
	pastCutOff = guard{"cut-off reached", func(c *decision) bool {
		return c.ev.AskedAt.Sub(c.tx.PendingSince) >= c.policy.InquiryCutoff
	}}
	// unanswered is for inquiries that end without an answer: an outage must not send to review
	// what DANA would report after it, and a payout about which DANA never reports must not stay for ever. What counts is
	// how often DANA was asked, not the time, in which perhaps no worker was there to ask.
	unanswered = guard{"cut-off reached, and asked without an answer for as long again", func(c *decision) bool {
		return c.tx.Unanswered >= c.policy.unansweredLimit()
	}}
	deniedAtCutOff = guard{"cut-off reached, for this payout alone", func(c *decision) bool { return c.ev.Alone && pastCutOff.holds(c) }}
	// unconfirmed: this "not found" and those before it in a row are too few.
	unconfirmed     = guard{"fewer than N in a row", func(c *decision) bool { return c.tx.NotFound+1 < c.policy.NotFoundConfirmations }}
	onceKnownToDANA = guard{"DANA knew it before, or an inconsistent request on record", func(c *decision) bool { return c.tx.Accepted || c.tx.Inconsistent }}
	mismatchFails   = guard{"another name, name_mismatch failed, and nothing was sent", func(c *decision) bool {
		return c.ev.Outcome.Why == NameMismatch && c.policy.MismatchAction == FailMismatch && nothingSent.holds(c)
	}}
	policyFailed  = guard{"not_found_action failed", func(c *decision) bool { return c.policy.NotFoundAction == BookFailed }}
	policyReview  = guard{"not_found_action review", func(c *decision) bool { return c.policy.NotFoundAction == AskPerson }}
	expired       = guard{"not-after passed", func(c *decision) bool { return c.tx.Expired(c.ev.At) }}
	resendsUsedUp = guard{"resends used up", func(c *decision) bool { return c.tx.Resends >= c.policy.ResendLimit }}

	asSucceeded = guard{"as succeeded", func(c *decision) bool { return c.ev.As == StateSucceeded }}
	asFailed    = guard{"as failed", func(c *decision) bool { return c.ev.As == StateFailed }}
	asRefunded  = guard{"as refunded", func(c *decision) bool { return c.ev.As == StateRefunded }}
)
