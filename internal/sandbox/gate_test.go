package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// snapPaths are the paths of the SNAP APIs by their service codes.
var snapPaths = map[string]string{"37": accountPath, "38": topUpPath, "39": statusPath, "42": bankPath, "43": transferPath, "00": bankStatus}

var headers = []string{"X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"}

// Headers come before everything: each is named although the later ones are missing as
// well and the body is wrong.
func TestMandatoryHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, name := range headers {
		for service, path := range snapPaths {
			r := request(path, `{"partnerReferenceNo":"R-1","amount":{"value":"1","currency":"USD"}}`)
			for _, later := range headers[i:] {
				r.Header.Set(later, "")
			}
			h := b.do(r)
			expectCode(t, h, "400"+service+"02")
			expectField(t, h, "responseMessage", "Invalid Mandatory Field "+name)
			expectEcho(t, h, service)
		}
	}
}

// expectEcho: Transfer to Bank Account Inquiry alone repeats the reference in each refusal.
func expectEcho(t *testing.T, h heard, service string) {
	t.Helper()
	want := map[string]string{"42": "R-1"}[service]
	expectField(t, h, "partnerReferenceNo", want)
}

func TestSignature(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		change  func(*http.Request)
		message string
	}{
		{"NotBase64", func(r *http.Request) { r.Header.Set("X-SIGNATURE", "invalid_signature") }, "Unauthorized. Invalid Signature"},
		{"Hex", func(r *http.Request) {
			r.Header.Set("X-SIGNATURE", "85be817c55b2c135157c7e89f52499bf0c25ad6eeebe04a986e8c862561b19a5")
		}, "Unauthorized. Invalid Signature"},
		{"OfAnotherText", func(r *http.Request) { r.Header.Set("X-SIGNATURE", sign("another")) }, "Unauthorized. Invalid Signature"},
		{"OtherTimestamp", func(r *http.Request) { r.Header.Set("X-TIMESTAMP", "2026-11-21T09:30:01+07:00") }, "Unauthorized. Invalid Signature"},
		{"OtherPartner", func(r *http.Request) { r.Header.Set("X-PARTNER-ID", "someone") }, "Unauthorized. Unknown Client"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for service, path := range snapPaths {
				r := request(path, `{"partnerReferenceNo":"R-1"}`) // fields are missing: the signature is looked at first
				tc.change(r)
				h := b.do(r)
				expectCode(t, h, "401"+service+"00")
				expectField(t, h, "responseMessage", tc.message)
				expectEcho(t, h, service)
			}
			if st := b.books(); len(st.Transactions) != 0 || st.Requests["topup"] != 1 {
				t.Errorf("after refused requests: %+v", st)
			}
		})
	}
}

// SDKs of DANA's sign the compact body and send another form of it.
func TestSignatureForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spaced := strings.ReplaceAll(strings.ReplaceAll(topUpBody("R-1", good, "1.00"), ":", ": "), ",", ", ") + "\n"
	expectCode(t, b.do(request(topUpPath, spaced)), "2003800")

	r := request(topUpPath, spaced)
	sum := sha256.Sum256([]byte(spaced))
	r.Header.Set("X-SIGNATURE", sign("POST:"+topUpPath+":"+hex.EncodeToString(sum[:])+":"+timestamp))
	expectCode(t, b.do(r), "2003800")

	// A signature for one path is none for the other.
	r = request(topUpPath, topUpBody("R-1", good, "1.00"))
	r.URL.Path = "/v1.0/emoney/topup.htm"
	expectCode(t, b.do(r), "4013800")
}

func TestPaths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{topUpPath, "/v1.0/emoney/topup.htm"} {
		h := b.do(request(path, topUpBody("R-1", good, "1.00")))
		expectCode(t, h, "2003800")
		if h.header.Get("Content-Type") != "application/json" || !strings.HasSuffix(h.header.Get("X-TIMESTAMP"), "+07:00") {
			t.Errorf("headers %v", h.header)
		}
	}
	expectCode(t, b.do(request("/v1.0/emoney/topup-status.htm", `{"originalPartnerReferenceNo":"R-1","serviceCode":"38"}`)), "2003900")
	expectCode(t, b.do(request("/v1.0/emoney/account-inquiry.htm", `{}`)), "4003702")
	for _, path := range []string{transferPath, bankStatus, bankPath} { // these have always had one path
		other := "/rest" + strings.TrimSuffix(path, ".htm")
		if h := b.do(request(other, "{}")); h.status != http.StatusNotFound {
			t.Errorf("%s is answered %d", other, h.status)
		}
	}
	if h := b.do(httptest.NewRequest(http.MethodGet, topUpPath, nil)); h.status != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered %d", h.status)
	}
	if h := b.do(request("/v1.0/emoney/another.htm", "{}")); h.status != http.StatusNotFound {
		t.Errorf("an unknown path is answered %d", h.status)
	}
}

