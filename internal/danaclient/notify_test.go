package danaclient

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/salur-id/salur/internal/jakarta"
)

const notice = `{"originalPartnerReferenceNo":"PAY-1","originalReferenceNo":"2026","latestTransactionStatus":"00","transactionStatusDesc":"Success","createdTime":"2026-11-21T12:30:00+07:00","additionalInfo":{}}`

// notify makes DANA's request: signed by the test key, which plays DANA's here.
func notify(t testing.TB, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, NotifyPath, strings.NewReader(body))
	var compact strings.Builder
	var any any
	if json.Unmarshal([]byte(body), &any) == nil {
		for _, c := range body {
			if c != '\n' && c != '\t' {
				compact.WriteRune(c)
			}
		}
	} else {
		compact.WriteString(body)
	}
	stamp := jakarta.Format(noon())
	signature, err := sign(testKey(), "POST", NotifyPath, stamp, []byte(compact.String()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-TIMESTAMP", stamp)
	r.Header.Set("X-SIGNATURE", signature)
	r.Header.Set("X-PARTNER-ID", "2014000014442")
	r.Header.Set("X-EXTERNAL-ID", "41807553358950093184162180797837")
	r.Header.Set("CHANNEL-ID", "95221")
	return r
}

func notifyHandlerOf(t testing.TB, receive func(context.Context, Notification) error) http.Handler {
	t.Helper()
	h, err := NewNotifyHandler(NotifyConfig{Key: &testKey().PublicKey, Path: NotifyPath, Now: noon}, receive)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// answered serves r and returns the responseCode and responseMessage.
func answered(t testing.TB, h http.Handler, r *http.Request) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var said struct{ ResponseCode, ResponseMessage string }
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		t.Fatalf("HTTP %d %q: %v", w.Code, w.Body, err)
	}
	if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("X-TIMESTAMP") != "2026-11-21T12:30:00+07:00" ||
		said.ResponseCode[:3] != strconv.Itoa(w.Code) {
		t.Errorf("HTTP %d, headers %v, code %s", w.Code, w.Header(), said.ResponseCode)
	}
	return said.ResponseCode + " " + said.ResponseMessage
}

func TestNotifyIsHandedOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want Notification
	}{
		"DANA's sample":          {notice, Notification{Ref: "PAY-1", ReferenceNo: "2026", Status: "00"}},
		"spaced, signed compact": {strings.ReplaceAll(notice, ",", ",\n\t"), Notification{Ref: "PAY-1", ReferenceNo: "2026", Status: "00"}},
		"without our reference":  {`{"originalReferenceNo":"2026","latestTransactionStatus":"06"}`, Notification{ReferenceNo: "2026", Status: "06"}},
		"without DANA's number":  {`{"originalPartnerReferenceNo":"PAY-1","latestTransactionStatus":"04"}`, Notification{Ref: "PAY-1", Status: "04"}},
		"number as a number":     {`{"originalPartnerReferenceNo":"PAY-1","originalReferenceNo":2026,"latestTransactionStatus":"05"}`, Notification{Ref: "PAY-1", ReferenceNo: "2026", Status: "05"}},
		"a status of tomorrow":   {`{"originalPartnerReferenceNo":"PAY-1","latestTransactionStatus":"08"}`, Notification{Ref: "PAY-1", Status: "08"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Notification
			h := notifyHandlerOf(t, func(_ context.Context, n Notification) error { got = n; return nil })
			test.want.ExternalID = "41807553358950093184162180797837"
			if code := answered(t, h, notify(t, test.body)); code != "2004300 Successful" || got != test.want {
				t.Errorf("%s, %+v; want %+v", code, got, test.want)
			}
		})
	}
}

