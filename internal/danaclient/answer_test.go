package danaclient

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// row is what a code must come to; fault as in meaning.
type row struct {
	kind  statemachine.Kind
	why   statemachine.Why
	fault bool
}

// The rows of DANA's pages, written a second time and on purpose: a row changed in one
// place only is a red test.
var (
	wantTopUp = map[string]row{
		"2003800": {kind: statemachine.Succeeded},
		"4003800": {statemachine.Refused, "bad_request", false},
		"4003801": {statemachine.Refused, "invalid_field_format", false},
		"4003802": {statemachine.Refused, "invalid_mandatory_field", false},
		"4013800": {statemachine.Denied, "credentials_refused", false},
		"4013801": {statemachine.Denied, "credentials_refused", false},
		"4013802": {statemachine.Refused, "invalid_customer_token", false},
		"4013804": {statemachine.Refused, "customer_token_not_found", false},
		"4033802": {statemachine.Refused, "amount_limit_exceeded", false},
		"4033803": {statemachine.Refused, "suspected_fraud", false},
		"4033805": {statemachine.Refused, "do_not_honor", false},
		"4033814": {statemachine.Refused, "insufficient_funds", false},
		"4033815": {statemachine.Refused, "transaction_not_permitted", false},
		"4033818": {statemachine.Refused, "inactive_account", false},
		"4033820": {statemachine.Refused, "merchant_limit", false},
		"4043808": {statemachine.Refused, "invalid_merchant", false},
		"4043811": {statemachine.Refused, "invalid_account", false},
		"4043818": {statemachine.Inconsistent, "inconsistent_request", false},
		"4293800": {statemachine.Throttled, "too_many_requests", false},
		"5003800": {statemachine.AskStatus, "general_error", false},
		"5003801": {statemachine.Unknown, "internal_server_error", true},
		"5043800": {statemachine.Unknown, "issuer_timeout", true},
	}
	wantTopUpStatus = map[string]row{
		"4003900": {statemachine.Unknown, "bad_request", false},
		"4003901": {statemachine.Unknown, "invalid_field_format", false},
		"4003902": {statemachine.Unknown, "invalid_mandatory_field", false},
		"4013900": {statemachine.Denied, "credentials_refused", false},
		"4013901": {statemachine.Denied, "credentials_refused", false},
		"4043901": {statemachine.NotFound, "transaction_not_found", false},
		"4293900": {statemachine.Throttled, "too_many_requests", false},
		"5003900": {statemachine.Unknown, "general_error", false},
		"5003901": {statemachine.Unknown, "internal_server_error", true},
	}
	wantAccountInquiry = map[string]row{
		"2003700": {kind: statemachine.Succeeded},
		"4003700": {statemachine.Refused, "bad_request", false},
		"4003701": {statemachine.Refused, "invalid_field_format", false},
		"4003702": {statemachine.Refused, "invalid_mandatory_field", false},
		"4013700": {statemachine.Denied, "credentials_refused", false},
		"4013701": {statemachine.Denied, "credentials_refused", false},
		"4013702": {statemachine.Refused, "invalid_customer_token", false},
		"4013704": {statemachine.Refused, "customer_token_not_found", false},
		"4033702": {statemachine.Refused, "amount_limit_exceeded", false},
		"4033705": {statemachine.Refused, "do_not_honor", false},
		"4033714": {statemachine.Refused, "insufficient_funds", false},
		"4033715": {statemachine.Refused, "transaction_not_permitted", false},
		"4033718": {statemachine.Refused, "inactive_account", false},
		"4033720": {statemachine.Refused, "merchant_limit", false},
		"4043708": {statemachine.Refused, "invalid_merchant", false},
		"4043711": {statemachine.Refused, "invalid_account", false},
		"4293700": {statemachine.Throttled, "too_many_requests", false},
		"5003700": {statemachine.Unknown, "general_error", false},
		"5003701": {statemachine.Unknown, "internal_server_error", true},
	}
)

