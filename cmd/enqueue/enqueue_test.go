package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// bundle is the program over a Redis of its own.
type bundle struct {
	rdb     *redis.Client
	ledger  *ledger.Redis
	url     string
	output  string // everything that was ever printed
	checked string // the first line of the last run, if it was about a checked file
	warned  string // what followed it on amounts, and warnings
}

func setup(t *testing.T) *bundle {
	t.Helper()
	server := redistest.Start(t)
	rdb := server.Client()
	return &bundle{rdb: rdb, ledger: ledger.NewRedis(rdb), url: "redis://" + server.Addr()}
}

func (b *bundle) run(ctx context.Context, stdin string, args ...string) (stdout, stderr string, code cli.Code) {
	var out, errs bytes.Buffer
	code = cli.Code(cli.Main(ctx, newCommand([]string{"REDIS_URL=" + b.url}), args, strings.NewReader(stdin), &out, &errs))
	b.output += out.String() + errs.String()
	stderr = errs.String()
	if b.checked, b.warned = "", ""; strings.HasPrefix(stderr, "checked ") { // what a batch says before it accepts anything
		b.checked, stderr, _ = strings.Cut(stderr, "\n")
		for strings.HasPrefix(stderr, "amounts: ") || strings.HasPrefix(stderr, "warning: ") {
			line, rest, _ := strings.Cut(stderr, "\n")
			b.warned, stderr = b.warned+line+"\n", rest
		}
	}
	return out.String(), stderr, code
}

// topUp is a good payout with some of its flags replaced.
func topUp(change ...string) []string {
	return command("topup", []string{"ref", "PAY-1", "customer", "628123450001", "amount", "10000"}, change)
}

// bank is one to a bank account.
func bank(change ...string) []string {
	return command("bank", []string{"ref", "BANK-1", "customer", "628123450001", "bank-code", "014", "account", "2460888509", "amount", "50000"}, change)
}

// command is a command with flags in their order, some of them replaced.
func command(name string, given, change []string) []string {
	flags := map[string]string{}
	var order []string
	for i, all := 0, slices.Concat(given, change); i+1 < len(all); i += 2 {
		if _, ok := flags[all[i]]; !ok {
			order = append(order, all[i])
		}
		flags[all[i]] = all[i+1]
	}
	args := []string{name}
	for _, flag := range order {
		args = append(args, "--"+flag+"="+flags[flag])
	}
	return args
}

