package payout

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/strictjson"
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
	BankCode     string `json:"bankCode,omitempty"`
	Account      string `json:"account,omitempty"`
	AccountName  string `json:"accountName,omitempty"`
	Validate     bool   `json:"validate,omitempty"`
	NotAfter     string `json:"notAfter,omitempty"`
}

// Number is an amount as written: a text, or in JSON a number.
type Number = strictjson.Number

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

func (e *InvalidError) add(field, value, fix string) { *e = append(*e, FieldError{field, value, fix}) }

// SetDefaults fills in what may be left out, so that a payout that spells it out is the same one.
func (p *Payout) SetDefaults() {
	if p.Kind == "" {
		p.Kind = TopUp
	}
	switch {
	case p.FundType != "":
	case p.Kind == Bank:
		p.FundType = FundTypeBank
	default:
		p.FundType = FundTypeTopUp
	}
}

// Parse checks an instruction against the rules of the API and returns the payout, or an
// InvalidError naming every bad field. Defaults are filled in here, so that an
// instruction that spells them out is the same payout as one that does not.
func (in Instruction) Parse() (Payout, error) {
	p, unread := in.read()
	return finish(p, slices.Concat(wrongRef(p.Ref), p.wrong(), unread))
}

// ParseInquiry is Parse for a question about an account: whose it is and how much it is
// to take. It needs no reference, for nobody is paid.
func (in Instruction) ParseInquiry() (Payout, error) {
	p, unread := in.read()
	return finish(p, append(p.wrong(), unread...))
}

func finish(p Payout, bad InvalidError) (Payout, error) {
	if len(bad) > 0 {
		return Payout{}, bad
	}
	return p, nil
}

// read turns the texts into values. A text that is no value is in the errors, and leaves a
// harmless value behind, so that it is not reported twice.
func (in Instruction) read() (Payout, InvalidError) {
	var bad InvalidError
	p := Payout{
		Kind: Kind(in.Kind), Ref: in.Ref, Customer: in.Customer, Amount: money.Rupiah(1), Fee: money.Rupiah(0), Notes: in.Notes,
		FundType: in.FundType, ChargeTarget: in.ChargeTarget, Division: in.Division, CustomerID: in.CustomerID,
		BankCode: in.BankCode, Account: in.Account, AccountName: in.AccountName, Validate: in.Validate,
	}
	p.SetDefaults()
	if amount, err := money.Parse(string(in.Amount)); err != nil {
		bad.add("amount", shownAmount(string(in.Amount)), amountFix(string(in.Amount),
			"use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)"))
	} else {
		p.Amount = amount
	}
	if in.Fee != "" {
		if fee, err := money.Parse(string(in.Fee)); err != nil {
			bad.add("fee", shownAmount(string(in.Fee)), amountFix(string(in.Fee), "use digits with at most two decimals and no separators, such as 0.00"))
		} else {
			p.Fee = fee
		}
	}
	if in.NotAfter != "" {
		at, err := time.Parse(time.RFC3339, in.NotAfter)
		if err != nil {
			bad.add("notAfter", Shown(in.NotAfter), fixNotAfter)
		}
		p.NotAfter = at.UTC()
	}
	return p, bad
}

// Check tells what DANA would not take of a payout, wherever it came from: an
// InvalidError naming every bad field, or nil. What Parse returned passes.
func (p Payout) Check() error {
	_, err := finish(p, append(wrongRef(p.Ref), p.wrong()...))
	return err
}

// CheckInquiry is Check for a question about the payee's account, which has no reference.
func (p Payout) CheckInquiry() error {
	_, err := finish(p, p.wrong())
	return err
}

// CheckRef tells what is wrong with a reference: an InvalidError, or nil.
func CheckRef(ref string) error {
	_, err := finish(Payout{}, wrongRef(ref))
	return err
}

const fixNotAfter = "use RFC 3339, such as 2026-12-31T17:00:00+07:00"

func wrongRef(ref string) (bad InvalidError) {
	if !validRef(ref) {
		bad.add("ref", Shown(ref), "use 1 to 64 printable ASCII characters without spaces")
	}
	return bad
}

// wrong applies DANA's rules (lengths, 628 numbers, the customerId rule, the division
// rule) to everything but the reference.
func (p Payout) wrong() (bad InvalidError) {
	switch p.Kind {
	case TopUp:
		p.wrongPayee(&bad)
	case Bank:
		p.wrongBankAccount(&bad)
	default:
		bad.add("kind", Shown(string(p.Kind)), "use topup or bank")
	}
	p.wrongMoney(&bad)
	if y := p.NotAfter.UTC().Year(); y < 0 || y > 9999 { // such a time cannot be written down
		bad.add("notAfter", p.NotAfter.UTC().Format(time.RFC3339), fixNotAfter)
	}
	switch p.ChargeTarget {
	case "", ChargeMerchant:
	case ChargeDivision:
		if p.Division == "" {
			bad.add("division", "", "chargeTarget DIVISION needs a division")
		}
	default:
		bad.add("chargeTarget", Shown(p.ChargeTarget), "use DIVISION or MERCHANT, or leave it out")
	}
	if p.Division != "" && !validRef(p.Division) {
		bad.add("division", Shown(p.Division), "use at most 64 printable ASCII characters without spaces")
	}
	return bad
}

