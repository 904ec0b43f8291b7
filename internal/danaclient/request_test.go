package danaclient

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
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
	bankMost := testBankPayout()
	bankMost.AccountName, bankMost.ChargeTarget, bankMost.Division = "Budi & Sons", "DIVISION", "JKT"
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
			func(c *Client, ctx context.Context) Exchange {
				return c.TopUpStatus(ctx, "1", payout.Payout{Ref: "PAY-1"})
			},
			"/rest/v1.0/emoney/topup-status",
			`{"originalPartnerReferenceNo":"PAY-1","serviceCode":"38"}`,
		},
		"account inquiry": {
			func(c *Client, ctx context.Context) Exchange { return c.AccountInquiry(ctx, "1", most).Exchange },
			"/rest/v1.0/emoney/account-inquiry",
			`{"customerNumber":"620000000000","amount":{"value":"10000.50","currency":"IDR"},"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE","externalDivisionId":"JKT","chargeTarget":"DIVISION","customerId":"2166001"}}`,
		},
		"transfer, least": {
			func(c *Client, ctx context.Context) Exchange { return c.BankTransfer(ctx, "1", testBankPayout()) },
			"/v1.0/emoney/transfer-bank.htm",
			`{"partnerReferenceNo":"PAY-1","customerNumber":"62811742234","beneficiaryAccountNumber":"2460888509","beneficiaryBankCode":"014","amount":{"value":"50000.00","currency":"IDR"},"additionalInfo":{"fundType":"MERCHANT_WITHDRAW_FOR_CORPORATE"}}`,
		},
		"transfer, most": {
			func(c *Client, ctx context.Context) Exchange {
				c.cfg.NeedNotify = true
				return c.BankTransfer(ctx, "1", bankMost)
			},
			"/v1.0/emoney/transfer-bank.htm",
			`{"partnerReferenceNo":"PAY-1","customerNumber":"62811742234","beneficiaryAccountNumber":"2460888509","beneficiaryBankCode":"014","amount":{"value":"50000.00","currency":"IDR"},"additionalInfo":{"fundType":"MERCHANT_WITHDRAW_FOR_CORPORATE","externalDivisionId":"JKT","chargeTarget":"DIVISION","beneficiaryAccountName":"Budi & Sons","needNotify":true}}`,
		},
		"transfer status": {
			func(c *Client, ctx context.Context) Exchange {
				return c.BankTransferStatus(ctx, "1", payout.Payout{Ref: "PAY-1"})
			},
			"/v1.0/emoney/transfer-bank-status.htm",
			`{"originalPartnerReferenceNo":"PAY-1","serviceCode":"00"}`,
		},
		"bank account inquiry": {
			func(c *Client, ctx context.Context) Exchange { return c.BankAccountInquiry(ctx, bankMost).Exchange },
			"/v1.0/emoney/bank-account-inquiry.htm",
			`{"customerNumber":"62811742234","beneficiaryAccountNumber":"2460888509","amount":{"value":"50000.00","currency":"IDR"},"additionalInfo":{"fundType":"MERCHANT_WITHDRAW_FOR_CORPORATE","externalDivisionId":"JKT","chargeTarget":"DIVISION","beneficiaryBankCode":"014","beneficiaryAccountName":"Budi & Sons"}}`,
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
		"topup":                c.TopUp(t.Context(), "7", testPayout(t)),
		"topup-status":         c.TopUpStatus(t.Context(), "7", payout.Payout{Ref: "PAY-1"}),
		"account-inquiry":      c.AccountInquiry(t.Context(), "7", testPayout(t)).Exchange,
		"transfer-bank":        c.BankTransfer(t.Context(), "7", testBankPayout()),
		"transfer-bank-status": c.BankTransferStatus(t.Context(), "7", payout.Payout{Ref: "PAY-1"}),
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

// The older paths of the balance APIs; those of the bank APIs have always been the same.
func TestLegacyPaths(t *testing.T) {
	t.Parallel()
	url, arrived := record(t)
	cfg := testConfig(url + "/dana")
	cfg.LegacyPaths = true
	c := newClient(t, cfg)
	for want, call := range map[string]func(){
		"/dana/v1.0/emoney/topup.htm":                func() { c.TopUp(t.Context(), "1", testPayout(t)) },
		"/dana/v1.0/emoney/topup-status.htm":         func() { c.TopUpStatus(t.Context(), "1", payout.Payout{Ref: "PAY-1"}) },
		"/dana/v1.0/emoney/account-inquiry.htm":      func() { c.AccountInquiry(t.Context(), "1", testPayout(t)) },
		"/dana/v1.0/emoney/transfer-bank.htm":        func() { c.BankTransfer(t.Context(), "1", testBankPayout()) },
		"/dana/v1.0/emoney/transfer-bank-status.htm": func() { c.BankTransferStatus(t.Context(), "1", payout.Payout{Ref: "PAY-1"}) },
		"/dana/v1.0/emoney/bank-account-inquiry.htm": func() { c.BankAccountInquiry(t.Context(), testBankPayout()) },
	} {
		call()
		r := <-arrived
		if r.uri != want {
			t.Errorf("called %s, want %s", r.uri, want)
		}
		signature, err := base64.StdEncoding.DecodeString(r.header.Get("X-SIGNATURE"))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte("POST:" + want + ":" + bodyHash([]byte(r.body)) + ":" + r.header.Get("X-TIMESTAMP")))
		if err := rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// What DANA would not take never leaves, and one error names every bad field.
func TestInvalidIsNotSent(t *testing.T) {
	t.Parallel()
	url, arrived := record(t)
	c := newClient(t, testConfig(url))
	bad := testPayout(t)
	bad.Ref, bad.Customer, bad.Amount = "", "0811742234", money.Rupiah(0)
	badBank := testBankPayout()
	badBank.BankCode, badBank.Account = "", "1-2"
	const (
		ref    = `ref "": use 1 to 64 printable ASCII characters without spaces`
		fields = `customer "****234": write it with 62 in place of the first 0, beginning with 628; amount "0.00": must be more than zero, in IDR`
		bank   = `bankCode "": use the bank's code with its leading zeros, such as 014; account "****": write digits alone, without the separators`
	)
	for want, x := range map[string]Exchange{
		"DANA topup: " + ref + "; " + fields:                             c.TopUp(t.Context(), "1", bad),
		"DANA account-inquiry: " + fields:                                c.AccountInquiry(t.Context(), "1", bad).Exchange,
		"DANA transfer-bank: " + bank:                                    c.BankTransfer(t.Context(), "1", badBank),
		"DANA bank-account-inquiry: " + bank:                             c.BankAccountInquiry(t.Context(), badBank).Exchange,
		`DANA topup-status: ` + ref:                                      c.TopUpStatus(t.Context(), "1", payout.Payout{Ref: ""}),
		`DANA transfer-bank-status: ` + ref:                              c.BankTransferStatus(t.Context(), "1", payout.Payout{Ref: ""}),
		`DANA transfer-bank: kind "topup": this call is for bank`:        c.BankTransfer(t.Context(), "1", testPayout(t)),
		`DANA topup: kind "bank": this call is for topup`:                c.TopUp(t.Context(), "1", testBankPayout()),
		`DANA account-inquiry: kind "bank": this call is for topup`:      c.AccountInquiry(t.Context(), "1", testBankPayout()).Exchange,
		`DANA bank-account-inquiry: kind "topup": this call is for bank`: c.BankAccountInquiry(t.Context(), testPayout(t)).Exchange,
	} {
		var invalid payout.InvalidError
		if x.Outcome.Kind != statemachine.NotSent || x.Outcome.Why != "request_invalid" || x.Fault || !errors.As(x.Err, &invalid) || x.Err.Error() != want {
			t.Errorf("%v %q, fault %t: %v\nwant %s", x.Outcome.Kind, x.Outcome.Why, x.Fault, x.Err, want)
		}
	}
	if len(arrived) != 0 {
		t.Errorf("%d requests arrived", len(arrived))
	}
}

// Whatever is asked of DANA says what it takes, what it sends and who asks.
func TestEveryRequestHasTheCommonHeaders(t *testing.T) {
	t.Parallel()
	for signature, calls := range map[Signature]map[string]func(*Client, context.Context){
		Asymmetric: {
			"/rest/v1.0/emoney/topup":               func(c *Client, ctx context.Context) { c.TopUp(ctx, "1", testPayout(t)) },
			"/rest/v1.0/emoney/topup-status":        func(c *Client, ctx context.Context) { c.TopUpStatus(ctx, "1", payout.Payout{Ref: "PAY-1"}) },
			"/rest/v1.0/emoney/account-inquiry":     func(c *Client, ctx context.Context) { c.AccountInquiry(ctx, "1", testPayout(t)) },
			"/v1.0/emoney/transfer-bank.htm":        func(c *Client, ctx context.Context) { c.BankTransfer(ctx, "1", testBankPayout()) },
			"/v1.0/emoney/transfer-bank-status.htm": func(c *Client, ctx context.Context) { c.BankTransferStatus(ctx, "1", payout.Payout{Ref: "PAY-1"}) },
			"/v1.0/emoney/bank-account-inquiry.htm": func(c *Client, ctx context.Context) { c.BankAccountInquiry(ctx, testBankPayout()) },
			balancePath:                             func(c *Client, ctx context.Context) { c.Balance(ctx) },
		},
		Symmetric: {tokenPath: func(c *Client, ctx context.Context) { c.TopUp(ctx, "1", testPayout(t)) }},
	} {
		for path, call := range calls {
			url, arrived := record(t)
			cfg := testConfig(url)
			cfg.Version, cfg.Signature, cfg.ClientSecret, cfg.MerchantID = "1.2.3", signature, vectorSecret, "216620000000000000001"
			call(newClient(t, cfg), t.Context())
			r := <-arrived
			if r.uri != path {
				t.Errorf("%s was called, want %s", r.uri, path)
			}
			for name, want := range map[string]string{"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "salur/1.2.3"} {
				if got := r.header.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s: %s %q, want %q", path, name, got, want)
				}
			}
		}
	}
}
