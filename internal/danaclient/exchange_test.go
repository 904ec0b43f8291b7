package danaclient

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/statemachine"
)

const paidAnswer = `{"responseCode":"2003800","responseMessage":"Successful","referenceNo":"2026","partnerReferenceNo":"PAY-1","amount":{"value":"10000.00","currency":"IDR"}}`

// soon is the timeout of calls that are to run into it, but not before they have connected
// and written to a server of this process, on a busy machine too.
const soon = 2 * time.Second

// write answers with a body that is not checked for having got through.
func write(w io.Writer, body string) { _, _ = io.WriteString(w, body) }

// serve starts a server for one test.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// serveTLS starts an HTTP/2 server and a client that trusts it.
func serveTLS(t *testing.T, timeout time.Duration, h http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	cfg := testConfig(server.URL)
	cfg.Timeout = timeout
	c := newClient(t, cfg)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c.wire.(*http.Transport).TLSClientConfig.RootCAs = roots
	return c
}

// listen accepts connections and hands each to serve, one goroutine each.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); handle(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

// expect checks kind, reason and fault, and that the error is safe to log.
func expect(t *testing.T, x Exchange, kind statemachine.Kind, why statemachine.Why, fault bool) {
	t.Helper()
	if x.Outcome.Kind != kind || x.Outcome.Why != why || x.Fault != fault {
		t.Errorf("%v %q, fault %t (error %v); want %v %q, %t", x.Outcome.Kind, x.Outcome.Why, x.Fault, x.Err, kind, why, fault)
	}
	if x.API != APITopUp || x.ExternalID != "1" {
		t.Errorf("API %q, external id %q; want topup, 1", x.API, x.ExternalID)
	}
	if strings.Contains(fmt.Sprintf("%+v", x), "62811742234") {
		t.Errorf("the exchange shows the phone number: %+v", x)
	}
}

func TestNotSentIsProven(t *testing.T) {
	t.Parallel()

	t.Run("ConnectionRefused", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		c := newClient(t, testConfig("http://"+l.Addr().String()))
		expect(t, c.TopUp(t.Context(), "1", testPayout(t)), statemachine.NotSent, "not_connected", true)
	})

	t.Run("TLSRefused", func(t *testing.T) {
		t.Parallel()
		var asked atomic.Bool
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
		server.Config.ErrorLog = quiet
		server.StartTLS()
		t.Cleanup(server.Close)
		c := newClient(t, testConfig(server.URL)) // its certificate is nobody's
		expect(t, c.TopUp(t.Context(), "1", testPayout(t)), statemachine.NotSent, "not_connected", true)
		if asked.Load() {
			t.Error("a request arrived")
		}
	})

	t.Run("TLSNeverAnswers", func(t *testing.T) {
		t.Parallel()
		addr := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
		cfg := testConfig("https://" + addr)
		cfg.Timeout = soon
		c := newClient(t, cfg)
		expect(t, c.TopUp(t.Context(), "1", testPayout(t)), statemachine.NotSent, "timeout", true)
	})

	t.Run("ContextOver", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
		c := newClient(t, testConfig(server.URL))
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		expect(t, c.TopUp(cancelled, "1", testPayout(t)), statemachine.NotSent, "cancelled", false)
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		expect(t, c.TopUp(late, "1", testPayout(t)), statemachine.NotSent, "cancelled", false)
	})

	t.Run("CancelledWhileConnecting", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		addr := listen(t, func(conn net.Conn) { cancel(); _, _ = io.Copy(io.Discard, conn) })
		cfg := testConfig("https://" + addr)
		cfg.Timeout = soon // bounds the dial that outlives the call
		c := newClient(t, cfg)
		expect(t, c.TopUp(ctx, "1", testPayout(t)), statemachine.NotSent, "cancelled", false)
	})
}

