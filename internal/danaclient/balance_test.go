package danaclient

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

func balanceClient(t *testing.T, url string) *Client {
	t.Helper()
	cfg := testConfig(url)
	cfg.MerchantID, cfg.ClientSecret = "216620000000000000001", vectorSecret
	return newClient(t, cfg)
}

// What arrives verifies over the bytes of "request" as they arrived, and carries no SNAP header.
func TestBalanceRequest(t *testing.T) {
	t.Parallel()
	url, arrived := record(t)
	balanceClient(t, url).Balance(t.Context())
	r := <-arrived
	var envelope struct {
		Request   json.RawMessage
		Signature string
	}
	if err := json.Unmarshal([]byte(r.body), &envelope); err != nil || r.uri != "/dana/merchant/queryMerchantResource.htm" {
		t.Fatalf("%s %s: %v", r.uri, r.body, err)
	}
	signature, err := base64.StdEncoding.DecodeString(envelope.Signature)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(envelope.Request)
	if err := rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
	for name := range r.header {
		if strings.HasPrefix(name, "X-") || name == "Authorization" {
			t.Errorf("header %s is sent", name)
		}
	}
}

func TestBalanceAnswers(t *testing.T) {
	t.Parallel()
	answer := func(info, rest string) string {
		return `{"response":{"head":{"version":"2.0","clientSecret":"` + vectorSecret + `","reqTime":"x","reserve":{}},"body":{"resultInfo":` + info + rest + `}},"signature":"x"}`
	}
	const ok = `{"resultStatus":"S","resultCodeId":"00000000","resultCode":"SUCCESS","resultMsg":"SUCCESS"}`
	list := func(values ...string) string {
		return `,"merchantResourceInformations":[` + strings.Join(values, ",") + `]`
	}
	deposit := Resource{DepositBalance, "100000050", money.FromCents(100000050)}
	for name, test := range map[string]struct {
		status    int
		body      string
		kind      statemachine.Kind
		why       statemachine.Why
		fault     bool
		resources []Resource
	}{
		"as documented":    {200, answer(ok, list(`{"resourceType":"MERCHANT_DEPOSIT_BALANCE","value":"{\"amount\":\"100000050\",\"currency\":\"IDR\"}"}`)), statemachine.Succeeded, "", false, []Resource{deposit}},
		"amount a number":  {200, answer(ok, list(`{"resourceType":"MERCHANT_DEPOSIT_BALANCE","value":"{\"amount\":100000050,\"currency\":\"IDR\"}"}`)), statemachine.Succeeded, "", false, []Resource{deposit}},
		"value an object":  {200, answer(ok, list(`{"resourceType":"MERCHANT_DEPOSIT_BALANCE","value":{"amount":"100000050","currency":"IDR"}}`)), statemachine.Succeeded, "", false, []Resource{deposit}},
		"value left out":   {200, answer(ok, list(`{"resourceType":"MERCHANT_TOTAL_BALANCE"}`)), statemachine.Succeeded, "", false, []Resource{{Type: TotalBalance}}},
		"value unreadable": {200, answer(ok, list(`{"resourceType":"X","value":"12"}`)), statemachine.Succeeded, "", false, []Resource{{Type: "X"}}},
		"dollars":          {200, answer(ok, list(`{"resourceType":"X","value":"{\"amount\":\"1\",\"currency\":\"USD\"}"}`)), statemachine.Succeeded, "", false, []Resource{{Type: "X"}}},
		"no list":          {200, answer(ok, ``), statemachine.Succeeded, "", false, nil},

		"bad parameter":        {200, answer(`{"resultStatus":"F","resultCodeId":"00000004","resultCode":"PARAM_ILLEGAL"}`, ``), statemachine.Refused, "param_illegal", false, nil},
		"no such merchant":     {200, answer(`{"resultStatus":"F","resultCodeId":"12158006901"}`, ``), statemachine.Refused, "invalid_merchant", false, nil},
		"system error":         {200, answer(`{"resultStatus":"U","resultCodeId":"00000900"}`, ``), statemachine.Unknown, "system_error", true, nil},
		"system error as F":    {200, answer(`{"resultStatus":"F","resultCodeId":"00000900"}`, ``), statemachine.Unknown, "system_error", true, nil},
		"failed by success":    {200, answer(`{"resultStatus":"F","resultCodeId":"00000000"}`, ``), statemachine.Unknown, "unlisted_code", false, nil},
		"unlisted":             {200, answer(`{"resultStatus":"S","resultCodeId":"00000001"}`, ``), statemachine.Unknown, "unlisted_code", false, nil},
		"only a word":          {200, answer(`{"resultStatus":"S","resultCode":"SUCCESS"}`, ``), statemachine.Unknown, "malformed_code", true, nil},
		"success under 500":    {500, answer(ok, ``), statemachine.Unknown, "status_contradicts_code", false, nil},
		"a SNAP answer":        {200, `{"responseCode":"2003800"}`, statemachine.Unknown, "malformed_code", true, nil},
		"HTML":                 {502, `<html>`, statemachine.Unknown, "answer_unreadable", true, nil},
		"empty":                {200, ``, statemachine.Unknown, "answer_empty", true, nil},
		"too large":            {200, answer(ok, ``) + strings.Repeat(" ", maxAnswer), statemachine.Unknown, "answer_too_large", true, nil},
		"resultInfo is a text": {200, answer(`"x"`, ``), statemachine.Unknown, "malformed_code", true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				write(w, test.body)
			})
			b := balanceClient(t, server.URL).Balance(t.Context())
			if b.Outcome.Kind != test.kind || b.Outcome.Why != test.why || b.Fault != test.fault || b.API != "balance" || len(b.ExternalID) != 36 {
				t.Errorf("%v %q, fault %t, API %s", b.Outcome.Kind, b.Outcome.Why, b.Fault, b.API)
			}
			if diff := cmp.Diff(test.resources, b.Resources, cmp.AllowUnexported(money.Amount{})); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(fmt.Sprintf("%+v %s", b, b.Raw), vectorSecret) {
				t.Errorf("the client secret shows: %s", b.Raw)
			}
		})
	}
}

