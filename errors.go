package salur

import (
	"errors"
	"fmt"
	"strings"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redisfault"
)

var (
	// ErrConflict: the reference is on record with other content. Nothing was changed; the
	// payout on record goes on. Give a new payout a reference of its own.
	ErrConflict = errors.New("the reference exists with other content")
	// ErrNotFound: no payout with this reference is on record. It was never accepted, or it is
	// over for longer than the workers' SALUR_RETENTION.
	ErrNotFound = errors.New("no payout with this reference")
	// ErrUnreadable: a record is under this reference and cannot be read: it was damaged, or a newer Salur wrote it. Nothing was
	// accepted or changed, and the same call again is answered alike. Whether its payout was paid is not known, so nobody may be paid
	// under a new reference before a person has found out: docs/runbooks/SalurUnreadableRecords.md.
	ErrUnreadable = errors.New("there is a record under this reference that cannot be read")
	// ErrUnavailable: Redis cannot serve. Of Enqueue it is not known whether the payout was
	// accepted, unless the error is a *RefusedError too; make the same call again, nobody is paid twice.
	ErrUnavailable = errors.New("unavailable")
	// ErrFull: Redis is nearly full, and what is left belongs to the payouts that are under way.
	// None of this call was accepted. It is an ErrUnavailable too.
	ErrFull = fmt.Errorf("%w: Redis is nearly full", ErrUnavailable)
)

// RefusedError: Redis has refused. What it was asked for was certainly not done: of Enqueue, the payout was not
// accepted. It is an ErrUnavailable too, and an ErrFull when Redis is full.
type RefusedError struct {
	// Code is Redis's own, such as READONLY or NOPERM; empty when it gave none.
	Code string
	// Reason is why and what mends it, for people.
	Reason string

	err error
}

// Error is the reason and the code.
func (e *RefusedError) Error() string {
	if e.Code == "" {
		return e.Reason
	}
	return e.Reason + " (" + e.Code + ")"
}

// Unwrap is ErrUnavailable or ErrFull, and Redis's own error.
func (e *RefusedError) Unwrap() []error {
	if e.Code == "OOM" {
		return []error{ErrFull, e.err}
	}
	return []error{ErrUnavailable, e.err}
}

// FieldError is one bad field of a payout.
type FieldError struct {
	Field string `json:"field"` // as in JSON: ref, customer, amount, …
	Value string `json:"value"` // masked where it is personal
	Fix   string `json:"fix"`
}

// InvalidError names every bad field of a payout.
type InvalidError struct {
	Fields []FieldError
}

// Error is one line.
func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = fmt.Sprintf("%s %q: %s", f.Field, f.Value, f.Fix)
	}
	return strings.Join(parts, "; ")
}

// invalid gives an error of a payout's fields its public form.
func invalid(err error) error {
	var fields payout.InvalidError
	if !errors.As(err, &fields) {
		return err
	}
	e := &InvalidError{}
	for _, f := range fields {
		e.Fields = append(e.Fields, FieldError(f))
	}
	return e
}

// told gives an error of the ledger its public form: what is none of ours is Redis's, or the
// caller's own end of the context.
func told(err error) error {
	var unreadable *ledger.UnreadableError
	var forgotten *ledger.ForgottenError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &forgotten):
		return fmt.Errorf("%w: it ended as %s, longer ago than finished payouts are kept", ErrNotFound, forgotten.State)
	case errors.Is(err, ledger.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, ledger.ErrConflict):
		return ErrConflict
	case errors.As(err, &unreadable):
		return fmt.Errorf("%w: %s", ErrUnreadable, unreadable.Why())
	}
	if r := redisfault.Of(err); r != nil && !r.Uncertain {
		return &RefusedError{Code: r.Code, Reason: r.Why, err: err}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, redisfault.Explain(err))
}
