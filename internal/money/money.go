// Package money holds amounts as integer cents of a rupiah with their currency.
//
// DANA writes money as {"value":"10000.00","currency":"IDR"}: a decimal string with
// two places. No floating point is used anywhere: two amounts are the same payment
// exactly when == says so.
package money

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// IDR is the only currency that DANA's disbursement accepts (any other is answered 400xx01).
const IDR = "IDR"

// maxWhole is the most digits before the point: DANA's value field is 19 characters,
// of which three are the point and the decimals.
const maxWhole = 16

// ErrFormat reports a text that is not an amount: digits, at most 16 before an
// optional point and at most two after it; no sign, no thousands separators.
var ErrFormat = errors.New("not an amount: use digits with at most two decimals, such as 10000 or 10000.50")

// Amount is a sum of money. The zero Amount has no currency and is no payment's amount.
type Amount struct {
	cents    int64
	currency string
}

// Rupiah is whole rupiah as an Amount.
func Rupiah(whole int64) Amount { return Amount{whole * 100, IDR} }

// FromCents is cents of a rupiah (1 IDR = 100) as an Amount.
func FromCents(cents int64) Amount { return Amount{cents, IDR} }

// Parse reads an amount in IDR: "10000", "10000.5", "10000.00". It returns ErrFormat otherwise.
func Parse(s string) (Amount, error) {
	whole, frac, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > maxWhole || len(frac) > 2 || point && frac == "" || !digits(whole) || !digits(frac) {
		return Amount{}, ErrFormat
	}
	cents, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	if err != nil {
		return Amount{}, ErrFormat
	}
	return Amount{cents, IDR}, nil
}

// ParseIn is Parse in the currency given. Another currency than IDR is kept as it came, so
// that it can never equal an amount in IDR.
func ParseIn(currency, s string) (Amount, error) {
	a, err := Parse(s)
	if err == nil {
		a.currency = currency
	}
	return a, err
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// Cents is the amount in hundredths of a rupiah.
func (a Amount) Cents() int64 { return a.cents }

// Currency is the ISO 4217 code, IDR, or empty for the zero Amount.
func (a Amount) Currency() string { return a.currency }

// Positive reports whether the amount is more than nothing.
func (a Amount) Positive() bool { return a.cents > 0 }

// Add is the sum of two amounts of one currency.
func (a Amount) Add(b Amount) Amount { return Amount{a.cents + b.cents, a.currency} }

// Sub is a without b; it may be negative.
func (a Amount) Sub(b Amount) Amount { return Amount{a.cents - b.cents, a.currency} }

// Value is the amount as DANA writes it, with two decimals and no currency: "10000.00".
func (a Amount) Value() string {
	sign, c := "", a.cents
	if c < 0 {
		sign, c = "-", -c
	}
	cents := strconv.FormatInt(100+c%100, 10)[1:] // two digits always
	return sign + strconv.FormatInt(c/100, 10) + "." + cents
}

// String is the amount for people: "IDR 10000.00".
func (a Amount) String() string { return strings.TrimSpace(a.currency + " " + a.Value()) }

type wire struct {
	Value    string `json:"value"`
	Currency string `json:"currency"`
}

// MarshalJSON writes DANA's form of money.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a.currency == IDR { // all but a foreign answer; this is on the path of every payout
		return []byte(`{"value":"` + a.Value() + `","currency":"IDR"}`), nil
	}
	return json.Marshal(wire{a.Value(), a.currency})
}

// UnmarshalJSON reads DANA's form of money; see ParseIn.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	if w == (wire{Value: "0.00"}) {
		*a = Amount{}
		return nil
	}
	parsed, err := ParseIn(w.Currency, w.Value)
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
