package danaclient

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/statemachine"
)

const (
	vectorTime   = "2026-11-21T12:30:00+07:00"
	vectorSecret = "client secret of the tests"
)

// The signatures below were made by OpenSSL, with testdata/key.pem, so that they do not
// depend on this code:
//
//	printf %s "$TEXT" | openssl dgst -sha256 -sign key.pem | base64 -w0
//	printf %s "$TEXT" | openssl dgst -sha512 -hmac "$SECRET" -binary | base64 -w0
//
// Those of testdata/signatures.json (asymmetric) were held against OpenSSL the same way.

// TEXT is POST:/rest/v1.0/emoney/topup:token-1:(SHA-256 of the body, hex):vectorTime.
func TestSymmetricVector(t *testing.T) {
	t.Parallel()
	body, err := encode(topUpBody(testPayout(t)))
	if err != nil {
		t.Fatal(err)
	}
	const want = "vzaHVaBPiichAHGBgQTSHiZIWqMka3vMs+8giVaeK+aja2cFVtz9WdeY0S7O2Hy4SG1AxVJu4kK2U5H7RtxQ6A=="
	mac := newMAC(vectorSecret)
	for range 2 { // what was signed before does not show
		if got := signSymmetric(mac, "POST", "/rest/v1.0/emoney/topup", "token-1", vectorTime, body); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TEXT is 2014000014442|vectorTime.
func TestTokenRequestVector(t *testing.T) {
	t.Parallel()
	req, err := newClient(t, testConfig("https://dana.example")).tokenRequest(t.Context(), noon(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "j6gPR0bblO/M/YeWJdtmPwLPriZToEUf4chRrHUgqG/+fI3p3PoNSJLFlsE5CaTj+OUWo30b6/mrMwQy+E9uSTNnZ0BqnpZZ4SCuR6wv+TFRin8IYoBA5coIlFhFtbSjkf4M/xewkggh7KMBRuADLtiqMm8t9J3cGRDUPLYzbJ8GO0QPAcVHhf4jPBDu2xdB8eCliNYG9YBkSOQ7vvAT/Fbw8LYL12vNVyDYBjcylOPrrKbBY4yitg1WCdggIyTI66rmlpjSzFV+gU47IWMoRHag5sYJh1GgZAbWeG7IPcXdFK8+ZOusxBFF5JgDAVWZRVkBn/iY6LQdF1Zh0MyrzQ=="
	if got := req.Header.Get("X-SIGNATURE"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TEXT is the value of "request" below, which must be in the envelope byte for byte.
func TestOpenAPIVector(t *testing.T) {
	t.Parallel()
	cfg := testConfig("https://dana.example")
	cfg.MerchantID, cfg.ClientSecret = "216620000000000000001", vectorSecret
	got, err := newClient(t, cfg).balancePayload("id-1")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"request":{"head":{"version":"2.0","function":"dana.merchant.queryMerchantResource","clientId":"2014000014442","clientSecret":"client secret of the tests","reqTime":"2026-11-21T12:30:00+07:00","reqMsgId":"id-1","reserve":"{}"},"body":{"requestMerchantId":"216620000000000000001","merchantResourceInfoList":["MERCHANT_DEPOSIT_BALANCE","MERCHANT_AVAILABLE_BALANCE","MERCHANT_TOTAL_BALANCE"]}},"signature":"pgdSrs8NCWqUqhHA1kSzXDz6DNlzdUxtBhK5uH4peNZMMGQribtkLEqRVzp0ZRXGnv9BWCYHBIMyIK31t+KCuahTn1WTkWaYDNudFNVKHpkJGJaTSQ4bnyhf4Ws8Hia2wqLmCfzjh0HNyBm+AOJMcpJJANBUhORoi3sZopMPpTx4xlopy3DhI/VRyXwwIfOkUGPvJtRkV870G3luBDpyDRThbu+6hjoVqFkMg0ZwRgFPEhSkLp7EkOMwsbH3lRisS9olZOyqBN+3+oEiucfhS1Hbl8quO+VUEa1buNoKrwuwAztR3U6Ed5fB9hWVfB2Hsiyd0kTa9vCORogPEc2e+g=="}`
	if string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if vectorTime != noon().In(time.FixedZone("", 7*3600)).Format(time.RFC3339) {
		t.Error("the vectors are of another time")
	}
}

// TEXT is POST:NotifyPath:(SHA-256 of notice, hex):vectorTime; the key plays DANA's.
func TestNotifyVector(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, NotifyPath, strings.NewReader(notice))
	r.Header.Set("X-TIMESTAMP", vectorTime)
	r.Header.Set("X-SIGNATURE", "XoEYt1fEoMdeooDer7kSetbSYhmNsjwxnz+B4KmimqkYntuOXqBtXyPsqWu2Tc+PrjNjnfczQKNdzMcPNZ4VT2m961BTFxPY/tzDwwM4rQpY9/Q+L+R14VA+cUnj2bIvXEj1WvcxDJUKDn6WdbeUdRk9E+uM3hm/XSSNBMZbQz2SDhEwKZsjsxqLM78iiB2BbhzOaNPHYjjeeHXv49O4kTjzkbGen4O4O3w98sXH6T8pAmuPh9TJbf4LYv3z0J+cxx9D+ejOBmLTTU/Dwl8mBVOlPNMUM4ctRB/VX8PiEOaZHa8TAMEUEgvOHZxFARqfutZWbMsspaTTBsjvFoVITQ==")
	if code := answered(t, notifyHandlerOf(t, ignore), r); code != "2004300 Successful" {
		t.Error(code)
	}
}

// TEXT is the value of "response" below; the key plays DANA's.
func TestOpenAPIAnswerVector(t *testing.T) {
	t.Parallel()
	const answer = `{"response":{"head":{},"body":{"resultInfo":{"resultStatus":"S","resultCodeId":"00000000"}}},"signature":"QhEKZjJo0w4QiBUWzBxC7pHop1WKuu066/fvBo0KciYMv69LpR9ccPXSZVe5h4fw4nz1cEZSPqRQEerb1oB8gGmUFv/Jb6jCxBxKoMkNTgO2uzg0C62FFlg4vWosSJR6zTg7vkv+6O1nrzSosLkEZSGdsKpPxzBisY1RMS6AJ4jNaEfRjuDQgf3Cj2a/lGAnvmLTMRRVVVN2K9Qg7QOnwgunecTrkVbrhm+tOVg66i+wLb/RixZF6ut//l5q/ruaY7kVif2qXx4srsue3L9d7kyFxv04AiKeR85AB3pkbArrNek//xs7w/7eJKF0RqA6+L9NERtGCtVIb62ncGAkmQ=="}`
	if v, _ := classifyBalance(200, []byte(answer), &testKey().PublicKey); v.Kind != statemachine.Succeeded {
		t.Errorf("%+v", v)
	}
}
