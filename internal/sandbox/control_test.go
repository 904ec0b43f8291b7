package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

func (b *testBundle) post(path, body string) heard {
	b.t.Helper()
	return b.do(httptest.NewRequest(http.MethodPost, "/_sandbox/"+path, strings.NewReader(body)))
}

func (b *testBundle) accepted(path, body string) {
	b.t.Helper()
	if h := b.post(path, body); h.status != http.StatusNoContent {
		b.t.Fatalf("%s %s: %d %s", path, body, h.status, h.body)
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accepted("behaviours", `{"ref":"R-1","preset":"throttle","times":2}`)
	b.accepted("behaviours", `{"customer":"`+good+`","behaviour":{"sends":[{"times":1,"pay":"late","delayMillis":5,"answer":"drop"}],"inquiries":[{"status":"03"}]}}`)
	expectCode(t, b.topUp("R-1", good, "1.00"), "4293800")
	expectCode(t, b.topUp("R-1", good, "1.00"), "4293800")
	expectCode(t, b.topUp("R-1", good, "1.00"), "2003800")
	expectCode(t, b.topUp("R-2", good, "1.00"), "closed")
	expectCode(t, b.topUp("R-2", good, "1.00"), "2003800")
	if got := b.inquire("R-2").statusOf(); got != "03" {
		t.Errorf("status %s", got)
	}
	b.accepted("deposit", `{"deposit":"0"}`)
	expectCode(t, b.topUp("R-3", "6281234509876", "1.00"), "4033814")
	b.accepted("credentials", `{"refuse":true}`)
	expectCode(t, b.topUp("R-4", "6281234509876", "1.00"), "4013800")

	h := b.do(httptest.NewRequest(http.MethodGet, "/_sandbox/state", nil))
	var got sandbox.State
	if err := json.Unmarshal([]byte(h.body), &got); err != nil {
		t.Fatal(err)
	}
	want := b.books()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(x, y money.Amount) bool { return x == y })); diff != "" {
		t.Errorf("the state differs over HTTP: %s", diff)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	if !got.CredentialsRefused || got.Deposit != money.Rupiah(0) || got.Opening != money.Rupiah(4) || got.Requests["topup"] != 7 || got.Requests["topup-status"] != 1 {
		t.Errorf("state %+v", got)
	}

	b.accepted("reset", "")
	expectCode(t, b.topUp("R-3", good, "1.00"), "2003800")
	if st := b.books(); len(st.Transactions) != 1 || st.Opening != money.Rupiah(1_000_000_000) || st.Requests["topup"] != 1 {
		t.Errorf("after a reset: %+v", st)
	}
}

func TestControlBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.State()
	for _, tc := range []struct{ path, body, says string }{
		{"behaviours", ``, "send a JSON document such as"},
		{"behaviours", `{"ref":"R-1","preset":"throttle"} {}`, "more than one document"},
		{"behaviours", `{"ref":"R-1","preset":"throttle","colour":"red"}`, `unknown field "colour"`},
		{"behaviours", `{"ref":"` + strings.Repeat("R", 70_000) + `"}`, "too large"},
		{"behaviours", `{"preset":"throttle"}`, "customer, account, ref, api: give exactly one"},
		{"behaviours", `{"ref":"R-1","customer":"628","preset":"throttle"}`, "customer, account, ref, api: give exactly one"},
		{"behaviours", `{"ref":"R-1"}`, "preset, behaviour: give exactly one"},
		{"behaviours", `{"ref":"R-1","preset":"throttle","behaviour":{}}`, "preset, behaviour: give exactly one"},
		{"behaviours", `{"ref":"R-1","preset":"sing"}`, `preset "sing": use one of pay_and_hang, `},
		{"behaviours", `{"ref":"R-1","preset":"throttle","times":-1}`, `sends[0].times "-1": use 0`},
		{"behaviours", `{"ref":"R-1","times":1,"behaviour":{}}`, `times "1": goes with a preset`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{},{"pay":"maybe"}]}}`, `sends[1].pay "maybe": use never`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"pay":"late","answer":"hang"}]}}`, `sends[0].delayMillis "0"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"delayMillis":5}]}}`, `sends[0].delayMillis "5"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"pay":"late","delayMillis":86400001,"answer":"hang"}]}}`, `sends[0].delayMillis "86400001"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"pay":"never"}]}}`, `pay never has no result`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"pay":"late","delayMillis":5}]}}`, `pay late has no result`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"then":"06"}]}}`, `sends[0].then "06"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"pay":"failed","then":"04"}]}}`, `sends[0].then "04"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"pay":"pending","then":"03"}]}}`, `sends[0].then "03"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"answer":"shout"}]}}`, `sends[0].answer "shout": use hang`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"answer":"1003800"}]}}`, `sends[0].answer "1003800"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"sends":[{"answer":"503380"}]}}`, `sends[0].answer "503380"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"inquiries":[{"times":-1}]}}`, `inquiries[0].times "-1"`},
		{"behaviours", `{"ref":"R-1","behaviour":{"inquiries":[{"status":"08"}]}}`, `inquiries[0].status "08": use 00 to 07`},
		{"behaviours", `{"ref":"R-1","behaviour":{"inquiries":[{"answer":"6003800"}]}}`, `inquiries[0].answer "6003800"`},
		{"deposit", `{}`, `deposit "": not an amount`},
		{"deposit", `{"deposit":"-5"}`, `deposit "-5": not an amount`},
		{"deposit", `{"deposit":5}`, "send a JSON document such as"},
		{"credentials", `{}`, `refuse "": use true or false`},
		{"credentials", `[]`, "send a JSON document such as"},
	} {
		h := b.post(tc.path, tc.body)
		if h.status != http.StatusBadRequest || !strings.Contains(h.body, tc.says) || strings.Count(h.body, "\n") != 1 {
			t.Errorf("%s %.80s: %d %q, want one line with %q", tc.path, tc.body, h.status, h.body, tc.says)
		}
	}
	if diff := cmp.Diff(before, b.State(), cmp.Comparer(func(x, y money.Amount) bool { return x == y })); diff != "" {
		t.Errorf("bad input changed the state: %s", diff)
	}
	if err := b.SetDeposit(money.Rupiah(-1)); err == nil {
		t.Error("a negative deposit was taken")
	}
}

// Check finds each kind of discrepancy: it is what other tests rely on.
func TestCheckFindsDiscrepancies(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*sandbox.State){
		"DepositMoved":      func(s *sandbox.State) { s.Deposit = s.Deposit.Sub(money.FromCents(1)) },
		"WalletMoved":       func(s *sandbox.State) { s.Wallets[good] = money.Rupiah(11) },
		"WalletGone":        func(s *sandbox.State) { delete(s.Wallets, good) },
		"WalletFromNowhere": func(s *sandbox.State) { s.Wallets["628123123123"] = money.Rupiah(1) },
		"CreditGone":        func(s *sandbox.State) { s.Credits = nil },
		"Unpaid":            func(s *sandbox.State) { s.Transactions[0].Status = "06" },
		"OtherAmount":       func(s *sandbox.State) { s.Transactions[0].Amount = money.Rupiah(9) },
		"TransactionGone":   func(s *sandbox.State) { s.Transactions = nil },
		"PaidWithoutACredit": func(s *sandbox.State) {
			s.Transactions = append(s.Transactions, sandbox.Transaction{Ref: "R-2", Status: "00"})
		},
		"RefundWithoutStatus": func(s *sandbox.State) {
			s.Credits[0].RefundedAt = s.Credits[0].At
			s.Deposit = s.Opening
			s.Wallets = nil
		},
		"CreditedTwice": func(s *sandbox.State) { // everything adds up, and still it is wrong
			s.Credits = append(s.Credits, s.Credits[0])
			s.Deposit = s.Deposit.Sub(money.Rupiah(11))
			s.Wallets[good] = money.Rupiah(20)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			expectCode(t, b.topUp("R-1", good, "10.00"), "2003800")
			st := b.books()
			spoil(&st)
			if st.Check() == nil {
				t.Error("not found")
			}
		})
	}
}
