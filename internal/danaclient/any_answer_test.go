package danaclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

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
	if bytes.Count(body, []byte(`"responseCode"`)) > 1 {
		return "it has two codes"
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

// booked is what the state machine makes of a verdict on a payout of IDR 10000 with the
// reference PAY-1: of its only attempt, or of an inquiry after an attempt that nobody answered.
func booked(s service, v verdict) statemachine.State {
	var once statemachine.Policy // no retries, so that what is unknown is pending at once
	tx := once.Decide(statemachine.New("PAY-1", money.Rupiah(10000), time.Time{}, noon()), statemachine.Take(statemachine.Attempt{StartedAt: noon()})).Tx
	if s.purpose == moves {
		return once.Decide(tx, statemachine.SendResult(tx.Open, v.Outcome, noon())).Tx.State
	}
	tx = once.Decide(tx, statemachine.Lost(tx.Open, noon())).Tx
	return once.Decide(tx, statemachine.InquiryResult(tx.Inquiries+1, "1", v.Outcome, noon())).Tx.State
}

// paysUs reads an answer a second time, its own way: it names this very payout, its amount
// and its currency.
func paysUs(s service, body []byte) bool {
	var said map[string]any
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	amount, _ := said["amount"].(map[string]any)
	value, isText := amount["value"].(string)
	number, err := strconv.ParseFloat(value, 64)
	if !isText {
		number, _ = amount["value"].(float64)
	}
	return err == nil == isText && number == 10000 && amount["currency"] == "IDR" && said[s.refField] == "PAY-1"
}

// check holds a verdict against the answer, and what is booked by it.
func check(s service, httpStatus int, body []byte, v verdict) string {
	if v.Kind == statemachine.Unknown {
		return ""
	}
	if wrong := justified(s, httpStatus, body, v); wrong != "" || s.purpose == asksPayee {
		return wrong
	}
	state := booked(s, v)
	switch {
	case state == statemachine.StateSucceeded && !paysUs(s, body):
		return "it is booked as paid"
	case state == statemachine.StateFailed && v.Kind != statemachine.Refused && v.Kind != statemachine.Failed:
		return "it is booked as failed"
	}
	return ""
}

// Whatever bytes a server answers, an outcome that claims anything is borne out by them, and
// a payout is paid only by an answer of its own API that names its reference, amount and currency.
func TestNoOutcomeIsClaimedThatWasNotSaid(t *testing.T) {
	t.Parallel()
	claimed := map[statemachine.Kind]int{}
	rapid.Check(t, func(r *rapid.T) {
		for range 100 {
			s, httpStatus, raw := drawAnswer(r)
			v := s.classify(httpStatus, raw, "PAY-1")
			if wrong := check(s, httpStatus, raw, v); wrong != "" {
				r.Fatalf("%s: %v of HTTP %d %s: %s", s.api, v.Kind, httpStatus, raw, wrong)
			}
			claimed[v.Kind]++
		}
	})
	for _, kind := range []statemachine.Kind{
		statemachine.Unknown, statemachine.Succeeded, statemachine.InProgress, statemachine.Refused, statemachine.Denied,
		statemachine.Throttled, statemachine.AskStatus, statemachine.Inconsistent, statemachine.Refunded, statemachine.Failed, statemachine.NotFound,
	} {
		if claimed[kind] == 0 {
			t.Errorf("no answer came to %v, so nothing is shown of it: %v", kind, claimed)
		}
	}
}

// drawAnswer is an answer of an API as it should be, mostly, with some of it spoilt.
func drawAnswer(r *rapid.T) (s service, httpStatus int, raw []byte) {
	s = rapid.SampledFrom(services).Draw(r, "service")
	seldom := func(name string) bool { return rapid.IntRange(0, 19).Draw(r, name) == 0 }
	odd := func(name string, usual any, own ...any) any {
		if !seldom("odd " + name) {
			return usual
		}
		return rapid.SampledFrom(append(own, nil, "", 0, 1.5, -1, true, []any{usual}, map[string]any{"value": usual})).Draw(r, name)
	}
	// A success every other time: of it the promise is made.
	cause := rapid.SampledFrom([]string{
		"20200", "40001", "40100", "40314", "40318", "40401", "40418", "42900", "50000", "50001", "50400", "40319", "20001",
		"20000", "20000", "20000", "20000", "20000", "20000", "20000", "20000", "20000", "20000", "20000", "20000", "20000",
	}).Draw(r, "cause")
	answering := s
	if seldom("another API answers") {
		answering = rapid.SampledFrom(services).Draw(r, "answering")
	}
	status := "00"
	if rapid.Bool().Draw(r, "not paid") {
		status = rapid.SampledFrom([]string{"04", "05", "06", "07", "01", "02", "03", "08"}).Draw(r, "latest")
	}
	body := map[string]any{
		"responseCode":   odd("code", cause[:3]+answering.code+cause[3:], "2003800", "00", 2003800),
		"serviceCode":    odd("serviceCode", s.statusOf, "38", "00", "43"),
		"additionalInfo": odd("info", map[string]any{"resultMsg": "X"}),
		"amount": odd("amount", map[string]any{
			"value":    odd("value", "10000.00", "1000.00", "1e4", "10000.01", 10000, 1000),
			"currency": odd("currency", "IDR", "USD", "idr"),
		}, "10000.00"),
		"latestTransactionStatus": odd("status", status, "06", "SUCCESS"),
		s.refField:                odd("ref", "PAY-1", "PAY-2", "pay-1", "PAY-1 "),
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if rapid.IntRange(0, 29).Draw(r, "without "+name) == 0 {
			delete(body, name)
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		r.Fatal(err)
	}
	if seldom("a field twice") {
		raw = append([]byte(`{"responseCode":"`+cause[:3]+s.code+cause[3:]+`",`), raw[1:]...)
	}
	if seldom("cut") {
		raw = raw[:rapid.IntRange(0, len(raw)).Draw(r, "at")]
	}
	return s, rapid.SampledFrom([]int{200, 200, 200, 200, 200, 200, 202, 403, 404, 502, 0}).Draw(r, "http"), raw
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
			if wrong := check(s, httpStatus, body, v); wrong != "" {
				t.Fatalf("%s: %v of HTTP %d %q: %s", s.api, v.Kind, httpStatus, body, wrong)
			}
		}
	})
}

