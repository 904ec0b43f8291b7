//go:build !race

package swarm

import (
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
	{"answers without their fields", func(r *run) func() {
		undo := r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Answer: sandbox.Missing}}})
		asked := []string{"account-inquiry", "bank-account-inquiry", "topup-status", "transfer-bank-status"}
		undoAsked := r.spoil(asked, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.Missing}}})
		return func() { undo(); undoAsked() }
	}},
}
