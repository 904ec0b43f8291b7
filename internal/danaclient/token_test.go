package danaclient

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/statemachine"
)

// issuer is a DANA that gives tokens and pays whoever shows the newest.
type issuer struct {
	client  *Client
	now     atomic.Pointer[time.Time]
	fetched atomic.Int32
	paid    atomic.Int32
	calls   chan *http.Request // top-ups as they came
	// What to answer instead; nil for the usual.
	token, topUp func(w http.ResponseWriter, n int32)
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{calls: make(chan *http.Request, 200)}
	i.at(0)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == tokenPath {
			n := i.fetched.Add(1)
			if i.token != nil {
				i.token(w, n)
				return
			}
			fmt.Fprintf(w, `{"responseCode":"2007300","responseMessage":"Successful","accessToken":"token-%d","tokenType":"Bearer","expiresIn":"900"}`, n)
			return
		}
		n := i.paid.Add(1)
		i.calls <- r
		if i.topUp != nil {
			i.topUp(w, n)
			return
		}
		write(w, paidAnswer)
	})
	cfg := testConfig(server.URL)
	cfg.Signature, cfg.ClientSecret = Symmetric, vectorSecret
	cfg.Now = func() time.Time { return *i.now.Load() }
	i.client = newClient(t, cfg)
	return i
}

// at sets the clock.
func (i *issuer) at(after time.Duration) {
	now := noon().Add(after)
	i.now.Store(&now)
}

func (i *issuer) pay(t *testing.T) Exchange {
	t.Helper()
	return i.client.TopUp(t.Context(), "1", testPayout(t))
}

func TestSymmetricRequest(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	expect(t, i.pay(t), statemachine.Succeeded, "", false)
	if i.paid.Load() != 1 {
		t.Fatal("nothing was sent")
	}
	h := (<-i.calls).Header
	if got := h.Get("Authorization"); got != "Bearer token-1" {
		t.Errorf("Authorization %q", got)
	}
	body, err := encode(topUpBody(testPayout(t)))
	if err != nil {
		t.Fatal(err)
	}
	if want := signSymmetric(newMAC(vectorSecret), "POST", "/rest/v1.0/emoney/topup", "token-1", vectorTime, body); h.Get("X-SIGNATURE") != want {
		t.Errorf("X-SIGNATURE %q, want %q", h.Get("X-SIGNATURE"), want)
	}
}

// A hundred calls at once make one token do, which lasts until shortly before its end.
func TestTokenIsSharedAndRenewed(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { expect(t, i.pay(t), statemachine.Succeeded, "", false) })
	}
	all.Wait()
	i.at(899*time.Second - time.Minute)
	i.pay(t)
	if n := i.fetched.Load(); n != 1 {
		t.Errorf("%d tokens were fetched", n)
	}
	i.at(900*time.Second - time.Minute)
	i.pay(t)
	if n := i.fetched.Load(); n != 2 {
		t.Errorf("%d tokens were fetched near the end of the first", n)
	}
}

// DANA may end a token early. The same attempt is sent once more with a new token; a second
// refusal is a denial.
func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code       string
		refusals   int32
		sent       int32
		tokens     int32
		kind       statemachine.Kind
		why        statemachine.Why
		asymmetric bool
	}{
		// Who wrote this is not known, so it is not known either that DANA did not pay.
		"contradicted":         {"4013801", 1, 1, 1, statemachine.Unknown, "status_contradicts_code", false},
		"invalid, once":        {"4013801", 1, 2, 2, statemachine.Succeeded, "", false},
		"not found, once":      {"4013803", 1, 2, 2, statemachine.Succeeded, "", false},
		"twice":                {"4013801", 2, 2, 2, statemachine.Denied, statemachine.CredentialsRefused, false},
		"signature refused":    {"4013800", 1, 1, 1, statemachine.Denied, statemachine.CredentialsRefused, false},
		"customer's token":     {"4013802", 1, 1, 1, statemachine.Refused, "invalid_customer_token", false},
		"without a token used": {"4013801", 1, 1, 0, statemachine.Denied, statemachine.CredentialsRefused, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			i.topUp = func(w http.ResponseWriter, n int32) {
				if n <= test.refusals {
					w.WriteHeader(map[bool]int{true: 502, false: 401}[test.kind == statemachine.Unknown])
					write(w, `{"responseCode":"`+test.code+`","responseMessage":"Invalid Token (B2B)"}`)
					return
				}
				write(w, paidAnswer)
			}
			if test.asymmetric {
				i.client.cfg.Signature = Asymmetric
			}
			expect(t, i.pay(t), test.kind, test.why, false)
			if i.paid.Load() != test.sent || i.fetched.Load() != test.tokens {
				t.Fatalf("%d sent with %d tokens; want %d, %d", i.paid.Load(), i.fetched.Load(), test.sent, test.tokens)
			}
			if test.sent == 2 {
				first, second := <-i.calls, <-i.calls
				if first.Header.Get("X-EXTERNAL-ID") != second.Header.Get("X-EXTERNAL-ID") {
					t.Error("one attempt has two external ids")
				}
				if second.Header.Get("Authorization") != "Bearer token-2" {
					t.Errorf("sent again with %s", second.Header.Get("Authorization"))
				}
			}
		})
	}
}

