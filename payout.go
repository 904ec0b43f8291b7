package salur

import (
	"time"

	"github.com/salur-id/salur/internal/payout"
)

// Kind tells which of DANA's two doors a payout leaves by.
type Kind string

// The kinds of payouts.
const (
	TopUp Kind = "topup" // to a DANA balance (Customer Top Up)
	Bank  Kind = "bank"  // to a bank account (Transfer to Bank)
)

// Payout is one instruction to pay one person. Ref, Customer and Amount are needed, and with
// kind Bank the BankCode and Account as well; everything else may be left out. Two payouts with one
// Ref must be the same in every field.
type Payout struct {
	// Kind is TopUp when it is left out.
	Kind Kind
	// Ref is the payout's reference, one for ever: 1 to 64 printable ASCII characters without
	// spaces. It is DANA's partnerReferenceNo.
	Ref string
	// Customer is the payee's phone number, 628 and 6 to 12 more digits, or the literal
	// 620000000000 together with CustomerID. With kind Bank it is the merchant's own business
	// phone number.
	Customer string
	// Amount is what the payee gets, more than nothing.
	Amount Amount

	Fee        Amount // the fee that DANA is told of; TopUp only
	Notes      string // for DANA's records, at most 255 characters; TopUp only
	CustomerID string // DANA's public user id of the payee; TopUp only

	BankCode    string // with its leading zeros, such as 014; Bank only
	Account     string // 1 to 32 digits; Bank only
	AccountName string // the holder, for DANA and Validate to compare; Bank only

	FundType     string // DANA's fund type; left out it is the kind's own
	ChargeTarget string // who is charged: DIVISION or MERCHANT; left out it is DANA's default
	Division     string // the division that is charged

	// Validate asks DANA about the payee's account before the first attempt; one that cannot be
	// paid fails unpaid.
	Validate bool
	// NotAfter is when a payout that has not left fails as expired; the zero time is never.
	NotAfter time.Time
}

// Check tells what would not be accepted of the payout, whatever is on record: an
// *InvalidError that names every bad field, or nil.
func (p Payout) Check() error {
	_, err := p.internal()
	return err
}

// internal is the payout in the form that is recorded. Left out and spelt-out defaults are the
// same payout.
func (p Payout) internal() (payout.Payout, error) {
	in := payout.Payout{
		Kind: payout.Kind(p.Kind), Ref: p.Ref, Customer: p.Customer,
		Amount: p.Amount.internal(), Fee: p.Fee.internal(), Notes: p.Notes,
		FundType: p.FundType, ChargeTarget: p.ChargeTarget, Division: p.Division, CustomerID: p.CustomerID,
		BankCode: p.BankCode, Account: p.Account, AccountName: p.AccountName,
		Validate: p.Validate, NotAfter: p.NotAfter.UTC().Round(0),
	}
	in.SetDefaults()
	if err := in.Check(); err != nil {
		return payout.Payout{}, invalid(err)
	}
	return in, nil
}
