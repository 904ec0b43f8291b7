//go:build !race

package swarm

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// promises holds everything that is known at this moment against the promises, and returns
// the records.
func (r *run) promises() map[string]ledger.Record {
	r.t.Helper()
	records, err := r.ledger.GetMany(r.ctx, slices.Collect(maps.Keys(r.accepted)))
	r.check(err)
	for ref := range r.plain {
		if _, known := records[ref]; known {
			delete(r.plain, ref)
		}
	}
	books := r.books() // after the ledger: what it claims must be true by now
	scheduled := r.scheduled()
	for ref := range r.accepted {
		rec, ok := records[ref]
		if !ok {
			r.gone(ref)
			continue
		}
		dana, state := books[ref], rec.Tx.State
		ours, paying := r.isOurs(dana), dana.Status == "00" || dana.Status == "01" || dana.Status == "02" || dana.Status == "03"
		switch {
		case (state == sm.StateSucceeded || state == sm.StateRefunded) && r.untold(dana):
		case state == sm.StateSucceeded && (dana.Status != "00" && dana.Status != "04" || !ours):
			r.t.Errorf("%s is called succeeded; DANA has %+v", ref, dana)
		case state == sm.StateRefunded && (dana.Status != "04" || !ours):
			r.t.Errorf("%s is called refunded; DANA has %+v", ref, dana)
		case state == sm.StateFailed && paying && ours:
			r.t.Errorf("%s is called failed; DANA has %+v", ref, dana)
		case !state.Final() && state != sm.StateReview && !scheduled[ref] && r.unmoved(rec):
			r.t.Errorf("%s is %s and in no index: nothing will look at it", ref, state)
		case state == sm.StateReview && rec.Tx.Reason == "cut_off" && !r.askedSince(ref, rec.Tx.PendingSince.Add(cutOff)):
			r.t.Errorf("%s is in review for the cut-off without an answer of DANA that came after it", ref)
		}
		if was := r.final[ref]; was.Final() && was != state && (was != sm.StateSucceeded || state != sm.StateRefunded) {
			r.t.Errorf("%s was %s and is %s", ref, was, state)
		}
		if r.final[ref] != state {
			r.final[ref], r.since[ref] = state, r.looked
		}
	}
	r.looked = time.Now()
	r.events()
	if r.t.Failed() {
		r.explain(records)
	}
	return records
}

// gone: only what has been over for the retention is forgotten.
func (r *run) gone(ref string) {
	if r.plain[ref] {
		return // no worker has taken it up yet
	}
	if age := time.Since(r.since[ref]); !r.final[ref].Final() || age < r.retention-clockOff {
		r.t.Errorf("%s was accepted, is %q since %s, and is gone; kept for %s", ref, r.final[ref], age, r.retention)
	}
	r.purged[ref] = true
}

// unmoved: nothing has happened to it since it was read.
func (r *run) unmoved(rec ledger.Record) bool {
	now, err := r.ledger.Get(r.ctx, rec.Payout.Ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return false
	}
	r.check(err)
	return now.Version == rec.Version
}

// askedSince tells whether DANA answered a question about a payout at or after a time.
func (r *run) askedSince(ref string, since time.Time) bool {
	for _, q := range r.dana.Requests(ref, "") {
		read := q.Answer == sandbox.Normal || q.Answer == "4043901" || q.Answer == "4040001" // "not found" is an answer, true or not
		if read && (q.API == "topup-status" || q.API == "transfer-bank-status") && !q.At.Before(since.Add(-clockOff)) {
			return true
		}
	}
	return false
}

// scheduled is every payout that the sweeper would find.
func (r *run) scheduled() map[string]bool {
	found := map[string]bool{}
	for _, step := range []sm.Step{sm.StepAnswer, sm.StepSend, sm.StepInquire} {
		for _, kind := range []payout.Kind{payout.TopUp, payout.Bank} {
			wakes, err := r.ledger.Overdue(r.ctx, kind, step, time.Now().Add(1000*time.Hour), 0)
			r.check(err)
			for _, w := range wakes {
				found[w.Ref] = true
			}
		}
	}
	return found
}

// events reads what has happened since last time.
func (r *run) events() {
	events, err := r.ledger.Events(r.ctx, r.lastID, 1_000_000, -1)
	r.check(err)
	for _, e := range events {
		r.lastID = e.ID
		if e.From != "" {
			r.tally.count(edge(e.From, e.To))
		}
	}
}

// explain ends the run with the histories of those whose promise was broken: the test's log
// names them.
func (r *run) explain(records map[string]ledger.Record) {
	for _, ref := range slices.Sorted(maps.Keys(records)) {
		entries, err := r.ledger.History(r.ctx, ref)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		r.check(err)
		r.t.Logf("%s %s", ref, records[ref].Tx.State)
		for _, e := range entries {
			r.t.Logf("\t%s %s → %s %s %s %s", e.At.Format(time.TimeOnly), e.From, e.To, e.Event, e.Summary(), e.ResponseCode)
		}
	}
	r.t.FailNow()
}
