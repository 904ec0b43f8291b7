// Package operate is what people do to payouts, from the command line and from the page of
// transactions alike. Each act is put on record with who and why.
package operate

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// RefusedError says that the state of a payout does not allow what was asked for, and what to do instead.
type RefusedError struct {
	Ref    string
	State  statemachine.State
	Advice string
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("payout %s is %s: %s", e.Ref, e.State, e.Advice)
}

// Inquire has a worker ask DANA now how a payout stands. The reason may be empty. late is why the
// workers could not be told at once: then they find it by themselves within their sweep interval.
//
// Errors: *RefusedError while the payout is being sent, ledger.ErrNotFound. With any other it is not
// known whether the inquiry is on record; another one is harmless.
func Inquire(ctx context.Context, l *ledger.Redis, q *wakeup.Queue, ref, by, reason string, now time.Time) (rec ledger.Record, late, err error) {
	rec, d, err := ledger.Update(ctx, l, statemachine.Policy{}, ref, "",
		func(ledger.Record) (statemachine.Event, bool) { return statemachine.AskNow(by, reason, now), true })
	if err != nil {
		return rec, nil, err
	}
	if d.Ignored {
		return rec, nil, &RefusedError{ref, rec.Tx.State, "there is nothing to ask yet, the worker is still sending it; see ledger show " + ref}
	}
	return rec, q.Wake(ctx, rec), nil
}

// AnswerDoes is what DANA's word can change about a payout in the state, as half a sentence.
func AnswerDoes(s statemachine.State) string {
	switch s {
	case statemachine.StatePending:
		return "the answer may settle it"
	case statemachine.StateReview:
		return "the answer is recorded for the person who resolves it"
	case statemachine.StateSucceeded:
		return "only an answer that DANA has taken it back changes that"
	}
	return "the answer is recorded and changes nothing"
}

// Resolve ends a payout in review the way a person has found it to be, or notes that DANA took a
// success back. It moves no money.
//
// Errors: *RefusedError in other states, ledger.ErrNotFound. With any other it is not known whether
// the decision is on record. Made again, one that is on record is refused as final.
func Resolve(ctx context.Context, l *ledger.Redis, ref string, as statemachine.State, by, reason string, now time.Time) (statemachine.Entry, error) {
	rec, d, err := ledger.Update(ctx, l, statemachine.Policy{}, ref, "",
		func(ledger.Record) (statemachine.Event, bool) { return statemachine.Resolve(as, by, reason, now), true })
	if err != nil {
		return statemachine.Entry{}, err
	}
	if d.Ignored {
		return statemachine.Entry{}, &RefusedError{ref, rec.Tx.State, insteadOfResolving(rec.Tx.State, ref)}
	}
	return d.Entry, nil
}

// Cancel ends a payout that has not been sent as failed, with the reason "cancelled". It may be made
// again: again is true when it was cancelled before.
//
// Errors: *RefusedError when DANA may have heard of it or it has ended, ledger.ErrNotFound. With any
// other it is not known whether it is cancelled; making it again tells.
func Cancel(ctx context.Context, l *ledger.Redis, ref, by, reason string, now time.Time) (again bool, err error) {
	rec, d, err := ledger.Update(ctx, l, statemachine.Policy{}, ref, "",
		func(ledger.Record) (statemachine.Event, bool) { return statemachine.Cancel(by, reason, now), true })
	switch {
	case err != nil || !d.Ignored:
		return false, err
	case rec.Tx.State == statemachine.StateFailed && rec.Tx.Reason == "cancelled":
		return true, nil
	case rec.Tx.State.Final():
		return false, &RefusedError{ref, rec.Tx.State, "that is final; see ledger show " + ref}
	}
	return false, &RefusedError{ref, rec.Tx.State, "it may have been sent, and only DANA can say how it ends; see ledger show " + ref}
}

// insteadOfResolving is what to do about a payout that no person decides.
func insteadOfResolving(s statemachine.State, ref string) string {
	switch s {
	case statemachine.StateQueued, statemachine.StateProcessing:
		return "the worker is still sending it; wait until it has ended or is in review"
	case statemachine.StatePending:
		return "DANA is still being asked; have it asked at once with ledger inquire " + ref
	case statemachine.StateSucceeded:
		return "that is final, and only a reversal changes it; resolve it as refunded if you have seen one"
	}
	return "that is final; see what DANA says with ledger inquire " + ref
}

// Check checks a text that a person puts on record, and says what is wrong with it, "" for nothing.
func Check(text string) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "is required; write 1 to 200 printable characters"
	case len([]rune(text)) > 200, Plain(text) != text:
		return "use at most 200 printable characters, on one line"
	}
	return ""
}

// Plain makes a text one line that cannot steer a terminal: an answer kept as it came may
// hold anything.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
