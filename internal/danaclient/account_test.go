package danaclient

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/salur-id/salur/internal/money"
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
			`{"responseCode":2003700,"customerName":"B","customerMonthlyLimit":20000000,"new":{}}`,
			Account{Standing: Valid, Name: "B", MonthlyLimit: money.Rupiah(20_000_000)},
		},
		"nothing but success": {`{"responseCode":"2003700"}`, Account{Standing: Valid}},
		"frozen": {
			`{"responseCode":"4033705","customerNumber":"628123456667","additionalInfo":{"resultMsg":"PAYEE_USER_STATUS_DISABLE"}}`,
			Account{Standing: Invalid, Reason: "PAYEE_USER_STATUS_DISABLE"},
		},
		"additionalInfo a text": {`{"responseCode":"4033705","additionalInfo":"x"}`, Account{Standing: Invalid}},
		"server error":          {`{"responseCode":"5003701"}`, Account{Standing: Invalid}},
		"throttled":             {`{"responseCode":"4293700"}`, Account{Standing: Invalid}},
		"unlisted":              {`{"responseCode":"2023700"}`, Account{Standing: Invalid}},
		"HTML":                  {`<html>`, Account{Standing: Invalid}},
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
		"beneficiaryAccountNumber":"2460888509","beneficiaryAccountName":"JOHN DOE","beneficiaryBankCode":"008","beneficiaryBankShortName":"Mandiri",
		"beneficiaryBankName":"PT BANK MANDIRI (PERSERO) TBK","amount":{"currency":"IDR","value":"10000.00"},
		"additionalInfo":{"feeAmount":{"currency":"IDR","value":"2500.00"},"maxAmount":999999999}}`).BankAccountInquiry(t.Context(), testBankPayout())
	want := BankAccount{
		Attempts: 1, Standing: Valid, Name: "JOHN DOE", BankCode: "008", BankName: "PT BANK MANDIRI (PERSERO) TBK",
		BankShortName: "Mandiri", Fee: money.Rupiah(2500), Max: money.Rupiah(999_999_999),
	}
	if diff := cmp.Diff(want, got, ignoreExchange); diff != "" {
		t.Error(diff)
	}
}

// DANA's reading of every row of its table, and of what the table does not know.
func TestBankAccountStanding(t *testing.T) {
	t.Parallel()
	for code := range wantBankAccountInquiry {
		want := Invalid
		switch code {
		case "2004200":
			want = Valid
		case "4294200":
			want = Pending
		}
		v := bankAccountInquiry.classify(200, []byte(`{"responseCode":"`+code+`"}`), "")
		if got := bankStanding(v.Outcome); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
	for name, body := range map[string]string{
		"202": `{"responseCode":"2024200"}`, "5xx": `{"responseCode":"5034200"}`, "504": `{"responseCode":"5044200"}`,
		"no code": `{}`, "empty": ``, "HTML": `<html>`, "another API's": `{"responseCode":"2003700"}`,
	} {
		if got := bankStanding(bankAccountInquiry.classify(200, []byte(body), "").Outcome); got != Pending {
			t.Errorf("%s: %s, want pending", name, got)
		}
	}
}

// A question without an answer is asked three times in all, each time as a new message; an
// answer, whatever it says, ends it.
func TestBankAccountIsAskedThreeTimesAtMost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lost  int32 // exchanges without an answer
		then  string
		asked int
		want  Standing
	}{
		"at once":        {0, `{"responseCode":"2004200"}`, 1, Valid},
		"the third time": {2, `{"responseCode":"2004200"}`, 3, Valid},
		"never":          {9, ``, 3, Pending},
		"server error":   {0, `{"responseCode":"5004201"}`, 1, Invalid},
		"unreadable":     {0, `<html>`, 1, Pending},
		"lost, then no":  {1, `{"responseCode":"4044211"}`, 2, Invalid},
		"too many":       {0, `{"responseCode":"4294200"}`, 1, Pending},
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
		c.BankTransferStatus(t.Context(), "1", "PAY-1")
		if left > test.want || left < test.want-time.Second {
			t.Errorf("%s are left of %s", left, test.want)
		}
		if c.TopUpStatus(t.Context(), "1", "PAY-1"); left < test.configured-time.Second {
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
		v := accountInquiry.classify(200, answer, "")
		a := tellAccount(understood(v, 200, answer), v.fields)
		if (a.Standing == Valid) != (a.Outcome.Kind == statemachine.Succeeded && a.Outcome.Code == "2003700") {
			t.Errorf("%s by %+v", a.Standing, a.Outcome)
		}
		v = bankAccountInquiry.classify(200, answer, "")
		b := tellBankAccount(understood(v, 200, answer), v.fields)
		if (b.Standing == Valid) != (b.Outcome.Kind == statemachine.Succeeded && b.Outcome.Code == "2004200") {
			t.Errorf("%s by %+v", b.Standing, b.Outcome)
		}
	})
}
