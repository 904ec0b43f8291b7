package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // the example of the standard's own tests
	newSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
)

func client(t *testing.T, cfg Config) *Client {
	t.Helper()
	if cfg.Secrets == nil {
		cfg.Secrets = []string{oldSecret}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// receiver serves until the test ends.
func receiver(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// The vector of the standard's reference libraries: id, time, body and signature as they print them.
func TestGoldenVector(t *testing.T) {
	t.Parallel()
	at := time.Unix(1614265330, 0)
	c := client(t, Config{URL: "https://example.com", Now: func() time.Time { return at }})
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := c.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, []byte(`{"test": 2432232314}`)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	at := time.Now().Truncate(time.Second)
	var got *http.Request
	var body []byte
	s := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	c := client(t, Config{URL: s.URL + "/in?key=1", AllowPrivate: true, Secrets: []string{newSecret, oldSecret}, Now: func() time.Time { return at }})
	if r := c.Post(t.Context(), "evt_1-0", []byte(`{"a":1}`)); r != (Result{Outcome: Delivered, Status: 204}) {
		t.Fatalf("%+v", r)
	}
	if got.Method != http.MethodPost || got.RequestURI != "/in?key=1" || got.Header.Get("Content-Type") != "application/json" || string(body) != `{"a":1}` ||
		got.Header.Get("Webhook-Id") != "evt_1-0" {
		t.Errorf("%s %s %v %s", got.Method, got.RequestURI, got.Header, body)
	}
	// A receiver that knows either secret is served, and no other.
	signatures := strings.Split(got.Header.Get("Webhook-Signature"), " ")
	if len(signatures) != 2 {
		t.Fatalf("%v", signatures)
	}
	for i, secret := range []string{newSecret, oldSecret} {
		wh, _ := standardwebhooks.NewWebhook(secret)
		if err := wh.Verify(body, got.Header); err != nil {
			t.Errorf("%s: %v", secret, err)
		}
		one := got.Header.Clone()
		one.Set("Webhook-Signature", signatures[i])
		if err := wh.Verify(body, one); err != nil {
			t.Errorf("signature %d is not by the secret in that place, the newest first: %v", i, err)
		}
		if err := wh.Verify([]byte(`{"a":2}`), got.Header); err == nil {
			t.Error("another body passes")
		}
	}
	foreign, _ := standardwebhooks.NewWebhook("whsec_OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=")
	if foreign.Verify(body, got.Header) == nil {
		t.Error("a foreign secret passes")
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		status     int
		retryAfter string
		want       Result
	}{
		{200, "", Result{Outcome: Delivered, Status: 200}},
		{299, "", Result{Outcome: Delivered, Status: 299}},
		{300, "", Result{Outcome: Refused, Status: 300}},
		{304, "", Result{Outcome: Refused, Status: 304}},
		{410, "", Result{Outcome: Refused, Status: 410}},
		{429, "120", Result{Refused, 429, 2 * time.Minute}},
		{503, "Sun, 01 Mar 2026 09:00:30 GMT", Result{Refused, 503, 30 * time.Second}},
		{503, "Sun, 01 Mar 2026 08:00:00 GMT", Result{Outcome: Refused, Status: 503}},
		{503, "-5", Result{Outcome: Refused, Status: 503}},
		{503, "soon", Result{Outcome: Refused, Status: 503}},
		{503, "99999999999", Result{Refused, 503, 24 * time.Hour}},
	} {
		s := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
			if tc.retryAfter != "" {
				w.Header().Set("Retry-After", tc.retryAfter)
			}
			w.WriteHeader(tc.status)
		})
		c := client(t, Config{URL: s.URL, AllowPrivate: true, Now: func() time.Time { return now }})
		if got := c.Post(t.Context(), "evt_1-0", nil); got != tc.want {
			t.Errorf("%d %q: %+v", tc.status, tc.retryAfter, got)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	followed := false
	target := receiver(t, func(http.ResponseWriter, *http.Request) { followed = true })
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := receiver(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target.URL, status) })
		if got := client(t, Config{URL: s.URL, AllowPrivate: true}).Post(t.Context(), "evt_1-0", []byte("{}")); got.Outcome != Refused || got.Status != status {
			t.Errorf("%d: %+v", status, got)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

// Addresses of this machine and of private networks are not dialled, however they are written and
// whatever name leads to them.
func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	reached := false
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.1", "0.0.0.0", "[::]",
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		got := client(t, Config{URL: "https://" + host + ":" + port + "/"}).Post(ctx, "evt_1-0", nil)
		cancel()
		if got.Outcome != Forbidden && (host != "127.1" || got.Outcome != Unreachable) { // Go does not read 127.1 as an address
			t.Errorf("%s: %+v", host, got)
		}
	}
	// Rebinding: the name is good when it is looked at and private when it is dialled. The guard sits
	// behind the look-up, in the dialler of every connection.
	c := client(t, Config{URL: "https://rebound.example:" + port})
	dial := c.http.Transport.(*http.Transport).DialContext
	c.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, "localhost:"+port)
	}
	if got := c.Post(t.Context(), "evt_1-0", nil); got.Outcome != Forbidden {
		t.Errorf("a name that resolves to this machine: %+v", got)
	}
	if reached {
		t.Error("the receiver was reached")
	}
	if got := client(t, Config{URL: s.URL, AllowPrivate: true}).Post(t.Context(), "evt_1-0", nil); got.Outcome != Untrusted {
		t.Errorf("allowed, with a certificate that nobody knows: %+v", got)
	}
}

