//go:build !race

package swarm

import (
	"slices"
	"sync"
	"time"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// partners is what goes on for days, or concerns all payouts at once.
var partners = []fault{
	{"DANA throttles", func(r *run) func() {
		mend := r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "429xx00"}}})
		for range 5 {
			r.submit()
		}
		r.pass(45 * time.Second) // a transfer would have used up its retries by now
		for ref, rec := range r.promises() {
			if rec.Tx.State == sm.StatePending && rec.Tx.Reason == "too_many_requests" {
				r.t.Errorf("%s has used up its retries because DANA throttles", ref)
			}
		}
		return mend
	}},
	{"credentials refused for one payout", func(r *run) func() {
		p := r.instruction()
		r.check(r.dana.SetBehaviour(sandbox.Target{Ref: p.Ref}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "401xx00"}}}))
		r.accept(p)
		return nil
	}},
	{"no worker for days", func(r *run) func() {
		r.mend(len(r.mends))
		r.away(72 * time.Hour)
		if r.dice.IntN(2) == 0 {
			r.forgot = true
			r.dana.Forget(time.Now().Add(-24 * time.Hour))
		}
		late := r.spoil([]string{"topup-status", "transfer-bank-status"}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.HTML}}})
		r.back()
		if r.dice.IntN(2) == 0 { // and away again, when DANA has been asked in vain
			r.away(2 * cutOff)
			r.back()
		}
		return late
	}},
	{"every send refused alike", func(r *run) func() {
		code := []sandbox.Answer{"400xx02", "403xx15", "403xx18"}[r.dice.IntN(3)]
		before := r.failedAs(code)
		mend := r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: code}}})
		for range 20 {
			r.submit()
		}
		r.pass(20 * time.Second)
		if n := r.failedAs(code) - before; n > refusedAlike {
			r.t.Errorf("%d payouts failed of a refusal (%s) that met every one", n, code)
		}
		mend()
		return nil
	}},
	{"answers without their fields", func(r *run) func() {
		undo := r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Answer: sandbox.Missing}}})
		asked := []string{"account-inquiry", "bank-account-inquiry", "topup-status", "transfer-bank-status"}
		undoAsked := r.spoil(asked, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.Missing}}})
		return func() { undo(); undoAsked() }
	}},
}

// refusedAlike is how many payouts may fail of a refusal that all of them meet: of each kind those that it takes to see it, and
// those that were under way then.
const refusedAlike = 2 * (5 + 4*workers)

// failedAs counts the payouts that failed of a refusal.
func (r *run) failedAs(code sandbox.Answer) (n int) {
	for _, rec := range r.promises() {
		got := rec.Last.ResponseCode
		if rec.Tx.State == sm.StateFailed && len(got) == 7 && got[:3]+got[5:] == string(code[:3]+code[5:]) {
			n++
		}
	}
	return n
}

// resume is a person who has looked at a hold for equal refusals.
func (r *run) resume() {
	holds, err := gate.ReadHolds(r.ctx, r.rdb)
	if r.check(err); slices.ContainsFunc(holds, func(h gate.Hold) bool { return h.Cause == gate.RefusedAlike }) {
		r.tally.count("held for equal refusals")
		_, err := gate.Resume(r.ctx, r.rdb, "", "Sari", time.Now())
		r.check(err)
	}
}

// away stops all workers and lets much time pass at once: a worker at work looks around several times a second.
func (r *run) away(d time.Duration) {
	var ended sync.WaitGroup
	for _, w := range r.ever {
		ended.Go(func() {
			w.end()
			<-w.ended
		})
	}
	ended.Wait()
	r.promises()
	time.Sleep(d)
	r.redis.SetTime(time.Now())
	r.redis.FastForward(d)
}

// back starts all workers again, for a minute.
func (r *run) back() {
	for i := range r.workers {
		r.workers[i] = r.start(r.clock())
	}
	r.again(5)
	r.pass(time.Minute) // what was over before has been forgotten
	r.again(5)
}
