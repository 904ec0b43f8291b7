package api

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

// theDANA is a sandbox, and a client of it.
func theDANA(t *testing.T, change func(*danaclient.Config)) (*sandbox.Sandbox, option) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(sandbox.Config{
		PartnerID: "partner", PublicKey: &key.PublicKey, MerchantID: "216620000000000000001", ClientSecret: "s3cret",
		Deposit: money.Rupiah(1_000_000), Hang: time.Minute, Now: time.Now, Strict: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(func() { box.Close(); server.Close() })
	cfg := danaclient.Config{
		BaseURL: server.URL, PartnerID: "partner", Origin: "merchant.example", ChannelID: "95221", Key: key,
		MerchantID: "216620000000000000001", ClientSecret: "s3cret", Timeout: 300 * time.Millisecond, MaxConns: 1, Now: time.Now,
	}
	if change != nil {
		change(&cfg)
	}
	client, err := danaclient.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return box, withDANA(client)
}

func TestInquire(t *testing.T) {
	t.Parallel()
	box, dana := theDANA(t, nil)
	b := setup(t, dana)
	ask := func(body string) answer { return b.call("POST", "/v1/account-inquiries", body) }
	for body, want := range map[string]map[string]any{
		`{"customer":"62811742234","amount":"10000"}`:                                                           {"status": "valid", "customer": "****234", "name": "DNID sXX"},
		`{"customer":"628152768647","amount":10000}`:                                                            {"status": "invalid", "customer": "****647", "reason": "PAYEE_USER_NOT_EXIST", "responseCode": "4033705"},
		`{"kind":"bank","customer":"62811742234","bankCode":"014","account":"2460888509","amount":"50000"}`:     {"status": "valid", "account": "****509", "bank": "PT BANK OF THE SANDBOX", "attempts": 1.0},
		`{"kind":"bank","customer":"62811742234","bankCode":"014","account":"815919191","amount":"50000"}`:      {"status": "invalid", "responseCode": "4044211"},
		`{"customer":"620000000000","customerId":"216610000000123","amount":"10000","chargeTarget":"MERCHANT"}`: {"status": "valid", "customer": "****123"},
	} {
		a := ask(body)
		var got map[string]any
		if err := json.Unmarshal([]byte(a.text), &got); err != nil || a.status != 200 {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%s: %s is %v, want %v", body, k, got[k], v)
			}
		}
		for _, personal := range []string{"62811742234", "2460888509", "815919191", "216610000000123"} {
			if strings.Contains(a.text, personal) {
				t.Errorf("not masked: %s", a.text)
			}
		}
	}
	n := len(box.Requests("", ""))
	p := b.refused(ask(`{"ref":"A-1","kind":"bank","customer":"0811742234","amount":"x","validate":true,"fee":"x","notes":"n","notAfter":"soon"}`), invalidFields)
	var fields []string
	for _, f := range p.Errors {
		fields = append(fields, f.Field+"="+f.Value)
	}
	if diff := cmp.Diff([]string{"ref=A-1", "fee=x", "notes=****", "notAfter=soon", "validate=true", "customer=****234", "bankCode=", "account=", "amount=x"}, fields); diff != "" {
		t.Error(diff)
	}
	b.refused(ask(`[]`), invalidFields)
	b.refused(ask(`{`), invalidJSON)
	b.refused(b.call("POST", "/v1/account-inquiries", "{}", "Content-Type", "text/plain"), unsupportedMediaType)
	if now := len(box.Requests("", "")); now != n || b.onRecord() != 0 {
		t.Errorf("DANA was asked %d times for nothing, or a question is a payout", now-n)
	}
	box.RefuseCredentials(true)
	if p := b.refused(ask(`{"customer":"62811742234","amount":"10000"}`), danaRefused); !strings.Contains(p.Detail, "4013700") {
		t.Errorf("%+v", p)
	}
}

func TestInquireWithoutVerdict(t *testing.T) {
	t.Parallel()
	_, dana := theDANA(t, func(c *danaclient.Config) { c.BaseURL = "http://127.0.0.1:1" })
	b := setup(t, dana)
	for _, a := range []answer{b.call("POST", "/v1/account-inquiries", `{"customer":"62811742234","amount":"1"}`), b.call("GET", "/v1/balance", ""),
		b.call("POST", "/v1/account-inquiries", `{"kind":"bank","customer":"62811742234","bankCode":"014","account":"2460888509","amount":"1"}`)} {
		if p := b.refused(a, noVerdict); strings.Contains(a.text, "127.0.0.1") || a.header.Get("Retry-After") != "10" || p.Detail == "" {
			t.Errorf("%v %s", a.header, a.text)
		}
	}
}

func TestBalance(t *testing.T) {
	t.Parallel()
	_, dana := theDANA(t, nil)
	b := setup(t, dana)
	a := b.call("GET", "/v1/balance", "")
	if want := `{"balances":[{"resource":"MERCHANT_DEPOSIT_BALANCE","amount":{"value":"1000000.00","currency":"IDR"},"raw":"100000000"},`; a.status != 200 || !strings.HasPrefix(a.text, want) {
		t.Errorf("%d %s", a.status, a.text)
	}
	_, dana = theDANA(t, func(c *danaclient.Config) { c.MerchantID, c.ClientSecret = "", "" })
	b = over(t, b.server, dana)
	if p := b.refused(b.call("GET", "/v1/balance", ""), noDANA); !strings.Contains(p.Detail, "MERCHANT_ID") || !strings.Contains(p.Detail, "CLIENT_SECRET") {
		t.Errorf("%+v", p)
	}
	_, dana = theDANA(t, func(c *danaclient.Config) { c.MerchantID = "216620000000000000009" })
	b = over(t, b.server, dana)
	b.refused(b.call("GET", "/v1/balance", ""), danaRefused)
}

func TestWithoutDANA(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, a := range []answer{b.call("POST", "/v1/account-inquiries", `{"customer":"62811742234","amount":"1"}`), b.call("GET", "/v1/balance", "")} {
		for _, name := range []string{"X_PARTNER_ID", "ORIGIN", "PRIVATE_KEY", "MERCHANT_ID"} {
			if p := b.refused(a, noDANA); !strings.Contains(p.Detail, name) {
				t.Errorf("%+v", p)
			}
		}
	}
	if a := b.post(pay("A-1")); a.status != 201 {
		t.Errorf("%d", a.status)
	}
}
