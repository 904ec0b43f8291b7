package payout

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/salur-id/salur/internal/money"
)

func valid() Instruction {
	return Instruction{Ref: "PAY-1", Customer: "62811742234", Amount: "10000.50"}
}

func TestParseFillsInDefaults(t *testing.T) {
	t.Parallel()
	short, err := valid().Parse()
	if err != nil {
		t.Fatal(err)
	}
	want := Payout{
		Kind: TopUp, Ref: "PAY-1", Customer: "62811742234", Amount: money.FromCents(1000050), Fee: money.Rupiah(0),
		FundType: "AGENT_TOPUP_FOR_USER_SETTLE",
	}
	if short != want {
		t.Errorf("%+v, want %+v", short, want)
	}
	long := valid()
	long.Kind, long.Fee, long.FundType, long.Amount = "topup", "0.00", FundTypeTopUp, "10000.5"
	spelt, err := long.Parse()
	if err != nil || spelt.Fingerprint() != short.Fingerprint() {
		t.Errorf("the same payout with its defaults spelt out is another one: %v", err)
	}
}

func TestParseBad(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Instruction)
		want   string // the whole message
	}{
		{"RefEmpty", func(in *Instruction) { in.Ref = "" }, `ref "": use 1 to 64 printable ASCII characters without spaces`},
		{"RefSpace", func(in *Instruction) { in.Ref = "P 1" }, `ref "P 1": use 1 to 64 printable ASCII characters without spaces`},
		{"RefNotASCII", func(in *Instruction) { in.Ref = "gaji-é" }, `ref "gaji-é": use 1 to 64 printable ASCII characters without spaces`},
		{"RefLong", func(in *Instruction) { in.Ref = strings.Repeat("x", 65) }, `ref "` + strings.Repeat("x", 40) + `…": use 1 to 64 printable ASCII characters without spaces`},
		{"CustomerEmpty", func(in *Instruction) { in.Customer = "" }, `customer "": use 628 and 6 to 12 more digits, such as 62811742234`},
		{"CustomerLocal", func(in *Instruction) { in.Customer = "08117422345" }, `customer "****345": write it with 62 in place of the first 0, beginning with 628`},
		{"CustomerPlus", func(in *Instruction) { in.Customer = "+628117422345" }, `customer "****345": write it without the +, beginning with 628`},
		{"CustomerShort", func(in *Instruction) { in.Customer = "62812345" }, `customer "****": use 628 and 6 to 12 more digits, such as 62811742234`},
		{"CustomerLong", func(in *Instruction) { in.Customer = "6281234567890123" }, `customer "****123": use 628 and 6 to 12 more digits, such as 62811742234`},
		{"CustomerIDMissing", func(in *Instruction) { in.Customer = ByCustomerID }, `customer "620000000000": names nobody without customerId; give customerId as well`},
		{"CustomerIDTooMuch", func(in *Instruction) { in.CustomerID = "216610000000123" }, `customerId "****123": goes only with customer 620000000000`},
		{"AmountZero", func(in *Instruction) { in.Amount = "0.00" }, `amount "0.00": must be more than zero, in IDR`},
		{"AmountNegative", func(in *Instruction) { in.Amount = "-5" }, `amount "-5": use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)`},
		{"AmountThousands", func(in *Instruction) { in.Amount = "1.000.000" }, `amount "1.000.000": leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals`},
		{"AmountBeyond", func(in *Instruction) { in.Amount = "1000000000000.01" }, `amount "1000000000000.01": must be at most 1000000000000.00`},
		{"AmountMost", func(in *Instruction) { in.Amount = "9999999999999999.99" }, `amount "9999999999999999.99": must be at most 1000000000000.00`},
		{"FeeBeyond", func(in *Instruction) { in.Amount, in.Fee = "1", "9999999999999999" }, `fee "9999999999999999.00": must be at most 1000000000000.00`},
		{"FeeBeyondWithAmount", func(in *Instruction) { in.Amount, in.Fee = "1000000000000", "0.01" }, `fee "0.01": must be at most 1000000000000.00 together with the amount`},
		{"FeeBad", func(in *Instruction) { in.Fee = "free" }, `fee "free": use digits with at most two decimals and no separators, such as 0.00`},
		{"FundTypeSpace", func(in *Instruction) { in.FundType = "a b" }, `fundType "a b": use 1 to 64 printable ASCII characters without spaces, or leave it out`},
		{"NotesLong", func(in *Instruction) { in.Notes = strings.Repeat("n", 256) }, `notes "****": use at most 255 printable characters`},
		{"ChargeTarget", func(in *Instruction) { in.ChargeTarget = "ME" }, `chargeTarget "ME": use DIVISION or MERCHANT, or leave it out`},
		{"DivisionMissing", func(in *Instruction) { in.ChargeTarget = "DIVISION" }, `division "": chargeTarget DIVISION needs a division`},
		{"NotAfter", func(in *Instruction) { in.NotAfter = "tomorrow" }, `notAfter "tomorrow": use RFC 3339, such as 2026-12-31T17:00:00+07:00`},
		{"NotAfterYear10000", func(in *Instruction) { in.NotAfter = "9999-12-31T23:59:59-07:00" }, `notAfter "10000-01-01T06:59:59Z": use RFC 3339, such as 2026-12-31T17:00:00+07:00`},
		{"Kind", func(in *Instruction) { in.Kind = "cash" }, `kind "cash": use topup or bank`},
		{"BankCodeOfTopUp", func(in *Instruction) { in.BankCode = "014" }, `bankCode "014": goes only with kind bank`},
		{"AccountInBankCodeOfTopUp", func(in *Instruction) { in.BankCode = "2460888509" }, `bankCode "****509": goes only with kind bank`},
		{"AccountOfTopUp", func(in *Instruction) { in.Account = "2460888509" }, `account "****509": goes only with kind bank`},
		{"AccountNameOfTopUp", func(in *Instruction) { in.AccountName = "Budi Santoso" }, `accountName "****": goes only with kind bank`},
		{"Two", func(in *Instruction) { in.Ref, in.Amount = "", "0" }, `ref "": use 1 to 64 printable ASCII characters without spaces; amount "0.00": must be more than zero, in IDR`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := valid()
			tt.change(&in)
			_, err := in.Parse()
			var bad InvalidError
			if !errors.As(err, &bad) || err.Error() != tt.want {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
		})
	}
}

