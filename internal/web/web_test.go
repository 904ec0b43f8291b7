package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap/zaptest"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/web/transactions"
)

func serve(t *testing.T, cfg Config) string {
	t.Helper()
	return serveOn(t, redistest.Start(t), cfg)
}

func serveOn(t *testing.T, server *redistest.Server, cfg Config) string {
	t.Helper()
	cfg.NewRedis = func() redis.UniversalClient { return redis.NewClient(&redis.Options{Addr: server.Addr()}) }
	cfg.Gatherer, cfg.Log = prometheus.NewRegistry(), zaptest.NewLogger(t)
	cfg.Gate = func() gate.Status { return gate.Status{Known: true} }
	h, closeUI := Handler(cfg)
	web := httptest.NewServer(h)
	t.Cleanup(func() {
		web.Close()
		if err := closeUI(); err != nil {
			t.Error(err)
		}
	})
	return web.URL
}

func ask(t *testing.T, method, url string, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func TestReady(t *testing.T) {
	t.Parallel()
	var down error
	url := serve(t, Config{Ready: []Check{
		{"redis", func(context.Context) error { return nil }},
		{"hold", func(context.Context) error { return down }},
	}})
	if code, body := ask(t, "GET", url+"/readyz", nil); code != 200 || body != `{"ready":true,"checks":{"hold":{"ok":true},"redis":{"ok":true}}}`+"\n" {
		t.Errorf("%d %s", code, body)
	}
	down = errors.New("held by person: audit")
	if code, body := ask(t, "GET", url+"/readyz", nil); code != 503 || body != `{"ready":false,"checks":{"hold":{"ok":false,"detail":"held by person: audit"},"redis":{"ok":true}}}`+"\n" {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := ask(t, "GET", url+"/healthz", nil); code != 200 {
		t.Errorf("a worker that is not ready is alive all the same: %d", code)
	}
}

func TestUIWithoutCredentialsIsReadOnlyAndMasked(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	enqueue(t, server.Client(), "pending", asynq.Queue("topup"))
	url := serveOn(t, server, Config{})
	code, body := ask(t, "GET", url+UIPath+"api/queues/topup/pending_tasks", nil)
	if code != 200 || !strings.Contains(body, "PAY-pending") {
		t.Fatalf("%d %s", code, body)
	}
	hidden(t, body)
	if code, _ := ask(t, "POST", url+UIPath+"api/queues/topup:pause", nil); code != http.StatusMethodNotAllowed {
		t.Errorf("it can be written to: %d", code)
	}
}

func TestUIWithoutCredentialsIsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	h := loopbackOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for addr, want := range map[string]int{"127.0.0.1": 200, "::1": 200, "192.0.2.7": 403} {
		r := httptest.NewRequest("GET", UIPath, nil)
		r.Host = "localhost:8080"
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(addr)}))
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d, want %d", addr, w.Code, want)
		}
	}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest("GET", UIPath, nil)); w.Code != 403 {
		t.Errorf("an unknown interface: %d", w.Code)
	}
}

// Metrics and readiness are for whoever reaches another interface, by any name: a scraper asks for the pod's.
func TestMetricsOnOtherInterfacesHaveAnyName(t *testing.T) {
	t.Parallel()
	h := ownName(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for addr, want := range map[string]int{"127.0.0.1": 403, "::1": 403, "192.0.2.7": 200} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Host = "worker-1.svc:8080"
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(addr)}))
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d, want %d", addr, w.Code, want)
		}
	}
}

func TestUIWithCredentials(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	enqueue(t, server.Client(), "pending", asynq.Queue("topup"))
	url := serveOn(t, server, Config{User: "sari", Password: "rahasia"})
	login := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"None", nil, 401}, {"WrongPassword", login("sari", "x"), 401}, {"WrongUser", login("x", "rahasia"), 401}, {"Right", login("sari", "rahasia"), 200},
	} {
		for _, path := range []string{UIPath, transactions.Path} {
			if code, _ := ask(t, "GET", url+path, tt.change); code != tt.want {
				t.Errorf("%s at %s: %d, want %d", tt.name, path, code, tt.want)
			}
		}
	}
	pause := url + UIPath + "api/queues/topup:pause"
	code, _ := ask(t, "POST", pause, func(r *http.Request) {
		r.SetBasicAuth("sari", "rahasia")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	})
	if code != http.StatusForbidden {
		t.Errorf("another site acts with the person's password: %d", code)
	}
	if code, _ := ask(t, "POST", pause, login("sari", "rahasia")); code/100 != 2 {
		t.Errorf("with credentials it can be operated: %d", code)
	}
	if code, _ := ask(t, "GET", url+"/healthz", nil); code != 200 {
		t.Errorf("health needs no login: %d", code)
	}
}

// A site whose name was made to lead to this machine is another site all the same.
func TestUIWithoutCredentialsAnswersToThisMachinesNames(t *testing.T) {
	t.Parallel()
	url := serve(t, Config{})
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1:8080": 200, "127.1.2.3": 200, "[::1]": 200, "[::1]:8080": 200,
		"attacker.example": 403, "attacker.example:8080": 403, "localhost.attacker.example": 403, "127.0.0.1.attacker.example": 403, "192.0.2.7": 403, "[::2]:80": 403,
	} {
		for _, path := range []string{UIPath, UIPath + "api/queues", transactions.Path, transactions.Path + "list", "/metrics", "/readyz"} {
			if code, body := ask(t, "GET", url+path, func(r *http.Request) { r.Host = host }); code != want {
				t.Errorf("%s at %s: %d %.80q, want %d", host, path, code, body, want)
			}
		}
	}
	if code, _ := ask(t, "GET", url+"/healthz", func(r *http.Request) { r.Host = "worker-1.svc" }); code != 200 {
		t.Errorf("health is for everyone: %d", code)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	if code, body := ask(t, "GET", serve(t, Config{})+"/", nil); code != 200 || !strings.Contains(body, "<h1>Overview</h1>") {
		t.Errorf("%d %s", code, body)
	}
}
