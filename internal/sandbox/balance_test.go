package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

const balancePath = "/dana/merchant/queryMerchantResource.htm"

// balanceRequest has white space and a key order of its own, as the SDKs do: the signature is over these bytes.
const balanceRequest = `{"head": {"version":"2.0","function":"dana.merchant.queryMerchantResource","clientId":"partner","clientSecret":"s3cret",` +
	`"reqTime":"2026-11-21T09:30:00+07:00","reqMsgId":"m-1","reserve":"{}"},` +
	` "body": {"requestMerchantId":"216620000000000000001","merchantResourceInfoList":["MERCHANT_DEPOSIT_BALANCE","MERCHANT_TOTAL_BALANCE"]}}`

func (b *testBundle) balance(request, signature string) heard {
	b.t.Helper()
	envelope := `{"request":` + request + `,"signature":"` + signature + `"}`
	return b.do(httptest.NewRequest(http.MethodPost, balancePath, strings.NewReader(envelope)))
}

func TestBalance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expectCode(t, b.topUp("R-1", good, "10.00"), "2003800")
	h := b.balance(balanceRequest, sign(balanceRequest))
	var got struct {
		Response struct {
			Head map[string]string
			Body struct {
				ResultInfo                   map[string]string
				MerchantResourceInformations []struct{ ResourceType, Value string }
			}
		}
	}
	if err := json.Unmarshal([]byte(h.body), &got); err != nil || h.status != http.StatusOK {
		t.Fatalf("%d %s: %v", h.status, h.body, err)
	}
	if got.Response.Head["reqMsgId"] != "m-1" || strings.Contains(h.body, "s3cret") {
		t.Errorf("head %v", got.Response.Head)
	}
	list := got.Response.Body.MerchantResourceInformations
	if len(list) != 2 || list[0].ResourceType != "MERCHANT_DEPOSIT_BALANCE" || list[1].ResourceType != "MERCHANT_TOTAL_BALANCE" {
		t.Fatalf("resources %v", list)
	}
	var value struct{ Amount, Currency string }
	if err := json.Unmarshal([]byte(list[0].Value), &value); err != nil || value.Amount != "99999998900" || value.Currency != money.IDR {
		t.Errorf("value %+v, %v", value, err)
	}
}

// With a key to play DANA's the answer is signed over the bytes of "response".
func TestBalanceIsSigned(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(c *sandbox.Config) { c.DANAKey = merchantKey() })
	h := b.balance(balanceRequest, sign(balanceRequest))
	var got struct {
		Response  json.RawMessage
		Signature string
	}
	if err := json.Unmarshal([]byte(h.body), &got); err != nil || got.Signature != sign(string(got.Response)) {
		t.Errorf("%s: %v", h.body, err)
	}
	if h := setup(t).balance(balanceRequest, sign(balanceRequest)); strings.Contains(h.body, `"signature"`) {
		t.Errorf("signed without a key: %s", h.body)
	}
}

func TestBalanceResults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, from, to, status, id, code string }{
		{"OK", "", "", "S", "00000000", "SUCCESS"},
		{"OtherClient", `"clientId":"partner"`, `"clientId":"other"`, "F", "00000004", "PARAM_ILLEGAL"},
		{"OtherSecret", "s3cret", "secret", "F", "00000004", "PARAM_ILLEGAL"},
		{"NoSecret", "s3cret", "", "F", "00000004", "PARAM_ILLEGAL"},
		{"OtherVersion", `"2.0"`, `"1.0"`, "F", "00000004", "PARAM_ILLEGAL"},
		{"OtherFunction", "dana.merchant.", "dana.", "F", "00000004", "PARAM_ILLEGAL"},
		{"NoTime", "2026-11-21T09:30:00+07:00", "", "F", "00000004", "PARAM_ILLEGAL"},
		{"NoMessageID", `"m-1"`, `""`, "F", "00000004", "PARAM_ILLEGAL"},
		{"NoResources", `["MERCHANT_DEPOSIT_BALANCE","MERCHANT_TOTAL_BALANCE"]`, `[]`, "F", "00000004", "PARAM_ILLEGAL"},
		{"UnknownResource", "MERCHANT_TOTAL_BALANCE", "MERCHANT_DREAMS", "F", "00000004", "PARAM_ILLEGAL"},
		{"WrongType", `["MERCHANT_DEPOSIT_BALANCE","MERCHANT_TOTAL_BALANCE"]`, `7`, "F", "00000004", "PARAM_ILLEGAL"},
		{"OtherMerchant", "216620000000000000001", "216620000000000000002", "F", "12158006901", "MERCHANT_NOT_EXIST"},
		{"SystemError", "216620000000000000001", "216620000000000000900", "U", "00000900", "SYSTEM_ERROR"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			request := strings.Replace(balanceRequest, tc.from, tc.to, 1)
			h := b.balance(request, sign(request))
			expectField(t, h, "response.body.resultInfo.resultStatus", tc.status)
			expectField(t, h, "response.body.resultInfo.resultCodeId", tc.id)
			expectField(t, h, "response.body.resultInfo.resultCode", tc.code)
			if has := strings.Contains(h.body, "merchantResourceInformations"); h.status != http.StatusOK || has != (tc.status == "S") {
				t.Errorf("%d %s", h.status, h.body)
			}
		})
	}
}

func TestBalanceSignature(t *testing.T) {
	t.Parallel()
	b := setup(t)
	compact := strings.ReplaceAll(balanceRequest, ` "`, `"`)
	for name, h := range map[string]heard{
		"OverOtherBytes": b.balance(balanceRequest, sign(compact)),
		"None":           b.balance(balanceRequest, ""),
		"NotJSON":        b.balance("{", sign("{")),
		"TooLarge":       b.balance(`"`+strings.Repeat("x", 70_000)+`"`, sign("x")),
	} {
		if got := h.fields["response"].(map[string]any)["body"].(map[string]any)["resultInfo"].(map[string]any)["resultCode"]; got != "PARAM_ILLEGAL" {
			t.Errorf("%s: %v", name, got)
		}
	}
	b.RefuseCredentials(true)
	expectField(t, b.balance(balanceRequest, sign(balanceRequest)), "response.body.resultInfo.resultCode", "PARAM_ILLEGAL")
	if n := b.State().Requests["queryMerchantResource"]; n != 5 {
		t.Errorf("%d requests counted", n)
	}
}
