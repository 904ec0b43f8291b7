package danaclient

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/strictjson"
)

// service is one of DANA's APIs.
type service struct {
	api  API
	path string
	// legacyPath is the path that DANA used until May 2026; empty where it never changed.
	legacyPath string
	code       string // SNAP service code: the two digits in the middle of its responseCodes
	purpose    purpose
	// codes is DANA's own table of responseCodes.
	codes map[string]meaning
	// timeout bounds an exchange further than Config.Timeout, if it is shorter; 0 for no.
	timeout time.Duration
	// statusOf is the serviceCode that a status inquiry asks with and is answered with.
	statusOf string
	// amountOptional: a status of 00 may leave the amount out.
	amountOptional bool
	// Where its answers name the transaction: our number and DANA's.
	refField, numberField string
	read                  func(s service, a answer, ref string) verdict
	// payout is what a call is about. Of a status inquiry only its reference is sent.
	payout payout.Payout
}

// about is s as a call about p.
func (s service) about(p payout.Payout) service {
	s.payout = p
	return s
}

// meaning is one row of a code table. fault marks DANA's own failure.
type meaning struct {
	kind  statemachine.Kind
	why   statemachine.Why
	fault bool
}

// answer is what an answer says, field by field; a field that is missing, null or of a
// strange shape is empty.
type answer struct {
	code        string // responseCode, seven digits
	message     string
	referenceNo string // DANA's own number
	ref         string // the partnerReferenceNo that it is about
	serviceCode string // the API that its transaction was made by (39)
	status      string // latestTransactionStatus (39)
	amount      money.Amount
	untold      bool // there is no amount in it at all
	fields      fields
}

// fields is an answer as it came. A map and not a struct: names match exactly, and one odd
// field cannot spoil the others.
type fields map[string]json.RawMessage

// verdict is what an answer proves. unclear: a person should see the answer itself.
type verdict struct {
	statemachine.Outcome
	message string
	fault   bool
	unclear bool
	fields  fields
}

// Why an answer is not taken at its word.
const (
	whyEmpty            statemachine.Why = "answer_empty"
	whyTooLarge         statemachine.Why = "answer_too_large"
	whyUnreadable       statemachine.Why = "answer_unreadable"
	whyAmbiguous        statemachine.Why = "answer_ambiguous"
	whyMalformedCode    statemachine.Why = "malformed_code"
	whyForeignService   statemachine.Why = "foreign_service"
	whyContradiction    statemachine.Why = "status_contradicts_code"
	whyUnlistedCode     statemachine.Why = "unlisted_code"
	whyUnlistedStatus   statemachine.Why = "unlisted_status"
	whyForeignReference statemachine.Why = "foreign_reference"
	whyEchoMissing      statemachine.Why = "echo_missing"
	whyForeignAccount   statemachine.Why = "foreign_account"
	whyForeignAmount    statemachine.Why = "foreign_amount"
	whyWrongSignature   statemachine.Why = "wrong_signature"
)

// classify turns a whole answer into a verdict, by its responseCode and never by its
// message. Whatever does not read as an answer of this API to this call is Unknown: it may
// have been written by something between DANA and us, after DANA paid.
func (s service) classify(httpStatus int, body []byte, ref string) verdict {
	switch {
	case len(body) > maxAnswer:
		return unreadable(whyTooLarge)
	case len(bytes.TrimSpace(body)) == 0:
		return unreadable(whyEmpty)
	}
	all, why := document(body)
	if why != "" {
		return unreadable(why)
	}
	a := s.parse(all)
	v := s.judge(httpStatus, a, ref)
	v.message, v.fields = a.message, all
	return v
}

func (s service) judge(httpStatus int, a answer, ref string) verdict {
	switch {
	case len(a.code) != 7 || !isDigits(a.code):
		a.code = ""
		v := a.unclear(statemachine.Unknown, whyMalformedCode)
		v.fault = true
		return v
	case a.code[3:5] != s.code:
		return a.unclear(statemachine.Unknown, whyForeignService)
	// A 2xx status line says only that the exchange worked; DANA sends refusals in it too.
	// Any other must agree with the code, or somebody else wrote one of the two.
	case httpStatus/100 != 2 && strconv.Itoa(httpStatus) != a.code[:3]:
		return a.unclear(statemachine.Unknown, whyContradiction)
	}
	return s.read(s, a, ref)
}

// listed looks the code up in its API's table, then among SNAP's. A code that neither
// lists proves nothing, 4xx included.
func (s service) listed(a answer) verdict {
	if m, ok := s.codes[a.code]; ok {
		return a.means(m)
	}
	if m, ok := snapCodes[a.code[:3]+a.code[5:]]; ok {
		return a.means(s.purpose.of(m))
	}
	return a.unclear(statemachine.Unknown, whyUnlistedCode)
}

func (a answer) means(m meaning) verdict {
	return verdict{fault: m.fault, Outcome: statemachine.Outcome{
		Kind: m.kind, Why: m.why, Code: a.code,
		ReferenceNo: a.referenceNo, EchoRef: a.ref, EchoAmount: a.amount,
	}}
}

func (a answer) unclear(kind statemachine.Kind, why statemachine.Why) verdict {
	v := a.means(meaning{kind: kind, why: why})
	v.unclear = true
	return v
}

func unreadable(why statemachine.Why) verdict {
	return verdict{Outcome: statemachine.Outcome{Why: why}, fault: true, unclear: true}
}

// parse collects the fields. Cleaning cannot make a foreign reference equal to ours, which
// has neither spaces nor an ellipsis and is at most 64 characters long.
func (s service) parse(fields fields) answer {
	return answer{
		code:        text(fields["responseCode"]),
		message:     clean(string(hide([]byte(text(fields["responseMessage"])), s.payout)), 150),
		referenceNo: clean(text(fields[s.numberField]), 64),
		ref:         clean(text(fields[s.refField]), 64),
		serviceCode: text(fields["serviceCode"]),
		status:      text(fields["latestTransactionStatus"]),
		amount:      amount(fields["amount"]),
		untold:      len(fields["amount"]) == 0 || string(fields["amount"]) == "null",
		fields:      fields,
	}
}

// document reads a whole document from DANA. A name that is there twice, at any depth, makes it ambiguous: who reads the other
// value reads another answer.
func document(raw []byte) (f fields, why statemachine.Why) {
	switch err := json.Unmarshal(raw, &f); {
	case err != nil:
		return nil, whyUnreadable
	case !strictjson.UniqueNames(raw):
		return nil, whyAmbiguous
	}
	return f, ""
}

// object is a part of a document; empty when it is missing, null or of another shape.
func object(raw json.RawMessage) (f fields) {
	_ = json.Unmarshal(raw, &f)
	return f
}

// text is a string, or a number as it is written; anything else is empty.
func text(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == '-' || isDigits(string(raw[:1])) {
		return string(raw)
	}
	// Most texts are spelt plainly.
	if inner := raw[1 : len(raw)-1]; raw[0] == '"' && utf8.Valid(inner) && !bytes.ContainsRune(inner, '\\') {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(raw, &s) // null and other shapes leave it empty
	return s
}

// amount is DANA's form of money with the value as string or number. It is the zero Amount
// when there is none to be read: half an amount must not be compared with a payout's.
// Another currency is kept, so that it equals no payout.
func amount(raw json.RawMessage) money.Amount {
	fields := object(raw)
	value, currency := text(fields["value"]), text(fields["currency"])
	if currency == "" {
		return money.Amount{}
	}
	a, err := money.ParseIn(currency, value)
	if err != nil {
		return money.Amount{}
	}
	return a
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