func (b *bundle) size(t *testing.T) int64 {
	t.Helper()
	n, err := b.rdb.DBSize(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

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

func conflicts(ref string) string {
	return fmt.Sprintf("enqueue: --ref %q: the reference exists with other content; nothing was changed, give a new payout a reference of its own (see ledger show %s)\n", ref, ref)
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
		{"amount", "1000000000.01", `--amount "****.01": must be at most 1000000000.00 (SALUR_MAX_AMOUNT)`},
		{"amount", "9999999999999999.99", `--amount "****.99": must be at most 1000000000000.00`},
		{"fee", "999990000.01", `--fee "****.01": must be at most 1000000000.00 together with the amount (SALUR_MAX_AMOUNT)`},
		{"fee", "9999999999999999", `--fee "****.00": must be at most 1000000000000.00`},
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

// The payee as no output may show it.
var personalOfBank = []string{"2460888509", "628123450001", "Budi", "Santoso"}

func (b *bundle) hides(t *testing.T, personal ...string) {
	t.Helper()
	for _, p := range personal {
		if strings.Contains(b.output, p) {
			t.Errorf("%s was printed in full", p)
		}
	}
}

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
		{"customer", "", `--customer "****": ` + number},
		{"customer", "081234500019", `--customer "****019": write it with 62 in place of the first 0, beginning with 628`},
		{"customer", "620000000000", `--customer "****000": ` + number},
		{"bank-code", "14", `--bank-code "14": write the bank's code with its leading zeros, 014, and look whether the account number has lost its own`},
		{"amount", "1000000000.01", `--amount "****.01": must be at most 1000000000.00 (SALUR_MAX_AMOUNT)`},
		{"not-after", "2020-02-03T04:05:06+07:00", `--not-after "2020-02-02T21:05:06Z": must be later than now; give a later time, or leave it out`},
		{"bank-code", "", `--bank-code "": ` + code},
		{"bank-code", "BCA", `--bank-code "BCA": ` + code},
		{"bank-code", "2460888509", `--bank-code "****509": ` + code},
		{"account", "", `--account "****": ` + account},
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
		{"customer-id", "216610000000123", "unknown flag: --customer-id; see enqueue bank --help"},
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

// One file of both kinds, in both formats, is the same payouts.
func TestBatchOfBothKinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const header = "ref,kind,customer,amount,bankCode,account,accountName,notes\n"
	good := file(t, "both.csv", header+"A1,topup,628123450002,100,,,,gift\nB1,bank,628123450001,200.50,014,2460888509,Budi Santoso,\nA2,,628123450002,300,,,,\n")
	jsonl := file(t, "both.jsonl", `{"ref":"A1","customer":"628123450002","amount":100,"notes":"gift"}`+"\n"+
		`{"ref":"B1","kind":"bank","customer":"628123450001","amount":"200.5","bankCode":"014","account":"2460888509","accountName":"Budi Santoso"}`+"\n"+
		`{"ref":"B2","kind":"bank","customer":"628123450001","amount":"1","bankCode":"002","account":"2460888509"}`+"\n")
	taken := file(t, "taken.csv", header+"A3,topup,628123450002,100,,,,\nB1,bank,628123450001,200.50,008,2460888509,Budi Santoso,\n")
	bad := file(t, "bad.csv", header+"A3,topup,628123450002,100,014,2460888509,Budi Santoso,\nB3,bank,628123450001,1,014,,,\n"+
		"B4,bank,628123450001,1,14,60888509,,\nB5,bank,628123450001,1,014,2.46089E+09,,gift\nB6,cash,628123450001,1,014,2460888509,,\n")
	const refusedFile = "the file is refused for %d of its %d rows and nothing was accepted; correct them, or accept the others with --continue-on-error\n"
	for _, tt := range []struct {
		name, wantOut, wantErr string
		args                   []string
		code                   cli.Code
		changes                bool
	}{
		{"DryRun", "dry run, nothing was accepted; it would be: 3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", "",
			[]string{"batch", good, "--dry-run"}, cli.Done, false},
		{"First", "3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", "", []string{"batch", good}, cli.Done, true},
		{"Again", "0 accepted (IDR 0.00), 3 accepted before, 0 refused\n", "", []string{"batch", good}, cli.Done, false},
		{"JSONL", `{"ref":"A1","state":"queued","duplicate":true}` + "\n" + `{"ref":"B1","state":"queued","duplicate":true}` + "\n" + `{"ref":"B2","state":"queued","duplicate":false}` + "\n",
			"1 accepted (IDR 1.00), 2 accepted before, 0 refused\n", []string{"batch", jsonl, "--json"}, cli.Done, true},
		{"Conflict", "0 accepted (IDR 0.00), 0 accepted before, 1 refused\n", "line 3: " + strings.TrimPrefix(conflicts("B1"), "enqueue: --") + "enqueue: " + fmt.Sprintf(refusedFile, 1, 2),
			[]string{"batch", taken}, cli.Conflict, false},
		{"Bad", "0 accepted (IDR 0.00), 0 accepted before, 5 refused\n",
			`line 2: bankCode "014": goes only with kind bank; account "****509": goes only with kind bank; accountName "****": goes only with kind bank` + "\n" +
				`line 3: account "****": use 1 to 32 digits without separators` + "\n" +
				`line 4: bankCode "14": a spreadsheet seems to have dropped the zeros of 014, and perhaps those of account numbers too; format both columns as text, enter the numbers again and export the file again` + "\n" +
				`line 5: account "****+09": a spreadsheet has turned this number into scientific notation and its digits are lost; format the column as text, enter the number again and export the file again; notes "****": goes only with kind topup` + "\n" +
				`line 6: kind "cash": use topup or bank` + "\n" +
				"enqueue: " + fmt.Sprintf(refusedFile, 5, 5),
			[]string{"batch", bad}, cli.Invalid, false},
		{"Others", "1 accepted (IDR 100.00), 0 accepted before, 1 refused\n",
			"line 3: " + strings.TrimPrefix(conflicts("B1"), "enqueue: --") + "enqueue: 1 of 2 rows were refused; correct them and run the file again, nobody is paid twice\n",
			[]string{"batch", taken, "--continue-on-error"}, cli.Conflict, true},
	} {
		before := b.size(t)
		out, errs, code := b.run(t.Context(), "", tt.args...)
		if out != tt.wantOut || errs != tt.wantErr || code != tt.code {
			t.Errorf("%s: exit %d, %q, %q; want exit %d, %q, %q", tt.name, code, out, errs, tt.code, tt.wantOut, tt.wantErr)
		}
		if changed := b.size(t) != before; changed != tt.changes {
			t.Errorf("%s: changed Redis: %t", tt.name, changed)
		}
	}
	rec, err := b.ledger.Get(t.Context(), "B1")
	if err != nil || rec.Payout.Kind != payout.Bank || rec.Payout.BankCode != "014" || rec.Payout.AccountName != "Budi Santoso" {
		t.Errorf("B1 is %+v, %v", rec, err)
	}
	b.hides(t, append(personalOfBank, "628123450002", "60888509", "gift")...)
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	b := &bundle{url: "redis://user:rahasia@127.0.0.1:1"}
	for _, args := range [][]string{topUp(), bank()} {
		_, errs, code := b.run(t.Context(), "", args...)
		if code != cli.Unreachable || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "rahasia") {
			t.Errorf("%s: exit %d, %q", args[0], code, errs)
		}
	}
	b.hides(t, personalOfBank...)
}

const goodCSV = "ref,customer,amount\nA1,628123450001,100\nA2,628123450002,200.50\nA3,628123450003,300\n"

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "payroll.csv", goodCSV)
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"DryRun", "dry run, nothing was accepted; it would be: 3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", []string{"batch", path, "--dry-run"}},
		{"First", "3 accepted (IDR 600.50), 0 accepted before, 0 refused\n", []string{"batch", path}},
		{"Again", "0 accepted (IDR 0.00), 3 accepted before, 0 refused\n", []string{"batch", path}},
	} {
		before := b.size(t)
		out, errs, code := b.run(t.Context(), "", tt.args...)
		if out != tt.want || errs != "" || code != cli.Done {
			t.Errorf("%s: exit %d, %q, %q", tt.name, code, out, errs)
		}
		if tt.name != "First" && b.size(t) != before {
			t.Errorf("%s changed Redis", tt.name)
		}
	}
	jsonl := `{"ref":"A1","customer":"628123450001","amount":100}` + "\n\n" + `{"ref":"B1","customer":"628123450001","amount":"5"}` + "\n"
	out, errs, code := b.run(t.Context(), jsonl, "batch", "-", "--format", "jsonl", "--json")
	want := `{"ref":"A1","state":"queued","duplicate":true}` + "\n" + `{"ref":"B1","state":"queued","duplicate":false}` + "\n"
	if out != want || code != cli.Done || errs != "1 accepted (IDR 5.00), 1 accepted before, 0 refused\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

