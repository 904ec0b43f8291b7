package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

// merchant asks a sandbox, without any Redis.
type merchant struct {
	*sandbox.Sandbox
	danaKey string
	environ []string
}

func newMerchant(t *testing.T, environ ...string) *merchant {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "private.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(sandbox.Config{
		PartnerID: "partner", PublicKey: &key.PublicKey, MerchantID: "216620000000000000001", ClientSecret: "s3cret",
		Deposit: money.Rupiah(1_000_000), Hang: time.Minute, Now: time.Now, Strict: true, DANAKey: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(func() { box.Close(); server.Close() })
	return &merchant{box, base64.StdEncoding.EncodeToString(public), append([]string{
		"REDIS_URL=redis://127.0.0.1:1", "DANA_BASE_URL=" + server.URL, "X_PARTNER_ID=partner", "PRIVATE_KEY_PATH=" + file,
		"ORIGIN=merchant.example", "MERCHANT_ID=216620000000000000001", "CLIENT_SECRET=s3cret",
	}, environ...)}
}

func (m *merchant) run(t *testing.T, args ...string) (stdout, stderr string, code cli.Code) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Code(cli.Main(t.Context(), newCommand(m.environ), args, strings.NewReader(""), &out, &errs))
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return out.String(), errs.String(), code
}

var (
	askAccount = []string{"account", "--customer", "62811742234", "--amount", "10000"}
	askBank    = []string{"bank-account", "--customer", "62811742234", "--bank-code", "014", "--account", "2460888509", "--amount", "50000"}
)

func with(args []string, change ...string) []string {
	args = append([]string{}, args...)
	for i := 0; i+1 < len(change); i += 2 {
		for j, arg := range args {
			if arg == change[i] {
				args[j+1] = change[i+1]
			}
		}
	}
	return args
}

