package courier

import (
	"encoding/json"
	"fmt"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// message is what is posted (docs/webhooks.md). Fields are added, none is changed or taken away.
type message struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

// data is the transition. Nothing in it is personal: the payee is not named.
type data struct {
	Ref         string               `json:"ref"`
	Kind        payout.Kind          `json:"kind"`
	State       statemachine.State   `json:"state"`
	Previous    statemachine.State   `json:"previousState"`
	Event       statemachine.Trigger `json:"event"`
	Reason      string               `json:"reason"`
	Amount      money.Amount         `json:"amount"`
	ReferenceNo string               `json:"danaReferenceNo"`
	// Answered is what DANA's answer was about, where that is not this payout.
	Answered statemachine.Answered `json:"answered,omitzero"`
	Version  int64                 `json:"version"`
	At       string                `json:"at"`
}

// messageID is the same whenever an event is posted: what a receiver knows it by.
func messageID(e ledger.Event) string { return "evt_" + e.ID }

// body is the same to the byte whenever an event is posted.
func body(e ledger.Event) []byte {
	at := e.At.In(jakarta.Zone).Format("2006-01-02T15:04:05.000-07:00")
	b, err := json.Marshal(message{Type: "payout." + string(e.To), Timestamp: at, Data: data{
		Ref: e.Ref, Kind: e.Kind, State: e.To, Previous: e.From, Event: e.Trigger, Reason: e.Reason,
		Amount: e.Amount, ReferenceNo: e.ReferenceNo, Answered: e.Answered, Version: e.Version, At: at,
	}})
	if err != nil { // strings and numbers: cannot happen
		panic(fmt.Sprintf("courier: encode event %s: %v", e.ID, err))
	}
	return b
}
