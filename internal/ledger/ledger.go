// Package ledger is the truth about every payout. asynq only wakes workers up: whatever
// it loses, repeats or delivers late, the ledger knows what was sent, what came back and
// what is due, and every wake-up can be made again from it.
//
// One decision of the state machine is applied in one step: the record, its history, the
// index of open transactions, the sums per state and the event stream change together or
// not at all.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tracing"
)

var (
	// ErrNotFound: there is no payout with this reference.
	ErrNotFound = errors.New("no payout with this reference")
	// ErrConflict: the reference exists with other content. One reference is one payout for
	// ever (promise 1); nothing was changed.
	ErrConflict = errors.New("the reference exists with other content")
	// ErrStale: somebody else changed the payout since it was read. Read it again and
	// decide again.
	ErrStale = errors.New("the payout has changed since it was read")
	// ErrForbidden: the decision would break a promise (change a final state, a reference
	// or an amount). It is a fault of this program; nothing was written.
	ErrForbidden = errors.New("the decision would break a promise")
)

// Record is one payout: the instruction, which never changes, and how it fares.
type Record struct {
	Payout payout.Payout            `json:"-"` // recorded beside the rest: it never changes
	Tx     statemachine.Transaction `json:"tx"`
	// By is who handed it over, as they call themselves; may be empty.
	By string `json:"by,omitempty"`
	// Trace is where in a trace it was handed over, so that each of its steps belongs to that trace, whatever
	// becomes of its tasks.
	Trace     tracing.Parent `json:"trace,omitzero"`
	CreatedAt time.Time      `json:"createdAt"`
	UpdatedAt time.Time      `json:"updatedAt"`
	// Last is the newest entry of the history, by which a repetition is recognised; zero as long as
	// nothing has happened since the payout was accepted.
	Last Entry `json:"last,omitzero"`
	// Schema is by which rules the record was written. A record of newer rules than these is left alone: what this
	// program does not know of would be erased.
	Schema int `json:"schema,omitempty"`
	// Version is what a write must match; it grows by one with each.
	Version int64 `json:"-"`
	// AfterLoss: the store is marked as having forgotten payouts or attempts (see Loss), as far as this reading knew.
	AfterLoss bool `json:"-"`

	fingerprint string // of the payout, as it was recorded
	altered     bool   // see Altered
}

// schema is the newest that this program knows. Raise it with every change by which an older program would lose or
// misread something.
const schema = 1

// accepted is the first entry of the history. It is in the record, so that accepting a payout
// writes one thing less.
func (r Record) accepted() Entry {
	e := statemachine.Entry{At: r.CreatedAt, To: statemachine.StateQueued, Event: "accepted"}
	if r.By != "" {
		e.Detail = "by " + r.By
	}
	return Entry{Entry: e}
}