func TestAskAboutAccounts(t *testing.T) {
	t.Parallel()
	m := newMerchant(t)
	for name, tc := range map[string]struct {
		args           []string
		code           cli.Code
		stdout, stderr string // parts
	}{
		"account":            {askAccount, cli.Done, "status         valid\nname           DNID sXX\namount         IDR 10000.00\nfee            IDR 0.00\n", ""},
		"by customer id":     {append(with(askAccount, "--customer", "620000000000"), "--customer-id", "216610000000123"), cli.Done, "account        ****123\nstatus         valid\n", ""},
		"frozen":             {with(askAccount, "--customer", "628123456667"), cli.NotFound, "status         invalid\n", "DANA would not pay this: 4033705 Do Not Honor"},
		"unknown":            {with(askAccount, "--customer", "628152768647"), cli.NotFound, "reason         PAYEE_USER_NOT_EXIST\n", "4033705"},
		"over the limit":     {with(askAccount, "--customer", "6281234509876", "--amount", "20000000.01"), cli.Unreachable, "status         pending\n", "4033714"}, // the deposit is looked at first
		"bank":               {askBank, cli.Done, "account        014 ****509\nstatus         valid\nname           ACCOUNT HOLDER\nbank           PT BANK OF THE SANDBOX\n", ""},
		"bank, no account":   {with(askBank, "--account", "815919191"), cli.NotFound, "status         invalid\n", "4044211"},
		"bank, inactive":     {with(askBank, "--account", "81298055132"), cli.Unreachable, "status         pending\n", "DANA refused: 4034218 Inactive Account Merchant"},
		"bank code in words": {with(askBank, "--bank-code", "BCA"), cli.Invalid, "", `--bank-code "BCA": use the bank's code`},
		"two bad fields":     {with(askAccount, "--customer", "0811742234", "--amount", "-1"), cli.Invalid, "", `--customer "****234": write it with 62 in place of the first 0, beginning with 628; --amount "-1": use digits`},
		"no flags":           {[]string{"bank-account"}, cli.Invalid, "", `--customer ""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errs, code := m.run(t, tc.args...)
			if code != tc.code || !strings.Contains(out, tc.stdout) || !strings.Contains(errs, tc.stderr) || (errs != "") != (code != cli.Done) || strings.Count(errs, "\n") > 1 {
				t.Errorf("exit %d\n%s%s\nwant %d, %q, %q", code, out, errs, tc.code, tc.stdout, tc.stderr)
			}
			for _, personal := range []string{"62811742234", "628123456667", "2460888509", "815919191", "0811742234"} {
				if strings.Contains(out+strings.ReplaceAll(errs, "such as 62811742234", ""), personal) {
					t.Errorf("%s is shown:\n%s%s", personal, out, errs)
				}
			}
		})
	}
	if st := m.State(); len(st.Transactions) != 0 {
		t.Errorf("asking left %+v at DANA", st.Transactions)
	}
}

func TestAskJSON(t *testing.T) {
	t.Parallel()
	m := newMerchant(t)
	out, _, code := m.run(t, append(askBank, "--json")...)
	const want = `{"status":"valid","bankCode":"014","bank":"PT BANK OF THE SANDBOX","account":"****509","name":"ACCOUNT HOLDER","amount":{"value":"50000.00","currency":"IDR"},` +
		`"fee":{"value":"0.00","currency":"IDR"},"maxAmount":{"value":"999999999.00","currency":"IDR"},"responseCode":"2004200","responseMessage":"Success","attempts":1}` + "\n"
	if code != cli.Done || out != want {
		t.Errorf("exit %d\n%s\nwant\n%s", code, out, want)
	}
	out, _, code = m.run(t, append(with(askAccount, "--customer", "628123456667"), "--json")...)
	var doc struct{ Status, Reason, Why, ResponseCode string }
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != cli.NotFound || doc.Status != "invalid" ||
		doc.Reason != "PAYEE_USER_STATUS_DISABLE" || doc.Why != "do_not_honor" || doc.ResponseCode != "4033705" {
		t.Errorf("exit %d, %s, %v", code, out, err)
	}
}

// No answer is no verdict. About a bank account it is asked again up to three times.
func TestAskWithoutAnswer(t *testing.T) {
	t.Parallel()
	m := newMerchant(t)
	for _, api := range []string{"account-inquiry", "bank-account-inquiry"} {
		if err := m.SetBehaviour(sandbox.Target{API: api}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.Drop}}}); err != nil {
			t.Fatal(err)
		}
	}
	out, errs, code := m.run(t, askBank...)
	if code != cli.Unreachable || !strings.Contains(out, "status         pending") || !strings.Contains(errs, "there is no verdict (connection_lost)") {
		t.Errorf("bank: exit %d, %s%s", code, out, errs)
	}
	out, errs, code = m.run(t, askAccount...)
	if code != cli.Unreachable || !strings.Contains(out, "status         pending") {
		t.Errorf("account: exit %d, %s%s", code, out, errs)
	}
	if n := m.State().Requests; n["bank-account-inquiry"] != 4 || n["account-inquiry"] != 1 {
		t.Errorf("asked %v", n)
	}
}

func TestAskBalance(t *testing.T) {
	t.Parallel()
	m := newMerchant(t)
	out, errs, code := m.run(t, "balance")
	if code != cli.Done || errs != "" || !strings.HasPrefix(out, "MERCHANT_DEPOSIT_BALANCE   IDR 1000000.00\n") || strings.Count(out, "\n") != 3 {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	out, _, _ = m.run(t, "balance", "--json")
	if want := `{"resource":"MERCHANT_DEPOSIT_BALANCE","amount":{"value":"1000000.00","currency":"IDR"},"raw":"100000000"}` + "\n"; !strings.HasPrefix(out, want) {
		t.Errorf("%s, want %s", out, want)
	}
	m.environ = append(m.environ, "MERCHANT_ID=", "CLIENT_SECRET=")
	if _, errs, code := m.run(t, "balance"); code != cli.Invalid || !strings.Contains(errs, "MERCHANT_ID") || !strings.Contains(errs, "CLIENT_SECRET") {
		t.Errorf("exit %d, %s", code, errs)
	}
	m.environ = append(m.environ, "MERCHANT_ID=216620000000000000009", "CLIENT_SECRET=s3cret")
	if _, errs, code := m.run(t, "balance"); code != cli.Unreachable || !strings.Contains(errs, "DANA refused: 12158006901 Merchant does not exist") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// With DANA's public key in the environment a balance must be signed by it.
func TestBalanceSignature(t *testing.T) {
	t.Parallel()
	m := newMerchant(t)
	other := newMerchant(t)
	plain := m.environ
	for name, test := range map[string]struct {
		key  string
		code cli.Code
	}{"DANA's": {m.danaKey, cli.Done}, "another": {other.danaKey, cli.Unreachable}} {
		m.environ = append(plain[:len(plain):len(plain)], "DANA_PUBLIC_KEY="+test.key)
		out, errs, code := m.run(t, "balance")
		if code != test.code || (code == cli.Done) != strings.Contains(out, "1000000.00") || code != cli.Done && !strings.Contains(errs, "wrong_signature") {
			t.Errorf("%s: %d %q %q", name, code, out, errs)
		}
	}
}

// Symmetric signatures, the older paths and the audit file, all the way through.
func TestAskTheOtherWay(t *testing.T) {
	t.Parallel()
	audit := filepath.Join(t.TempDir(), "audit.jsonl")
	m := newMerchant(t, "SALUR_SIGNATURE=symmetric", "SALUR_DANA_PATHS=htm", "SALUR_AUDIT_FILE="+audit)
	for range 2 {
		if out, errs, code := m.run(t, askAccount...); code != cli.Done {
			t.Errorf("exit %d, %s%s", code, out, errs)
		}
	}
	requests := m.Requests("", "account-inquiry")
	if len(requests) != 2 || requests[0].Signature != "symmetric" || requests[0].Path != "/v1.0/emoney/account-inquiry.htm" {
		t.Errorf("%+v", requests)
	}
	text, err := os.ReadFile(audit)
	if err != nil || strings.Count(string(text), "\n") != 4 || strings.Contains(string(text), "62811742234") || strings.Contains(string(text), "s3cret") {
		t.Errorf("%v\n%s", err, text)
	}
	if info, err := os.Stat(audit); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Chmod(audit, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := m.run(t, askAccount...); code != cli.Invalid || errs != "enqueue: SALUR_AUDIT_FILE \""+audit+
		"\": cannot be written: it has mode 0640, so that others may read or write it; chmod 600 it\n" {
		t.Errorf("exit %d, %s", code, errs)
	}
	m.environ = append(m.environ, "SALUR_AUDIT_FILE=/nonexistent/audit")
	if _, errs, code := m.run(t, askAccount...); code != cli.Invalid || errs != "enqueue: SALUR_AUDIT_FILE \"/nonexistent/audit\": cannot be written: no such file or directory\n" {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// A refusal of us is no verdict on the account: DANA did not look at it.
func TestRefusedCredentialsAreNoVerdict(t *testing.T) {
	t.Parallel()
	m := newMerchant(t)
	m.RefuseCredentials(true)
	for code, args := range map[string][]string{"4013700": askAccount, "4014200": askBank} {
		out, errs, exit := m.run(t, append(args[:len(args):len(args)], "--json")...)
		if exit != cli.Unreachable || !strings.HasPrefix(out, `{"status":"pending"`) || !strings.Contains(errs, "DANA refuses our credentials ("+code) {
			t.Errorf("exit %d, %s%s", exit, out, errs)
		}
	}
}

// A success without what makes it one, and one about another account, print no verdict.
func TestAskPrintsNoVerdictThatIsNotAboutTheQuestion(t *testing.T) {
	t.Parallel()
	m := newMerchant(t)
	for _, api := range []string{"account-inquiry", "bank-account-inquiry"} {
		if err := m.SetBehaviour(sandbox.Target{API: api}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.Missing}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{askAccount, askBank} {
		if out, errs, code := m.run(t, args...); code != cli.Unreachable || !strings.Contains(out, "status         pending\n") || !strings.Contains(errs, "there is no verdict (echo_missing)") {
			t.Errorf("exit %d, %s%s", code, out, errs)
		}
	}
}
