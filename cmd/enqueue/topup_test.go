package main

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/cli"
)

func TestTopUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		name, wantOut, wantErr string
		args                   []string
		code                   cli.Code
	}{
		{"Accepted", "accepted PAY-1: IDR 10000.00 to ****001\n", "", topUp(), cli.Done},
		{"Again", "PAY-1 was accepted before; it is queued\n", "", topUp("amount", "10000.00"), cli.Done},
		{"AgainJSON", `{"ref":"PAY-1","state":"queued","duplicate":true}` + "\n", "", append(topUp(), "--json"), cli.Done},
		{"JSON", `{"ref":"PAY-2","state":"queued","duplicate":false}` + "\n", "", append(topUp("ref", "PAY-2"), "--json"), cli.Done},
		{"OtherAmount", "", conflicts("PAY-1"), topUp("amount", "10001"), cli.Conflict},
		{"OtherCustomer", "", conflicts("PAY-1"), topUp("customer", "628123450002"), cli.Conflict},
		{"Fee", "accepted PAY-4: IDR 10000.00 and a fee of IDR 500.00 to ****001\n", "", topUp("ref", "PAY-4", "fee", "500"), cli.Done},
		{"CustomerID", "accepted PAY-3: IDR 10000.00 to ****123\n", "", topUp("ref", "PAY-3", "customer", "620000000000", "customer-id", "216610000000123"), cli.Done},
	} {
		out, errs, code := b.run(t.Context(), "", tt.args...)
		if out != tt.wantOut || errs != tt.wantErr || code != tt.code {
			t.Errorf("%s: exit %d, %q, %q; want exit %d, %q, %q", tt.name, code, out, errs, tt.code, tt.wantOut, tt.wantErr)
		}
	}
	rec, err := b.ledger.Get(t.Context(), "PAY-1")
	if err != nil || rec.Payout.Amount.Value() != "10000.00" || rec.Version != 1 {
		t.Errorf("PAY-1 is %+v, %v: a refused conflict changed it", rec, err)
	}
	for _, personal := range []string{"628123450001", "628123450002", "216610000000123"} {
		if strings.Contains(b.output, personal) {
			t.Errorf("%s was printed in full", personal)
		}
	}
}

func TestTopUpBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const decimals = "use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)"
	const number = "use 628 and 6 to 12 more digits, such as 62811742234"
	for _, tt := range []struct{ flag, value, want string }{
		{"ref", "", `--ref "": use 1 to 64 printable ASCII characters without spaces`},
		{"ref", "a b", `--ref "a b": use 1 to 64 printable ASCII characters without spaces`},
		{"ref", strings.Repeat("r", 65), `--ref "` + strings.Repeat("r", 40) + `…": use 1 to 64 printable ASCII characters without spaces`},
		{"customer", "081234500019", `--customer "****019": write it with 62 in place of the first 0, beginning with 628`},
		{"customer", "62812345", `--customer "****": ` + number},
		{"customer", "6281234567890123", `--customer "****123": ` + number},
		{"customer", "620000000000", `--customer "620000000000": names nobody without --customer-id; give --customer-id as well`},
		{"customer-id", "216610000000123", `--customer-id "****123": goes only with customer 620000000000`},
		{"amount", "", `--amount "": ` + decimals},
		{"amount", "0", `--amount "0.00": must be more than zero, in IDR`},
		{"amount", "-1", `--amount "-1": ` + decimals},
		{"amount", "1.005", `--amount "1.005": leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals`},
		{"amount", "1.000.000", `--amount "1.000.000": leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals`},
		{"amount", "1,000", `--amount "1,000": leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals`},
		{"amount", "12345678901234567", `--amount "****567": ` + decimals},
		{"fee", "1,5", `--fee "1,5": write the decimals after a point in place of the comma, such as 10000.50`},
		{"charge-target", "DIVISION", `--division "": --charge-target DIVISION needs a division`},
		{"charge-target", "both", `--charge-target "both": use DIVISION or MERCHANT, or leave it out`},
		{"amount", "1000000000.01", `--amount "1000000000.01": must be at most 1000000000.00 (SALUR_MAX_AMOUNT)`},
		{"amount", "9999999999999999.99", `--amount "9999999999999999.99": must be at most 1000000000000.00`},
		{"fee", "999990000.01", `--fee "999990000.01": must be at most 1000000000.00 together with the amount (SALUR_MAX_AMOUNT)`},
		{"fee", "9999999999999999", `--fee "9999999999999999.00": must be at most 1000000000000.00`},
		{"not-after", "2020-02-03T04:05:06+07:00", `--not-after "2020-02-02T21:05:06Z": must be later than now; give a later time, or leave it out`},
		{"not-after", "2026-13-01", `--not-after "2026-13-01": use RFC 3339, such as 2026-12-31T17:00:00+07:00`},
	} {
		out, errs, code := b.run(t.Context(), "", topUp(tt.flag, tt.value)...)
		if out != "" || code != cli.Invalid || errs != "enqueue: "+tt.want+"\n" {
			t.Errorf("--%s=%s: exit %d, %q, %q; want %q", tt.flag, tt.value, code, out, errs, tt.want)
		}
	}
	for _, args := range [][]string{{}, {"topup", "extra"}, {"topup", "--colour", "red"}, {"cash"}, append(topUp(), "--redis-url", "http://x")} {
		if _, errs, code := b.run(t.Context(), "", args...); code != cli.Invalid || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
	if n := b.size(t); n != 0 {
		t.Errorf("bad input left %d keys", n)
	}
	if _, errs, code := b.run(t.Context(), "", append(topUp("fee", "500.01"), "--limit-fee", "500")...); code != cli.Invalid ||
		errs != "enqueue: --fee \"500.01\": must be at most 500.00 (SALUR_LIMIT_FEE)\n" || b.size(t) != 0 {
		t.Errorf("a fee beyond the limit: exit %d, %q", code, errs)
	}
	if strings.Contains(b.output, "081234500019") || strings.Contains(b.output, "6281234567890123") {
		t.Error("a phone number was printed in full")
	}
}