func TestBodyRules(t *testing.T) {
	t.Parallel()
	body := func(change ...string) string {
		return strings.NewReplacer(change...).Replace(topUpBody("R-1", good, "1.00"))
	}
	const fund = `"fundType":"AGENT_TOPUP_FOR_USER_SETTLE"`
	for _, tc := range []struct{ name, body, code, message string }{
		{"NotJSON", `{"partnerReferenceNo":`, "4003800", "Bad Request"},
		{"NotAnObject", `["R-1"]`, "4003800", "Bad Request"},
		{"Null", `null`, "4003800", "Bad Request"},
		{"Nothing", ``, "4003800", "Bad Request"},
		{"TooLarge", `{"notes":"` + strings.Repeat("x", 70_000) + `"}`, "4003800", "Bad Request"},
		{"NoRef", body(`"partnerReferenceNo":"R-1",`, ""), "4003802", "Invalid Mandatory Field partnerReferenceNo"},
		{"EmptyRef", body(`"R-1"`, `""`), "4003802", "Invalid Mandatory Field partnerReferenceNo"},
		{"RefInOtherCase", body(`partnerReferenceNo`, `PartnerReferenceNo`), "4003802", "Invalid Mandatory Field partnerReferenceNo"},
		{"NoCustomer", body(`"customerNumber":"`+good+`",`, ""), "4003802", "Invalid Mandatory Field customerNumber"},
		{"NullCustomer", body(`"`+good+`"`, "null"), "4003802", "Invalid Mandatory Field customerNumber"},
		{"NoAmount", body(`"amount":{"value":"1.00","currency":"IDR"},`, ""), "4003802", "Invalid Mandatory Field amount"},
		{"NoFee", body(`"feeAmount":{"value":"1.00","currency":"IDR"},`, ""), "4003802", "Invalid Mandatory Field feeAmount"},
		{"NoValue", body(`"amount":{"value":"1.00",`, `"amount":{`), "4003802", "Invalid Mandatory Field amount.value"},
		{"NoCurrency", body(`,"currency":"IDR"},"fee`, `},"fee`), "4003802", "Invalid Mandatory Field amount.currency"},
		{"NoFundType", body(fund, ""), "4003802", "Invalid Mandatory Field additionalInfo.fundType"},
		{"NoAdditionalInfo", body(`,"additionalInfo":{`+fund+`}`, ""), "4003802", "Invalid Mandatory Field additionalInfo.fundType"},
		{"NoDivision", body(fund, fund+`,"chargeTarget":"DIVISION"`), "4003802", "Invalid Mandatory Field additionalInfo.externalDivisionId"},
		{"NoCustomerID", body(good, "620000000000"), "4003802", "Invalid Mandatory Field additionalInfo.customerId"},
		{"MissingBeforeFormat", body(`"R-1"`, "null", "IDR", "USD"), "4003802", "Invalid Mandatory Field partnerReferenceNo"},
		{"USD", body("IDR", "USD"), "4003801", "Invalid Field Format"},
		{"NumberForText", body(`"`+good+`"`, good), "4003801", "Invalid Field Format customerNumber"},
		{"Not628", body(good, "0811742234"), "4003801", "Invalid Field Format customerNumber"},
		{"LettersInNumber", body(good, "62811742x34"), "4003801", "Invalid Field Format customerNumber"},
		{"NumberAndCustomerID", body(fund, fund+`,"customerId":"2166"`), "4003801", "Invalid Field Format customerNumber"},
		{"LongRef", body("R-1", strings.Repeat("R", 65)), "4003801", "Invalid Field Format partnerReferenceNo"},
		{"NoDecimals", body(`"amount":{"value":"1.00"`, `"amount":{"value":"1"`), "4003801", "Invalid Field Format amount"},
		{"OneDecimal", body(`"amount":{"value":"1.00"`, `"amount":{"value":"1.0"`), "4003801", "Invalid Field Format amount"},
		{"Separators", body(`"amount":{"value":"1.00"`, `"amount":{"value":"1,000.00"`), "4003801", "Invalid Field Format amount"},
		{"Negative", body(`"amount":{"value":"1.00"`, `"amount":{"value":"-1.00"`), "4003801", "Invalid Field Format amount"},
		{"Zero", body(`"amount":{"value":"1.00"`, `"amount":{"value":"0.00"`), "4003801", "Invalid Field Format amount"},
		{"AmountIsText", body(`"amount":{"value":"1.00","currency":"IDR"}`, `"amount":"1.00"`), "4003802", "Invalid Mandatory Field amount.value"},
		{"FeeNoDecimals", body(`"feeAmount":{"value":"1.00"`, `"feeAmount":{"value":"1"`), "4003801", "Invalid Field Format feeAmount"},
		{"Date", body(fund, fund, `{"partner`, `{"transactionDate":"2030-05-01 00:46:43+07:00","partner`), "4003801", "Invalid Field Format transactionDate"},
		{"DateZone", body(`{"partner`, `{"transactionDate":"2030-05-01T00:46:43+00:00","partner`), "4003801", "Invalid Field Format transactionDate"},
		{"Session", body(`{"partner`, `{"sessionId":"`+strings.Repeat("s", 26)+`","partner`), "4003801", "Invalid Field Format sessionId"},
		{"Notes", body(`{"partner`, `{"notes":"`+strings.Repeat("é", 256)+`","partner`), "4003801", "Invalid Field Format notes"},
		{"ChargeTarget", body(fund, fund+`,"chargeTarget":"ME"`), "4003801", "Invalid Field Format additionalInfo.chargeTarget"},
		{"AccountType", body(fund, fund+`,"accountType":"MINE"`), "4003801", "Invalid Field Format additionalInfo.accountType"},
		{"OptionalNulls", body(fund, fund+`,"chargeTarget":null,"accountType":null,"customerId":null`, `{"partner`, `{"notes":null,"sessionId":null,"partner`), "2003800", "Successful"},
		{"AllOptions", body(fund, fund+`,"chargeTarget":"DIVISION","externalDivisionId":"D","accountType":"SETTLEMENT_ACCOUNT","extendInfo":"{}"`,
			`{"partner`, `{"categoryId":"6","notes":"`+strings.Repeat("é", 255)+`","transactionDate":"2030-05-01T00:46:43+07:00","partner`), "2003800", "Successful"},
		{"FreeOfFee", body(`"feeAmount":{"value":"1.00"`, `"feeAmount":{"value":"0.00"`), "2003800", "Successful"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			h := b.do(request(topUpPath, tc.body))
			expectCode(t, h, tc.code)
			expectField(t, h, "responseMessage", tc.message)
			if st := b.books(); tc.code[0] == '4' && (len(st.Transactions) != 0 || len(st.Credits) != 0) {
				t.Errorf("a malformed request was stored: %+v", st.Transactions)
			}
		})
	}
}