func validBank() Instruction {
	return Instruction{Kind: "bank", Ref: "PAY-1", Customer: "62811742234", Amount: "50000", BankCode: "014", Account: "2460888509"}
}

func TestParseBank(t *testing.T) {
	t.Parallel()
	in := validBank()
	in.AccountName, in.Validate = "Budi Santoso", true
	got, err := in.Parse()
	want := Payout{
		Kind: Bank, Ref: "PAY-1", Customer: "62811742234", Amount: money.Rupiah(50000), Fee: money.Rupiah(0),
		FundType: "MERCHANT_WITHDRAW_FOR_CORPORATE", BankCode: "014", Account: "2460888509", AccountName: "Budi Santoso", Validate: true,
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	in.Fee, in.FundType = "0", FundTypeBank
	if spelt, err := in.Parse(); err != nil || spelt.Fingerprint() != want.Fingerprint() {
		t.Errorf("the same payout with its defaults spelt out is another one: %v", err)
	}
	in.Ref = "" // nobody is paid by a question
	if _, err := in.ParseInquiry(); err != nil {
		t.Error(err)
	}
}

func TestParseGoodBank(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Instruction){
		"ShortestCode":    func(in *Instruction) { in.BankCode = "1" },
		"LongestCode":     func(in *Instruction) { in.BankCode = "01400001" },
		"ShortestAccount": func(in *Instruction) { in.Account = "0" },
		"LongestAccount":  func(in *Instruction) { in.Account = strings.Repeat("0", 32) },
		"LongestName":     func(in *Instruction) { in.AccountName = strings.Repeat("é", 64) },
		"Division":        func(in *Instruction) { in.ChargeTarget, in.Division = "DIVISION", "D-1" },
		"Merchant":        func(in *Instruction) { in.ChargeTarget = "MERCHANT" },
		"NotAfter":        func(in *Instruction) { in.NotAfter = "2026-12-31T17:00:00+07:00" },
	} {
		in := validBank()
		change(&in)
		p, err := in.Parse()
		if err != nil || p.Check() != nil {
			t.Errorf("%s: %v, %v", name, err, p.Check())
		}
	}
}