// Entry is one line of a payout's history. What happens again and again without changing
// anything (an inquiry that says "in progress" every minute for a day) is one line with
// a count, so that a history stays short.
type Entry struct {
	statemachine.Entry
	// Times is how often it happened in a row, Since when it did first.
	Times int       `json:"times,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Answer is DANA's answer as it came, masked and cut, when it could not be understood.
	Answer string `json:"answer,omitempty"`
}

// Summary is what the entry says beyond its event; one that stands for several says so.
func (e Entry) Summary() string {
	parts := []string{e.Detail, e.Answered.String()}
	if e.Times >= 2 {
		parts = append(parts, fmt.Sprintf("%d times since %s", e.Times, jakarta.Stamp(e.Since)))
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// Query selects records for a list. The zero Query selects everything.
type Query struct {
	State        statemachine.State // empty for every state
	Since, Until time.Time          // by time of creation: from Since on, before Until; zero for no bound
	Limit        int                // at most so many, the newest first; 0 for no bound
	After        Cursor             // only what comes after it in the list; zero for the start
}

// Cursor is a place in a list: the payout that was listed last.
type Cursor struct {
	CreatedAt time.Time
	Ref       string
}

// Stat is what one state holds.
type Stat struct {
	State  statemachine.State
	Count  int64
	Cents  int64     // sum of what they take from the deposit, fees included; at most what int64 holds
	Oldest time.Time // creation of the oldest, zero when there is none
}

// Wake is a payout whose next step is overdue: nothing has come of its wake-up.
type Wake struct {
	Ref  string
	Kind payout.Kind
	Step statemachine.Step
	At   time.Time // when the step was due, or when it was to be looked at again
}

// Ledger keeps payouts. Its errors are the ones above, or the store's own, wrapped: then it
// is not known whether a write happened. The same write made again is safe: Apply and
// Create recognise their own.
type Ledger interface {
	// Create records a new payout as queued and reports true. For a reference that exists
	// with the same content it returns the record as it is and false; with other content,
	// the record and ErrConflict.
	Create(ctx context.Context, p payout.Payout, now time.Time) (Record, bool, error)
	// CreateMany is Create for several payouts in one exchange, in their order, with one answer
	// for each. by names who hands them over, for their history; it may be empty. Their traces are
	// those of ctx (tracing.Each).
	CreateMany(ctx context.Context, ps []payout.Payout, by string, now time.Time) []Created
	// Get reads one payout, or ErrNotFound, or ErrUnreadable.
	Get(ctx context.Context, ref string) (Record, error)
	// GetMany reads those of the references that exist and can be read.
	GetMany(ctx context.Context, refs []string) (map[string]Record, error)
	// Apply writes the decision d, made on rec. It returns ErrStale when rec is not the
	// newest version, ErrNotFound when it is gone, ErrForbidden when d breaks a promise.
	// answer is DANA's answer to keep with the entry, or empty.
	Apply(ctx context.Context, rec Record, d statemachine.Decision, answer string) (Record, error)
	// History is everything that happened to a payout, the oldest first; ErrNotFound.
	History(ctx context.Context, ref string) ([]Entry, error)
	// List reads records that can be read, the newest first.
	List(ctx context.Context, q Query) ([]Record, error)
	// Stats counts and sums every state.
	Stats(ctx context.Context) ([]Stat, error)
	// Overdue lists open payouts of a kind whose next step is this one and was due by the
	// time given, the longest overdue first.
	Overdue(ctx context.Context, kind payout.Kind, step statemachine.Step, by time.Time, limit int) ([]Wake, error)
	// Postpone says that w was looked at and is to be looked at again at the time given. It does
	// nothing if the payout has moved on meanwhile.
	Postpone(ctx context.Context, w Wake, at time.Time) error
	// Now is the store's time, by which old payouts are forgotten: a worker's clock may be wrong.
	Now(ctx context.Context) (time.Time, error)
	// Orphan takes a payout that is not on record out of every index, and reports whether one named it.
	Orphan(ctx context.Context, ref string) (found bool, err error)
	// Audit holds a few open payouts against their indexes, see AuditPlace.
	Audit(ctx context.Context, at AuditPlace) (AuditPlace, Mended, error)
	// Purge forgets payouts that were over before the time given, and the events of that
	// time, and returns how many payouts. Their references are remembered: handed over again, they are no new payouts.
	Purge(ctx context.Context, before time.Time, limit int) (int, error)
}

// Update lets an event happen to a payout: it decides on the newest record and applies it,
// and when somebody else was first reads again and decides again. event may decline by
// returning false; nothing is written then. An event that the machine ignores is
// written only if it is an answer of DANA.
func Update(ctx context.Context, l Ledger, p statemachine.Policy, ref, answer string,
	event func(Record) (statemachine.Event, bool),
) (Record, statemachine.Decision, error) {
	for {
		rec, err := l.Get(ctx, ref)
		if err != nil {
			return Record{}, statemachine.Decision{}, err
		}
		ev, ok := event(rec)
		if !ok {
			return rec, statemachine.Decision{Tx: rec.Tx, Ignored: true}, nil
		}
		d, write := decide(p, rec, ev)
		if !write {
			return rec, d, nil
		}
		next, err := l.Apply(ctx, rec, d, answer)
		if errors.Is(err, ErrStale) {
			continue // each round somebody else made progress
		}
		return next, d, err
	}
}

// decide is the machine's decision on a record, and whether it is to be written.
func decide(p statemachine.Policy, rec Record, ev statemachine.Event) (d statemachine.Decision, write bool) {
	p.AfterLoss = p.AfterLoss || rec.AfterLoss
	d = p.Decide(rec.Tx, ev)
	return d, !d.Ignored || ev.Answer()
}

// apply is the record after d. again says that its entry takes the place of the last one
// in the history. ErrForbidden when d breaks a promise.
func apply(rec Record, d statemachine.Decision, answer string) (next Record, again bool, err error) {
	if err := permitted(rec, d); err != nil {
		return Record{}, false, fmt.Errorf("ledger: payout %s: %s to %s on %s: %w", rec.Payout.Ref, rec.Tx.State, d.Tx.State, d.Entry.Event, err)
	}
	next, again = rec.next(d, answer)
	return next, again, nil
}

// permitted holds a decision against the promises once more before it is written: a
// fault in the table must not reach the books.
func permitted(rec Record, d statemachine.Decision) error {
	was, is := rec.Tx.State, d.Tx.State
	switch {
	case d.Tx.Ref != rec.Payout.Ref, d.Tx.Amount != rec.Payout.Amount:
		return ErrForbidden
	case was.Final() && was != is && (was != statemachine.StateSucceeded || is != statemachine.StateRefunded):
		return ErrForbidden
	}
	return nil
}

// next is the record after d, and the entry for its history; again says that the entry
// takes the place of the last one.
func (r Record) next(d statemachine.Decision, answer string) (n Record, again bool) {
	e := Entry{Entry: d.Entry, Answer: answer}
	last := r.Last
	same := e.Entry
	same.At, same.ExternalID = last.At, last.ExternalID
	if e.From == e.To && same == last.Entry {
		again = true
		e.Times = max(last.Times, 1) + 1
		e.Since = last.Since
		if e.Since.IsZero() {
			e.Since = last.At
		}
	}
	r.Tx = d.Tx
	r.UpdatedAt = d.Entry.At
	r.Last = e
	r.Version++
	return r, again
}