func TestHeaderFormats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := request(topUpPath, topUpBody("R-1", good, "1.00"))
	r.Header.Set("X-EXTERNAL-ID", strings.Repeat("e", 37))
	h := b.do(r)
	expectCode(t, h, "4003801")
	expectField(t, h, "responseMessage", "Invalid Field Format X-EXTERNAL-ID")

	body := topUpBody("R-1", good, "1.00")
	sum := sha256.Sum256([]byte(body))
	for _, bad := range []string{"2026-11-21T09:30:00Z", "2026-11-21T09:30:00.1+07:00", "2026-11-21T09:30:00+00:00"} {
		r = request(topUpPath, body)
		r.Header.Set("X-TIMESTAMP", bad)
		r.Header.Set("X-SIGNATURE", sign(fmt.Sprintf("POST:%s:%x:%s", topUpPath, sum, bad)))
		h = b.do(r)
		expectCode(t, h, "4003801")
		expectField(t, h, "responseMessage", "Invalid Field Format X-TIMESTAMP")
	}
}

func TestStatusRules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expectCode(t, b.topUp("R-1", good, "1.00"), "2003800")
	for _, tc := range []struct{ body, code, message string }{
		{`{"originalPartnerReferenceNo":"R-1","serviceCode":"ab"}`, "4003901", "Invalid Field Format serviceCode"},
		{`{"originalPartnerReferenceNo":"R-1","serviceCode":"00"}`, "4003901", "Invalid Field Format serviceCode"},
		{`{"originalPartnerReferenceNo":"R-1"}`, "4003902", "Invalid Mandatory Field serviceCode"},
		{`{"serviceCode":"38"}`, "4003902", "Invalid Mandatory Field originalPartnerReferenceNo"},
		{`{"originalPartnerReferenceNo":"test123123","serviceCode":"38"}`, "4043901", "Transaction Not Found"},
	} {
		h := b.do(request(statusPath, tc.body))
		expectCode(t, h, tc.code)
		expectField(t, h, "responseMessage", tc.message)
		if strings.Contains(tc.body, `"ab"`) {
			expectField(t, h, "serviceCode", "ab")
		}
	}
	if st := b.books(); len(st.Transactions) != 1 {
		t.Errorf("asking made a record: %+v", st.Transactions)
	}
	h := b.do(request(statusPath, `{"originalPartnerReferenceNo":"R-1","originalExternalId":"e-1","serviceCode":"38"}`))
	expectCode(t, h, "2003900")
	for path, want := range map[string]string{
		"originalPartnerReferenceNo": "R-1", "originalExternalId": "e-1", "serviceCode": "38", "amount.value": "1.00",
		"amount.currency": "IDR", "latestTransactionStatus": "00", "transactionStatusDesc": "Success",
	} {
		expectField(t, h, path, want)
	}
	if info, ok := h.fields["additionalInfo"].(map[string]any); !ok || len(info) != 0 {
		t.Errorf("additionalInfo is %v, want {}", h.fields["additionalInfo"])
	}
}
