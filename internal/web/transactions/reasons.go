package transactions

import (
	"net/http"

	"github.com/salur-id/salur/internal/statemachine"
)

// reasons is the page of all reasons and events, with what they mean and what to do.
func (s *site) reasons(*http.Request) (page, error) {
	return page{template: "reasons", Title: "Reasons", Data: struct {
		Reasons []statemachine.ReasonRow
		Events  []statemachine.EventRow
	}{statemachine.Reasons, statemachine.Events}}, nil
}