func TestNotifyRefuses(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, test := range map[string]struct {
		body   string
		change func(*http.Request)
		want   string
	}{
		"no timestamp":          {notice, header("X-TIMESTAMP", ""), "4004302 Invalid Mandatory Field X-TIMESTAMP"},
		"no signature":          {notice, header("X-SIGNATURE", ""), "4004302 Invalid Mandatory Field X-SIGNATURE"},
		"a timestamp of a kind": {notice, header("X-TIMESTAMP", "2026-11-21 12:30:00+07:00"), "4004301 Invalid Field Format X-TIMESTAMP"},
		"another timestamp":     {notice, header("X-TIMESTAMP", "2026-11-21T12:30:01+07:00"), "4014300 Unauthorized. Invalid Signature"},
		"not base64":            {notice, header("X-SIGNATURE", "85be817c_"), "4014300 Unauthorized. Invalid Signature"},
		"some other text":       {notice, header("X-SIGNATURE", "85be817c55b2c135157c7e89f52499bf0c25ad6eeebe04a986e8c862561b19a5"), "4014300 Unauthorized. Invalid Signature"},
		"another's key": {notice, func(r *http.Request) {
			signature, err := sign(other, "POST", NotifyPath, jakarta.Format(noon()), []byte(notice))
			if err != nil {
				t.Error(err)
			}
			r.Header.Set("X-SIGNATURE", signature)
		}, "4014300 Unauthorized. Invalid Signature"},
		"another body": {notice, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(notice, "PAY-1", "PAY-2", 1)))
		}, "4014300 Unauthorized. Invalid Signature"},
		"signed for another path": {notice, func(r *http.Request) {
			signature, err := sign(testKey(), "POST", "/v1.0/debit/notify", jakarta.Format(noon()), []byte(notice))
			if err != nil {
				t.Error(err)
			}
			r.Header.Set("X-SIGNATURE", signature)
		}, "4014300 Unauthorized. Invalid Signature"},
		"too long":            {notice + strings.Repeat(" ", maxAnswer), nil, "4004300 Bad Request"},
		"not JSON":            {`<xml>`, nil, "4004300 Bad Request"},
		"null":                {`null`, nil, "4004300 Bad Request"},
		"no reference":        {`{"latestTransactionStatus":"00"}`, nil, "4004302 Invalid Mandatory Field originalReferenceNo"},
		"no status":           {`{"originalPartnerReferenceNo":"PAY-1"}`, nil, "4004302 Invalid Mandatory Field latestTransactionStatus"},
		"status SUCCESS":      {`{"originalPartnerReferenceNo":"PAY-1","latestTransactionStatus":"SUCCESS"}`, nil, "4004301 Invalid Field Format latestTransactionStatus"},
		"reference too long":  {`{"originalPartnerReferenceNo":"` + strings.Repeat("P", 65) + `","latestTransactionStatus":"00"}`, nil, "4004301 Invalid Field Format originalPartnerReferenceNo"},
		"a control character": {`{"originalReferenceNo":"2026\u001b[2J","latestTransactionStatus":"00"}`, nil, "4004301 Invalid Field Format originalReferenceNo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := notifyHandlerOf(t, func(_ context.Context, n Notification) error {
				t.Errorf("received %+v", n)
				return nil
			})
			r := notify(t, test.body)
			if test.change != nil {
				test.change(r)
			}
			if got := answered(t, h, r); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// A repetition is answered and not received; another status, or one whose receiving failed, is.
func TestNotifyIsIdempotent(t *testing.T) {
	t.Parallel()
	var got []string
	broken := errors.New("Redis is away")
	var fail error = broken
	h := notifyHandlerOf(t, func(_ context.Context, n Notification) error {
		got = append(got, n.Status)
		return fail
	})
	pending := strings.Replace(notice, `"00"`, `"03"`, 1)
	if code := answered(t, h, notify(t, notice)); code != "5004301 Internal Server Error" {
		t.Error(code)
	}
	fail = nil
	for i, body := range []string{notice, notice, pending, notice, pending} {
		r := notify(t, body)
		r.Header.Set("X-EXTERNAL-ID", strings.Repeat("1", i+1)) // not signed, and new each time
		if code := answered(t, h, r); code != "2004300 Successful" {
			t.Error(code)
		}
	}
	if strings.Join(got, " ") != "00 00 03" {
		t.Errorf("received %v", got)
	}
}