func TestParseBadBank(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Instruction)
		want   string // the whole message
	}{
		{"RefEmpty", func(in *Instruction) { in.Ref = "" }, `ref "": use 1 to 64 printable ASCII characters without spaces`},
		{"NoCustomer", func(in *Instruction) { in.Customer = "" }, `customer "": use the merchant's business phone number: 628 and 6 to 12 more digits, such as 62811742234`},
		{"Customer", func(in *Instruction) { in.Customer = ByCustomerID }, `customer "****000": use the merchant's business phone number: 628 and 6 to 12 more digits, such as 62811742234`},
		{"NoBankCode", func(in *Instruction) { in.BankCode = "" }, `bankCode "": use the bank's code with its leading zeros, such as 014`},
		{"BankName", func(in *Instruction) { in.BankCode = "BCA" }, `bankCode "BCA": use the bank's code with its leading zeros, such as 014`},
		{"BankCodeWithoutZeros", func(in *Instruction) { in.BankCode = "14" }, `bankCode "14": write the bank's code with its leading zeros, 014, and look whether the account number has lost its own`},
		{"BankCodeWithoutTwoZeros", func(in *Instruction) { in.BankCode = "8" }, `bankCode "8": write the bank's code with its leading zeros, 008, and look whether the account number has lost its own`},
		{"BankCodeLong", func(in *Instruction) { in.BankCode = "014014014" }, `bankCode "****014": use the bank's code with its leading zeros, such as 014`},
		{"NoAccount", func(in *Instruction) { in.Account = "" }, `account "": use 1 to 32 digits without separators`},
		{"AccountDashes", func(in *Instruction) { in.Account = "246-088-8509" }, `account "****509": write digits alone, without the separators`},
		{"AccountLong", func(in *Instruction) { in.Account = strings.Repeat("1", 33) }, `account "****111": use 1 to 32 digits without separators`},
		{"AccountName", func(in *Instruction) { in.AccountName = strings.Repeat("B", 65) }, `accountName "****": use at most 64 printable characters`},
		{"Fee", func(in *Instruction) { in.Fee = "500" }, `fee "500.00": goes only with kind topup`},
		{"Notes", func(in *Instruction) { in.Notes = "hi" }, `notes "****": goes only with kind topup`},
		{"NotesLong", func(in *Instruction) { in.Notes = strings.Repeat("n", 256) }, `notes "****": goes only with kind topup`},
		{"FundType", func(in *Instruction) { in.FundType = FundTypeTopUp }, `fundType "AGENT_TOPUP_FOR_USER_SETTLE": use MERCHANT_WITHDRAW_FOR_CORPORATE, the only one of a transfer, or leave it out`},
		{"FundTypeSpace", func(in *Instruction) { in.FundType = "a b" }, `fundType "a b": use MERCHANT_WITHDRAW_FOR_CORPORATE, the only one of a transfer, or leave it out`},
		{"FeeNegative", func(in *Instruction) { in.Fee = "-1" }, `fee "-1": use digits with at most two decimals and no separators, such as 0.00`},
		{"AmountZero", func(in *Instruction) { in.Amount = "0" }, `amount "0.00": must be more than zero, in IDR`},
		{"AccountNameLines", func(in *Instruction) { in.AccountName = "Budi\nSantoso" }, `accountName "****": leave out line breaks and other control characters`},
		{"DivisionMissing", func(in *Instruction) { in.ChargeTarget = "DIVISION" }, `division "": chargeTarget DIVISION needs a division`},
		{"Three", func(in *Instruction) { in.BankCode, in.Account, in.Amount = "", "", "x" }, `bankCode "": use the bank's code with its leading zeros, such as 014; ` +
			`account "": use 1 to 32 digits without separators; amount "x": use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)`},
		{"CustomerID", func(in *Instruction) { in.CustomerID = "216610000000123" }, `customerId "****123": goes only with kind topup`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := validBank()
			tt.change(&in)
			_, err := in.Parse()
			var bad InvalidError
			if !errors.As(err, &bad) || err.Error() != tt.want {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
		})
	}
}

