package sandbox

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
)

// byCustomerID is the customerNumber of a payee who is named by additionalInfo.customerId.
const byCustomerID = "620000000000"

// body reads the fields of a JSON body and remembers the first one that is missing and
// the first that is malformed. Names are matched exactly, null and "" are missing.
type body struct {
	fields    map[string]any
	token     string // Authorization-Customer, without its Bearer
	strict    bool
	missing   string
	malformed bool
	field     string // the malformed one; DANA names it for some rules only
}

// readBody is false for anything but one JSON object.
func readBody(raw []byte) (*body, bool) {
	b := &body{}
	return b, json.Unmarshal(raw, &b.fields) == nil && b.fields != nil
}

// ref is the transaction that the body is about, as far as that can be told before anything
// is checked; empty for none. An API has one of the two fields.
func (b *body) ref() string {
	for _, name := range []string{"partnerReferenceNo", "originalPartnerReferenceNo"} {
		if ref, ok := b.get(name).(string); ok && ref != "" && utf8.RuneCountInString(ref) <= 64 {
			return ref
		}
	}
	return ""
}

// fault is DANA's answer to the body, nil when nothing is wrong with it. A missing field
// is reported before a malformed one.
func (b *body) fault(service string) reply {
	switch {
	case b.missing != "":
		return newReply(service, missingField, " "+b.missing)
	case b.malformed && b.field != "":
		return newReply(service, fieldFormat, " "+b.field)
	case b.malformed:
		return newReply(service, fieldFormat, "")
	}
	return nil
}

func (b *body) check(ok bool, field string) {
	if !ok && !b.malformed {
		b.malformed, b.field = true, field
	}
}

func (b *body) lacks(path string) {
	if b.missing == "" {
		b.missing = path
	}
}

func (b *body) get(path string) any {
	at := any(b.fields)
	for name := range strings.SplitSeq(path, ".") {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	return at
}

// may reads an optional text of at most longest characters.
func (b *body) may(path string, longest int) string {
	v := b.get(path)
	text, ok := v.(string)
	b.check(v == nil || ok && utf8.RuneCountInString(text) <= longest, path)
	return text
}

// must reads a mandatory text of at most longest characters.
func (b *body) must(path string, longest int) string {
	if v := b.get(path); v == nil || v == "" {
		b.lacks(path)
		return ""
	}
	return b.may(path, longest)
}

// money reads a mandatory sum in IDR with exactly two decimals.
func (b *body) money(path string) money.Amount {
	if b.get(path) == nil {
		b.lacks(path)
		return money.Amount{}
	}
	value, currency := b.must(path+".value", 19), b.must(path+".currency", 3)
	amount, err := money.Parse(value)
	point := len(value) - len(".00")
	b.check(err == nil && point > 0 && value[point] == '.', path)
	b.check(currency == money.IDR, "") // DANA answers another currency without a field name
	return amount
}

func (b *body) oneOf(path string, allowed ...string) string {
	v := b.may(path, 64)
	b.check(v == "" || slices.Contains(allowed, v), path)
	return v
}

func (b *body) date(path string) {
	v := b.may(path, len(jakarta.Layout))
	b.check(v == "" || validDate(v), path)
}

func validDate(s string) bool {
	_, err := time.Parse(jakarta.Layout, s)
	return err == nil && len(s) == len(jakarta.Layout) && strings.HasSuffix(s, "+07:00")
}

// payee reads who is paid and the rules that go with it, the same in Account Inquiry and Customer
// Top Up. The wallet is the phone number, or the customerId or the customer's token where those name the payee.
func (b *body) payee() (number, wallet string) {
	number = b.customer()
	b.fundType("AGENT_TOPUP_FOR_USER_SETTLE")
	b.charge()
	if token := b.customerToken(); number == "" && token != "" {
		return "", "token/" + token
	}
	if number == byCustomerID {
		return number, b.must("additionalInfo.customerId", 32)
	}
	id := b.may("additionalInfo.customerId", 32)
	b.check(id == "" && validNumber(number), "customerNumber")
	return number, number
}

// customer reads customerNumber, which is mandatory unless a customer's token says who it is: DANA's pages want either.
func (b *body) customer() string {
	if b.customerToken() != "" {
		return b.may("customerNumber", 32)
	}
	return b.must("customerNumber", 32)
}

// customerToken is what Apply Token gave for the customer: in a header, or in the body. Any is valid here.
func (b *body) customerToken() string {
	inBody := b.may("additionalInfo.accessToken", b.longest(512))
	return cmp.Or(b.token, inBody)
}

// charge is the division rule: DIVISION needs a division.
func (b *body) charge() {
	if b.oneOf("additionalInfo.chargeTarget", "DIVISION", "MERCHANT") == "DIVISION" {
		b.must("additionalInfo.externalDivisionId", 64)
	} else {
		b.may("additionalInfo.externalDivisionId", 64)
	}
}

// flag reads an optional truth; DANA's sample spells it as a text.
func (b *body) flag(path string) bool {
	switch v := b.get(path); v {
	case nil, "", false, "false":
		return false
	case true, "true":
		return true
	}
	b.check(false, path)
	return false
}

// validNumber: 628 and at least six more digits.
func validNumber(s string) bool {
	return len(s) >= 9 && strings.HasPrefix(s, "628") && strings.Trim(s, "0123456789") == ""
}
