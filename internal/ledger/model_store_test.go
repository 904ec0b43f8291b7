//go:build !race

package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// imitation is the store as the model has it: a write happens if and only if nobody has written since its writer
// read (worker.fresh), and what it writes is what apply says. TestStoreIsTheModels holds Redis to it.
type imitation struct {
	payouts   map[string]*imitated
	forgotten map[string]Record // as they were when they were forgotten: their references are for ever
	events    []Event
}

// imitated is one payout, with all that the store keeps about it.
type imitated struct {
	rec     Record
	history []Entry
	due     int64 // in the index of what is open: when to look at it, in ms
	over    int64 // in the index of what is over, in ms; 0 for not over
}

// copyOf is what a writer has read of one payout.
type copyOf struct {
	rec   Record
	fresh bool // nobody has written since
}

func (m *imitation) create(p payout.Payout, by string, now time.Time) (rec Record, created bool, err error) {
	if old, ok := m.payouts[p.Ref]; ok {
		if old.rec.Payout != p {
			err = ErrConflict
		}
		return old.rec, false, err
	}
	if old, ok := m.forgotten[p.Ref]; ok {
		if old.Payout != p {
			err = ErrConflict
		}
		return old, false, err
	}
	rec = Record{
		Payout: p, Tx: sm.New(p.Ref, p.Amount, p.NotAfter, now), By: by, CreatedAt: now, UpdatedAt: now, Schema: schema, Version: 1,
	}
	m.payouts[p.Ref] = &imitated{rec: rec, history: []Entry{rec.accepted()}, due: now.UnixMilli()}
	m.events = append(m.events, newEvent(rec, rec.accepted().Entry))
	return rec, true, nil
}

func (m *imitation) apply(c copyOf, d sm.Decision, answer string) (Record, error) {
	next, again, err := apply(c.rec, d, answer)
	if err != nil {
		return Record{}, ErrForbidden
	}
	p, ok := m.payouts[c.rec.Payout.Ref]
	if !ok {
		return Record{}, ErrNotFound
	}
	if !c.fresh {
		return Record{}, ErrStale
	}
	was := p.rec.Tx.State
	p.rec, p.due = next, next.Tx.DueAt.UnixMilli()
	if again {
		p.history = p.history[:len(p.history)-1]
	}
	p.history = append(p.history, next.Last)
	if was != next.Tx.State {
		m.events = append(m.events, newEvent(next, d.Entry))
		if next.Tx.State.Final() {
			p.over = d.Entry.At.UnixMilli()
		}
	}
	return next, nil
}

// purge forgets what was over before the time given.
func (m *imitation) purge(before time.Time) (n int) {
	for ref, p := range m.payouts {
		if p.over != 0 && p.over < before.UnixMilli() {
			delete(m.payouts, ref)
			m.forgotten[ref] = p.rec
			n++
		}
	}
	return n
}

func (m *imitation) postpone(w Wake, at time.Time) {
	if p, ok := m.payouts[w.Ref]; ok && p.rec.Tx.Next == w.Step && p.rec.Payout.Kind == w.Kind && p.due == w.At.UnixMilli() {
		p.due = at.UnixMilli()
	}
}

// wakes is the index of what is open.
func (m *imitation) wakes(kind payout.Kind, step sm.Step) (wakes []Wake) {
	for ref, p := range m.payouts {
		if p.rec.Payout.Kind == kind && p.rec.Tx.Next == step {
			wakes = append(wakes, Wake{Ref: ref, Kind: kind, Step: step, At: time.UnixMilli(p.due)})
		}
	}
	slices.SortFunc(wakes, func(a, b Wake) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Ref, b.Ref)) })
	return wakes
}

// books is everything that the store holds, as texts, so that a difference can be read.
func (m *imitation) books() (lines []string) {
	for _, ref := range slices.Sorted(maps.Keys(m.payouts)) {
		p := m.payouts[ref]
		lines = append(lines, recordLine(p.rec), historyLine(ref, p.history), overLine(ref, p.over))
	}
	for _, s := range sm.States {
		var count, cents int64
		for _, p := range m.payouts {
			if p.rec.Tx.State == s {
				count, cents = count+1, cents+p.rec.Payout.Total().Cents()
			}
		}
		lines = append(lines, fmt.Sprintf("%s: %d of %d cents", s, count, cents))
	}
	for _, kind := range kinds {
		for _, step := range modelSteps {
			lines = append(lines, wakesLine(kind, step, m.wakes(kind, step)))
		}
	}
	for i, e := range m.events {
		if m.payouts[e.Ref] == nil && e.Outcome() {
			e = Event{} // nothing on record bears it out any more
		}
		lines = append(lines, eventLine(i, e))
	}
	return lines
}

var (
	kinds      = []payout.Kind{payout.TopUp, payout.Bank}
	modelSteps = []sm.Step{sm.StepSend, sm.StepAnswer, sm.StepInquire}
)

func recordLine(r Record) string {
	fares := Record{Tx: r.Tx, By: r.By, Trace: r.Trace, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Last: r.Last}
	return fmt.Sprintf("%s version %d, altered %t, %s %s", r.Payout.Ref, r.Version, r.Altered(), r.Payout.Encode(), encode(fares))
}

func historyLine(ref string, history []Entry) string {
	return fmt.Sprintf("%s has %d entries: %s", ref, len(history), encode(history))
}

func overLine(ref string, at int64) string { return fmt.Sprintf("%s is over since %d", ref, at) }

func wakesLine(kind payout.Kind, step sm.Step, wakes []Wake) string {
	text := fmt.Sprintf("%s to %s:", kind, step)
	for _, w := range wakes {
		text += fmt.Sprintf(" %s at %d", w.Ref, w.At.UnixMilli())
	}
	return text
}

func eventLine(i int, e Event) string {
	e.ID = ""
	return fmt.Sprintf("event %d: %s", i, encode(e))
}