// One bad row refuses the file, before anything is accepted.
func TestBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, errs, code := b.run(t.Context(), "", topUp("ref", "TAKEN", "customer", "628123450009")...); code != 0 {
		t.Fatal(errs)
	}
	before := b.size(t)
	for _, tt := range []struct {
		name, row, want string
		code            cli.Code
	}{
		{"Field", "X1,0812345,1", `line 3: customer "****": use 628`, cli.Invalid},
		{"Conflict", "TAKEN,628123450009,1", `line 3: ref "TAKEN": the reference exists with other content`, cli.Conflict},
		{"Spreadsheet", "X1,6.28123E+11,1", `line 3: customer`, cli.Invalid},
		{"Repeated", "A1,628123450001,999", `line `, cli.Invalid},
	} {
		path := file(t, "p.csv", "ref,customer,amount\nA1,628123450001,100\n"+tt.row+"\n")
		out, errs, code := b.run(t.Context(), "", "batch", path)
		if code != tt.code || !strings.HasPrefix(out, "0 accepted") || !strings.HasPrefix(errs, tt.want) || !strings.Contains(errs, "nothing was accepted") {
			t.Errorf("%s: exit %d, %q, %q", tt.name, code, out, errs)
		}
		if b.size(t) != before {
			t.Fatalf("%s: a refused file left something behind", tt.name)
		}
	}
	path := file(t, "p.csv", "ref,customer,amount\nA1,628123450001,100\nX1,0812345,1\nTAKEN,628123450009,1\nA2,628123450002,1\n")
	out, errs, code := b.run(t.Context(), "", "batch", path, "--continue-on-error")
	if code != cli.Invalid || out != "2 accepted (IDR 101.00), 0 accepted before, 2 refused\n" || strings.Count(errs, "\nline")+1 != 2 {
		t.Errorf("continue on error: exit %d, %q, %q", code, out, errs)
	}
	for _, args := range [][]string{{"batch"}, {"batch", "-"}, {"batch", "/nonexistent.csv"}, {"batch", path, "--format", "xls"}, {"batch", path, "--dry-run", "--wait"}} {
		if _, errs, code := b.run(t.Context(), "", args...); code != cli.Invalid || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

func TestBatchInterrupted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	go func() { // the interruption comes after the file was read and before it is accepted
		fmt.Fprint(w, goodCSV)
		_ = w.Close()
	}()
	var out, errs bytes.Buffer
	root := newCommand([]string{"REDIS_URL=" + b.url})
	cancelled := false
	code := cli.Main(ctx, root, []string{"batch", "-", "--format", "csv"}, readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && !cancelled {
			cancelled = true
			cancel()
		}
		return n, err
	}), &out, &errs)
	if cli.Code(code) == cli.Done || b.size(t) != 0 {
		t.Errorf("exit %d, %q, %d keys", code, errs.String(), b.size(t))
	}
	if _, _, code := b.run(t.Context(), goodCSV, "batch", "-", "--format", "csv"); code != cli.Done {
		t.Errorf("run again: exit %d", code)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// --wait follows payouts to their end; the test plays the worker.
func TestBatchWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i, ref := range []string{"A1", "A2", "A3"} {
			now := time.Now()
			for {
				if _, err := b.ledger.Get(context.Background(), ref); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			for _, event := range []func(ledger.Record) sm.Event{
				func(ledger.Record) sm.Event { return sm.Take(sm.Attempt{StartedAt: now, Deadline: now}) },
				func(r ledger.Record) sm.Event {
					o := sm.Outcome{Kind: sm.Succeeded, EchoRef: ref, EchoAmount: r.Payout.Amount}
					if i == 1 {
						o = sm.Outcome{Kind: sm.Refused, Why: "do_not_honor"}
					} else if i == 2 {
						o.EchoRef = "OTHER"
					}
					return sm.SendResult(r.Tx.Open, o, now)
				},
			} {
				if _, _, err := ledger.Update(context.Background(), b.ledger, sm.DefaultPolicy(), ref, "", func(r ledger.Record) (sm.Event, bool) { return event(r), true }); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	out, errs, code := b.run(t.Context(), goodCSV, "batch", "-", "--format", "csv", "--wait")
	<-done
	if want := "3 accepted (IDR 600.50), 0 accepted before, 0 refused\n1 review (IDR 300.00), 1 succeeded (IDR 100.00), 1 failed (IDR 200.50)\n"; out != want || code != cli.Done {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	out, _, code = b.run(t.Context(), goodCSV, "batch", "-", "--format", "csv", "--wait", "--json")
	for _, want := range []string{
		`{"ref":"A1","state":"succeeded","reason":""}`, `{"ref":"A2","state":"failed","reason":"do_not_honor"}`, `{"ref":"A3","state":"review","reason":"echo_mismatch"}`,
	} {
		if !strings.Contains(out, want+"\n") || code != cli.Done {
			t.Errorf("exit %d, %q lacks %s", code, out, want)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	b := &bundle{}
	for _, args := range [][]string{{"--help"}, {"topup", "--help"}, {"bank", "--help"}, {"batch", "--help"}, {"--version"}} {
		if out, errs, code := b.run(t.Context(), "", args...); code != cli.Done || out == "" || errs != "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}