var (
	wantBankAccountInquiry = map[string]row{
		"2004200": {kind: statemachine.Succeeded},
		"4004200": {statemachine.Refused, "bad_request", false},
		"4004201": {statemachine.Refused, "invalid_field_format", false},
		"4004202": {statemachine.Refused, "invalid_mandatory_field", false},
		"4014200": {statemachine.Denied, "credentials_refused", false},
		"4014201": {statemachine.Denied, "credentials_refused", false},
		"4014202": {statemachine.Refused, "invalid_customer_token", false},
		"4014204": {statemachine.Refused, "customer_token_not_found", false},
		"4034202": {statemachine.Refused, "amount_limit_exceeded", false},
		"4034214": {statemachine.Refused, "insufficient_funds", false},
		"4034218": {statemachine.Refused, "inactive_account", false},
		"4034220": {statemachine.Refused, "merchant_limit", false},
		"4044208": {statemachine.Refused, "invalid_merchant", false},
		"4044211": {statemachine.Refused, "invalid_account", false},
		"4294200": {statemachine.Throttled, "too_many_requests", false},
		"5004200": {statemachine.Failed, "general_error", false},
		"5004201": {statemachine.Failed, "internal_server_error", true},
	}
	wantBankTransfer = map[string]row{
		"2004300": {statemachine.InProgress, "submitted", false},
		"2024300": {kind: statemachine.InProgress},
		"4004300": {statemachine.Refused, "bad_request", false},
		"4004301": {statemachine.Refused, "invalid_field_format", false},
		"4004302": {statemachine.Refused, "invalid_mandatory_field", false},
		"4014300": {statemachine.Denied, "credentials_refused", false},
		"4014301": {statemachine.Denied, "credentials_refused", false},
		"4014302": {statemachine.Refused, "invalid_customer_token", false},
		"4014304": {statemachine.Refused, "customer_token_not_found", false},
		"4034302": {statemachine.Refused, "amount_limit_exceeded", false},
		"4034303": {statemachine.Refused, "suspected_fraud", false},
		"4034314": {statemachine.Refused, "insufficient_funds", false},
		"4034318": {statemachine.Refused, "inactive_account", false},
		"4034320": {statemachine.Refused, "merchant_limit", false},
		"4044303": {statemachine.Refused, "bank_not_supported", false},
		"4044311": {statemachine.Refused, "invalid_account", false},
		"4044318": {statemachine.Inconsistent, "inconsistent_request", false},
		"4294300": {statemachine.Throttled, "too_many_requests", false},
		"5004300": {statemachine.AskStatus, "general_error", false},
		"5004301": {statemachine.Unknown, "internal_server_error", true},
	}
	wantBankTransferStatus = map[string]row{
		"4000000": {statemachine.Unknown, "bad_request", false},
		"4000001": {statemachine.Unknown, "invalid_field_format", false},
		"4000002": {statemachine.Unknown, "invalid_mandatory_field", false},
		"4010000": {statemachine.Denied, "credentials_refused", false},
		"4010001": {statemachine.Denied, "credentials_refused", false},
		"4040001": {statemachine.NotFound, "transaction_not_found", false},
		"4290000": {statemachine.Throttled, "too_many_requests", false},
		"5000001": {statemachine.Unknown, "internal_server_error", true},
	}
	// The SNAP standard's own, by HTTP status and case, as answers to a send.
	wantSNAP = map[string]row{
		"20200": {kind: statemachine.InProgress},
		"40103": {statemachine.Denied, "credentials_refused", false},
		"40300": {statemachine.AskStatus, "transaction_expired", false},
		"40301": {statemachine.Refused, "not_allowed", false},
		"40304": {statemachine.Refused, "frequency_limit_exceeded", false},
		"40306": {statemachine.Refused, "not_allowed", false},
		"40307": {statemachine.Refused, "card_blocked", false},
		"40308": {statemachine.Refused, "card_expired", false},
		"40309": {statemachine.Refused, "dormant_account", false},
		"40310": {statemachine.Refused, "token_limit_not_set", false},
		"40311": {statemachine.Refused, "otp_blocked", false},
		"40312": {statemachine.Refused, "otp_expired", false},
		"40313": {statemachine.Refused, "otp_required", false},
		"40316": {statemachine.AskStatus, "transaction_suspended", false},
		"40317": {statemachine.Refused, "token_limit_exceeded", false},
		"40319": {statemachine.Refused, "merchant_blacklisted", false},
		"40321": {statemachine.Refused, "limit_not_allowed", false},
		"40322": {statemachine.Refused, "token_limit_invalid", false},
		"40323": {statemachine.Refused, "account_limit_exceeded", false},
		"40400": {statemachine.AskStatus, "invalid_transaction_status", false},
		"40402": {statemachine.Refused, "invalid_routing", false},
		"40404": {statemachine.AskStatus, "transaction_cancelled", false},
		"40405": {statemachine.Refused, "not_registered", false},
		"40406": {statemachine.Refused, "otp_required", false},
		"40407": {statemachine.Refused, "journey_not_found", false},
		"40409": {statemachine.Refused, "no_issuer", false},
		"40410": {statemachine.AskStatus, "invalid_transition", false},
		"40412": {statemachine.Refused, "invalid_bill", false},
		"40413": {statemachine.Refused, "invalid_amount", false},
		"40414": {statemachine.AskStatus, "already_paid", false},
		"40415": {statemachine.Refused, "invalid_otp", false},
		"40416": {statemachine.Refused, "invalid_merchant", false},
		"40417": {statemachine.Refused, "invalid_terminal", false},
		"40419": {statemachine.Refused, "bill_expired", false},
		"40500": {statemachine.Refused, "not_allowed", false},
		"40501": {statemachine.Refused, "not_allowed", false},
		"40900": {statemachine.AskStatus, "duplicate_external_id", false},
		"40901": {statemachine.AskStatus, "duplicate_reference", false},
		"50002": {statemachine.Unknown, "external_server_error", true},
		"50400": {statemachine.Unknown, "issuer_timeout", true},
	}
)

