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

	"github.com/salur-id/salur/internal/redistest"
)

func serve(t *testing.T, cfg Config) string {
	t.Helper()
	server := redistest.Start(t)
	cfg.NewRedis = func() redis.UniversalClient { return redis.NewClient(&redis.Options{Addr: server.Addr()}) }
	cfg.Gatherer = prometheus.NewRegistry()
	client := asynq.NewClientFromRedisClient(server.Client())
	whole := `{"v":1,"ref":"PAY-1","customer":"628123450001","amount":"1","notes":"for Budi"}`
	if _, err := client.Enqueue(asynq.NewTask("topup:send", []byte(whole)), asynq.Queue("topup")); err != nil {
		t.Fatal(err)
	}
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
	url := serve(t, Config{})
	code, body := ask(t, "GET", url+UIPath+"api/queues/topup/pending_tasks", nil)
	if code != 200 || !strings.Contains(body, "PAY-1") {
		t.Fatalf("%d %s", code, body)
	}
	for _, personal := range []string{"628123450001", "Budi"} {
		if strings.Contains(body, personal) {
			t.Errorf("%q is shown: %s", personal, body)
		}
	}
	if code, _ := ask(t, "POST", url+UIPath+"api/queues/topup:pause", nil); code != http.StatusMethodNotAllowed {
		t.Errorf("it can be written to: %d", code)
	}
}

func TestUIWithoutCredentialsIsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	h := loopbackOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for addr, want := range map[string]int{"127.0.0.1": 200, "::1": 200, "192.0.2.7": 403} {
		r := httptest.NewRequest("GET", UIPath, nil)
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

func TestUIWithCredentials(t *testing.T) {
	t.Parallel()
	url := serve(t, Config{User: "sari", Password: "rahasia"})
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
		if code, _ := ask(t, "GET", url+UIPath, tt.change); code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, code, tt.want)
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
