package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/sandbox"
)

func (h heard) names() []string {
	names := []string{}
	for name := range h.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A refusal that a plan wants has what DANA's refusals have, and nothing of the success that it stands for.
func TestPlannedRefusalTellsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for api, code := range map[string]string{
		"account-inquiry": "403xx05", "bank-account-inquiry": "404xx11", "topup": "403xx14", "transfer-bank": "403xx14",
		"topup-status": "500xx01", "transfer-bank-status": "500xx01", "access-token": "401xx00",
	} {
		behaviour := sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.Answer(code)}}}
		if api == "topup" || api == "transfer-bank" {
			behaviour = sandbox.Behaviour{Sends: []sandbox.Send{{Answer: sandbox.Answer(code)}}}
		}
		if err := b.SetBehaviour(sandbox.Target{API: api}, behaviour); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		h    heard
		code string
		want []string // beside code and message
	}{
		"37": {b.do(request(accountPath, strings.Replace(official37(good, "1.00"), `{`, `{"partnerReferenceNo":"R-1",`, 1))), "4033705", []string{"customerNumber", "partnerReferenceNo"}},
		"42": {b.do(request(bankPath, bankInquiryBody(good, goodAccount, "50000.00"))), "4044211", []string{"partnerReferenceNo"}},
		"38": {b.topUp("R-2", good, "10.00"), "4033814", []string{"amount", "customerNumber", "partnerReferenceNo"}},
		"43": {b.do(request(transferPath, transferBody("R-3", goodAccount, "50000.00", ""))), "4034314", []string{"partnerReferenceNo"}},
		"39": {b.inquire("R-2"), "5003901", []string{"originalPartnerReferenceNo", "serviceCode"}},
		"00": {b.inquireBank("R-3"), "5000001", []string{"originalPartnerReferenceNo", "serviceCode"}},
		"73": {b.do(tokenRequest(`{"grantType":"client_credentials"}`)), "4017300", nil},
	} {
		expectCode(t, tc.h, tc.code)
		want := append([]string{"responseCode", "responseMessage"}, tc.want...)
		slices.Sort(want)
		if got := tc.h.names(); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", name, got, want)
		}
	}
}

// "Transaction Not Found" as in DANA's fixtures, true or planned.
func TestNotFoundAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expect := func(h heard) {
		t.Helper()
		expectCode(t, h, "4040001")
		expectField(t, h, "latestTransactionStatus", "07")
		expectField(t, h, "transactionStatusDesc", "Order Not Found")
		if info, ok := h.fields["additionalInfo"].(map[string]any); !ok || len(info) != 0 {
			t.Errorf("additionalInfo in %s", h.body)
		}
	}
	expect(b.inquireBank("NONE"))
	expectCode(t, b.do(request(transferPath, transferBody("R-1", goodAccount, "50000.00", ""))), "2004300")
	if err := b.SetBehaviour(sandbox.Target{API: "transfer-bank-status"}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: "404xx01"}}}); err != nil {
		t.Fatal(err)
	}
	expect(b.inquireBank("R-1"))
	h := b.inquire("NONE")
	expectCode(t, h, "4043901")
	expectField(t, h, "latestTransactionStatus", "")
}

// Rows of 37 and 42 that no account of DANA's fixtures has, by a number and by a preset.
func TestInquiryPresets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := sandbox.InquiryPresets()
	if len(list) != 6 {
		t.Fatal(list)
	}
	code := func(p sandbox.InquiryPreset, service string) string {
		return strings.Replace(p.Effect, "xx", service, 1)
	}
	for _, p := range list {
		for range 2 { // it lasts
			h := b.do(request(bankPath, bankInquiryBody(good, p.Number, "50000.00")))
			expectCode(t, h, code(p, "42"))
			if message, _ := h.fields["responseMessage"].(string); message == "" {
				t.Errorf("%s has no message", h.body)
			}
			expectCode(t, b.do(request(accountPath, official37(p.Number, "1.00"))), code(p, "37"))
		}
		for api, service := range map[string]string{"bank-account-inquiry": "42", "account-inquiry": "37"} {
			post := func(target string) heard {
				return b.do(httptest.NewRequest(http.MethodPost, "/_sandbox/behaviours", strings.NewReader(`{`+target+`,"preset":"`+p.Preset+`","times":1}`)))
			}
			if h := post(`"api":"` + api + `"`); h.status != http.StatusNoContent {
				t.Fatal(h.body)
			}
			ask := func() heard {
				if service == "42" {
					return b.do(request(bankPath, bankInquiryBody(good, goodAccount, "50000.00")))
				}
				return b.do(request(accountPath, official37(good, "1.00")))
			}
			expectCode(t, ask(), code(p, service))
			expectCode(t, ask(), "200"+service+"00")
			if h := post(`"account":"014/1"`); h.status != http.StatusBadRequest || !strings.Contains(h.body, "bank-account-inquiry") {
				t.Errorf("%d %s", h.status, h.body)
			}
		}
	}
}

// DANA's sandbox words one limit in two languages.
func TestLimitInIndonesian(t *testing.T) {
	t.Parallel()
	for indonesian, want := range map[bool]string{false: "Exceed maximum limit amount", true: "Nilai transaksi melebihi batas maksimum limit"} {
		b := setupWith(t, func(c *sandbox.Config) { c.Indonesian = indonesian })
		expectField(t, b.topUp("R-1", good, "21000000.00"), "responseMessage", want)
		expectField(t, b.account(good, "210000000.00"), "responseMessage", want)
		expectField(t, b.do(request(transferPath, transferBody("R-2", goodAccount, "999999999.01", ""))), "responseMessage", "Exceed limit per transaction")
	}
}

