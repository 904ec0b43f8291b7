package danaclient

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

func answering(t *testing.T, body string) *Client {
	t.Helper()
	return newClient(t, testConfig(serve(t, func(w http.ResponseWriter, _ *http.Request) { write(w, body) }).URL))
}

var ignoreExchange = cmp.Options{cmpopts.IgnoreTypes(Exchange{}), cmp.AllowUnexported(money.Amount{})}

func TestAccountInquiryTells(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want Account
	}{
		"as in DANA's sample": {
			`{"responseCode":"2003700","responseMessage":"Successful","referenceNo":"2020","customerNumber":"62811742234","customerName":"DNID dXX",
			"customerMonthlyInLimit":"10000000","minAmount":{"value":"1.00","currency":"IDR"},"maxAmount":{"value":"105231.00","currency":"IDR"},
			"amount":{"value":"10000.00","currency":"IDR"},"feeAmount":{"value":"0.00","currency":"IDR"},"feeType":"Service fee","additionalInfo":{}}`,
			Account{Standing: Valid, Name: "DNID dXX", MonthlyLimit: money.Rupiah(10_000_000), Min: money.Rupiah(1),
				Max: money.Rupiah(105231), Fee: money.Rupiah(0), FeeType: "Service fee"},
		},
		"limit by the table's name, as a number": {
			`{"responseCode":2003700,"customerNumber":"62811742234","customerName":"B","customerMonthlyLimit":20000000,"new":{}}`,
			Account{Standing: Valid, Name: "B", MonthlyLimit: money.Rupiah(20_000_000)},
		},
		"nothing but success": {`{"responseCode":"2003700"}`, Account{Standing: Pending}},
		"nobody's name":       {`{"responseCode":"2003700","customerNumber":"62811742234","customerName":""}`, Account{Standing: Pending}},
		"no number":           {`{"responseCode":"2003700","customerName":"B"}`, Account{Standing: Pending}},
		"another number":      {`{"responseCode":"2003700","customerNumber":"62811742235","customerName":"B"}`, Account{Standing: Pending}},
		"another amount":      {`{"responseCode":"2003700","customerNumber":"62811742234","customerName":"B","amount":{"value":"1.00","currency":"IDR"}}`, Account{Standing: Pending}},
		"half an amount":      {`{"responseCode":"2003700","customerNumber":"62811742234","customerName":"B","amount":{"value":"10000.00"}}`, Account{Standing: Pending}},
		"our signature":       {`{"responseCode":"4013700"}`, Account{Standing: Pending}},
		"our token":           {`{"responseCode":"4013701"}`, Account{Standing: Pending}},
		"our question":        {`{"responseCode":"4003701"}`, Account{Standing: Pending}},
		"our deposit":         {`{"responseCode":"4033714"}`, Account{Standing: Pending}},
		"our rights":          {`{"responseCode":"4033715"}`, Account{Standing: Pending}},
		"our configuration":   {`{"responseCode":"4033718"}`, Account{Standing: Pending}},
		"our daily limit":     {`{"responseCode":"4033720"}`, Account{Standing: Pending}},
		"our merchant":        {`{"responseCode":"4043708"}`, Account{Standing: Pending}},
		"frozen": {
			`{"responseCode":"4033705","customerNumber":"628123456667","additionalInfo":{"resultMsg":"PAYEE_USER_STATUS_DISABLE"}}`,
			Account{Standing: Invalid, Reason: "PAYEE_USER_STATUS_DISABLE"},
		},
		"additionalInfo a text": {`{"responseCode":"4033705","additionalInfo":"x"}`, Account{Standing: Invalid}},
		"server error":          {`{"responseCode":"5003701"}`, Account{Standing: Pending}},
		"throttled":             {`{"responseCode":"4293700"}`, Account{Standing: Pending}},
		"unlisted":              {`{"responseCode":"2023700"}`, Account{Standing: Pending}},
		"HTML":                  {`<html>`, Account{Standing: Pending}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := answering(t, test.body).AccountInquiry(t.Context(), "1", testPayout(t))
			if diff := cmp.Diff(test.want, got, ignoreExchange); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBankAccountInquiryTells(t *testing.T) {
	t.Parallel()
	got := answering(t, `{"responseCode":"2004200","responseMessage":"Success","referenceNo":"7c4e","partnerReferenceNo":"x","accountType":"SETTLEMENT_ACCOUNT",
		"beneficiaryAccountNumber":"2460888509","beneficiaryAccountName":"JOHN DOE","beneficiaryBankCode":"014","beneficiaryBankShortName":"Mandiri",
		"beneficiaryBankName":"PT BANK MANDIRI (PERSERO) TBK","amount":{"currency":"IDR","value":"50000.00"},
		"additionalInfo":{"feeAmount":{"currency":"IDR","value":"2500.00"},"maxAmount":999999999}}`).BankAccountInquiry(t.Context(), testBankPayout())
	want := BankAccount{
		Attempts: 1, Standing: Valid, Name: "JOHN DOE", BankCode: "014", BankName: "PT BANK MANDIRI (PERSERO) TBK",
		BankShortName: "Mandiri", Fee: money.Rupiah(2500), Max: money.Rupiah(999_999_999),
	}
	if diff := cmp.Diff(want, got, ignoreExchange); diff != "" {
		t.Error(diff)
	}
}

// bankSuccess is a whole answer about testBankPayout.
const bankSuccess = `{"responseCode":"2004200","beneficiaryAccountNumber":"2460888509","beneficiaryAccountName":"B","amount":{"value":"50000.00","currency":"IDR"}}`

// Of all rows only those that name the account as their cause say anything of it.
func TestBankAccountStanding(t *testing.T) {
	t.Parallel()
	about := bankAccountInquiry.about(testBankPayout())
	if got := standing(about.classify(200, []byte(bankSuccess), "").Outcome); got != Valid {
		t.Errorf("a whole success: %s", got)
	}
	for code := range wantBankAccountInquiry {
		want := Pending
		switch code {
		case "4034202", "4044211":
			want = Invalid
		}
		v := about.classify(200, []byte(`{"responseCode":"`+code+`"}`), "")
		if got := standing(v.Outcome); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
	for name, body := range map[string]string{
		"202": `{"responseCode":"2024200"}`, "5xx": `{"responseCode":"5034200"}`, "504": `{"responseCode":"5044200"}`,
		"no code": `{}`, "empty": ``, "HTML": `<html>`, "another API's": `{"responseCode":"2003700"}`,
	} {
		if got := standing(about.classify(200, []byte(body), "").Outcome); got != Pending {
			t.Errorf("%s: %s, want pending", name, got)
		}
	}
}

// A success that is not whole, or is about something else than was asked, is no verdict; the answer itself is kept.
func TestBankAccountAnswerIsAboutTheQuestion(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"no account":       {`"2460888509"`, `null`},
		"no name":          {`"B"`, `""`},
		"no amount":        {`"amount"`, `"other"`},
		"half an amount":   {`"IDR"`, `""`},
		"another account":  {`2460888509`, `01234567890`},
		"another amount":   {`50000.00`, `50000.01`},
		"another currency": {`"IDR"`, `"USD"`},
		"another bank":     {`{"r`, `{"beneficiaryBankCode":"008","r`},
	} {
		body := strings.Replace(bankSuccess, change[0], change[1], 1)
		b := answering(t, body).BankAccountInquiry(t.Context(), testBankPayout())
		if b.Standing != Pending || b.Outcome.Kind != statemachine.Unknown || b.Name != "" || b.Raw == nil || b.Attempts != 1 {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

// A question without an answer is asked again three times at most, each time as a new message; an
// answer, whatever it says, ends it.
func TestBankAccountIsAskedAgainThreeTimesAtMost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lost  int32 // exchanges without an answer
		then  string
		asked int
		want  Standing
	}{
		"at once":         {0, bankSuccess, 1, Valid},
		"the third retry": {3, bankSuccess, 4, Valid},
		"never":           {9, ``, 4, Pending},
		"server error":    {0, `{"responseCode":"5004201"}`, 1, Pending},
		"unreadable":      {0, `<html>`, 1, Pending},
		"lost, then no":   {1, `{"responseCode":"4044211"}`, 2, Invalid},
		"too many":        {0, `{"responseCode":"4294200"}`, 1, Pending},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			ids := make(chan string, 9)
			c := newClient(t, testConfig(serve(t, func(w http.ResponseWriter, r *http.Request) {
				ids <- r.Header.Get("X-EXTERNAL-ID")
				if n.Add(1) <= test.lost {
					panic(http.ErrAbortHandler)
				}
				write(w, test.then)
			}).URL))
			b := c.BankAccountInquiry(t.Context(), testBankPayout())
			if b.Standing != test.want || b.Attempts != test.asked || int(n.Load()) != test.asked {
				t.Errorf("%s after %d attempts, %d arrived; want %s after %d", b.Standing, b.Attempts, n.Load(), test.want, test.asked)
			}
			close(ids)
			seen := map[string]bool{}
			for id := range ids {
				if seen[id] {
					t.Errorf("X-EXTERNAL-ID %s was used twice", id)
				}
				seen[id] = true
			}
		})
	}
}

func TestBankAccountInquiryEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := newClient(t, testConfig(serve(t, func(http.ResponseWriter, *http.Request) {
		cancel()
		panic(http.ErrAbortHandler)
	}).URL))
	if b := c.BankAccountInquiry(ctx, testBankPayout()); b.Attempts != 1 || b.Standing != Pending {
		t.Errorf("%s after %d attempts", b.Standing, b.Attempts)
	}
}