// Fifty at once are received once, and all wait for how that ends.
func TestNotifyAtOnce(t *testing.T) {
	t.Parallel()
	var received atomic.Int32
	begun, go_ := make(chan struct{}), make(chan struct{})
	h := notifyHandlerOf(t, func(ctx context.Context, _ Notification) error {
		received.Add(1)
		close(begun) // a second one would panic here
		<-go_
		return ctx.Err()
	})
	var all sync.WaitGroup
	first, hangUp := context.WithCancel(t.Context())
	over := make(chan struct{})
	all.Go(func() {
		defer close(over)
		if code := answered(t, h, notify(t, notice).WithContext(first)); code != "2004300 Successful" {
			t.Error(code)
		}
	})
	select {
	case <-begun:
	case <-over:
		t.Fatal("it was not received")
	}
	hangUp() // does not take it from the others
	for range 49 {
		all.Go(func() {
			if code := answered(t, h, notify(t, notice)); code != "2004300 Successful" {
				t.Error(code)
			}
		})
	}
	close(go_)
	all.Wait()
	if n := received.Load(); n != 1 {
		t.Errorf("received %d times", n)
	}
}

func TestNotifyMethods(t *testing.T) {
	t.Parallel()
	h := notifyHandlerOf(t, ignore)
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "PUT": 405, "DELETE": 405} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, NotifyPath, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", method, w.Code, want)
		}
	}
}

func ignore(context.Context, Notification) error { return nil }

func TestNotifyConfig(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 2040)
	if err != nil {
		t.Fatal(err)
	}
	good := NotifyConfig{Key: &testKey().PublicKey, Path: NotifyPath, Now: noon}
	for name, change := range map[string]func(*NotifyConfig){
		"no key": func(c *NotifyConfig) { c.Key = nil }, "small key": func(c *NotifyConfig) { c.Key = &small.PublicKey },
		"no path": func(c *NotifyConfig) { c.Path = "" }, "relative path": func(c *NotifyConfig) { c.Path = "notify" },
		"no clock": func(c *NotifyConfig) { c.Now = nil },
	} {
		cfg := good
		change(&cfg)
		if _, err := NewNotifyHandler(cfg, ignore); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := NewNotifyHandler(good, nil); err == nil {
		t.Error("no receiver is accepted")
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	spki, err := x509.MarshalPKIXPublicKey(&testKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	whole := pemText("PUBLIC KEY", spki)
	for name, text := range map[string]string{
		"SPKI": whole, "PKCS#1": pemText("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&testKey().PublicKey)),
		"bare": base64.StdEncoding.EncodeToString(spki), "on one line": strings.ReplaceAll(whole, "\n", ""),
		"with \\n": strings.ReplaceAll(whole, "\n", `\n`), "in quotes": `"` + whole + `"`,
	} {
		if key, err := ParsePublicKey(text); err != nil || !key.Equal(&testKey().PublicKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"private": pemText("PRIVATE KEY", pkcs8(t, testKey())), "half": whole[:100], "noise": "abc", "empty": " ",
	} {
		if _, err := ParsePublicKey(text); !errors.Is(err, ErrPublicKey) && !errors.Is(err, ErrKeyMissing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever arrives: no panic, and nothing is received that DANA did not sign.
func FuzzNotify(f *testing.F) {
	f.Add([]byte(notice), "2026-11-21T12:30:00+07:00", true)
	f.Add([]byte(`{"originalReferenceNo":1,"latestTransactionStatus":"00"}`), "2026-11-21T12:30:00+07:00", false)
	f.Fuzz(func(t *testing.T, body []byte, stamp string, genuine bool) {
		received := false
		h := notifyHandlerOf(t, func(context.Context, Notification) error { received = true; return nil })
		signature := base64.StdEncoding.EncodeToString([]byte(stamp))
		if genuine {
			var err error
			if signature, err = sign(testKey(), "POST", NotifyPath, stamp, body); err != nil {
				t.Fatal(err)
			}
		}
		r := httptest.NewRequest(http.MethodPost, NotifyPath, strings.NewReader(string(body)))
		r.Header.Set("X-TIMESTAMP", stamp)
		r.Header.Set("X-SIGNATURE", signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if received != (w.Code == http.StatusOK) || received && !genuine {
			t.Errorf("HTTP %d, received %t, genuine %t", w.Code, received, genuine)
		}
	})
}
