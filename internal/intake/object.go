package intake

import (
	"errors"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/payout"
)

// ErrNotObject is about a document that is something else than a payout.
var ErrNotObject = errors.New(`not one JSON object; write a payout as {"ref":"A-1","customer":"62811742234","amount":"10000"}`)

// Object reads one payout, a JSON object as on a line of a JSONL file. The error is a
// *salur.InvalidError when single fields are wrong; no error quotes what is personal.
func Object(b []byte) (salur.Payout, error) {
	in, err := decodeObject(b)
	if err != nil {
		return salur.Payout{}, err
	}
	p, err := parse(in, false)
	if err != nil {
		return salur.Payout{}, toPublic(err)
	}
	return ToPayout(p), nil
}

// Question reads a question about an account, an object with the fields that name the payee and the amount. The
// errors are those of Object.
func Question(b []byte) (payout.Payout, error) {
	in, err := decodeObject(b)
	if err != nil {
		return payout.Payout{}, err
	}
	var bad payout.InvalidError
	for _, f := range []payout.FieldError{
		{Field: "ref", Value: payout.Shown(in.Ref)}, {Field: "fee", Value: payout.Shown(string(in.Fee))}, {Field: "notes", Value: payout.Mask(in.Notes)},
		{Field: "notAfter", Value: payout.Shown(in.NotAfter)},
	} {
		if f.Value != "" {
			bad = append(bad, payout.FieldError{Field: f.Field, Value: f.Value, Fix: notAsked})
		}
	}
	if in.Validate {
		bad = append(bad, payout.FieldError{Field: "validate", Value: "true", Fix: notAsked})
	}
	in.Fee, in.Notes, in.NotAfter = "", "", "" // one word on each is enough
	p, err := in.ParseInquiry()
	var others payout.InvalidError
	if errors.As(err, &others) {
		bad = append(bad, others...)
	}
	if len(bad) > 0 {
		return payout.Payout{}, toPublic(bad)
	}
	return p, nil
}

const notAsked = "belongs to a payout; leave it out of a question"

func decodeObject(b []byte) (payout.Instruction, error) {
	in, err := decode(b)
	if errors.Is(err, errObject) {
		err = ErrNotObject // without a word on lines
	}
	return in, err
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
