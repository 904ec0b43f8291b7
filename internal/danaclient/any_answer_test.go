package danaclient

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

var services = []service{topUp, topUpStatus, accountInquiry, bankAccountInquiry, bankTransfer, bankTransferStatus}

// justified reads an answer a second time, its own way, and says what is wrong with a
// verdict that goes beyond Unknown; "" when the answer bears it out.
func justified(s service, httpStatus int, body []byte, v verdict) string {
	var said struct {
		Code    any `json:"responseCode"`
		Ref     any `json:"partnerReferenceNo"`
		OrigRef any `json:"originalPartnerReferenceNo"`
		Service any `json:"serviceCode"`
		Status  any `json:"latestTransactionStatus"`
		Amount  any `json:"amount"`
	}
	var exact map[string]any
	if err := json.Unmarshal(body, &exact); err != nil {
		return "it is not a JSON object"
	}
	said.Code, said.Ref, said.OrigRef = exact["responseCode"], exact["partnerReferenceNo"], exact["originalPartnerReferenceNo"]
	said.Service, said.Status, said.Amount = exact["serviceCode"], exact["latestTransactionStatus"], exact["amount"]
	word := func(v any) string {
		switch v := v.(type) {
		case string:
			return v
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return ""
	}
	code := word(said.Code)
	switch {
	case len(code) != 7 || code != v.Code:
		return "its code is " + code
	case code[3:5] != s.code:
		return "it is another service's"
	case httpStatus/100 != 2 && strconv.Itoa(httpStatus) != code[:3]:
		return "the status line contradicts the code"
	}
	ref := word(said.Ref)
	if s.purpose == asksStatus {
		ref = word(said.OrigRef)
	}
	// A top-up's success for somebody else goes on to the machine, which books it for review;
	// with half an echo it only makes us ask.
	if ref != "" && ref != "PAY-1" && s.purpose != asksPayee && code != "2003800" {
		return "it is about " + ref
	}
	amount, _ := said.Amount.(map[string]any)
	tells := word(amount["currency"]) != "" && word(amount["value"]) != ""
	switch v.Kind {
	case statemachine.Succeeded:
		switch s.purpose {
		case asksPayee:
			if code[:3] != "200" || code[5:] != "00" {
				return "the code is no success"
			}
		default:
			optional := s.code == "00" && said.Amount == nil && v.EchoAmount == (money.Amount{})
			if code[:3] != "200" || code[5:] != "00" || ref == "" || !optional && (!tells || v.EchoAmount == (money.Amount{})) {
				return "it does not say what was paid"
			}
			if s.purpose == asksStatus && word(said.Status) != "00" {
				return "the status is not 00"
			}
		}
	case statemachine.Refused:
		if s.purpose == asksStatus || code[0] != '4' {
			return "it refuses nothing"
		}
	case statemachine.Failed, statemachine.Refunded:
		if s.purpose == asksPayee && code[:3] == "500" {
			return ""
		}
		if status := word(said.Status); s.purpose != asksStatus || code[:3] != "200" || ref != "PAY-1" ||
			status != "04" && status != "05" && status != "06" {
			return "the status does not say so"
		}
	case statemachine.NotFound:
		if s.purpose != asksStatus || code[:3] != "404" && word(said.Status) != "07" {
			return "it was not said to be unknown"
		}
	}
	return ""
}

// Whatever bytes a server answers, an outcome that claims anything is borne out by them.
func TestNoOutcomeIsClaimedThatWasNotSaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.SampledFrom(services).Draw(r, "service")
		other := rapid.SampledFrom(services).Draw(r, "answering")
		code := rapid.SampledFrom([]string{"20000", "20200", "40001", "40100", "40314", "40318", "40401", "40418", "42900", "50000", "50001", "50400", "40319", "20001"}).Draw(r, "cause")
		odd := func(name string, usual any) any {
			return rapid.OneOf(rapid.Just(usual), rapid.Just(usual), rapid.Just(usual), rapid.SampledFrom([]any{
				nil, "", 0, 1.5, -1, true, []any{usual}, map[string]any{"value": usual}, "PAY-2", "00", "06", "38", "IDR", "USD", "10000.00", "1e4",
			})).Draw(r, name)
		}
		body := map[string]any{
			"responseCode":            odd("code", code[:3]+other.code+code[3:]),
			"serviceCode":             odd("serviceCode", s.statusOf),
			"additionalInfo":          odd("info", map[string]any{"resultMsg": "X"}),
			"amount":                  odd("amount", map[string]any{"value": odd("value", "10000.00"), "currency": odd("currency", "IDR")}),
			"latestTransactionStatus": odd("status", fmt.Sprintf("%02d", rapid.IntRange(0, 9).Draw(r, "latest"))),
			s.refField:                odd("ref", "PAY-1"),
		}
		for name := range body {
			if rapid.IntRange(0, 9).Draw(r, "without "+name) == 0 {
				delete(body, name)
			}
		}
		raw, err := json.Marshal(body)
		if err != nil {
			r.Fatal(err)
		}
		if rapid.IntRange(0, 9).Draw(r, "cut") == 0 {
			raw = raw[:rapid.IntRange(0, len(raw)).Draw(r, "at")]
		}
		httpStatus := rapid.SampledFrom([]int{200, 200, 202, 403, 404, 500, 502, 0}).Draw(r, "http")
		v := s.classify(httpStatus, raw, "PAY-1")
		if v.Kind == statemachine.Unknown {
			return
		}
		if wrong := justified(s, httpStatus, raw, v); wrong != "" {
			r.Fatalf("%s: %v of HTTP %d %s: %s", s.api, v.Kind, httpStatus, raw, wrong)
		}
	})
}

