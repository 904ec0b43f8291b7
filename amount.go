package salur

import (
	"fmt"

	"github.com/salur-id/salur/internal/money"
)

// Amount is a sum of money in IDR, kept as an integer of cents (1 rupiah is 100): two amounts
// are the same when == says so. The zero Amount is nothing.
type Amount struct{ cents int64 }

// Rupiah is whole rupiah. More than an Amount holds is the most that it holds, which no payout may have: Check refuses it.
func Rupiah(whole int64) Amount { return Amount{money.Rupiah(whole).Cents()} }

// Cents is hundredths of a rupiah.
func Cents(cents int64) Amount { return Amount{cents} }

// ParseAmount reads digits with at most two decimals and no separators: "10000", "10000.50". At
// most 16 digits stand before the point. The error is an *InvalidError.
func ParseAmount(text string) (Amount, error) {
	a, err := money.Parse(text)
	if err != nil {
		return Amount{}, &InvalidError{Fields: []FieldError{{Field: "amount", Value: text, Fix: "use digits with at most two decimals and no separators, such as 10000 or 10000.50"}}}
	}
	return Amount{a.Cents()}, nil
}

// Cents is the amount in hundredths of a rupiah.
func (a Amount) Cents() int64 { return a.cents }

// Value is the amount with two decimals and without its currency, as DANA writes it: "10000.00".
func (a Amount) Value() string { return a.internal().Value() }

// String is the amount with its currency: "IDR 10000.00".
func (a Amount) String() string { return a.internal().String() }

// MarshalJSON writes DANA's form of money: {"value":"10000.00","currency":"IDR"}.
func (a Amount) MarshalJSON() ([]byte, error) { return a.internal().MarshalJSON() }

// UnmarshalJSON reads what MarshalJSON writes. Another currency than IDR is an error.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var m money.Amount
	if err := m.UnmarshalJSON(b); err != nil {
		return err
	}
	if m.Currency() != money.IDR {
		return fmt.Errorf("an amount in %q: use %s", m.Currency(), money.IDR)
	}
	a.cents = m.Cents()
	return nil
}

func (a Amount) internal() money.Amount { return money.FromCents(a.cents) }