// dana-php signs a body and escapes it then.
func TestEscapedBodies(t *testing.T) {
	t.Parallel()
	const plain = `{"partnerReferenceNo":"R/1","customerNumber":"62811742234","amount":{"value":"10.00","currency":"IDR"},"feeAmount":{"value":"1.00","currency":"IDR"},` +
		`"notes":"gaji é 한 😀 \" \\ \u0041 \u003c","additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE"}}`
	escaped := strings.NewReplacer("/", `\/`, "é", `\u00e9`, "한", `\uD55C`, "😀", `\ud83d\ude00`).Replace(plain)
	for lenient, want := range map[bool]string{true: "2003800", false: "4013800"} {
		b := setupWith(t, func(c *sandbox.Config) { c.EscapedBodies = lenient })
		r := request(topUpPath, escaped)
		r.Header.Set("X-SIGNATURE", request(topUpPath, plain).Header.Get("X-SIGNATURE"))
		expectCode(t, b.do(r), want)
		r = request(topUpPath, strings.Replace(escaped, "10.00", "11.00", 1))
		r.Header.Set("X-SIGNATURE", request(topUpPath, plain).Header.Get("X-SIGNATURE"))
		expectCode(t, b.do(r), "4013800")
	}
}

func (b *testBundle) openAPI(path, function, body string) heard {
	b.t.Helper()
	request := `{"head":{"version":"2.0","function":"` + function + `","clientId":"partner","clientSecret":"s3cret",` +
		`"reqTime":"2026-11-21T09:30:00+07:00","reqMsgId":"m-1"},"body":` + body + `}`
	return b.do(httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"request":`+request+`,"signature":"`+sign(request)+`"}`)))
}

// What DANA's test suites ask before they fund the deposit.
func TestMerchantInfoAndAssetCards(t *testing.T) {
	t.Parallel()
	const (
		infoPath, infoName   = "/dana/member/merchant/queryMerchantInfo.htm", "dana.ap.bizprod.biz.service.openapi.merchant.queryMerchantInfo"
		cardsPath, cardsName = "/dana/member/asset/queryAssetCardList.htm", "dana.member.asset.queryAssetCardList"
		merchant             = "216620000000000000001"
	)
	b := setup(t)
	h := b.openAPI(infoPath, infoName, `{"roleId":"`+merchant+`","loginType":"ROLE","isQueryAccount":true}`)
	var info struct {
		Response struct {
			Body struct {
				ResultInfo          map[string]string
				MerchantInformation struct {
					MerchantID string
					Accounts   []map[string]string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(h.body), &info); err != nil || info.Response.Body.MerchantInformation.MerchantID != merchant || len(info.Response.Body.MerchantInformation.Accounts) != 1 {
		t.Fatalf("%s: %v", h.body, err)
	}
	a := info.Response.Body.MerchantInformation.Accounts[0]
	if a["accountType"] != "MERCHANT_DEPOSIT_ACCOUNT" || a["totalAmount"] != `{"amount":"100000000000","currency":"IDR"}` || a["creditFreezeStatus"] != "ENABLE" {
		t.Errorf("%v", a)
	}
	if h := b.openAPI(infoPath, infoName, `{"roleId":"`+merchant+`","loginType":"ROLE"}`); strings.Contains(h.body, "accounts") || !strings.Contains(h.body, `"SUCCESS"`) {
		t.Errorf("not asked for: %s", h.body)
	}
	h = b.openAPI(cardsPath, cardsName, `{"memberId":"`+merchant+`","enableOnly":"true","assetTypeList":["VA_ACCOUNT"]}`)
	if !strings.Contains(h.body, `"assetType":"VA_ACCOUNT"`) || !strings.Contains(h.body, `"instId":"BNIC1ID"`) || !strings.Contains(h.body, `"cardIndexNo":"8`) {
		t.Error(h.body)
	}
	if h := b.openAPI(cardsPath, cardsName, `{"memberId":"`+merchant+`","assetTypeList":["LOAN"]}`); !strings.Contains(h.body, `"assetCardList":[]`) {
		t.Error(h.body)
	}
	for name, tc := range map[string]struct{ path, function, body, want string }{
		"other merchant":      {infoPath, infoName, `{"roleId":"1","loginType":"ROLE"}`, "MERCHANT_NOT_EXIST"},
		"other member":        {cardsPath, cardsName, `{"memberId":"1"}`, "MERCHANT_NOT_EXIST"},
		"by phone number":     {infoPath, infoName, `{"roleId":"62-811","loginType":"MOBILE_NO"}`, "PARAM_ILLEGAL"},
		"the other function":  {infoPath, cardsName, `{"roleId":"` + merchant + `","loginType":"ROLE"}`, "PARAM_ILLEGAL"},
		"another shape":       {infoPath, infoName, `[]`, "PARAM_ILLEGAL"},
		"another shape again": {cardsPath, cardsName, `7`, "PARAM_ILLEGAL"},
	} {
		h := b.openAPI(tc.path, tc.function, tc.body)
		expectField(t, h, "response.body.resultInfo.resultCode", tc.want)
		if strings.Contains(h.body, "merchantInformation") || strings.Contains(h.body, "assetCardList") {
			t.Errorf("%s: %s", name, h.body)
		}
	}
	if n := b.State().Requests; n["queryMerchantInfo"] != 6 || n["queryAssetCardList"] != 4 {
		t.Errorf("counted %v", n)
	}
}
