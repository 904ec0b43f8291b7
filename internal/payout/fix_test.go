package payout

import (
	"errors"
	"strings"
	"testing"
)

// What people write most often is refused with the one change that mends it, and without the value.
func TestFixIsTheOneChange(t *testing.T) {
	t.Parallel()
	const plus, zero, spaces = "write it without the +, beginning with 628", "write it with 62 in place of the first 0, beginning with 628", "leave out the spaces"
	for _, tc := range []struct{ field, value, fix string }{
		{"customer", "+62811742234", plus},
		{"customer", "0811742234", zero},
		{"customer", "62811742234 ", spaces},
		{"customer", "62 811 742 234", spaces},
		{"customer", "62811742234\u00a0", spaces},
		{"customer", "811742234", "write it with 62 before it, beginning with 628"},
		{"customer", "+62 811-742-234", "write digits alone, beginning with 628"},
		{"customer", "0811-742-234", "write digits alone, beginning with 628"},
		{"customer", "+62 (0)811742234", "write digits alone, beginning with 628 and without a 0 behind the 62"},
		{"customer", "1", "use 628 and 6 to 12 more digits, such as 62811742234"},
		{"customer", "+62 21 1234567", "use 628 and 6 to 12 more digits, such as 62811742234"},
		{"amount", "1750000,50", "write the decimals after a point in place of the comma, such as 10000.50"},
		{"amount", "1.500", "leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals"},
		{"amount", "1,500,000.00", "leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals"},
		{"amount", "Rp 1500000", "leave out the currency: write digits alone, such as 10000"},
		{"amount", "10000 ", spaces},
		{"fee", "2.500", "leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals"},
		{"notes", "one\ntwo", "leave out line breaks and other control characters"},
		{"notes", strings.Repeat("x", 256), "use at most 255 printable characters"},
	} {
		in := Instruction{Ref: "A-1", Customer: "62811742234", Amount: "10000"}
		switch tc.field {
		case "customer":
			in.Customer = tc.value
		case "amount":
			in.Amount = Number(tc.value)
		case "fee":
			in.Fee = Number(tc.value)
		case "notes":
			in.Notes = tc.value
		}
		_, err := in.Parse()
		var bad InvalidError
		if !errors.As(err, &bad) || len(bad) != 1 || bad[0].Field != tc.field || bad[0].Fix != tc.fix {
			t.Errorf("%s %q: %v, want %q", tc.field, tc.value, err, tc.fix)
		}
		if tc.field == "customer" && len(tc.value) > 8 && strings.Contains(err.Error(), tc.value) {
			t.Errorf("the number is repeated: %v", err)
		}
	}
	in := Instruction{Ref: "B-1", Kind: "bank", Customer: "0811742234", Amount: "1000", BankCode: "014", Account: "246-088-8509"}
	var bad InvalidError
	if _, err := in.Parse(); !errors.As(err, &bad) || len(bad) != 2 || bad[0].Fix != zero || bad[1].Fix != "write digits alone, without the separators" {
		t.Errorf("%v", err)
	}
}