// Whoever hears late that an old token was refused leaves the new one alone.
func TestOnlyTheRefusedTokenIsDropped(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.pay(t)
	i.client.tokens.drop("token-0")
	i.pay(t)
	if n := i.fetched.Load(); n != 1 {
		t.Errorf("%d tokens", n)
	}
	i.client.tokens.drop("token-1")
	i.pay(t)
	if n := i.fetched.Load(); n != 2 {
		t.Errorf("%d tokens", n)
	}
}

// Without a token nothing of the payout leaves, and that is certain.
func TestNoToken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		kind   statemachine.Kind
		why    statemachine.Why
		fault  bool
	}{
		"signature refused":     {401, `{"responseCode":"4017300","responseMessage":"Unauthorized. Invalid Signature"}`, statemachine.Denied, "credentials_refused", false},
		"bad request in 200":    {200, `{"responseCode":"4007301"}`, statemachine.Denied, "credentials_refused", false},
		"too many requests":     {429, `{"responseCode":"4297300"}`, statemachine.NotSent, "no_token", false},
		"server error":          {500, `{"responseCode":"5007301"}`, statemachine.NotSent, "no_token", true},
		"refusal under 502":     {502, `{"responseCode":"4017300"}`, statemachine.NotSent, "no_token", true},
		"another API's answer":  {401, `{"responseCode":"4013800"}`, statemachine.NotSent, "no_token", true},
		"HTML":                  {502, `<html>`, statemachine.NotSent, "no_token", true},
		"empty":                 {200, ``, statemachine.NotSent, "no_token", true},
		"no token in it":        {200, `{"responseCode":"2007300","expiresIn":"900"}`, statemachine.NotSent, "no_token", true},
		"no lifetime":           {200, `{"responseCode":"2007300","accessToken":"s3cr3t"}`, statemachine.NotSent, "no_token", true},
		"no time left":          {200, `{"responseCode":"2007300","accessToken":"s3cr3t","expiresIn":"0"}`, statemachine.NotSent, "no_token", true},
		"negative lifetime":     {200, `{"responseCode":"2007300","accessToken":"s3cr3t","expiresIn":"-1"}`, statemachine.NotSent, "no_token", true},
		"token with line break": {200, `{"responseCode":"2007300","accessToken":"s3cr3t\r\nX: 1","expiresIn":"900"}`, statemachine.NotSent, "no_token", true},
		"token under 500":       {500, `{"responseCode":"2007300","accessToken":"s3cr3t","expiresIn":"900"}`, statemachine.NotSent, "no_token", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			i.token = func(w http.ResponseWriter, _ int32) {
				w.WriteHeader(test.status)
				write(w, test.body)
			}
			x := i.pay(t)
			expect(t, x, test.kind, test.why, test.fault)
			if i.paid.Load() != 0 || x.Err == nil || strings.Contains(fmt.Sprintf("%+v", x), "s3cr3t") {
				t.Errorf("%d top-ups arrived, error %v", i.paid.Load(), x.Err)
			}
		})
	}
	t.Run("NumberOfSeconds", func(t *testing.T) {
		t.Parallel()
		i := newIssuer(t)
		i.token = func(w http.ResponseWriter, _ int32) {
			write(w, `{"responseCode":2007300,"accessToken":"t","expiresIn":900}`)
		}
		expect(t, i.pay(t), statemachine.Succeeded, "", false)
	})
	t.Run("LineDropped", func(t *testing.T) {
		t.Parallel()
		i := newIssuer(t)
		i.token = func(http.ResponseWriter, int32) { panic(http.ErrAbortHandler) }
		expect(t, i.pay(t), statemachine.NotSent, "no_token", true)
	})
}

// The one who came first and gives up does not take the others' token away.
func TestFetchOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	asked, answer := make(chan struct{}), make(chan struct{})
	i.token = func(w http.ResponseWriter, n int32) {
		close(asked) // a second fetch would panic here
		<-answer
		write(w, `{"responseCode":"2007300","accessToken":"t","expiresIn":"900"}`)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var first, second sync.WaitGroup
	first.Go(func() { expect(t, i.client.TopUp(ctx, "1", testPayout(t)), statemachine.NotSent, "no_token", false) })
	<-asked
	second.Go(func() { expect(t, i.pay(t), statemachine.Succeeded, "", false) })
	cancel()
	first.Wait()
	close(answer)
	second.Wait()
}