func FuzzClassify(f *testing.F) {
	f.Add(200, []byte(`{"responseCode":"2003800","partnerReferenceNo":"PAY-1","amount":{"value":"1.00","currency":"IDR"}}`))
	f.Add(200, []byte(`{"responseCode":2003900,"originalPartnerReferenceNo":"PAY-1","latestTransactionStatus":"00","amount":{"value":1,"currency":"IDR"}}`))
	f.Add(200, []byte(`{"responseCode":"2000000","originalPartnerReferenceNo":"PAY-1","serviceCode":"00","latestTransactionStatus":"06"}`))
	f.Add(202, []byte(`{"responseCode":"2024300","responseMessage":"Request In Progress","partnerReferenceNo":"PAY-1"}`))
	f.Add(403, []byte(`{"responseCode":"4033814","responseMessage":"Insufficient Fund"}`))
	f.Add(403, []byte(`{"responseCode":"4034218","responseMessage":"Inactive Account Merchant","partnerReferenceNo":"x"}`))
	f.Add(200, []byte(`{"responseCode":"2003800","partnerReferenceNo":-1,"amount":{"value":"1.00","currency":"IDR"}}`))
	f.Add(502, []byte(`<html>`))
	f.Add(200, []byte(`{"responseCode":"2003700","customerName":"B`))
	f.Fuzz(func(t *testing.T, httpStatus int, body []byte) {
		for _, s := range services {
			v := s.classify(httpStatus, body, "PAY-1")
			if v.Kind == statemachine.Unknown {
				continue
			}
			if wrong := justified(s, httpStatus, body, v); wrong != "" {
				t.Fatalf("%s: %v of HTTP %d %q: %s", s.api, v.Kind, httpStatus, body, wrong)
			}
		}
	})
}

// Money in an answer is what is written there to the cent, or none.
func FuzzAmount(f *testing.F) {
	for _, seed := range []string{
		`{"value":"10000.00","currency":"IDR"}`, `{"value":10000,"currency":"IDR"}`, `{"value":"1e4","currency":"IDR"}`,
		`{"value":"-1.00","currency":"IDR"}`, `{"value":"10.000,00","currency":"IDR"}`, `{"value":"1.00"}`, `null`, `"10000.00"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := amount(raw)
		if a == (money.Amount{}) {
			return
		}
		again, err := money.Parse(a.Value())
		if err != nil || again.Cents() != a.Cents() || a.Cents() < 0 || a.Currency() == "" {
			t.Fatalf("%q became %v", raw, a)
		}
	})
}