// wanted is the row of a code: the API's own, else SNAP's, of which a question proves less
// than a send.
func wanted(s service, own map[string]row, code string) (row, bool) {
	if r, ok := own[code]; ok {
		return r, true
	}
	r, ok := wantSNAP[code[:3]+code[5:]]
	switch s.code {
	case "39", "00":
		if r.kind != statemachine.Denied {
			r.kind = statemachine.Unknown
		}
	case "37", "42":
		if r.kind == statemachine.AskStatus || r.kind == statemachine.InProgress {
			r.kind = statemachine.Unknown
		}
	}
	return r, ok
}

// Every code that a service can have, so that a row too many is found as well as one too
// few, inside HTTP 200; and every listed one under other status lines.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		service service
		want    map[string]row
		rest    string
	}{
		{topUp, wantTopUp, `"partnerReferenceNo":"PAY-1","amount":{"value":"10000.00","currency":"IDR"}`},
		{topUpStatus, wantTopUpStatus, `"originalPartnerReferenceNo":"PAY-1","serviceCode":"38"`},
		{accountInquiry.about(testPayout(t)), wantAccountInquiry, `"customerNumber":"62811742234","customerName":"B"`},
		{bankAccountInquiry.about(testBankPayout()), wantBankAccountInquiry,
			`"beneficiaryAccountNumber":"2460888509","beneficiaryAccountName":"B","amount":{"value":"50000.00","currency":"IDR"}`},
		{bankTransfer, wantBankTransfer, `"partnerReferenceNo":"PAY-1","referenceNumber":"2026"`},
		{bankTransferStatus, wantBankTransferStatus, `"originalPartnerReferenceNo":"PAY-1","serviceCode":"00"`},
	} {
		t.Run(string(test.service.api), func(t *testing.T) {
			t.Parallel()
			check := func(httpStatus int, code string, want row, unclear bool) {
				v := test.service.classify(httpStatus, []byte(`{"responseCode":"`+code+`",`+test.rest+`}`), "PAY-1")
				if got := (row{v.Kind, v.Why, v.fault}); got != want || v.Code != code || v.unclear != unclear {
					t.Errorf("HTTP %d, code %s: %+v, unclear %t; want %+v, %t", httpStatus, code, got, v.unclear, want, unclear)
				}
			}
			for n := 100_00; n <= 599_99; n++ {
				code := fmt.Sprintf("%d%s%02d", n/100, test.service.code, n%100)
				want, listed := wanted(test.service, test.want, code)
				switch {
				case code == "2003900", code == "2000000": // TestStatuses
				case listed:
					check(200, code, want, false)
					check(202, code, want, false)
					check(n/100, code, want, false)
					for _, other := range []int{302, 418, 502} {
						check(other, code, row{why: "status_contradicts_code"}, true)
					}
				default:
					if v := test.service.judge(200, answer{code: code}, "PAY-1"); v.Kind != statemachine.Unknown || v.Why != "unlisted_code" || v.fault || !v.unclear {
						t.Errorf("code %s: %+v; want unlisted", code, v)
					}
				}
			}
		})
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	want := map[string]row{
		"00": {kind: statemachine.Succeeded},
		"01": {statemachine.InProgress, "initiated", false},
		"02": {statemachine.InProgress, "paying", false},
		"03": {statemachine.InProgress, "pending", false},
		"04": {statemachine.Refunded, "refunded", false},
		"05": {statemachine.Failed, "cancelled", false},
		"06": {statemachine.Failed, "failed", false},
		"07": {statemachine.NotFound, "transaction_not_found", false},
	}
	statuses := []string{"", "0", "1", "6", "000", "SUCCESS", " 00", "0x"}
	for n := range 100 {
		statuses = append(statuses, fmt.Sprintf("%02d", n))
	}
	for _, status := range statuses {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			want, listed := want[status]
			shown := status
			if !listed {
				want, shown = row{why: "unlisted_status"}, ""
			}
			for _, api := range []struct {
				service    service
				code, asks string
			}{{topUpStatus, "2003900", "38"}, {bankTransferStatus, "2000000", "00"}} {
				v := api.service.classify(200, []byte(`{"responseCode":"`+api.code+`","originalPartnerReferenceNo":"PAY-1","serviceCode":"`+api.asks+
					`","amount":{"value":"10000.00","currency":"IDR"},"latestTransactionStatus":"`+status+`"}`), "PAY-1")
				if got := (row{v.Kind, v.Why, v.fault}); got != want || v.Status != shown || v.unclear == listed {
					t.Errorf("%s: %+v, status %q, unclear %t; want %+v", api.service.api, got, v.Status, v.unclear, want)
				}
			}
		})
	}
}

