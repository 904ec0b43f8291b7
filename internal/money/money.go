// Package money holds amounts as integer cents of a rupiah with their currency.
//
// DANA writes money as {"value":"10000.00","currency":"IDR"}: a decimal string with
// two places. No floating point is used anywhere: two amounts are the same payment
// exactly when == says so.
//
// Nothing overflows in silence. A sum that int64 cannot hold is out of range, and so is every sum made with it;
// it is greater (or less) than every amount in range, so that a comparison with a limit refuses it.
package money

import (
	"encoding/json"
	"errors"
	"math"
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
	cents    int64 // the ends of int64 are out of range
	currency string
}

// Rupiah is whole rupiah as an Amount. What int64 cannot hold in cents is out of range.
func Rupiah(whole int64) Amount {
	switch {
	case whole > math.MaxInt64/100:
		return Amount{math.MaxInt64, IDR}
	case whole < math.MinInt64/100:
		return Amount{-math.MaxInt64, IDR}
	}
	return Amount{whole * 100, IDR}
}

// FromCents is cents of a rupiah (1 IDR = 100) as an Amount.
func FromCents(cents int64) Amount { return Amount{cents, IDR} }

// Parse reads an amount in IDR: "10000", "10000.5", "10000.00". It returns ErrFormat otherwise.
func Parse(s string) (Amount, error) {
	if whole, _, _ := strings.Cut(s, "."); len(whole) > maxWhole || strings.HasPrefix(s, "-") {
		return Amount{}, ErrFormat
	}
	cents, err := readCents(s)
	if err != nil {
		return Amount{}, err
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

// InRange reports whether the amount is what it says, and not a sum that overflowed or was made of two currencies.
func (a Amount) InRange() bool { return -math.MaxInt64 < a.cents && a.cents < math.MaxInt64 }

// Add is the sum of two amounts of one currency; of two it is out of range. The zero Amount adds nothing.
func (a Amount) Add(b Amount) Amount {
	switch {
	case b == Amount{}:
		return a
	case a == Amount{}:
		return b
	case a.currency != b.currency:
		return Amount{math.MaxInt64, ""}
	case !a.InRange():
		return a
	case !b.InRange():
		return b
	case b.cents > 0 && a.cents > math.MaxInt64-b.cents:
		return Amount{math.MaxInt64, a.currency}
	case b.cents < 0 && a.cents < -math.MaxInt64-b.cents:
		return Amount{-math.MaxInt64, a.currency}
	}
	return Amount{a.cents + b.cents, a.currency}
}

// Sub is a without b, as Add; it may be negative.
func (a Amount) Sub(b Amount) Amount {
	b.cents = -max(b.cents, -math.MaxInt64)
	return a.Add(b)
}

// Value is the amount as DANA writes it, with two decimals and no currency: "10000.00".
func (a Amount) Value() string {
	sign, c := "", uint64(a.cents)
	if a.cents < 0 {
		sign, c = "-", -c
	}
	cents := strconv.FormatUint(100+c%100, 10)[1:] // two digits always
	return sign + strconv.FormatUint(c/100, 10) + "." + cents
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

// UnmarshalJSON reads whatever MarshalJSON writes, negative sums and those beyond what Parse takes too: a record that was
// written can be read. The error is ErrFormat, or that of JSON of another form.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	cents, err := readCents(w.Value)
	if err != nil {
		return err
	}
	*a = Amount{cents, w.Currency}
	return nil
}

// readCents reads what Value writes, and what Parse does.
func readCents(value string) (int64, error) {
	unsigned := strings.TrimPrefix(value, "-")
	whole, frac, point := strings.Cut(unsigned, ".")
	if whole == "" || len(frac) > 2 || point && frac == "" || !digits(whole) || !digits(frac) {
		return 0, ErrFormat
	}
	cents, err := strconv.ParseInt(value[:len(value)-len(unsigned)]+whole+(frac + "00")[:2], 10, 64)
	if err != nil {
		return 0, ErrFormat
	}
	return cents, nil
}
