package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/redistest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
	os.Exit(0)
}

// The keys of the tests.
const (
	payrollKey = "key-of-the-payroll"
	refundsKey = "key-of-the-refunds"
)

// bundle is an intake over a Redis of its own, and what it logged.
type bundle struct {
	t      *testing.T
	server *redistest.Server
	rdb    *redis.Client
	client *salur.Client
	api    *api
	url    string
	http   *http.Client
	logs   *observer.ObservedLogs
}

type option func(*Config)

func withDANA(c *danaclient.Client) option { return func(cfg *Config) { cfg.DANA = c } }

func withRate(n int) option { return func(cfg *Config) { cfg.RateLimit = n } }

// setup starts an intake over a Redis that keeps what it is given.
func setup(t *testing.T, options ...option) *bundle {
	t.Helper()
	return over(t, redistest.Start(t, "--appendonly", "yes"), options...)
}

func over(t *testing.T, server *redistest.Server, options ...option) *bundle {
	t.Helper()
	rdb := server.Client()
	core, logs := observer.New(zapcore.DebugLevel)
	cfg := Config{Redis: rdb, Log: zap.New(core)}
	cfg.Keys = []config.APIKey{{Name: "payroll", Hash: sha256.Sum256([]byte(payrollKey))}, {Name: "refunds", Hash: sha256.Sum256([]byte(refundsKey))}}
	for _, o := range options {
		o(&cfg)
	}
	s := httptest.NewUnstartedServer(nil)
	h := New(cfg)
	s.Config = Server(h)
	s.Start()
	t.Cleanup(s.Close)
	b := &bundle{t: t, server: server, rdb: rdb, client: salur.New(rdb), api: h.(*api), url: s.URL, logs: logs}
	b.http = &http.Client{Transport: held{t: t, next: s.Client().Transport}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

// held is a transport that holds every exchange of every test to the document.
type held struct {
	t    *testing.T
	next http.RoundTripper
}

var theDocument = sync.OnceValues(func() (validator.Validator, error) {
	doc, err := libopenapi.NewDocument(openapi)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

// validating: the validator keeps things of its own between calls.
var validating sync.Mutex

func (h held) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	res, err := h.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(answer))
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Request-Id") == "" {
		h.t.Errorf("%s %s: header %v", r.Method, r.URL.Path, res.Header)
	}
	if len(body) > 10_000 || outside(res) {
		return res, nil
	}
	v, err := theDocument()
	if err != nil {
		h.t.Fatal(err)
	}
	asked := r.Clone(context.Background())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	validating.Lock()
	defer validating.Unlock()
	good, wrong := v.ValidateHttpResponse(asked, &http.Response{StatusCode: res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(answer)), Request: asked})
	if !good {
		for _, w := range wrong {
			h.t.Errorf("%s %s: %d is not as in the document: %s %s %v\n%s", r.Method, r.URL, res.StatusCode, w.Message, w.Reason, w.SchemaValidationErrors, answer)
		}
	}
	asked.Body = io.NopCloser(bytes.NewReader(body))
	if good, wrong := v.ValidateHttpRequest(asked); !good && res.StatusCode < 300 {
		for _, w := range wrong {
			h.t.Errorf("%s %s: the document refuses a request that was served: %s %s %v\n%s", r.Method, r.URL, w.Message, w.Reason, w.SchemaValidationErrors, body)
		}
	}
	return res, nil
}

// outside are answers about what the document has no place for: paths and methods that it does not have.
func outside(res *http.Response) bool {
	rest, one := strings.CutPrefix(res.Request.URL.EscapedPath(), "/v1/payouts/")
	return res.StatusCode == http.StatusMethodNotAllowed || res.StatusCode == http.StatusNotFound && (!one || rest == "" || strings.Contains(rest, "/"))
}

// answer is one that came back, read.
type answer struct {
	status int
	header http.Header
	text   string
}

func (a answer) problem(t *testing.T) (p problemDocument) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" || p.Status != a.status || p.Instance != a.header.Get("X-Request-Id") {
		t.Fatalf("%d is no problem: %v %v\n%s", a.status, err, a.header, a.text)
	}
	return p
}

// call makes a request with the payroll's key; a header is a name and a value.
func (b *bundle) call(method, path, body string, header ...string) answer {
	b.t.Helper()
	a, err := b.try(method, path, body, header...)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *bundle) try(method, path, body string, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+payrollKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if r.Header.Del(header[i]); header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	res, err := b.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

func (b *bundle) post(body string, header ...string) answer {
	b.t.Helper()
	return b.call("POST", "/v1/payouts", body, header...)
}

// refused asserts a problem and its details.
func (b *bundle) refused(a answer, k *kind) problemDocument {
	b.t.Helper()
	if a.status != k.status {
		b.t.Fatalf("%d, want %s\n%s", a.status, k.name, a.text)
	}
	p := a.problem(b.t)
	if p.Type != "/problems/"+k.name || p.Title != k.title {
		b.t.Fatalf("%s, want %s\n%s", p.Type, k.name, a.text)
	}
	return p
}

// onRecord counts the payouts that Redis has.
func (b *bundle) onRecord() int {
	b.t.Helper()
	p, err := b.client.List(b.t.Context(), salur.Query{})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(p.Transactions)
}

// pay is a good one as JSON.
func pay(ref string) string {
	return fmt.Sprintf(`{"ref":%q,"customer":"62811742234","amount":"10000"}`, ref)
}

// array is several of them.
func array(objects ...string) string { return "[" + strings.Join(objects, ",") + "]" }

func receipt(ref string, duplicate bool) string {
	return fmt.Sprintf(`{"ref":%q,"state":"queued","duplicate":%t}`, ref, duplicate)
}
