package intake

import (
	"errors"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/payout"
)

// Object reads one payout, a JSON object as on a line of a JSONL file. The error is a
// *salur.InvalidError when single fields are wrong; no error quotes what is personal.
func Object(b []byte) (salur.Payout, error) {
	in, err := decode(b)
	if err != nil {
		return salur.Payout{}, err
	}
	p, err := parse(in)
	if err != nil {
		return salur.Payout{}, toPublic(err)
	}
	return ToPayout(p), nil
}

// toPublic gives bad fields the form in which callers of the Go package get them.
func toPublic(err error) error {
	var fields payout.InvalidError
	if !errors.As(err, &fields) {
		return err
	}
	e := &salur.InvalidError{}
	for _, f := range fields {
		e.Fields = append(e.Fields, salur.FieldError(f))
	}
	return e
}

// ToPayout is the payout in the form in which callers of the Go package have it.
func ToPayout(p payout.Payout) salur.Payout {
	return salur.Payout{
		Kind: salur.Kind(p.Kind), Ref: p.Ref, Customer: p.Customer,
		Amount: salur.Cents(p.Amount.Cents()), Fee: salur.Cents(p.Fee.Cents()), Notes: p.Notes, CustomerID: p.CustomerID,
		BankCode: p.BankCode, Account: p.Account, AccountName: p.AccountName,
		FundType: p.FundType, ChargeTarget: p.ChargeTarget, Division: p.Division,
		Validate: p.Validate, NotAfter: p.NotAfter,
	}
}
