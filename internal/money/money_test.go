package money

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for in, cents := range map[string]int64{
		"1": 100, "10000": 1000000, "10000.5": 1000050, "10000.50": 1000050, "0.01": 1, "0": 0, "007": 700,
		"9999999999999999.99": 999999999999999999,
	} {
		got, err := Parse(in)
		if err != nil || got != FromCents(cents) {
			t.Errorf("%q: %v, %v; want %d cents", in, got, err, cents)
		}
	}
	for _, in := range []string{
		"", "-1", "+1", "1.", ".5", "1.234", "1,000", "1.000.000", "1e4", "0x10", " 1", "1 ", "IDR 1", "٣", "10000000000000000", "1.-1", "-0",
		"184467440737095517", "1.1.1",
	} {
		if got, err := Parse(in); !errors.Is(err, ErrFormat) {
			t.Errorf("%q was read as %v, %v", in, got, err)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	for cents, want := range map[int64]string{0: "0.00", 1: "0.01", 100: "1.00", 1000050: "10000.50", -250: "-2.50", -5: "-0.05",
		math.MinInt64: "-92233720368547758.08"} {
		if got := FromCents(cents).Value(); got != want {
			t.Errorf("%d cents: %q, want %q", cents, got, want)
		}
	}
	if got := Rupiah(10000).String(); got != "IDR 10000.00" {
		t.Errorf("%q", got)
	}
}

// What is written is read back as the same amount, and as no other: of every amount that there can be, or one record
// could be written that nobody reads.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		a := FromCents(rapid.Int64().Draw(r, "cents"))
		if rapid.Bool().Draw(r, "foreign") {
			a.currency = rapid.SampledFrom([]string{"", "USD"}).Draw(r, "currency")
		}
		b, err := json.Marshal(a)
		if err != nil {
			r.Fatal(err)
		}
		var back Amount
		if err := json.Unmarshal(b, &back); err != nil || back != a {
			r.Fatalf("%s became %v: %v", b, back, err)
		}
		if a.Cents() < 0 || a.Cents() > 999999999999999999 || a.Currency() != IDR {
			return
		}
		if parsed, err := Parse(a.Value()); err != nil || parsed != a {
			r.Fatalf("%s became %v: %v", a.Value(), parsed, err)
		}
	})
}

// A sum is what the sum of big integers is, or out of range on the right side; once out of range it stays so.
func TestNoOverflow(t *testing.T) {
	t.Parallel()
	cents := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1}))
	rapid.Check(t, func(r *rapid.T) {
		a, b := FromCents(cents.Draw(r, "a")), FromCents(cents.Draw(r, "b"))
		exact := func(name string, got Amount, want *big.Int) {
			switch {
			case !a.InRange() || !b.InRange():
				if got.InRange() {
					r.Fatalf("%v %s %v is %v", a, name, b, got)
				}
			case got.InRange():
				if want.Cmp(big.NewInt(got.Cents())) != 0 {
					r.Fatalf("%v %s %v is %v", a, name, b, got)
				}
			case want.Sign() != big.NewInt(got.Cents()).Sign() || want.CmpAbs(big.NewInt(math.MaxInt64)) < 0:
				r.Fatalf("%v %s %v is out of range: %v", a, name, b, got)
			}
		}
		exact("and", a.Add(b), new(big.Int).Add(big.NewInt(a.Cents()), big.NewInt(b.Cents())))
		exact("without", a.Sub(b), new(big.Int).Sub(big.NewInt(a.Cents()), big.NewInt(b.Cents())))
	})
	for _, whole := range []int64{184467440737095517, math.MaxInt64, math.MinInt64, math.MaxInt64/100 + 1} {
		if a := Rupiah(whole); a.InRange() || (a.Cents() > 0) != (whole > 0) {
			t.Errorf("%d rupiah are %v", whole, a)
		}
	}
	if a := Rupiah(math.MaxInt64 / 100); a.Cents() != math.MaxInt64/100*100 {
		t.Errorf("%v", a)
	}
	if sum := Rupiah(1).Add(Amount{100, "USD"}); sum.InRange() || sum == Rupiah(2) {
		t.Errorf("IDR and USD are %v", sum)
	}
	if sum := (Amount{}).Add(Rupiah(1)).Add(Amount{}); sum != Rupiah(1) {
		t.Errorf("nothing and a rupiah are %v", sum)
	}
}

func TestOtherCurrencyIsNeverEqual(t *testing.T) {
	t.Parallel()
	var dollars, nothing Amount
	if err := json.Unmarshal([]byte(`{"value":"1.00","currency":"USD"}`), &dollars); err != nil || dollars == Rupiah(1) {
		t.Errorf("USD 1.00 is IDR 1.00 (%v)", err)
	}
	b, _ := json.Marshal(Amount{})
	if err := json.Unmarshal(b, &nothing); err != nil || nothing != (Amount{}) || nothing == Rupiah(0) {
		t.Errorf("no amount became %v (%v)", nothing, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("10000.50")
	f.Add("1.000.000")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		if back, err := Parse(a.Value()); err != nil || back != a || a.Cents() < 0 {
			t.Errorf("%q is %v, written %q, read back %v (%v)", s, a, a.Value(), back, err)
		}
	})
}
