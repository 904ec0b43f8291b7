//go:build !race

package swarm

import (
	"github.com/salur-id/salur/internal/sandbox"
)

// partners is what DANA does to all payouts at once.
var partners = []fault{
	{"DANA throttles", func(r *run) func() {
		return r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "429xx00"}}})
	}},
	{"answers without their fields", func(r *run) func() {
		undo := r.spoil([]string{"topup", "transfer-bank"}, sandbox.Behaviour{Sends: []sandbox.Send{{Answer: sandbox.Missing}}})
		asked := []string{"account-inquiry", "bank-account-inquiry", "topup-status", "transfer-bank-status"}
		undoAsked := r.spoil(asked, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.Missing}}})
		return func() { undo(); undoAsked() }
	}},
}
