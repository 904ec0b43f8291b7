package main

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/payout"
)

func TestBank(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		name, wantOut, wantErr string
		args                   []string
		code                   cli.Code
	}{
		{"Accepted", "accepted BANK-1: IDR 50000.00 to 014 BCA ****509\n", "", bank(), cli.Done},
		{"Again", "BANK-1 was accepted before; it is queued\n", "", bank("amount", "50000.00", "fee", "0"), cli.Done},
		{"AgainJSON", `{"ref":"BANK-1","state":"queued","duplicate":true}` + "\n", "", append(bank(), "--json"), cli.Done},
		{"JSON", `{"ref":"BANK-2","state":"queued","duplicate":false}` + "\n", "", append(bank("ref", "BANK-2"), "--json"), cli.Done},
		{"UnknownBank", "accepted BANK-3: IDR 50000.00 to 99999 ****\n", "", bank("ref", "BANK-3", "bank-code", "99999", "account", "88509"), cli.Done},
		{"OtherAccount", "", conflicts("BANK-1"), bank("account", "2460888500"), cli.Conflict},
		{"OtherBank", "", conflicts("BANK-1"), bank("bank-code", "008"), cli.Conflict},
		{"OtherName", "", conflicts("BANK-1"), bank("account-name", "Budi Santoso"), cli.Conflict},
		{"OtherKind", "", conflicts("BANK-1"), topUp("ref", "BANK-1", "amount", "50000"), cli.Conflict},
		{"Everything", "accepted BANK-4: IDR 50000.00 to 014 BCA ****509\n", "", append(bank("ref", "BANK-4", "account-name", "Budi Santoso",
			"charge-target", "DIVISION", "division", "D-1", "not-after", "2126-12-31T17:00:00+07:00"), "--validate"), cli.Done},
	} {
		out, errs, code := b.run(t.Context(), "", tt.args...)
		if out != tt.wantOut || errs != tt.wantErr || code != tt.code {
			t.Errorf("%s: exit %d, %q, %q; want exit %d, %q, %q", tt.name, code, out, errs, tt.code, tt.wantOut, tt.wantErr)
		}
	}
	want, err := payout.Instruction{Kind: "bank", Ref: "BANK-4", Customer: "628123450001", Amount: "50000", BankCode: "014", Account: "2460888509",
		AccountName: "Budi Santoso", ChargeTarget: "DIVISION", Division: "D-1", Validate: true, NotAfter: "2126-12-31T17:00:00+07:00"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if rec, err := b.ledger.Get(t.Context(), "BANK-4"); err != nil || rec.Payout.Fingerprint() != want.Fingerprint() {
		t.Errorf("BANK-4 is %+v, %v: a flag did not arrive", rec, err)
	}
	if rec, err := b.ledger.Get(t.Context(), "BANK-1"); err != nil || rec.Payout.Account != "2460888509" || rec.Version != 1 {
		t.Errorf("BANK-1 is %+v, %v: a refused conflict changed it", rec, err)
	}
	b.hides(t, append(personalOfBank, "2460888500")...)
}

func TestBankBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const decimals = "use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)"
	const number = "use the merchant's business phone number: 628 and 6 to 12 more digits, such as 62811742234"
	const code = "use the bank's code with its leading zeros, such as 014"
	const account = "use 1 to 32 digits without separators"
	const name = "use at most 64 printable characters"
	for _, tt := range []struct{ flag, value, want string }{
		{"ref", "", `--ref "": use 1 to 64 printable ASCII characters without spaces`},
		{"customer", "", `--customer "": ` + number},
		{"customer", "081234500019", `--customer "****019": write it with 62 in place of the first 0, beginning with 628`},
		{"customer", "620000000000", `--customer "****000": ` + number},
		{"bank-code", "14", `--bank-code "14": write the bank's code with its leading zeros, 014, and look whether the account number has lost its own`},
		{"amount", "1000000000.01", `--amount "1000000000.01": must be at most 1000000000.00 (SALUR_MAX_AMOUNT)`},
		{"not-after", "2020-02-03T04:05:06+07:00", `--not-after "2020-02-02T21:05:06Z": must be later than now; give a later time, or leave it out`},
		{"bank-code", "", `--bank-code "": ` + code},
		{"bank-code", "BCA", `--bank-code "BCA": ` + code},
		{"bank-code", "2460888509", `--bank-code "****509": ` + code},
		{"account", "", `--account "": ` + account},
		{"account", "246-088-8509", `--account "****509": write digits alone, without the separators`},
		{"account", strings.Repeat("1", 33), `--account "****111": ` + account},
		{"account-name", "Budi Santoso" + strings.Repeat("x", 53), `--account-name "****": ` + name},
		{"account-name", "Budi\nSantoso", `--account-name "****": leave out line breaks and other control characters`},
		{"amount", "", `--amount "": ` + decimals},
		{"amount", "0", `--amount "0.00": must be more than zero, in IDR`},
		{"amount", "1.000.000", `--amount "1.000.000": leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals`},
		{"fee", "500", `--fee "500.00": goes only with kind topup`},
		{"fee", "free", `--fee "free": use digits with at most two decimals and no separators, such as 0.00`},
		{"charge-target", "DIVISION", `--division "": --charge-target DIVISION needs a division`},
		{"charge-target", "both", `--charge-target "both": use DIVISION or MERCHANT, or leave it out`},
		{"not-after", "2026-13-01", `--not-after "2026-13-01": use RFC 3339, such as 2026-12-31T17:00:00+07:00`},
		{"notes", "gift", "unknown flag: --notes; see enqueue bank --help"},
		{"customer-id", "216610000000123", "unknown flag: --customer-id; did you mean --customer? see enqueue bank --help"},
	} {
		out, errs, code := b.run(t.Context(), "", bank(tt.flag, tt.value)...)
		if out != "" || code != cli.Invalid || errs != "enqueue: "+tt.want+"\n" {
			t.Errorf("--%s=%s: exit %d, %q, %q; want %q", tt.flag, tt.value, code, out, errs, tt.want)
		}
	}
	for _, args := range [][]string{{"bank"}, {"bank", "2460888509"}, {"bank", "-account=2460888509"}, topUp("account", "2460888509")} {
		if _, errs, code := b.run(t.Context(), "", args...); code != cli.Invalid || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
	if n := b.size(t); n != 0 {
		t.Errorf("bad input left %d keys", n)
	}
	b.hides(t, append(personalOfBank, "081234500019", "246-088-8509", strings.Repeat("1", 33), "216610000000123")...)
}
