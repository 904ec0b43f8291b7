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