// wrongMoney checks what leaves the deposit.
func (p Payout) wrongMoney(bad *InvalidError) {
	switch {
	case !p.Amount.Positive() || p.Amount.Currency() != money.IDR:
		bad.add("amount", p.Amount.Value(), "must be more than zero, in IDR")
	case p.Amount.Cents() > Most.Cents():
		bad.add("amount", shownAmount(p.Amount.Value()), "must be at most "+Most.Value())
	}
	switch {
	case p.Fee.Currency() != money.IDR || p.Fee.Cents() < 0:
		bad.add("fee", p.Fee.Value(), "must be zero or more, in IDR")
	case p.Fee.Cents() > Most.Cents():
		bad.add("fee", shownAmount(p.Fee.Value()), "must be at most "+Most.Value())
	case p.Amount.Cents() <= Most.Cents() && p.Total().Cents() > Most.Cents():
		bad.add("fee", shownAmount(p.Fee.Value()), "must be at most "+Most.Value()+" together with the amount")
	}
}

// wrongPayee checks who is topped up.
func (p Payout) wrongPayee(bad *InvalidError) {
	switch {
	case p.Customer == ByCustomerID && p.CustomerID == "":
		bad.add("customer", p.Customer, "names nobody without customerId; give customerId as well")
	case p.Customer != ByCustomerID && !validCustomer(p.Customer):
		bad.add("customer", Mask(p.Customer), customerFix(p.Customer, "use 628 and 6 to 12 more digits, such as 62811742234"))
	case p.Customer != ByCustomerID && p.CustomerID != "":
		bad.add("customerId", Mask(p.CustomerID), "goes only with customer "+ByCustomerID)
	}
	if !textWithin(p.CustomerID, 32) {
		bad.add("customerId", Mask(p.CustomerID), textFix(p.CustomerID, "use at most 32 characters"))
	}
	if !validRef(p.FundType) {
		bad.add("fundType", Shown(p.FundType), "use 1 to 64 printable ASCII characters without spaces, or leave it out")
	}
	if !textWithin(p.Notes, 255) {
		bad.add("notes", "****", textFix(p.Notes, "use at most 255 printable characters"))
	}
	const fix = "goes only with kind bank"
	if p.BankCode != "" {
		bad.add("bankCode", shownCode(p.BankCode), fix)
	}
	if p.Account != "" {
		bad.add("account", Mask(p.Account), fix)
	}
	if p.AccountName != "" {
		bad.add("accountName", "****", fix)
	}
}

// wrongBankAccount checks a bank account, and refuses what a transfer has no field for: it
// would be dropped in silence. Which bank codes there are is not checked: DANA's list is
// old, and DANA itself refuses a bank that it cannot reach.
func (p Payout) wrongBankAccount(bad *InvalidError) {
	if !validCustomer(p.Customer) {
		bad.add("customer", Mask(p.Customer), customerFix(p.Customer,
			"use the merchant's business phone number: 628 and 6 to 12 more digits, such as 62811742234"))
	}
	if p.BankCode == "" || len(p.BankCode) > 8 || !isDigits(p.BankCode) {
		bad.add("bankCode", shownCode(p.BankCode), "use the bank's code with its leading zeros, such as 014")
	} else if whole, lost := ZerosLost(p.BankCode); lost {
		bad.add("bankCode", p.BankCode, "write the bank's code with its leading zeros, "+whole+", and look whether the account number has lost its own")
	}
	if p.Account == "" || len(p.Account) > 32 || !isDigits(p.Account) {
		bad.add("account", Mask(p.Account), accountFix(p.Account, "use 1 to 32 digits without separators"))
	}
	if !textWithin(p.AccountName, 64) {
		bad.add("accountName", "****", textFix(p.AccountName, "use at most 64 printable characters"))
	}
	if p.FundType != FundTypeBank {
		bad.add("fundType", Shown(p.FundType), "use "+FundTypeBank+", the only one of a transfer, or leave it out")
	}
	const fix = "goes only with kind topup"
	if p.Fee.Positive() {
		bad.add("fee", p.Fee.Value(), fix)
	}
	if p.Notes != "" {
		bad.add("notes", "****", fix)
	}
	if p.CustomerID != "" {
		bad.add("customerId", Mask(p.CustomerID), fix)
	}
}

// ZerosLost tells a bank code that something has taken for a number: 14 in place of 014, which is whole. It would be a
// legal code. The account number beside it may have gone the same way, and there nothing shows it: without its zeros one
// may be somebody else's.
func ZerosLost(code string) (whole string, lost bool) {
	if code == "" || len(code) > 2 {
		return "", false
	}
	whole = strings.Repeat("0", 3-len(code)) + code
	return whole, BankName(whole) != ""
}

// shownCode is a bank code for an error. One that is too long may be the account number, in
// the wrong place.
func shownCode(code string) string {
	if len(code) > 8 {
		return Mask(code)
	}
	return code
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
	return len(s) >= 9 && len(s) <= 15 && strings.HasPrefix(s, "628") && isDigits(s)
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func textWithin(s string, most int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > most {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