// A payout that never went through Parse is held to the same rules.
func TestCheck(t *testing.T) {
	t.Parallel()
	good, err := valid().Parse()
	if err != nil || good.Check() != nil {
		t.Errorf("%v, %v", err, good.Check())
	}
	for want, change := range map[string]func(*Payout){
		`ref "": use 1 to 64 printable ASCII characters without spaces`: func(p *Payout) { p.Ref = "" },
		`amount "0.00": must be more than zero, in IDR`:                 func(p *Payout) { p.Amount = money.Rupiah(0) },
		`fee "-1.00": must be zero or more, in IDR`:                     func(p *Payout) { p.Fee = money.Rupiah(0).Sub(money.Rupiah(1)) },
		`kind "": use topup or bank`:                                    func(p *Payout) { p.Kind = "" },
	} {
		p := good
		change(&p)
		if err := p.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestParseGood(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Instruction){
		"RefBounds":  func(in *Instruction) { in.Ref = strings.Repeat("~", 64) },
		"Shortest":   func(in *Instruction) { in.Customer = "628123456" },
		"Longest":    func(in *Instruction) { in.Customer = "628123456789012" },
		"CustomerID": func(in *Instruction) { in.Customer, in.CustomerID = ByCustomerID, "216610000000123" },
		"Division":   func(in *Instruction) { in.ChargeTarget, in.Division = "DIVISION", "D-1" },
		"Merchant":   func(in *Instruction) { in.ChargeTarget = "MERCHANT" },
		"NotAfter":   func(in *Instruction) { in.NotAfter = "2026-12-31T17:00:00+07:00" },
	} {
		in := valid()
		change(&in)
		p, err := in.Parse()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "NotAfter" && !p.NotAfter.Equal(time.Date(2026, 12, 31, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("not after %s", p.NotAfter)
		}
	}
}

// Every field makes another payout of it.
func TestFingerprintCoversEveryField(t *testing.T) {
	t.Parallel()
	p, err := valid().Parse()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{p.Fingerprint(): "unchanged"}
	for name, change := range map[string]func(*Payout){
		"kind": func(p *Payout) { p.Kind = "bank" }, "ref": func(p *Payout) { p.Ref = "x" }, "customer": func(p *Payout) { p.Customer = "x" },
		"amount": func(p *Payout) { p.Amount = money.Rupiah(1) }, "fee": func(p *Payout) { p.Fee = money.Rupiah(1) },
		"notes": func(p *Payout) { p.Notes = "x" }, "fundType": func(p *Payout) { p.FundType = "x" },
		"chargeTarget": func(p *Payout) { p.ChargeTarget = "x" }, "division": func(p *Payout) { p.Division = "x" },
		"customerId": func(p *Payout) { p.CustomerID = "x" }, "bankCode": func(p *Payout) { p.BankCode = "x" },
		"account": func(p *Payout) { p.Account = "x" }, "accountName": func(p *Payout) { p.AccountName = "x" },
		"validate": func(p *Payout) { p.Validate = true }, "notAfter": func(p *Payout) { p.NotAfter = time.Unix(1, 0) },
	} {
		q := p
		change(&q)
		if other, ok := seen[q.Fingerprint()]; ok {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[q.Fingerprint()] = name
	}
}

func TestNumberKeepsEveryDigit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Number{
		`{"amount":"10000.50"}`: "10000.50", `{"amount":10000.50}`: "10000.50", `{"amount":9007199254740993}`: "9007199254740993", `{"amount":1e4}`: "1e4",
	} {
		if got, err := Decode([]byte(in)); err != nil || got.Amount != want {
			t.Errorf("%s: %q, %v", in, got.Amount, err)
		}
	}
}

// The bound on a document leaves room for everything that Parse takes, however it is written.
func TestLargestDocument(t *testing.T) {
	t.Parallel()
	escaped := func(s string) (all string) {
		for _, unit := range utf16.Encode([]rune(s)) {
			all += fmt.Sprintf(`\u%04x`, unit)
		}
		return `"` + all + `"`
	}
	const sign = "\U0001F600"
	long := strings.Repeat("x", 64)
	doc := []byte("{")
	for name, value := range map[string]string{
		"ref": long, "kind": "topup", "customer": ByCustomerID, "customerId": strings.Repeat(sign, 32), "amount": "999999999999.99", "fee": "0.00",
		"notes": strings.Repeat(sign, 255), "fundType": long, "chargeTarget": "DIVISION", "division": long, "notAfter": "2026-12-31T17:00:00.000000000+07:00",
	} {
		doc = fmt.Appendf(doc, "%s: %s,\n", escaped(name), escaped(value))
	}
	doc = append(doc, `"validate": false, "bankCode": null, "account": null, "accountName": null}`...)
	in, err := Decode(doc)
	if err == nil {
		_, err = in.Parse()
	}
	if err != nil || len(doc) > LargestDocument/2 {
		t.Errorf("%d bytes: %v", len(doc), err)
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"62811742234": "****234", "628123456": "****456", "62812345": "****", "": ""} {
		if got := Mask(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPayee(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Payout{
		"****234":          {Kind: TopUp, Customer: "62811742234"},
		"****123":          {Kind: TopUp, Customer: ByCustomerID, CustomerID: "216610000000123"},
		"014 BCA ****509":  {Kind: Bank, Customer: "62811742234", BankCode: "014", Account: "2460888509", AccountName: "Budi"},
		"99999 ****509":    {Kind: Bank, Customer: "62811742234", BankCode: "99999", Account: "2460888509"},
		"008 Mandiri ****": {Kind: Bank, Customer: "62811742234", BankCode: "008", Account: "12345678"},
	} {
		if got := p.Payee(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