// With DANA's key at hand only balances that it signed are believed; a failure needs no signature.
func TestBalanceSignature(t *testing.T) {
	t.Parallel()
	const response = `{"head":{},"body":{"resultInfo":{"resultStatus":"S","resultCodeId":"00000000"}}}`
	sign := func(text string) string {
		signature, err := signRSA(testKey(), text)
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	for name, test := range map[string]struct {
		response, signature string
		kind                statemachine.Kind
		why                 statemachine.Why
	}{
		"signed":                 {response, sign(response), statemachine.Succeeded, ""},
		"spaced, as it is":       {" " + strings.ReplaceAll(response, ":", ": "), sign(strings.ReplaceAll(response, ":", ": ")), statemachine.Succeeded, ""},
		"spaced, signed compact": {strings.ReplaceAll(response, ":", " : "), sign(response), statemachine.Succeeded, ""},
		"another answer's":       {strings.Replace(response, "{}", `{"version":"2.0"}`, 1), sign(response), statemachine.Unknown, "wrong_signature"},
		"of the envelope":        {response, sign(`{"response":` + response + `}`), statemachine.Unknown, "wrong_signature"},
		"not base64":             {response, "x", statemachine.Unknown, "wrong_signature"},
		"none":                   {response, "", statemachine.Unknown, "wrong_signature"},
		"a failure without":      {strings.NewReplacer(`"S"`, `"F"`, "00000000", "00000004").Replace(response), "", statemachine.Refused, "param_illegal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, _ := classifyBalance(200, []byte(`{"response":`+test.response+`,"signature":"`+test.signature+`"}`), &testKey().PublicKey)
			if v.Kind != test.kind || v.Why != test.why {
				t.Errorf("%v %q, want %v %q", v.Kind, v.Why, test.kind, test.why)
			}
		})
	}
	cfg := testConfig(serve(t, func(w http.ResponseWriter, _ *http.Request) { write(w, `{"response":`+response+`}`) }).URL)
	cfg.MerchantID, cfg.ClientSecret, cfg.DANAKey = "216620000000000000001", vectorSecret, &testKey().PublicKey
	if b := newClient(t, cfg).Balance(t.Context()); b.Outcome.Why != "wrong_signature" || b.Raw == nil {
		t.Errorf("%+v", b.Exchange)
	}
}

func TestBalanceNeedsItsSettings(t *testing.T) {
	t.Parallel()
	url, arrived := record(t)
	b := newClient(t, testConfig(url)).Balance(t.Context())
	var invalid payout.InvalidError
	if b.Outcome.Kind != statemachine.NotSent || !errors.As(b.Err, &invalid) || len(invalid) != 2 || len(arrived) != 0 {
		t.Errorf("%v: %v", b.Outcome.Kind, b.Err)
	}
}

func FuzzBalance(f *testing.F) {
	f.Add(200, []byte(`{"response":{"body":{"resultInfo":{"resultStatus":"S","resultCodeId":"00000000"},"merchantResourceInformations":[{"resourceType":"X","value":"{\"amount\":\"1\",\"currency\":\"IDR\"}"}]}}}`))
	f.Add(200, []byte(`{"response":{"body":null}}`))
	f.Fuzz(func(t *testing.T, status int, answer []byte) {
		v, list := classifyBalance(status, answer, nil)
		if v.Kind == statemachine.Succeeded && (status/100 != 2 || !bytes.Contains(answer, []byte("00000000"))) {
			t.Errorf("success of HTTP %d %q", status, answer)
		}
		for _, r := range list {
			if (r.Raw == "") != (r.Amount == money.Amount{}) {
				t.Errorf("%+v", r)
			}
		}
	})
}