// Transfer to Bank Inquiry Status has four seconds, or less where less is configured.
func TestTimeoutOfAService(t *testing.T) {
	t.Parallel()
	var left time.Duration
	for _, test := range []struct{ configured, want time.Duration }{{time.Hour, 4 * time.Second}, {time.Second, time.Second}} {
		cfg := testConfig("http://dana.example")
		cfg.Timeout = test.configured
		c := newClient(t, cfg)
		c.wire = roundTrip(func(r *http.Request) (*http.Response, error) {
			deadline, _ := r.Context().Deadline()
			left = time.Until(deadline)
			return nil, http.ErrServerClosed
		})
		c.BankTransferStatus(t.Context(), "1", payout.Payout{Ref: "PAY-1"})
		if left > test.want || left < test.want-time.Second {
			t.Errorf("%s are left of %s", left, test.want)
		}
		if c.TopUpStatus(t.Context(), "1", payout.Payout{Ref: "PAY-1"}); left < test.configured-time.Second {
			t.Errorf("the top-up's inquiry has %s of %s", left, test.configured)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever stands in an inquiry's answer, it is read without a panic and never as valid
// without DANA's code.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte(`{"responseCode":"2003700","customerName":"B","customerMonthlyInLimit":"1e9","maxAmount":{"value":1,"currency":"IDR"}}`))
	f.Add([]byte(`{"responseCode":"2004200","beneficiaryAccountName":"B","additionalInfo":{"feeAmount":{"value":"1.00","currency":"IDR"}}}`))
	f.Add([]byte(`{"responseCode":"4033705","additionalInfo":{"resultMsg":"\u001b[2J"}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		v := accountInquiry.about(testPayout(t)).classify(200, answer, "")
		a := tellAccount(understood(v, 200, answer, payout.Payout{}), v.fields)
		if (a.Standing == Valid) != (a.Outcome.Kind == statemachine.Succeeded && a.Outcome.Code == "2003700") {
			t.Errorf("%s by %+v", a.Standing, a.Outcome)
		}
		v = bankAccountInquiry.about(testBankPayout()).classify(200, answer, "")
		b := tellBankAccount(understood(v, 200, answer, payout.Payout{}), v.fields)
		if (b.Standing == Valid) != (b.Outcome.Kind == statemachine.Succeeded && b.Outcome.Code == "2004200") {
			t.Errorf("%s by %+v", b.Standing, b.Outcome)
		}
	})
}