func TestUnknownOnceConnected(t *testing.T) {
	t.Parallel()

	// hang reads the request and answers never.
	hang := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}

	t.Run("NoAnswerInTime", func(t *testing.T) {
		t.Parallel()
		cfg := testConfig(serve(t, hang).URL)
		cfg.Timeout = soon
		expect(t, newClient(t, cfg).TopUp(t.Context(), "1", testPayout(t)), statemachine.Unknown, "timeout", true)
	})

	t.Run("NoAnswerInTimeHTTP2", func(t *testing.T) {
		t.Parallel()
		expect(t, serveTLS(t, soon, hang).TopUp(t.Context(), "1", testPayout(t)), statemachine.Unknown, "timeout", true)
	})

	t.Run("CallersDeadline", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		cfg := testConfig(serve(t, hang).URL)
		cfg.Timeout = time.Hour
		expect(t, newClient(t, cfg).TopUp(ctx, "1", testPayout(t)), statemachine.Unknown, "timeout", true)
	})

	t.Run("CancelledByCaller", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			cancel()
			<-r.Context().Done()
		})
		cfg := testConfig(server.URL)
		cfg.Timeout = time.Hour
		expect(t, newClient(t, cfg).TopUp(ctx, "1", testPayout(t)), statemachine.Unknown, "cancelled", false)
	})

	t.Run("AnswerStopsHalfway", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			write(w, `{"responseCode":"2003800","customerNumber":"62811742234"`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		cfg := testConfig(server.URL)
		cfg.Timeout = soon
		x := newClient(t, cfg).TopUp(t.Context(), "1", testPayout(t))
		expect(t, x, statemachine.Unknown, "timeout", true)
		if want := `{"responseCode":"2003800","customerNumber":"****234"`; string(x.Raw) != want || x.HTTPStatus != 200 {
			t.Errorf("HTTP %d, raw %s; want 200, %s", x.HTTPStatus, x.Raw, want)
		}
	})

	t.Run("LineDroppedBeforeAnswer", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		expect(t, newClient(t, testConfig(server.URL)).TopUp(t.Context(), "1", testPayout(t)), statemachine.Unknown, "connection_lost", true)
	})

	t.Run("LineDroppedInsideWholeLookingAnswer", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			write(w, paidAnswer)
			panic(http.ErrAbortHandler)
		})
		expect(t, newClient(t, testConfig(server.URL)).TopUp(t.Context(), "1", testPayout(t)), statemachine.Unknown, "connection_lost", true)
	})

	t.Run("AcceptedAndClosedUnread", func(t *testing.T) {
		t.Parallel()
		addr := listen(t, func(net.Conn) {})
		expect(t, newClient(t, testConfig("http://"+addr)).TopUp(t.Context(), "1", testPayout(t)), statemachine.Unknown, "connection_lost", true)
	})

	t.Run("NotHTTP", func(t *testing.T) {
		t.Parallel()
		addr := listen(t, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			write(conn, "SSH-2.0-OpenSSH_9.6\r\n")
		})
		expect(t, newClient(t, testConfig("http://"+addr)).TopUp(t.Context(), "1", testPayout(t)), statemachine.Unknown, "connection_lost", true)
	})
}

