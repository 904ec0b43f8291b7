// Package payout is one instruction to pay one person: what a merchant hands over,
// and what never changes afterwards. How the payout fares is kept elsewhere.
package payout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// Kind tells which of DANA's two disbursement doors a payout leaves by.
type Kind string

// The doors.
const (
	// TopUp is a disbursement to a DANA balance (Customer Top Up, SNAP service 38).
	TopUp Kind = "topup"
	// Bank is a disbursement to a bank account (Transfer to Bank, SNAP service 43).
	Bank Kind = "bank"
)

// ByCustomerID is the literal that stands in customerNumber when the payee is named by
// DANA's public user id instead.
const ByCustomerID = "620000000000"

// The fundType of every disbursement to a balance, and of every one to a bank account.
const (
	FundTypeTopUp = "AGENT_TOPUP_FOR_USER_SETTLE"
	FundTypeBank  = "MERCHANT_WITHDRAW_FOR_CORPORATE"
)

// Who is charged (DANA, enum ChargeTarget); empty is DANA's default.
const (
	ChargeDivision = "DIVISION" // needs the division
	ChargeMerchant = "MERCHANT"
)

// Payout is one instruction. Two payouts with one Ref must be the same in every field:
// Ref is DANA's partnerReferenceNo, by which DANA itself refuses to pay twice.
type Payout struct {
	Kind Kind   `json:"kind"`
	Ref  string `json:"ref"`
	// Customer is the payee's phone number, or with Bank the merchant's own business number.
	Customer     string       `json:"customer"`
	Amount       money.Amount `json:"amount"`
	Fee          money.Amount `json:"fee"`
	Notes        string       `json:"notes,omitempty"`
	FundType     string       `json:"fundType,omitempty"`
	ChargeTarget string       `json:"chargeTarget,omitempty"`
	Division     string       `json:"division,omitempty"`
	CustomerID   string       `json:"customerId,omitempty"`
	// BankCode, Account and AccountName (which may be empty) are the payee with Bank.
	BankCode    string `json:"bankCode,omitempty"`
	Account     string `json:"account,omitempty"`
	AccountName string `json:"accountName,omitempty"`
	// Validate asks DANA about the payee's account before the first attempt.
	Validate bool `json:"validate,omitempty"`
	// NotAfter is when an unsent payout expires; zero for never.
	NotAfter time.Time `json:"notAfter,omitzero"`
}

// Total is what the payout takes from the merchant's deposit: the amount and the fee. Limits, sums and
// control totals count it.
func (p Payout) Total() money.Amount { return p.Amount.Add(p.Fee) }

// Fingerprint identifies the content. The same reference with the same fingerprint is
// the same payout again; with another one it is a conflict.
func (p Payout) Fingerprint() string { return FingerprintOf(p.Encode()) }

// Encode is the payout as it is recorded, in JSON: the same payout gives the same bytes.
func (p Payout) Encode() []byte {
	p.NotAfter = p.NotAfter.UTC()
	b, err := json.Marshal(p)
	if err != nil { // only strings, integers and a time, which were checked: cannot happen
		panic(err)
	}
	return b
}

// FingerprintOf is the fingerprint of an encoded payout.
func FingerprintOf(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16])
}

// Mask hides a phone number, customer id or account number for people and logs, but for its last three
// characters: 62811742234 becomes ****234. Short texts are hidden whole, and an empty one hides nothing. More of it would leave too few
// digits to guess: anybody can try the thousands that are left.
func Mask(s string) string {
	runes := []rune(s)
	switch {
	case len(runes) == 0:
		return ""
	case len(runes) < 9:
		return "****"
	}
	return "****" + string(runes[len(runes)-3:])
}

// Payee is who is paid, masked: the phone number, the customer id that stands for it, or the
// account with its bank.
func (p Payout) Payee() string {
	switch {
	case p.Kind == Bank:
		return p.Bank() + " " + Mask(p.Account)
	}
	return p.MaskedCustomer()
}

// MaskedCustomer is the phone number, or the customer id that stands for it, masked.
func (p Payout) MaskedCustomer() string {
	if p.Customer == ByCustomerID {
		return Mask(p.CustomerID)
	}
	return Mask(p.Customer)
}

// Bank is the payee's bank: its code, and its name where it is known.
func (p Payout) Bank() string {
	return strings.TrimSpace(p.BankCode + " " + BankName(p.BankCode))
}
