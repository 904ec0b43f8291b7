package payout

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/money"
)

// Instruction is a payout as people and programs write it: every value still a text.
// Its names are those of a JSONL line, a CSV column and a task payload.
type Instruction struct {
	Ref          string `json:"ref"`
	Kind         string `json:"kind,omitempty"`
	Customer     string `json:"customer"`
	Amount       Number `json:"amount"`
	Fee          Number `json:"fee,omitempty"`
	Notes        string `json:"notes,omitempty"`
	FundType     string `json:"fundType,omitempty"`
	ChargeTarget string `json:"chargeTarget,omitempty"`
	Division     string `json:"division,omitempty"`
	CustomerID   string `json:"customerId,omitempty"`
	Validate     bool   `json:"validate,omitempty"`
	NotAfter     string `json:"notAfter,omitempty"`
}

// Number is an amount as written. JSON may spell it as a text or as a number; it is kept
// digit by digit either way, so that nothing is rounded on the way in.
type Number string

// UnmarshalJSON accepts "10000.50" and 10000.50.
func (n *Number) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(n))
	}
	*n = Number(b)
	return nil
}

// FieldError is one wrong field: what it holds (masked where it is personal) and the fix.
type FieldError struct {
	Field string // as in JSONL and CSV: ref, customer, amount, …
	Value string
	Fix   string
}

func (e FieldError) Error() string {
	return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Fix)
}

// InvalidError names every wrong field of an instruction, in one line.
type InvalidError []FieldError

func (e InvalidError) Error() string {
	parts := make([]string, len(e))
	for i, f := range e {
		parts[i] = f.Error()
	}
	return strings.Join(parts, "; ")
}

// Parse checks an instruction against the rules of the API (reference lengths, 628
// numbers, two-decimal amounts, the division rule) and returns the payout, or an
// InvalidError naming every bad field. Defaults are filled in here, so that an
// instruction that spells them out is the same payout as one that does not.
func (in Instruction) Parse() (Payout, error) {
	var bad InvalidError
	wrong := func(field, value, fix string) { bad = append(bad, FieldError{field, value, fix}) }

	p := Payout{
		Kind: TopUp, Ref: in.Ref, Customer: in.Customer, Notes: in.Notes, FundType: in.FundType,
		ChargeTarget: in.ChargeTarget, Division: in.Division, CustomerID: in.CustomerID,
	}
	if in.Kind != "" && in.Kind != string(TopUp) {
		wrong("kind", clip(in.Kind), "this version pays topup only")
	}
	if !validRef(in.Ref) {
		wrong("ref", clip(in.Ref), "use 1 to 64 printable ASCII characters without spaces")
	}
	switch {
	case in.Customer == ByCustomerID && in.CustomerID == "":
		wrong("customer", in.Customer, "names nobody without customerId; give customerId as well")
	case in.Customer != ByCustomerID && !validCustomer(in.Customer):
		wrong("customer", Mask(in.Customer), "use 628 and 6 to 12 more digits, such as 62811742234")
	case in.Customer != ByCustomerID && in.CustomerID != "":
		wrong("customerId", Mask(in.CustomerID), "goes only with customer "+ByCustomerID)
	}
	if !textWithin(in.CustomerID, 32) {
		wrong("customerId", Mask(in.CustomerID), "use at most 32 characters")
	}
	amount, err := money.Parse(string(in.Amount))
	switch {
	case err != nil:
		wrong("amount", clip(string(in.Amount)), "use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)")
	case !amount.Positive():
		wrong("amount", clip(string(in.Amount)), "must be more than zero")
	}
	p.Amount = amount
	p.Fee = money.Rupiah(0)
	if in.Fee != "" {
		if p.Fee, err = money.Parse(string(in.Fee)); err != nil {
			wrong("fee", clip(string(in.Fee)), "use digits with at most two decimals and no separators, such as 0.00")
		}
	}
	if !textWithin(in.Notes, 255) {
		wrong("notes", clip(in.Notes), "use at most 255 printable characters")
	}
	if p.FundType == "" {
		p.FundType = FundTypeTopUp
	}
	if !validRef(p.FundType) {
		wrong("fundType", clip(in.FundType), "use 1 to 64 printable ASCII characters without spaces, or leave it out for "+FundTypeTopUp)
	}
	switch in.ChargeTarget {
	case "", "MERCHANT":
	case "DIVISION":
		if in.Division == "" {
			wrong("division", "", "chargeTarget DIVISION needs a division")
		}
	default:
		wrong("chargeTarget", clip(in.ChargeTarget), "use DIVISION or MERCHANT, or leave it out")
	}
	if in.Division != "" && !validRef(in.Division) {
		wrong("division", clip(in.Division), "use at most 64 printable ASCII characters without spaces")
	}
	if in.Validate {
		wrong("validate", "true", "account validation is not available in this version; leave it out")
	}
	if in.NotAfter != "" {
		if p.NotAfter, err = time.Parse(time.RFC3339, in.NotAfter); err != nil || p.NotAfter.UTC().Year() > 9999 {
			wrong("notAfter", clip(in.NotAfter), "use RFC 3339, such as 2026-12-31T17:00:00+07:00")
		}
		p.NotAfter = p.NotAfter.UTC()
	}
	if len(bad) > 0 {
		return Payout{}, bad
	}
	return p, nil
}

// validRef: 1–64 printable ASCII characters without spaces, DANA's bound for references.
func validRef(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// validCustomer: 628 and 6 to 12 more digits.
func validCustomer(s string) bool {
	return len(s) >= 9 && len(s) <= 15 && strings.HasPrefix(s, "628") && strings.Trim(s, "0123456789") == ""
}

func textWithin(s string, most int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > most {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// clip keeps an error line short whatever was typed.
func clip(s string) string {
	if len(s) <= 40 {
		return s
	}
	return strings.ToValidUTF8(s[:40], "") + "…"
}
