package danaclient

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// sent is a request as it arrived.
type sent struct {
	uri, body string
	header    http.Header
}

// record serves every request with an answer that closes nothing and reports what arrived.
func record(t *testing.T) (url string, arrived <-chan sent) {
	t.Helper()
	requests := make(chan sent, 8)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("%s, %v; want a POST", r.Method, err)
		}
		requests <- sent{r.RequestURI, string(body), r.Header}
		write(w, "{}")
	})
	return server.URL, requests
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	parse := func(in payout.Instruction) payout.Payout {
		p, err := in.Parse()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	least := parse(payout.Instruction{Ref: "PAY-1", Customer: "62811742234", Amount: "10000"})
	most := parse(payout.Instruction{
		Ref: "PAY/2&<x>", Customer: payout.ByCustomerID, CustomerID: "2166001", Amount: "10000.5", Fee: "1",
		Notes: `<gaji> & "é"/ü`, ChargeTarget: "DIVISION", Division: "JKT", NotAfter: "2026-12-31T17:00:00Z",
	})
	most.Customer = "62811742234" // the customerId goes before it
	for name, test := range map[string]struct {
		call      func(*Client, context.Context) Exchange
		uri, body string
	}{
		"top-up, least": {
			func(c *Client, ctx context.Context) Exchange { return c.TopUp(ctx, "1", least) },
			"/rest/v1.0/emoney/topup",
			`{"partnerReferenceNo":"PAY-1","customerNumber":"62811742234","amount":{"value":"10000.00","currency":"IDR"},"feeAmount":{"value":"0.00","currency":"IDR"},"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE"}}`,
		},
		"top-up, most": {
			func(c *Client, ctx context.Context) Exchange { return c.TopUp(ctx, "1", most) },
			"/rest/v1.0/emoney/topup",
			`{"partnerReferenceNo":"PAY/2&<x>","customerNumber":"620000000000","amount":{"value":"10000.50","currency":"IDR"},"feeAmount":{"value":"1.00","currency":"IDR"},"notes":"<gaji> & \"é\"/ü","additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE","externalDivisionId":"JKT","chargeTarget":"DIVISION","customerId":"2166001"}}`,
		},
		"status": {
			func(c *Client, ctx context.Context) Exchange { return c.TopUpStatus(ctx, "1", "PAY-1") },
			"/rest/v1.0/emoney/topup-status",
			`{"originalPartnerReferenceNo":"PAY-1","serviceCode":"38"}`,
		},
		"account inquiry": {
			func(c *Client, ctx context.Context) Exchange { return c.AccountInquiry(ctx, "1", most) },
			"/rest/v1.0/emoney/account-inquiry",
			`{"customerNumber":"620000000000","amount":{"value":"10000.50","currency":"IDR"},"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE","externalDivisionId":"JKT","chargeTarget":"DIVISION","customerId":"2166001"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, arrived := record(t)
			test.call(newClient(t, testConfig(url)), t.Context())
			if r := <-arrived; r.uri != test.uri || r.body != test.body {
				t.Errorf("sent %s %s\nwant %s %s", r.uri, r.body, test.uri, test.body)
			}
		})
	}
}

// What arrives verifies with the public key over exactly what arrived, a path prefix included.
func TestSignatureCoversWhatIsSent(t *testing.T) {
	t.Parallel()
	url, arrived := record(t)
	for prefix, path := range map[string]string{"": "", "/": "", "/dana": "/dana", "/a%20b%2Fc/": "/a%20b%2Fc"} {
		t.Run(prefix, func(t *testing.T) {
			c := newClient(t, testConfig(url+prefix))
			c.TopUp(t.Context(), "1", testPayout(t))
			r := <-arrived
			if want := path + "/rest/v1.0/emoney/topup"; r.uri != want {
				t.Fatalf("path %s, want %s", r.uri, want)
			}
			signature, err := base64.StdEncoding.DecodeString(r.header.Get("X-SIGNATURE"))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte("POST:" + r.uri + ":" + bodyHash([]byte(r.body)) + ":" + r.header.Get("X-TIMESTAMP")))
			if err := rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
				t.Error(err)
			}
		})
	}
}

// Attempts of one payout differ in timestamp, external id and signature, and in nothing else.
func TestAttemptsShareTheBody(t *testing.T) {
	t.Parallel()
	url, arrived := record(t)
	cfg := testConfig(url)
	now := noon()
	cfg.Now = func() time.Time { return now }
	c := newClient(t, cfg)

	c.TopUp(t.Context(), "1", testPayout(t))
	first := <-arrived
	now = now.Add(5 * time.Second)
	c.TopUp(t.Context(), "2", testPayout(t))
	second := <-arrived

	if first.body != second.body {
		t.Errorf("bodies differ:\n%s\n%s", first.body, second.body)
	}
	for name, want := range map[string][2]string{
		"Content-Type":  {"application/json", "application/json"},
		"X-TIMESTAMP":   {"2026-11-21T12:30:00+07:00", "2026-11-21T12:30:05+07:00"},
		"X-EXTERNAL-ID": {"1", "2"},
		"X-PARTNER-ID":  {"2014000014442", "2014000014442"},
		"ORIGIN":        {"shop.example.id", "shop.example.id"},
		"CHANNEL-ID":    {"95221", "95221"},
		"Authorization": {"", ""},
	} {
		if got := [2]string{first.header.Get(name), second.header.Get(name)}; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if first.header.Get("X-SIGNATURE") == second.header.Get("X-SIGNATURE") {
		t.Error("the signature was used twice")
	}
}

func TestEachCallNamesItsAPI(t *testing.T) {
	t.Parallel()
	url, _ := record(t)
	c := newClient(t, testConfig(url))
	for want, x := range map[API]Exchange{
		"topup":           c.TopUp(t.Context(), "7", testPayout(t)),
		"topup-status":    c.TopUpStatus(t.Context(), "7", "PAY-1"),
		"account-inquiry": c.AccountInquiry(t.Context(), "7", testPayout(t)),
	} {
		if x.API != want || x.ExternalID != "7" || x.Outcome.Kind != statemachine.Unknown {
			t.Errorf("%s, %s, %v; want %s, 7, unknown", x.API, x.ExternalID, x.Outcome.Kind, want)
		}
	}
}

// An external id that no header can hold is found before anything is sent.
func TestImpossibleHeaderIsNotSent(t *testing.T) {
	t.Parallel()
	url, arrived := record(t)
	x := newClient(t, testConfig(url)).TopUp(t.Context(), "1\r\nX-Evil: 1", testPayout(t))
	if x.Outcome.Kind != statemachine.NotSent || x.Err == nil || len(arrived) != 0 {
		t.Errorf("%v, %v, %d requests; want not_sent", x.Outcome.Kind, x.Err, len(arrived))
	}
}
