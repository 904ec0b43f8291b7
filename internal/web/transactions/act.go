package transactions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
)

// act is what a form does. It returns the page of a form that has to be mended, a *doneError when it is done, or
// another error.
type act func(ctx context.Context, ref string, f form) (page, error)

// act refuses to act where people may only look, and forms that are not ours.
func (s *site) act(do act) func(*http.Request) (page, error) {
	return func(r *http.Request) (page, error) {
		if s.ReadOnly {
			return page{}, &toldError{status: http.StatusForbidden, title: "Nothing was done",
				text: "Without SALUR_UI_USER and SALUR_UI_PASSWORD these pages are read-only. Act with the command line: ledger inquire, resolve, cancel, hold, resume."}
		}
		ref := strings.TrimSpace(r.URL.Query().Get("ref"))
		f, err := s.readForm(r, ref)
		if err != nil {
			return page{}, err
		}
		return do(r.Context(), ref, f)
	}
}

func (s *site) actOnPayout(ctx context.Context, ref string, f form) (page, error) {
	if f.Act == actResolve && !slices.Contains(outcomes, statemachine.State(f.As)) {
		f.Bad["as"] = "choose succeeded, failed or refunded"
	}
	if len(f.Bad) > 0 {
		p, err := s.payoutPage(ctx, ref, f)
		return mend(p), err
	}
	switch f.Act {
	case actInquire:
		return page{}, s.inquire(ctx, ref, f)
	case actResolve:
		return page{}, s.resolve(ctx, ref, f)
	case actCancel:
		return page{}, s.cancel(ctx, ref, f)
	}
	return s.lost(nil)
}

func (s *site) actOnHolds(ctx context.Context, _ string, f form) (page, error) {
	if len(f.Bad) > 0 {
		p, err := s.holdsPage(ctx, f)
		return mend(p), err
	}
	switch f.Act {
	case actHold:
		return page{}, s.hold(ctx, f)
	case actResume:
		return page{}, s.resume(ctx, f)
	}
	return s.lost(nil)
}

// mend is a page with a form that has to be mended.
func mend(p page) page {
	if p.status == 0 {
		p.status = http.StatusUnprocessableEntity
	}
	return p
}

func (s *site) inquire(ctx context.Context, ref string, f form) error {
	_, late, err := operate.Inquire(ctx, s.ledger, s.queue, ref, f.By, f.Reason, s.Now())
	switch {
	case err != nil:
		return undone(ref, err, "It is not known whether the inquiry is on record. See the payout's history; another inquiry is harmless.")
	case late != nil:
		return &doneError{address(ref), "inquired-late"}
	}
	return &doneError{address(ref), "inquired"}
}

func (s *site) resolve(ctx context.Context, ref string, f form) error {
	as := statemachine.State(f.As)
	_, err := operate.Resolve(ctx, s.ledger, ref, as, f.By, f.Reason, s.Now())
	var refused *operate.RefusedError
	if errors.As(err, &refused) && s.isOnRecord(ctx, ref, as, f) {
		err = nil // the form was sent twice
	}
	if err != nil {
		return undone(ref, err, "It is not known whether the decision is on record. See the payout's history; sending the form again is safe, "+
			"for a decision that is on record is final.")
	}
	return &doneError{address(ref), "resolved"}
}

// isOnRecord tells whether the newest entry of a payout is this very decision.
func (s *site) isOnRecord(ctx context.Context, ref string, as statemachine.State, f form) bool {
	rec, err := s.ledger.Get(ctx, ref)
	if err != nil {
		return false
	}
	tx := rec.Tx
	tx.State = statemachine.StateReview
	entry := statemachine.Policy{}.Decide(tx, statemachine.Resolve(as, f.By, f.Reason, s.Now())).Entry
	return rec.Last.Event == entry.Event && rec.Last.To == entry.To && rec.Last.Detail == entry.Detail
}

func (s *site) cancel(ctx context.Context, ref string, f form) error {
	if _, err := operate.Cancel(ctx, s.ledger, ref, f.By, f.Reason, s.Now()); err != nil {
		return undone(ref, err, "It is not known whether the payout is cancelled, so cancel it again.")
	}
	return &doneError{address(ref), "cancelled"}
}

func (s *site) hold(ctx context.Context, f form) error {
	if err := gate.HoldByPerson(ctx, s.Redis, f.Reason, f.By, s.Now()); err != nil {
		return unknown(err, "It is not known whether sending is held, so hold again.")
	}
	return &doneError{Path + "holds", "held"}
}

func (s *site) resume(ctx context.Context, f form) error {
	lifted, err := gate.Resume(ctx, s.Redis, f.Reason, f.By, s.Now())
	switch {
	case err != nil:
		return unknown(err, "It is not known whether sending goes on; see Holds.")
	case len(lifted) == 0:
		return &doneError{Path + "holds", "nothing-held"}
	}
	return &doneError{Path + "holds", "resumed"}
}

// undone tells why an act on a payout was not done, or that this is not known.
func undone(ref string, err error, unclear string) error {
	var refused *operate.RefusedError
	switch {
	case errors.As(err, &refused):
		return &toldError{status: http.StatusConflict, title: "Nothing was done", text: fmt.Sprintf("The %s.", refused)}
	case errors.Is(err, ledger.ErrNotFound):
		return &toldError{status: http.StatusNotFound, title: "Nothing was done", text: fmt.Sprintf("There is no payout with the reference %s.", ref)}
	case errors.Is(err, ledger.ErrUnreadable):
		return &toldError{status: http.StatusInternalServerError, title: "Nothing was done", text: fmt.Sprintf(
			"The record of %s cannot be read, so nothing can be decided about it here. See docs/runbooks/SalurUnreadableRecords.md.", ref)}
	}
	return unknown(err, unclear)
}

// unknown is an act of which the answer was lost: it may have been done, unless Redis has refused it. The text says what is safe to do.
func unknown(err error, text string) error {
	if r := redisfault.Of(err); r != nil && !r.Uncertain {
		return &toldError{status: http.StatusServiceUnavailable, title: "Nothing was done", text: "Redis has refused: " + r.Error() + ".", err: err}
	}
	return &toldError{status: http.StatusServiceUnavailable, title: "Not known", text: text, err: err}
}
