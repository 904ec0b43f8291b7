package salur

import (
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// State is where a payout stands.
type State string

// The states, in the order of a payout's life.
const (
	Queued     State = "queued"     // accepted, nothing sent yet
	Processing State = "processing" // an attempt is out, or the next one is scheduled
	Pending    State = "pending"    // sending has stopped; DANA is asked how it ended
	Review     State = "review"     // it cannot be told how it ended; a person decides
	Succeeded  State = "succeeded"  // paid; DANA may still take it back (Refunded)
	Failed     State = "failed"     // proven not paid
	Refunded   State = "refunded"   // paid, and taken back by DANA
)

// Final reports whether the payout is over. Succeeded is, though DANA can still reverse it; Review is
// not, for a person has yet to decide.
func (s State) Final() bool { return s.internal().Final() }

func (s State) internal() statemachine.State { return statemachine.State(s) }

// Transaction is how a payout fares. Times are Jakarta's, with milliseconds.
type Transaction struct {
	Ref    string `json:"ref"`
	Kind   Kind   `json:"kind"`
	State  State  `json:"state"`
	Reason Reason `json:"reason"` // why it is in this state; may be empty
	Amount Amount `json:"amount"`
	Fee    Amount `json:"fee"` // that DANA is told of; the deposit falls by amount and fee. Zero with kind Bank

	Customer string `json:"customer"`           // masked; with kind Bank the merchant's own number
	BankCode string `json:"bankCode,omitempty"` // with kind Bank
	Bank     string `json:"bank,omitempty"`     // its name, where it is known
	Account  string `json:"account,omitempty"`  // masked

	// ReferenceNo is DANA's number of the payout, once it is known.
	ReferenceNo string `json:"danaReferenceNo"`
	Attempts    int    `json:"attempts"`  // sends that count
	Inquiries   int    `json:"inquiries"` // questions to DANA how it ended
	Resends     int    `json:"resends"`   // times it was sent again after "not found"

	CreatedAt    Time  `json:"createdAt"`
	UpdatedAt    Time  `json:"updatedAt"`
	NextActionAt *Time `json:"nextActionAt"` // nil when nothing is scheduled

	// History is everything that happened to it, the oldest first; of Get alone.
	History []Entry `json:"history,omitempty"`
}

// Entry is one line of a payout's history.
type Entry struct {
	At           Time      `json:"at"`
	From         State     `json:"from"` // empty in the first entry
	To           State     `json:"to"`
	Event        EventType `json:"event"`
	Detail       string    `json:"detail"`
	ResponseCode string    `json:"responseCode"` // DANA's, if it answered
	ExternalID   string    `json:"externalId"`   // X-EXTERNAL-ID of the exchange
	// Answered is what DANA's answer was about, where that is not this payout or sent it to Review; else nil.
	Answered *Answered `json:"answered,omitempty"`
}

// Answered is what an answer of DANA says it is about: what a person needs who decides about a payout in Review.
type Answered struct {
	Ref    string `json:"partnerReferenceNo,omitempty"` // empty if the answer named none
	Amount *Money `json:"amount,omitempty"`             // nil if the answer named none
	Status string `json:"status,omitempty"`             // latestTransactionStatus (00 to 07) of an inquiry
}

// Money is an amount in the currency that DANA named, which need not be IDR.
type Money struct {
	Value    string `json:"value"`
	Currency string `json:"currency"`
}

func newAnswered(a statemachine.Answered) *Answered {
	if a == (statemachine.Answered{}) {
		return nil
	}
	answered := &Answered{Ref: a.Ref, Status: a.Status}
	if a.Amount.Currency() != "" {
		answered.Amount = &Money{Value: a.Amount.Value(), Currency: a.Amount.Currency()}
	}
	return answered
}

// Time is a moment; in JSON it is written in Jakarta's time with milliseconds.
type Time struct{ time.Time }

// MarshalJSON writes 2026-11-21T09:30:00.000+07:00.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.String() + `"`), nil
}

// String is the moment as in JSON.
func (t Time) String() string { return jakarta.Stamp(t.Time) }

func newTransaction(rec ledger.Record) Transaction {
	p, tx := rec.Payout, rec.Tx
	t := Transaction{
		Ref: p.Ref, Kind: Kind(p.Kind), State: State(tx.State), Reason: Reason(tx.Reason), Amount: Cents(p.Amount.Cents()), Fee: Cents(p.Fee.Cents()),
		Customer: p.MaskedCustomer(), ReferenceNo: tx.ReferenceNo,
		Attempts: tx.Attempts, Inquiries: tx.Inquiries, Resends: tx.Resends,
		CreatedAt: Time{rec.CreatedAt}, UpdatedAt: Time{rec.UpdatedAt},
	}
	if p.Kind == payout.Bank {
		t.BankCode, t.Bank, t.Account = p.BankCode, payout.BankName(p.BankCode), payout.Mask(p.Account)
	}
	if tx.Next != statemachine.StepNone {
		t.NextActionAt = &Time{tx.DueAt}
	}
	return t
}

func newHistory(entries []ledger.Entry) []Entry {
	history := make([]Entry, len(entries))
	for i, e := range entries {
		history[i] = Entry{
			At: Time{e.At}, From: State(e.From), To: State(e.To), Event: EventType(e.Event),
			Detail: e.Summary(), ResponseCode: e.ResponseCode, ExternalID: e.ExternalID,
			Answered: newAnswered(e.Answered),
		}
	}
	return history
}