func TestAnswersOverHTTP(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		kind   statemachine.Kind
		why    statemachine.Why
		fault  bool
		status int
		raw    string // how Raw begins
	}{
		"paid": {func(w http.ResponseWriter, _ *http.Request) { write(w, paidAnswer) }, statemachine.Succeeded, "", false, 200, ""},
		"refused with its status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			write(w, `{"responseCode":"4033814","responseMessage":"Insufficient Fund"}`)
		}, statemachine.Refused, "insufficient_funds", false, 403, ""},
		"refused inside 200": {func(w http.ResponseWriter, _ *http.Request) { write(w, `{"responseCode":"4033814"}`) }, statemachine.Refused, "insufficient_funds", false, 200, ""},
		"paid under status 500": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			write(w, paidAnswer)
		}, statemachine.Unknown, "status_contradicts_code", false, 500, `{"responseCode":"2003800"`},
		"gateway's page": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(502)
			write(w, "<html>no upstream for 62811742234</html>")
		}, statemachine.Unknown, "answer_unreadable", true, 502, "<html>no upstream for ****234"},
		"empty":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, statemachine.Unknown, "answer_empty", true, 204, ""},
		"oversized":  {func(w http.ResponseWriter, _ *http.Request) { write(w, paidAnswer+strings.Repeat(" ", maxAnswer)) }, statemachine.Unknown, "answer_too_large", true, 200, `{"responseCode":"2003800"`},
		"large head": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxAnswer)) }, statemachine.Unknown, "connection_lost", true, 0, ""},
		"gzip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			write(z, paidAnswer)
			_ = z.Close()
		}, statemachine.Succeeded, "", false, 200, ""},
		"gzip bomb": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			write(z, strings.Repeat(" ", 1<<20))
			_ = z.Close()
		}, statemachine.Unknown, "answer_too_large", true, 200, " "},
		"not gzip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			write(w, paidAnswer)
		}, statemachine.Unknown, "connection_lost", true, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newClient(t, testConfig(serve(t, test.answer).URL)).TopUp(t.Context(), "1", testPayout(t))
			expect(t, x, test.kind, test.why, test.fault)
			if x.HTTPStatus != test.status {
				t.Errorf("HTTP status %d, want %d", x.HTTPStatus, test.status)
			}
			if !strings.HasPrefix(string(x.Raw), test.raw) || test.raw == "" && len(x.Raw) > 0 || len(x.Raw) > maxRaw {
				t.Errorf("raw %q, want %q at its beginning and at most %d bytes", x.Raw, test.raw, maxRaw)
			}
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				write(w, paidAnswer)
			})
			x := newClient(t, testConfig(server.URL)).TopUp(t.Context(), "1", testPayout(t))
			expect(t, x, statemachine.Unknown, "status_contradicts_code", false)
			if n := requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	var major atomic.Int32
	c := serveTLS(t, 10*time.Second, func(w http.ResponseWriter, r *http.Request) {
		major.Store(int32(r.ProtoMajor))
		write(w, paidAnswer)
	})
	expect(t, c.TopUp(t.Context(), "1", testPayout(t)), statemachine.Succeeded, "", false)
	if v := major.Load(); v != 2 {
		t.Errorf("HTTP/%d, want HTTP/2", v)
	}
}

// MaxConns calls at once need MaxConns connections, and the next as many need no other.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	cfg := testConfig("")
	var opened atomic.Int32
	arrived, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-answer
		write(w, paidAnswer)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	cfg.BaseURL = server.URL
	c, p := newClient(t, cfg), testPayout(t)

	for range 3 {
		var round sync.WaitGroup
		for range cfg.MaxConns {
			round.Go(func() { expect(t, c.TopUp(t.Context(), "1", p), statemachine.Succeeded, "", false) })
		}
		for range cfg.MaxConns {
			<-arrived
		}
		for range cfg.MaxConns {
			answer <- struct{}{}
		}
		round.Wait()
	}
	if n := int(opened.Load()); n != cfg.MaxConns {
		t.Errorf("%d connections, want %d", n, cfg.MaxConns)
	}
}

func TestDurationIsTheClocks(t *testing.T) {
	t.Parallel()
	cfg := testConfig(serve(t, func(w http.ResponseWriter, _ *http.Request) { write(w, paidAnswer) }).URL)
	now := noon()
	cfg.Now = func() time.Time { now = now.Add(time.Second); return now }
	// Read at the start, for X-TIMESTAMP, right before the request leaves, and at the end.
	if x := newClient(t, cfg).TopUp(t.Context(), "1", testPayout(t)); x.Duration != 3*time.Second {
		t.Errorf("duration %v, want 3s", x.Duration)
	}
}
