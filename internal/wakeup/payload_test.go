package wakeup

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"v":1,"ref":"PAY-1"}`: `{"ref":"PAY-1","v":1}`,
		`{"v":1,"ref":"P","customer":"62811742234","amount":"1","notes":"for Budi","customerId":"216610000000123"}`: `{"amount":"1","customer":"****234","customerId":"****123","notes":"****","ref":"P","v":1}`,
		`{"phone":"62811742234"}`: `{"phone":"****"}`,
		`{"v":1,"ref":"P","kind":"bank","bankCode":"014","account":"2460888509","accountName":"Budi"}`: `{"account":"****509","accountName":"****","bankCode":"014","kind":"bank","ref":"P","v":1}`,
		`{"bankCode":"2460888509"}`: `{"bankCode":"****"}`,
		`62811742234`:               `(unreadable payload, hidden)`,
		`{"customer":"62811742234"`: `(unreadable payload, hidden)`,
	} {
		if got := Mask([]byte(in)); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

// A payload is read as strictly as any other instruction, and the error names the field.
func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	const begin = `{"v":1,"ref":"PAY-1","customer":"62811742234","amount":"10"`
	for in, want := range map[string]string{
		begin + `,"AMOUNT":"77000"}`: `payload: "AMOUNT": write it "amount"`,
		begin + `,"amount":"77000"}`: `payload: "amount": is there twice; keep one`,
		begin + `,"Fee":"1"}`:        `payload: "Fee": write it "fee"`,
		begin + `,"memo":"1"}`:       `payload: "memo": does not exist; use v, ref, kind, customer, amount, fee, notes, fundType, chargeTarget, division, customerId, bankCode, account, accountName, validate, notAfter`,
		begin + `,"notes":7}`:        `payload: "notes": use a text in double quotes`,
		begin + `,"V":1}`:            `payload: "V": write it "v"`,
		begin + `}{}`:                `payload: not one JSON document`,
		begin + `,"notes":"` + strings.Repeat("x", 20_000) + `"}`: "payload: longer than 16484 bytes; a payout needs a few hundred",
		`{"v":1,"REF":"PAY-1"}`:                                   `payload: "REF": write it "ref"`,
		`{"ref":"PAY-1"}`:                                         `v: this version reads 1 alone`,
	} {
		if _, _, whole, err := Decode(TypeTopUpSend, []byte(in)); err == nil || whole || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", in, err, want)
		}
	}
}

// Whatever stands in a task, reading it does not panic, and masking it shows no number.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"ref":"PAY-1"}`))
	f.Add([]byte(`{"v":1,"ref":"PAY-1","customer":"62811742234","amount":1.5,"notAfter":"2026-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"v":1,"customer":["62811742234"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ref, p, whole, err := Decode(TypeTopUpSend, b)
		if err == nil && whole && p.Ref != ref {
			t.Errorf("two references: %q and %q", ref, p.Ref)
		}
		if err == nil && whole && (!p.Amount.Positive() || p.Customer == "") {
			t.Errorf("accepted %+v", p)
		}
		if strings.Contains(Mask(b), `"customer":"62811742234"`) {
			t.Error("a phone number is shown")
		}
	})
}
