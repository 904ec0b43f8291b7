package payout

import (
	"strings"
	"testing"
)

// Amounts and references are named as they were written. What may be a phone number in the wrong field is not.
func TestShown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "PAY-1": "PAY-1", "20260812345678": "20260812345678", "0001234567": "0001234567", "1234567890123456": "1234567890123456",
		"GAJI-2026-11-001": "GAJI-2026-11-001", "a\x1b[1m": "a\x1b[1m",
		strings.Repeat("R", 41): strings.Repeat("R", 40) + "…",
		"62811742234":           "****234", "0811742234": "****234", "+62 811-742-234": "****234", "(0811) 742.234": "****234",
		"811742234567": "****567", "BUDI-0811742234": "****234", "0811742234 Budi": "****udi", "62214567890": "****890",
	} {
		if got := Shown(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"": "", "ten": "ten", "-1": "-1", "1.000.000": "1.000.000", "Rp 10.000.000.000": "Rp 10.000.000.000", "1000000000000.01": "1000000000000.01",
		"8150000.00": "8150000.00", "8150000,5": "8150000,5", "9999999999999999.99": "9999999999999999.99", "1e5": "1e5",
		"62811742234": "****234", "62811742234.00": "****.00", "0811742234": "****234", "0811.742.234": "****234", "+62811742234": "****234",
		"12345678901234567": "****567", "62811742234x": "****34x",
	} {
		if got := shownAmount(in); got != want {
			t.Errorf("amount %q: %q, want %q", in, got, want)
		}
	}
}
