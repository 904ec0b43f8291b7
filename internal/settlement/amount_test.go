package settlement

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestCents(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0.0": 0, "-0.0": 0, "6000.0": 600000, "-50": -5000, "007": 700, "75000.5": 7500050, "10000.55": 1000055, "1.0E7": 1e9, "-1.25E7": -1.25e9,
		"1.2502775E7": 1250277500, "1.234567895E7": 1234567895, "12E0": 1200, "9999999999999999.99": 999999999999999999, "1.0E15": 1e17,
	} {
		if got, ok := cents(text); !ok || got != want {
			t.Errorf("%s: %d, %t; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "-", ".5", "5.", "1,000", "1.000.000", "0.001", "1.23456E2", "1.0E-2", "1.0E+7", "1e7", "1E17", "+1", " 1", "1 ", "0x1", "Infinity", "99999999999999999",
		"1E99", "٣",
	} {
		if got, ok := cents(text); ok {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

// What Java makes of an amount is read as this amount.
func TestCentsAsJavaWrites(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		want := dice.Int64N(1 << dice.IntN(47)) // up to a thousand billion rupiah; exact in a float64
		amount := float64(want) / 100
		text := strconv.FormatFloat(amount, 'f', -1, 64)
		if amount >= 1e7 {
			text = javaExponent(amount)
		}
		if got, ok := cents(text); !ok || got != want {
			t.Fatalf("%s: %d, %t; want %d", text, got, ok, want)
		}
	}
}

// javaExponent writes 1.25E7 where Go would write 1.25E+07.
func javaExponent(f float64) string {
	text := strconv.FormatFloat(f, 'E', -1, 64)
	at := len(text) - 4
	exponent, _ := strconv.Atoi(text[at+2:])
	return text[:at] + "E" + strconv.Itoa(exponent)
}
