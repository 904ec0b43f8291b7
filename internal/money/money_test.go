package money

import (
	"encoding/json"
	"errors"
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
		"", "-1", "+1", "1.", ".5", "1.234", "1,000", "1.000.000", "1e4", "0x10", " 1", "1 ", "IDR 1", "٣", "10000000000000000", "1.-1",
	} {
		if got, err := Parse(in); !errors.Is(err, ErrFormat) {
			t.Errorf("%q was read as %v, %v", in, got, err)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	for cents, want := range map[int64]string{0: "0.00", 1: "0.01", 100: "1.00", 1000050: "10000.50", -250: "-2.50", -5: "-0.05"} {
		if got := FromCents(cents).Value(); got != want {
			t.Errorf("%d cents: %q, want %q", cents, got, want)
		}
	}
	if got := Rupiah(10000).String(); got != "IDR 10000.00" {
		t.Errorf("%q", got)
	}
}

// What is written is read back as the same amount, and as no other.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		a := FromCents(rapid.Int64Range(0, 999999999999999999).Draw(r, "cents"))
		b, err := json.Marshal(a)
		if err != nil {
			r.Fatal(err)
		}
		var back Amount
		if err := json.Unmarshal(b, &back); err != nil || back != a {
			r.Fatalf("%s became %v: %v", b, back, err)
		}
		if parsed, err := Parse(a.Value()); err != nil || parsed != a {
			r.Fatalf("%s became %v: %v", a.Value(), parsed, err)
		}
	})
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