// Answers that are not what they should be, one way at a time.
func TestClassifyAnswers(t *testing.T) {
	t.Parallel()
	const (
		paid   = `{"responseCode":"2003800","responseMessage":"Successful","referenceNo":"2026","partnerReferenceNo":"PAY-1","amount":{"value":"10000.00","currency":"IDR"}}`
		status = `{"responseCode":"2003900","originalReferenceNo":"2026","originalPartnerReferenceNo":"PAY-1","serviceCode":"38","amount":{"value":"10000.00","currency":"IDR"},"latestTransactionStatus":"00"}`
	)
	ours := statemachine.Outcome{
		Kind: statemachine.Succeeded, Code: "2003800", ReferenceNo: "2026", EchoRef: "PAY-1", EchoAmount: money.Rupiah(10000),
	}
	oursToo := ours
	oursToo.Code, oursToo.Status = "2003900", "00"
	from := func(o statemachine.Outcome, change func(*statemachine.Outcome)) statemachine.Outcome {
		change(&o)
		return o
	}
	unknown := func(why statemachine.Why) func(*statemachine.Outcome) {
		return func(o *statemachine.Outcome) { o.Kind, o.Why, o.Status = statemachine.Unknown, why, "" }
	}
	without := func(body, field string) string {
		var m map[string]any
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		delete(m, field)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	replace := func(body string, oldNew ...string) string { return strings.NewReplacer(oldNew...).Replace(body) }
	only := func(kind statemachine.Kind, why statemachine.Why) statemachine.Outcome {
		return statemachine.Outcome{Kind: kind, Why: why}
	}
	dollars := func(o *statemachine.Outcome) {
		if err := json.Unmarshal([]byte(`{"value":"10000.00","currency":"USD"}`), &o.EchoAmount); err != nil {
			t.Fatal(err)
		}
	}

	for name, test := range map[string]struct {
		service        service
		body           string
		want           statemachine.Outcome
		fault, unclear bool
	}{
		"paid":                       {topUp, paid, ours, false, false},
		"paid, spaced out":           {topUp, "\n" + replace(paid, ",", " , ", ":", " : ") + "\n", ours, false, false},
		"code as number":             {topUp, replace(paid, `"2003800"`, `2003800`), ours, false, false},
		"value as number":            {topUp, replace(paid, `"10000.00"`, `10000`), ours, false, false},
		"value with one decimal":     {topUp, replace(paid, `"10000.00"`, `10000.0`), ours, false, false},
		"additionalInfo a string":    {topUp, replace(paid, `{"resp`, `{"additionalInfo":"x","resp`), ours, false, false},
		"unknown and odd fields":     {topUp, replace(paid, `{"resp`, `{"sessionId":{},"new":[1],"resp`), ours, false, false},
		"message of odd shape":       {topUp, replace(paid, `"Successful"`, `["x"]`), ours, false, false},
		"code twice":                 {topUp, replace(paid, `{"resp`, `{"responseCode":"4033814","resp`), only(statemachine.Unknown, whyAmbiguous), true, true},
		"name in capitals is not it": {topUp, replace(paid, `{"resp`, `{"RESPONSECODE":"4033814","AMOUNT":1,"resp`), ours, false, false},

		"success without reference number": {topUp, without(paid, "referenceNo"), from(ours, func(o *statemachine.Outcome) { o.ReferenceNo = "" }), false, false},
		"success of another reference":     {topUp, replace(paid, "PAY-1", "PAY-2"), from(ours, func(o *statemachine.Outcome) { o.EchoRef = "PAY-2" }), false, false},
		"success of another amount":        {topUp, replace(paid, "10000", "1000"), from(ours, func(o *statemachine.Outcome) { o.EchoAmount = money.Rupiah(1000) }), false, false},
		"success in dollars":               {topUp, replace(paid, "IDR", "USD"), from(ours, dollars), false, false},
		"success of nothing":               {topUp, replace(paid, "10000.00", "0.00"), from(ours, func(o *statemachine.Outcome) { o.EchoAmount = money.Rupiah(0) }), false, false},
		"endless reference is not ours":    {topUp, replace(paid, "PAY-1", strings.Repeat("P", 70)), from(ours, func(o *statemachine.Outcome) { o.EchoRef = strings.Repeat("P", 64) + "…" }), false, false},

		"success without reference": {topUp, without(paid, "partnerReferenceNo"), from(ours, func(o *statemachine.Outcome) {
			o.Kind, o.Why, o.EchoRef = statemachine.AskStatus, "echo_missing", ""
		}), false, true},
		"success without amount": {topUp, without(paid, "amount"), from(ours, func(o *statemachine.Outcome) {
			o.Kind, o.Why, o.EchoAmount = statemachine.AskStatus, "echo_missing", money.Amount{}
		}), false, true},
		"success without currency": {topUp, replace(paid, `,"currency":"IDR"`, ``), from(ours, func(o *statemachine.Outcome) {
			o.Kind, o.Why, o.EchoAmount = statemachine.AskStatus, "echo_missing", money.Amount{}
		}), false, true},
		"success with unreadable amount": {topUp, replace(paid, "10000.00", "10.000,00"), from(ours, func(o *statemachine.Outcome) {
			o.Kind, o.Why, o.EchoAmount = statemachine.AskStatus, "echo_missing", money.Amount{}
		}), false, true},
		"success with null amount": {topUp, replace(paid, `{"value":"10000.00","currency":"IDR"}`, `null`), from(ours, func(o *statemachine.Outcome) {
			o.Kind, o.Why, o.EchoAmount = statemachine.AskStatus, "echo_missing", money.Amount{}
		}), false, true},

		"bare refusal":                 {topUp, `{"responseCode":"4033814"}`, statemachine.Outcome{Kind: statemachine.Refused, Why: "insufficient_funds", Code: "4033814"}, false, false},
		"refusal with null reference":  {topUp, `{"responseCode":"4033805","partnerReferenceNo":null}`, statemachine.Outcome{Kind: statemachine.Refused, Why: "do_not_honor", Code: "4033805"}, false, false},
		"refusal of our reference":     {topUp, `{"responseCode":"4033805","partnerReferenceNo":"PAY-1"}`, statemachine.Outcome{Kind: statemachine.Refused, Why: "do_not_honor", Code: "4033805", EchoRef: "PAY-1"}, false, false},
		"refusal of another reference": {topUp, `{"responseCode":"4033805","partnerReferenceNo":"PAY-2"}`, statemachine.Outcome{Why: "foreign_reference", Code: "4033805", EchoRef: "PAY-2"}, false, true},
		"progress of another":          {topUp, `{"responseCode":"2023800","partnerReferenceNo":"PAY-2"}`, statemachine.Outcome{Why: "foreign_reference", Code: "2023800", EchoRef: "PAY-2"}, false, true},
		"denial to another":            {topUp, `{"responseCode":"4013800","partnerReferenceNo":"PAY-2"}`, statemachine.Outcome{Why: "foreign_reference", Code: "4013800", EchoRef: "PAY-2"}, false, true},

		"answer of another API":   {topUp, replace(paid, "2003800", "2004300"), from(from(ours, unknown("foreign_service")), func(o *statemachine.Outcome) { o.Code = "2004300" }), false, true},
		"unlisted success":        {topUp, replace(paid, "2003800", "2003801"), from(from(ours, unknown("unlisted_code")), func(o *statemachine.Outcome) { o.Code = "2003801" }), false, true},
		"code too short":          {topUp, `{"responseCode":"200380"}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"code too long":           {topUp, `{"responseCode":"20038000"}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"code with letters":       {topUp, `{"responseCode":"200380O"}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"code in other digits":    {topUp, `{"responseCode":"２００"}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"code as exponent":        {topUp, `{"responseCode":20038e2}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"code null":               {topUp, `{"responseCode":null}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"code an object":          {topUp, `{"responseCode":{"2003800":1}}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"no code":                 {topUp, `{"message":"Internal server error"}`, only(statemachine.Unknown, "malformed_code"), true, true},
		"null":                    {topUp, `null`, only(statemachine.Unknown, "malformed_code"), true, true},
		"success only by message": {topUp, `{"responseMessage":"Successful"}`, only(statemachine.Unknown, "malformed_code"), true, true},

		"empty":              {topUp, "", only(statemachine.Unknown, "answer_empty"), true, true},
		"white space":        {topUp, " \r\n", only(statemachine.Unknown, "answer_empty"), true, true},
		"HTML":               {topUp, "<html><body>502 Bad Gateway</body></html>", only(statemachine.Unknown, "answer_unreadable"), true, true},
		"half JSON":          {topUp, paid[:len(paid)-2], only(statemachine.Unknown, "answer_unreadable"), true, true},
		"trailing garbage":   {topUp, paid + "x", only(statemachine.Unknown, "answer_unreadable"), true, true},
		"two answers":        {topUp, paid + paid, only(statemachine.Unknown, "answer_unreadable"), true, true},
		"array":              {topUp, "[" + paid + "]", only(statemachine.Unknown, "answer_unreadable"), true, true},
		"just the code":      {topUp, `2003800`, only(statemachine.Unknown, "answer_unreadable"), true, true},
		"too large":          {topUp, paid + strings.Repeat(" ", maxAnswer), only(statemachine.Unknown, "answer_too_large"), true, true},
		"as large as may be": {topUp, paid + strings.Repeat(" ", maxAnswer-len(paid)), ours, false, false},

		"status 00":                    {topUpStatus, status, oursToo, false, false},
		"service code as number":       {topUpStatus, replace(status, `"38"`, `38`), oursToo, false, false},
		"service code left out":        {topUpStatus, without(status, "serviceCode"), oursToo, false, false},
		"status 00 of another amount":  {topUpStatus, replace(status, "10000", "1"), from(oursToo, func(o *statemachine.Outcome) { o.EchoAmount = money.Rupiah(1) }), false, false},
		"status of another reference":  {topUpStatus, replace(status, "PAY-1", "PAY-2"), from(from(oursToo, unknown("foreign_reference")), func(o *statemachine.Outcome) { o.EchoRef = "PAY-2" }), false, true},
		"status of another API":        {topUpStatus, replace(status, `"38"`, `"43"`), from(oursToo, unknown("foreign_service")), false, true},
		"status without reference":     {topUpStatus, without(status, "originalPartnerReferenceNo"), from(from(oursToo, unknown("echo_missing")), func(o *statemachine.Outcome) { o.EchoRef = "" }), false, true},
		"reference under another name": {topUpStatus, replace(status, "originalPartnerReferenceNo", "partnerReferenceNo"), from(from(oursToo, unknown("echo_missing")), func(o *statemachine.Outcome) { o.EchoRef = "" }), false, true},
		"status 00 without amount":     {topUpStatus, without(status, "amount"), from(from(oursToo, unknown("echo_missing")), func(o *statemachine.Outcome) { o.EchoAmount = money.Amount{} }), false, true},
		"status 06 without amount": {topUpStatus, without(replace(status, `"00"`, `"06"`), "amount"), from(oursToo, func(o *statemachine.Outcome) {
			o.Kind, o.Why, o.Status, o.EchoAmount = statemachine.Failed, "failed", "06", money.Amount{}
		}), false, false},
		"status left out":          {topUpStatus, without(status, "latestTransactionStatus"), from(oursToo, unknown("unlisted_status")), false, true},
		"status in a bare 4043901": {topUpStatus, `{"responseCode":"4043901","latestTransactionStatus":"00"}`, statemachine.Outcome{Kind: statemachine.NotFound, Why: "transaction_not_found", Code: "4043901"}, false, false},
		"not found, of another":    {topUpStatus, `{"responseCode":"4043901","originalPartnerReferenceNo":"PAY-2"}`, statemachine.Outcome{Why: "foreign_reference", Code: "4043901", EchoRef: "PAY-2"}, false, true},
		"not found, another API":   {topUpStatus, `{"responseCode":"4043901","serviceCode":"43"}`, statemachine.Outcome{Why: "foreign_service", Code: "4043901"}, false, true},
		"transfer, submitted":      {bankTransfer, `{"responseCode":"2004300","referenceNo":"2026"}`, statemachine.Outcome{Kind: statemachine.InProgress, Why: "submitted", Code: "2004300", ReferenceNo: "2026"}, false, false},
		"transfer, another's":      {bankTransfer, `{"responseCode":"2004300","partnerReferenceNo":"PAY-2"}`, statemachine.Outcome{Why: "foreign_reference", Code: "2004300", EchoRef: "PAY-2"}, false, true},
		"transfer, amount and no ref": {bankTransfer, replace(without(paid, "partnerReferenceNo"), "2003800", "2004300"), from(ours, func(o *statemachine.Outcome) {
			o.Kind, o.Why, o.Code, o.EchoRef = statemachine.InProgress, "submitted", "2004300", ""
		}), false, false},
		"transfer that says what":        {bankTransfer, replace(paid, "2003800", "2004300"), from(ours, func(o *statemachine.Outcome) { o.Code = "2004300" }), false, false},
		"top-up's answer to a transfer":  {bankTransfer, paid, from(ours, unknown("foreign_service")), false, true},
		"bank status 00":                 {bankTransferStatus, replace(status, "2003900", "2000000", `"38"`, `"00"`), from(oursToo, func(o *statemachine.Outcome) { o.Code = "2000000" }), false, false},
		"bank status of a top-up":        {bankTransferStatus, replace(status, "2003900", "2000000"), from(from(oursToo, unknown("foreign_service")), func(o *statemachine.Outcome) { o.Code = "2000000" }), false, true},
		"bank status, no amount":         {bankTransferStatus, without(replace(status, "2003900", "2000000", `"38"`, `"00"`), "amount"), from(oursToo, func(o *statemachine.Outcome) { o.Code, o.EchoAmount = "2000000", money.Amount{} }), false, false},
		"bank status, half an amount":    {bankTransferStatus, replace(status, "2003900", "2000000", `"38"`, `"00"`, `"currency"`, `"curency"`), from(from(oursToo, unknown("echo_missing")), func(o *statemachine.Outcome) { o.Code, o.EchoAmount = "2000000", money.Amount{} }), false, true},
		"top-up's answer to the inquiry": {topUpStatus, `{"responseCode":"2003800"}`, statemachine.Outcome{Why: "foreign_service", Code: "2003800"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := test.service.classify(200, []byte(test.body), "PAY-1")
			if diff := cmp.Diff(test.want, v.Outcome, cmp.AllowUnexported(money.Amount{})); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if v.fault != test.fault || v.unclear != test.unclear {
				t.Errorf("fault %t, unclear %t; want %t, %t", v.fault, v.unclear, test.fault, test.unclear)
			}
		})
	}
}

func TestMessageIsBoundedAndMasked(t *testing.T) {
	t.Parallel()
	message, err := json.Marshal("Invalid 62811742234\x1b[2J" + strings.Repeat("x", 200))
	if err != nil {
		t.Fatal(err)
	}
	v := topUp.classify(404, []byte(`{"responseCode":"4043811","responseMessage":`+string(message)+`}`), "PAY-1")
	if want := "Invalid ****234 [2J" + strings.Repeat("x", 131) + "…"; v.message != want {
		t.Errorf("message %q, want %q", v.message, want)
	}
}
