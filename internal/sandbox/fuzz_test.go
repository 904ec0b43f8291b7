package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

// Whatever the body: no panic, a 4xx for the format moves and stores nothing, an answer is JSON with a
// code of this API.
func FuzzTopUpBody(f *testing.F) {
	valid := topUpBody("R-1", good, "1.00")
	for _, seed := range []string{
		valid, strings.ReplaceAll(valid, "IDR", "USD"), strings.ReplaceAll(valid, ":", " : "), `{}`, `null`, `[1]`, ``, `{"amount":1e400}`,
		`{"amount":{"value":"9999999999999999.99","currency":"IDR"}}`, `{"partnerReferenceNo":"\ud800"}`, valid[:len(valid)/2],
		topUpBody("R-1", "620000000000", "1.00"), topUpBody("R-1", good, "9999999999999999.99"), topUpBody("R-1", good, "00001.00"),
		strings.Replace(valid, `"value":"1.00","currency":"IDR"},"additional`, `"value":"9999999999999999.99","currency":"IDR"},"additional`, 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) { fuzzBody(t, topUpPath, "38", body) })
}

// The same for a transfer to a bank.
func FuzzTransferBody(f *testing.F) {
	valid := transferBody("R-1", goodAccount, "1.00", "")
	for _, seed := range []string{
		valid, strings.ReplaceAll(valid, "IDR", "USD"), `{}`, valid[:len(valid)/2], transferBody("R-1", goodAccount, "9999999999999999.99", ""),
		transferBody("R-1", goodAccount, "1.00", `,"needNotify":true`), transferBody("R-1", goodAccount, "1.00", `,"needNotify":"perhaps"`),
		transferBody("R-1", "81398055100", "1.00", `,"chargeTarget":"DIVISION"`), transferBody("R-1", "2460/888509", "1.00", ""),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) { fuzzBody(t, transferPath, "43", body) })
}

func fuzzBody(t *testing.T, path, service, body string) {
	for _, n := range sandbox.Numbers() {
		if strings.Contains(body, n.Customer) {
			return // may hang, on purpose
		}
	}
	b := setup(t)
	h := b.do(request(path, body))
	code := h.code()
	if len(code) != 7 || code[3:5] != service || fmt.Sprint(h.status) != code[:3] {
		t.Fatalf("answered %d %s", h.status, h.body)
	}
	st := b.books()
	switch code[:3] + code[5:] {
	case "40000", "40001", "40002":
		if len(st.Credits) != 0 || len(st.Transactions) != 0 || st.Deposit != st.Opening {
			t.Errorf("%s, but %+v", code, st)
		}
	case "20000":
		if len(st.Credits) != 1 {
			t.Errorf("%s, but %+v", code, st)
		}
	case "20200":
		if len(st.Credits) != 0 || st.Transactions[0].Status != "03" {
			t.Errorf("%s, but %+v", code, st)
		}
	case "50001": // an account number that loses the request
		if len(st.Credits) != 0 || st.Transactions[0].Status != "07" {
			t.Errorf("%s, but %+v", code, st)
		}
	default:
		if len(st.Credits) != 0 || st.Transactions[0].Status != "06" {
			t.Errorf("%s, but %+v", code, st)
		}
	}
}

// Whatever the plan: it holds and the next payment is answered, or it is refused in one line and
// nothing has changed.
func FuzzPlan(f *testing.F) {
	for _, seed := range []string{
		`{"deposit":"5.00","behaviours":[{"ref":"R-1","preset":"throttle","times":1}],"random":{"seed":7,"share":1,"presets":["throttle"]}}`,
		`{"behaviours":[{"account":"014/1","behaviour":{"sends":[{"times":1,"pay":"pending","then":"04","notify":"twice","notifyDelayMillis":1}]}}]}`,
		`{"behaviours":[{"api":"topup-status","behaviour":{"inquiries":[{"times":2,"status":"03","answer":"429xx00"}]}}]}`,
		`{"behaviours":[{"api":"topup","behaviour":{"sends":[{"answer":"2xx0000"}]}}]}`, `{"behaviours":[{"ref":"a\nb","preset":"c\nd"}]}`,
		`{"random":{"seed":-1}}`, `{"random":{"share":1e999}}`, `{"deposit":"-1"}`, `{`, `[]`, ``, `{} {}`, `{"a\nb":1}`,
	} {
		f.Add(seed)
	}
	same := cmp.Comparer(func(x, y money.Amount) bool { return x == y })
	f.Fuzz(func(t *testing.T, doc string) {
		b := setup(t)
		before := b.State()
		plan, err := sandbox.ReadPlan(strings.NewReader(doc))
		if err == nil {
			err = b.Apply(plan)
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			if diff := cmp.Diff(before, b.State(), same); diff != "" {
				t.Errorf("refused, and changed the state: %s", diff)
			}
			return
		}
		b.Close() // so that nothing hangs
		b.topUp("R-1", good, "1.00")
		b.transfer("R-2", goodAccount, "1.00")
		b.inquire("R-1")
		b.books()
	})
}
