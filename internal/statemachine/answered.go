package statemachine

import (
	"strings"

	"github.com/salur-id/salur/internal/money"
)

// Answered is what an answer of DANA says it is about, where that is not this payout or where it sent the payout
// to review: what a person needs to decide (promise 4). A field that the answer did not have is empty.
type Answered struct {
	Ref    string       `json:"partnerReferenceNo,omitempty"`
	Amount money.Amount `json:"amount,omitzero"` // in the currency of the answer
	Status string       `json:"status,omitempty"`
}

// String is what it is about, for people: "DANA answered for reference SALARY-2, IDR 99.00". The status stands in an entry's detail.
func (a Answered) String() string {
	var parts []string
	if a.Ref != "" {
		parts = append(parts, "reference "+a.Ref)
	}
	if a.Amount != (money.Amount{}) {
		parts = append(parts, a.Amount.String())
	}
	if parts == nil {
		return ""
	}
	return "DANA answered for " + strings.Join(parts, ", ")
}

// answered is what the outcome says it is about, if a person should see it: it names another reference, amount or
// currency than the payout's, or the payout goes to review on it.
func (c *decision) answered(before State) Answered {
	o := c.ev.Outcome
	if !foreign.holds(c) && (before == StateReview || c.tx.State != StateReview) {
		return Answered{}
	}
	return Answered{Ref: o.EchoRef, Amount: o.EchoAmount, Status: o.Status}
}
