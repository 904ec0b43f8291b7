package main

import (
	"fmt"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// document is a payout in JSON, as list prints it. Every key is always there, but for those
// of bank accounts. The name of an account's holder is not shown at all.
type document struct {
	Ref          string             `json:"ref"`
	Kind         payout.Kind        `json:"kind"`
	State        statemachine.State `json:"state"`
	Reason       string             `json:"reason"`
	Amount       money.Amount       `json:"amount"`
	Customer     string             `json:"customer"`           // masked; with kind bank the merchant's own number
	BankCode     string             `json:"bankCode,omitempty"` // with kind bank
	Bank         string             `json:"bank,omitempty"`     // its name, where it is known
	Account      string             `json:"account,omitempty"`  // masked
	ReferenceNo  string             `json:"danaReferenceNo"`
	Attempts     int                `json:"attempts"`
	Inquiries    int                `json:"inquiries"`
	Resends      int                `json:"resends"`
	CreatedAt    string             `json:"createdAt"`
	UpdatedAt    string             `json:"updatedAt"`
	NextActionAt *string            `json:"nextActionAt"` // null when nothing is scheduled
}

// fullDocument is a payout with its history, as show prints it.
type fullDocument struct {
	document
	History []historyLine `json:"history"`
}

type historyLine struct {
	At           string               `json:"at"`
	From         statemachine.State   `json:"from"`
	To           statemachine.State   `json:"to"`
	Event        statemachine.Trigger `json:"event"`
	Detail       string               `json:"detail"`
	ResponseCode string               `json:"responseCode"`
	ExternalID   string               `json:"externalId"`
}

// stamp writes a moment on record in Jakarta's time, with milliseconds, so that schedules
// can be seen in it.
func stamp(t time.Time) string { return t.In(jakarta.Zone).Format("2006-01-02T15:04:05.000-07:00") }

func newDocument(rec ledger.Record) document {
	d := document{
		Ref: rec.Payout.Ref, Kind: rec.Payout.Kind, State: rec.Tx.State, Reason: rec.Tx.Reason,
		Amount: rec.Payout.Amount, Customer: customer(rec.Payout), ReferenceNo: rec.Tx.ReferenceNo,
		Attempts: rec.Tx.Attempts, Inquiries: rec.Tx.Inquiries, Resends: rec.Tx.Resends,
		CreatedAt: stamp(rec.CreatedAt), UpdatedAt: stamp(rec.UpdatedAt),
		NextActionAt: nextActionAt(rec.Tx),
	}
	if rec.Payout.Kind == payout.Bank {
		d.BankCode, d.Bank, d.Account = rec.Payout.BankCode, payout.BankName(rec.Payout.BankCode), payout.Mask(rec.Payout.Account)
	}
	return d
}

func newFullDocument(rec ledger.Record, history []ledger.Entry) fullDocument {
	d := fullDocument{document: newDocument(rec), History: make([]historyLine, len(history))}
	for i, e := range history {
		d.History[i] = historyLine{
			At: stamp(e.At), From: e.From, To: e.To, Event: e.Event,
			Detail: detail(e), ResponseCode: e.ResponseCode, ExternalID: e.ExternalID,
		}
	}
	return d
}

// customer is the phone number, or the customer id that stands for it, masked.
func customer(p payout.Payout) string {
	if p.Customer == payout.ByCustomerID {
		return payout.Mask(p.CustomerID)
	}
	return payout.Mask(p.Customer)
}

func nextActionAt(tx statemachine.Transaction) *string {
	if tx.Next == statemachine.StepNone {
		return nil
	}
	at := stamp(tx.DueAt)
	return &at
}

// detail is what an entry says beyond its event; one that stands for several says so.
func detail(e ledger.Entry) string {
	if e.Times < 2 {
		return e.Detail
	}
	times := fmt.Sprintf("%d times since %s", e.Times, stamp(e.Since))
	if e.Detail == "" {
		return times
	}
	return e.Detail + ", " + times
}
