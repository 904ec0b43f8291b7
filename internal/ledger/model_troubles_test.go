//go:build !race

package ledger

import (
	"time"

	sm "github.com/salur-id/salur/internal/statemachine"
)

// troubles are what happens once in a world, or never, where the bounds have room for it.
func (x *explorer) troubles(w world, next next) {
	if x.shared && w.dana[w.ref] == nothing {
		w := w
		w.dana[w.ref] = another
		next("another system pays somebody under the reference", w)
	}
	if x.bounds.altered && !w.altered {
		w := w
		w.altered = true
		next("somebody alters the payee on record", w)
	}
	if x.days && !w.old {
		w := x.away(w)
		next("nobody works for days", w)
		if d := w.dana[w.ref]; d == paid || d == takenBack || d == refused {
			w.had, w.dana[w.ref] = d, nothing
			next("nobody works for days, and DANA forgets", w)
		}
	}
	if x.bounds.lost && !w.lost {
		w := w
		for _, k := range w.workers {
			if k.inNet {
				w.late = min(w.late+1, x.late)
			}
		}
		w.workers = [modelWorkers]worker{}
		w.lost, w.told, w.asked = true, false, 0
		w.tx = x.id(sm.New(modelPayout.Ref, modelPayout.Amount, time.Time{}, modelTime))
		next("Redis loses everything, the workers begin anew, and it is handed over again", w)
	}
}

// away is after days. No request is under way any more, and no attempt has time left to be sent. Who was stopped with
// an answer in hand has it still.
func (x *explorer) away(w world) world {
	w.old, w.late = true, 0
	for i := range w.workers {
		switch k := &w.workers[i]; {
		case k.phase == taken && !x.sendsLate:
			*k = worker{}
		case k.phase == sending:
			k.phase, k.inNet, k.outcome = answered, false, unknown
		}
	}
	return w
}

// clock is what a worker's clock says: only days make a difference.
func (x *explorer) clock(w world) time.Time {
	if w.old {
		return modelTime.Add(2 * time.Hour)
	}
	return modelTime
}

// attempt is one that begins now, or, with its number, the one that was written ahead.
func (x *explorer) attempt(w world, seq uint8) sm.Attempt {
	now := x.clock(w)
	return sm.Attempt{Seq: int(seq), ExternalID: "e", Owner: "w", StartedAt: now, Deadline: now}
}
