package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/sandbox"
)

// What DANA's pages say and its sandbox lets pass: strictly a refusal, by default none.
func TestStrictRules(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	const balanceFund, bankFund = "AGENT_TOPUP_FOR_USER_SETTLE", "MERCHANT_WITHDRAW_FOR_CORPORATE"
	top, transfer, asked := topUpBody("R-1", good, "10.00"), transferBody("R-1", goodAccount, "50000.00", ""), bankInquiryBody(good, goodAccount, "50000.00")
	fund := func(body, from, to string) string { return strings.Replace(body, from, to, 1) }
	info := func(body, field, value string) string {
		return strings.Replace(body, `"additionalInfo":{`, fmt.Sprintf(`"additionalInfo":{%q:%q,`, field, value), 1)
	}
	for name, tc := range map[string]struct {
		path, body string
		change     func(*http.Request)
		strict     string // the code and what its message ends with
		lenient    string
	}{
		"fund type of a bank":           {topUpPath, fund(top, balanceFund, bankFund), nil, "4003801 additionalInfo.fundType", "2003800"},
		"fund type of a balance":        {transferPath, fund(transfer, bankFund, balanceFund), nil, "4004301 additionalInfo.fundType", "2004300"},
		"fund type at the bank inquiry": {bankPath, fund(asked, bankFund, "OTHER"), nil, "4004201 additionalInfo.fundType", "2004200"},
		"fund type at the inquiry":      {accountPath, fund(official37(good, "1.00"), balanceFund, "OTHER"), nil, "4003701 additionalInfo.fundType", "2003700"},
		"account type of a transfer":    {transferPath, fund(transfer, `"accountType":null`, `"accountType":"OTHER"`), nil, "4004301 accountType", "2004300"},
		"account type at the inquiry":   {bankPath, fund(asked, `"accountType":null`, `"accountType":"OTHER"`), nil, "4004201 additionalInfo.accountType", "2004200"},
		"no content type":               {topUpPath, top, header("Content-Type", ""), "4003801 Content-Type", "2003800"},
		"another content type":          {topUpPath, top, header("Content-Type", "text/plain"), "4003801 Content-Type", "2003800"},
		"content type with charset":     {topUpPath, top, header("Content-Type", "application/json; charset=utf-8"), "2003800", "2003800"},
		"long IP address":               {topUpPath, top, header("X-IP-ADDRESS", "2001:db8::1:2:3:4"), "4003801 X-IP-ADDRESS", "2003800"},
		"long channel":                  {topUpPath, top, header("CHANNEL-ID", "952211"), "4003801 CHANNEL-ID", "2003800"},
		"long device":                   {topUpPath, top, header("X-DEVICE-ID", strings.Repeat("x", 401)), "4003801 X-DEVICE-ID", "2003800"},
		"token without device":          {topUpPath, top, header("Authorization-Customer", "Bearer t"), "4003802 X-DEVICE-ID", "2003800"},
		"long customer token": {topUpPath, top, func(r *http.Request) {
			r.Header.Set("Authorization-Customer", strings.Repeat("x", 513))
			r.Header.Set("X-DEVICE-ID", "d")
		}, "4003801 Authorization-Customer", "2003800"},
		"long token in the body": {topUpPath, info(top, "accessToken", strings.Repeat("x", 513)), nil, "4003801 additionalInfo.accessToken", "2003800"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for strict, want := range map[bool]string{true: tc.strict, false: tc.lenient} {
				b := setupWith(t, func(c *sandbox.Config) { c.Strict = strict })
				r := request(tc.path, tc.body)
				if tc.change != nil {
					tc.change(r)
				}
				h := b.do(r)
				code, field, _ := strings.Cut(want, " ")
				expectCode(t, h, code)
				if message, _ := h.fields["responseMessage"].(string); !strings.HasSuffix(message, field) {
					t.Errorf("strict %v: message %q, want %q at its end", strict, message, field)
				}
			}
		})
	}
}

// X-EXTERNAL-ID is unique on its day in Jakarta. A request that nobody looked at does not use it up.
func TestStrictExternalID(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 16, 59, 0, 0, time.UTC) // a minute before midnight
	for strict, again := range map[bool]string{true: "4093800", false: "2003800"} {
		b := setupWith(t, func(c *sandbox.Config) { c.Strict, c.Now = strict, func() time.Time { return now } })
		send := func(id string, change func(*http.Request)) heard {
			r := request(topUpPath, topUpBody("R-1", good, "10.00"))
			r.Header.Set("X-EXTERNAL-ID", id)
			if change != nil {
				change(r)
			}
			return b.do(r)
		}
		expectCode(t, send("E-1", func(r *http.Request) { r.Header.Set("X-SIGNATURE", "no") }), "4013800")
		expectCode(t, send("E-1", nil), "2003800")
		expectCode(t, send("E-1", nil), again)
		expectCode(t, send("E-2", nil), "2003800")
		now = now.Add(time.Minute)
		expectCode(t, send("E-1", nil), "2003800")
		now = now.Add(-time.Minute)
	}
}

// A customer is named by the number, or by a token in its place: in a header or in the body.
func TestCustomerByToken(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ path, body, code string }{
		"top-up":       {topUpPath, topUpBody("R-1", good, "10.00"), "2003800"},
		"inquiry":      {accountPath, official37(good, "1.00"), "2003700"},
		"bank inquiry": {bankPath, bankInquiryBody(good, goodAccount, "50000.00"), "2004200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			without := strings.Replace(tc.body, `"customerNumber":"`+good+`",`, "", 1)
			refused := b.do(request(tc.path, without))
			expectCode(t, refused, "400"+tc.code[3:5]+"02")
			expectField(t, refused, "responseMessage", "Invalid Mandatory Field customerNumber")
			r := request(tc.path, without)
			r.Header.Set("Authorization-Customer", "Bearer t0k3n")
			r.Header.Set("X-DEVICE-ID", "device")
			h := b.do(r)
			expectCode(t, h, tc.code)
			expectField(t, h, "customerNumber", "")
			expectCode(t, b.do(request(tc.path, strings.Replace(without, `"additionalInfo":{`, `"additionalInfo":{"accessToken":"t0k3n",`, 1))), tc.code)
			b.books()
		})
	}
	b := setup(t)
	r := request(topUpPath, strings.Replace(topUpBody("R-1", good, "10.00"), `"customerNumber":"`+good+`",`, "", 1))
	r.Header.Set("Authorization-Customer", "Bearer t0k3n")
	r.Header.Set("X-DEVICE-ID", "device")
	expectCode(t, b.do(r), "2003800")
	if got := b.books().Wallets["token/t0k3n"]; got.Value() != "10.00" {
		t.Errorf("the token's wallet holds %s", got)
	}
}
