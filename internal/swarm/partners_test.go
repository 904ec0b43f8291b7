//go:build !race

package swarm

import (
	"sync"
	"time"

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
	{"answers without their fields", func(r *run) func() {
		undo := r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Answer: sandbox.Missing}}})
		asked := []string{"account-inquiry", "bank-account-inquiry", "topup-status", "transfer-bank-status"}
		undoAsked := r.spoil(asked, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.Missing}}})
		return func() { undo(); undoAsked() }
	}},
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