// A proxy from the environment would dial in our place, without the guard.
func TestNoProxy(t *testing.T) {
	asked := false
	proxy := receiver(t, func(http.ResponseWriter, *http.Request) { asked = true })
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	c := client(t, Config{URL: "http://receiver.invalid/", AllowPrivate: true})
	if got := c.Post(t.Context(), "evt_1-0", nil); got.Outcome != Unreachable || asked {
		t.Errorf("%+v, proxy asked: %t", got, asked)
	}
	if p := c.http.Transport.(*http.Transport).Proxy; p != nil {
		t.Error("there is a proxy") // net/http reads the environment once per process
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.StartTLS()
	t.Cleanup(s.Close)
	c := client(t, Config{URL: s.URL, AllowPrivate: true})
	c.http.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true // only the version is in question
	if got := c.Post(t.Context(), "evt_1-0", nil); got.Outcome != Unreachable {
		t.Errorf("%+v", got)
	}
}

// A receiver that says nothing, or only its head, or too much, or drips, holds a delivery no longer
// than it may.
func TestSlowAndHugeAnswers(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}
	for name, tc := range map[string]struct {
		h     http.HandlerFunc
		want  Outcome
		limit time.Duration // of the caller
		most  time.Duration
	}{
		"silence": {hang, TimedOut, time.Second, 3 * time.Second},
		"a body that never ends": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			hang(w, r)
		}, Delivered, Timeout, 4 * time.Second},
		"a huge body": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := bytes.Repeat([]byte("x"), 1<<20)
			for n := range 1 << 10 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
				if n == 64 {
					t.Error("64 MB of the answer were taken") // what buffers hold is far less
				}
			}
		}, Delivered, Timeout, 4 * time.Second},
		"a huge head": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Much", strings.Repeat("x", 1<<20))
		}, Unreachable, Timeout, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := receiver(t, tc.h)
			ctx, cancel := context.WithTimeout(t.Context(), tc.limit)
			defer cancel()
			begun := time.Now()
			got := client(t, Config{URL: s.URL, AllowPrivate: true}).Post(ctx, "evt_1-0", []byte("{}"))
			if took := time.Since(begun); got.Outcome != tc.want || took > tc.most {
				t.Errorf("%+v after %s", got, took)
			}
		})
	}
}

// Without a limit of the caller's there is one all the same.
func TestTimeout(t *testing.T) {
	t.Parallel()
	s := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	got := client(t, Config{URL: s.URL, AllowPrivate: true}).Post(context.WithoutCancel(t.Context()), "evt_1-0", []byte("{}"))
	if got.Outcome != TimedOut {
		t.Errorf("%+v", got)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if got := client(t, Config{URL: "http://" + l.Addr().String(), AllowPrivate: true}).Post(t.Context(), "evt_1-0", nil); got.Outcome != Unreachable {
		t.Errorf("%+v", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{URL: "https://a:hunter2@b.example", Secrets: []string{oldSecret}},
		{URL: "http://b.example/hunter2", Secrets: []string{oldSecret}},
		{URL: "https://b.example"},
		{URL: "https://b.example", Secrets: []string{oldSecret, "hunter2"}},
		{URL: "https://b.example", Secrets: []string{newSecret[:10] + "\n" + newSecret[10:]}},
	} {
		if _, err := New(cfg); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", cfg.URL, err)
		}
	}
}
