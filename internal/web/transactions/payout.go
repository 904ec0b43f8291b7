package transactions

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

type payoutView struct {
	Payout   payout.Payout
	Tx       statemachine.Transaction
	Means    string
	Reason   *statemachine.ReasonRow // what its reason means, nil for none or one that is not known
	Amount   string
	Fee      string // empty where there can be none
	By       string // who handed it over
	Bank     bool
	Account  string // masked
	Created  time.Time
	Updated  time.Time
	Age      string
	History  []ledger.Entry
	Outcomes []statemachine.State // that a person may resolve it as
	Answer   string               // what DANA's answer to an inquiry does
	Inquire  form
	Resolve  form
	Cancel   form
	CanAsk   bool
	Unsent   bool   // it can be cancelled
	TaskPath string // the task of its next step in the Asynq web UI, empty for none
}

// payout is one payout, which is what a search finds too.
func (s *site) payout(r *http.Request) (page, error) {
	return s.payoutPage(r.Context(), r.URL.Query().Get("ref"), form{})
}

// payoutPage is the page with a form that was sent and has to be mended, if there is one.
func (s *site) payoutPage(ctx context.Context, typed string, sent form) (page, error) {
	ref := strings.TrimSpace(typed)
	if ref == "" {
		return page{status: http.StatusBadRequest, template: "missing", Title: "Which payout?"}, nil
	}
	rec, err := s.ledger.Get(ctx, ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return missing(ref, err), nil
	}
	if errors.Is(err, ledger.ErrUnreadable) {
		return unreadable(ref, err), nil
	}
	if err != nil {
		return page{}, err
	}
	history, err := s.ledger.History(ctx, ref)
	if errors.Is(err, ledger.ErrNotFound) { // purged since
		return missing(ref, err), nil
	}
	if err != nil {
		return page{}, err
	}
	p := rec.Payout
	v := payoutView{
		Payout: p, Tx: rec.Tx, Means: means[rec.Tx.State], Amount: p.Amount.String(), By: rec.By,
		Fee: fee(p), Bank: p.Kind == payout.Bank, Account: payout.Mask(p.Account),
		Created: rec.CreatedAt, Updated: rec.UpdatedAt, Age: age(s.Now().Sub(rec.CreatedAt)), History: history,
		Answer:  operate.AnswerDoes(rec.Tx.State),
		Inquire: s.form(actInquire, ref, sent), Resolve: s.form(actResolve, ref, sent), Cancel: s.form(actCancel, ref, sent),
	}
	if row, ok := statemachine.ReasonOf(rec.Tx.Reason); ok {
		v.Reason = &row
	}
	// What people may do is what the machine would not ignore.
	would := func(ev statemachine.Event) bool { return !statemachine.Policy{}.Decide(rec.Tx, ev).Ignored }
	v.CanAsk = would(statemachine.AskNow("a person", "", s.Now()))
	v.Unsent = would(statemachine.Cancel("a person", "a reason", s.Now()))
	for _, as := range outcomes {
		if would(statemachine.Resolve(as, "a person", "a reason", s.Now())) {
			v.Outcomes = append(v.Outcomes, as)
		}
	}
	if queue, _ := wakeup.Route(p.Kind, rec.Tx.Next); queue != "" {
		v.TaskPath = s.TasksPath + "queues/" + queue + "/tasks/" + url.PathEscape(wakeup.StepID(rec, 0))
	}
	return page{template: "payout", Title: ref, Ref: ref, Data: v}, nil
}

// fee is what DANA is told of; a transfer to a bank has no field for one.
func fee(p payout.Payout) string {
	if p.Kind == payout.Bank {
		return ""
	}
	return money.Rupiah(0).Add(p.Fee).String()
}

// outcomes are what a person can find a payout to be.
var outcomes = []statemachine.State{statemachine.StateSucceeded, statemachine.StateFailed, statemachine.StateRefunded}

func address(ref string) string { return Path + "payout?" + url.Values{"ref": {ref}}.Encode() }

// unreadable is the page of a payout whose record cannot be read. The log has the cause, from whoever met it first.
func unreadable(ref string, err error) page {
	why := "it is damaged or was altered"
	var cause *ledger.UnreadableError
	if errors.As(err, &cause) {
		why = cause.Why()
	}
	return page{status: http.StatusInternalServerError, template: "unreadable", Title: "The record cannot be read", Ref: ref, Data: why}
}

// missing is the page of a payout that is not on record. How one ended that is forgotten is known.
func missing(ref string, err error) page {
	var forgotten *ledger.ForgottenError
	if errors.As(err, &forgotten) {
		return page{status: http.StatusNotFound, template: "missing", Title: "No longer on record", Ref: ref, Data: forgotten.State}
	}
	return page{status: http.StatusNotFound, template: "missing", Title: "No such payout", Ref: ref}
}