// A token comes only of the token API's own success, and fits into a header.
func FuzzToken(f *testing.F) {
	f.Add(200, []byte(`{"responseCode":"2007300","accessToken":"t","expiresIn":"900"}`))
	f.Add(401, []byte(`{"responseCode":"4017300","responseMessage":"Unauthorized. Invalid Signature"}`))
	f.Add(200, []byte(`{"responseCode":"2007301","accessToken":"t","expiresIn":"900"}`))
	f.Add(200, []byte(`{"responseCode":2007300,"accessToken":"t\r\n","expiresIn":-1}`))
	f.Fuzz(func(t *testing.T, status int, answer []byte) {
		token, life, failed := readToken(reply{status: status, answer: answer})
		var said map[string]any
		d := json.NewDecoder(bytes.NewReader(answer))
		d.UseNumber()
		ours := d.Decode(&said) == nil && fmt.Sprint(said["responseCode"]) == "2007300" && fmt.Sprint(said["accessToken"]) == token
		if (token == "") != (failed != nil) || failed == nil && (!ours || life <= 0 || status/100 != 2 || !validToken(token)) {
			t.Fatalf("HTTP %d %q: token %q for %s, %+v", status, answer, token, life, failed)
		}
		if failed != nil && failed.Outcome.Kind != statemachine.NotSent && failed.Outcome.Kind != statemachine.Denied {
			t.Fatalf("%v, though nothing was sent", failed.Outcome.Kind)
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
