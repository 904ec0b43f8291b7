// Package payout is one instruction to pay one person: what a merchant hands over,
// and what never changes afterwards. How the payout fares is kept elsewhere.
package payout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// Kind tells which of DANA's two disbursement doors a payout leaves by.
type Kind string

// TopUp is a disbursement to a DANA balance (Customer Top Up, SNAP service 38).
const TopUp Kind = "topup"

// ByCustomerID is the literal that stands in customerNumber when the payee is named by
// DANA's public user id instead.
const ByCustomerID = "620000000000"

// FundTypeTopUp is the fundType of every disbursement to balance.
const FundTypeTopUp = "AGENT_TOPUP_FOR_USER_SETTLE"

// Payout is one instruction. Two payouts with one Ref must be the same in every field:
// Ref is DANA's partnerReferenceNo, by which DANA itself refuses to pay twice.
type Payout struct {
	Kind         Kind         `json:"kind"`
	Ref          string       `json:"ref"`
	Customer     string       `json:"customer"`
	Amount       money.Amount `json:"amount"`
	Fee          money.Amount `json:"fee"`
	Notes        string       `json:"notes,omitempty"`
	FundType     string       `json:"fundType,omitempty"`
	ChargeTarget string       `json:"chargeTarget,omitempty"`
	Division     string       `json:"division,omitempty"`
	CustomerID   string       `json:"customerId,omitempty"`
	// NotAfter is when an unsent payout expires; zero for never.
	NotAfter time.Time `json:"notAfter,omitzero"`
}

// Fingerprint identifies the content. The same reference with the same fingerprint is
// the same payout again; with another one it is a conflict.
func (p Payout) Fingerprint() string {
	p.NotAfter = p.NotAfter.UTC()
	b, err := json.Marshal(p)
	if err != nil { // only strings, integers and a time: cannot happen
		panic(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Mask hides the middle of a phone number or customer id for people and logs:
// 62811742234 becomes 62811****234. Short texts are hidden whole.
func Mask(s string) string {
	if len(s) < 9 {
		return "****"
	}
	return s[:5] + "****" + s[len(s)-3:]
}
