package ask

import (
	"errors"
	"fmt"
	"strings"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// Cause is whose fault it is that DANA did not say yes.
type Cause uint8

// The causes.
const (
	Silence     Cause = iota // no answer, or none that tells anything: ask again
	Payee                    // the account cannot be paid: it is unknown, frozen or over its limit
	Merchant                 // DANA refuses for another reason
	Credentials              // DANA does not believe that it is us
)

// NoVerdictError is an answer of DANA that is no yes.
type NoVerdictError struct {
	Cause Cause
	text  string
	err   error
}

// Error is one line.
func (e *NoVerdictError) Error() string { return e.text }

// Unwrap is what went wrong on the way, if anything did.
func (e *NoVerdictError) Unwrap() error { return e.err }

// verdict is why an exchange did not end as hoped; nil for a success.
func verdict(x danaclient.Exchange) error {
	answer := strings.TrimSpace(x.Outcome.Code + " " + x.Message)
	because := func(c Cause, format string, args ...any) error {
		return &NoVerdictError{c, fmt.Sprintf(format, args...), x.Err}
	}
	var invalid payout.InvalidError
	switch o := x.Outcome; {
	case o.Kind == statemachine.Succeeded:
		return nil
	case errors.As(x.Err, &invalid): // nothing was sent
		return invalid
	case o.Kind == statemachine.Refused && o.Why.PayeeCause():
		return because(Payee, "DANA would not pay this: %s", answer)
	case o.Kind == statemachine.Denied:
		return because(Credentials, "DANA refuses our credentials (%s); check X_PARTNER_ID, the key and, with symmetric signatures, CLIENT_SECRET", answer)
	case o.Kind == statemachine.Refused:
		return because(Merchant, "DANA refused: %s", answer)
	case x.Err != nil:
		return because(Silence, "there is no verdict (%s): %v", o.Why, x.Err)
	case answer != "":
		return because(Silence, "there is no verdict (%s): DANA answered %s", o.Why, answer)
	}
	return because(Silence, "there is no verdict: %s", x.Outcome.Why)
}
