package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hibiken/asynq"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlptrace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OpenTelemetry collector that keeps what it gets.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	bytes bytes.Buffer // of all requests, as they came
	spans []span
}

type span struct {
	*otlptrace.Span
	service string
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var in coltrace.ExportTraceServiceRequest
		if err == nil && r.URL.Path == "/v1/traces" && proto.Unmarshal(body, &in) == nil {
			c.take(body, &in)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) take(body []byte, in *coltrace.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes.Write(body)
	for _, of := range in.ResourceSpans {
		service := ""
		for _, a := range of.Resource.Attributes {
			if a.Key == "service.name" {
				service = a.Value.GetStringValue()
			}
		}
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{s, service})
			}
		}
	}
}

// find is the spans of a name, with these attributes.
func (c *collector) find(name string, with map[string]string) (found []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		fits := s.Name == name
		for key, want := range with {
			fits = fits && s.attribute(key) == want
		}
		if fits {
			found = append(found, s)
		}
	}
	return found
}

// one waits for a span and returns it.
func (c *collector) one(t *testing.T, name string, with map[string]string) span {
	t.Helper()
	var found []span
	await(t, "the span "+name, func() bool {
		found = c.find(name, with)
		return len(found) > 0
	})
	return found[0]
}

func (s span) attribute(key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			if v := a.Value.GetStringValue(); v != "" {
				return v
			}
			return fmt.Sprint(a.Value.GetIntValue())
		}
	}
	return ""
}

// from has the programs of a system send their traces here.
func (c *collector) from(s *system) {
	s.env["OTEL_EXPORTER_OTLP_ENDPOINT"], s.env["OTEL_BSP_SCHEDULE_DELAY"] = c.URL, "50"
}

// One payout is one trace: from the producer over a worker that is killed in its first attempt and a queue that is lost, to
// the attempt and the inquiry that another worker makes from the ledger alone.
func TestOneTrace(t *testing.T) {
	t.Parallel()
	s, c := setup(t), newCollector(t)
	c.from(s)
	s.env["SALUR_DANA_TIMEOUT"] = "5s"
	first := s.worker()
	s.must("enqueue", "topup", "--ref", "PAY-1", "--customer", "628999000001", "--amount", "10000", "--notes", "for Budi Santoso")
	root := c.one(t, "enqueue topup", nil)
	await(t, "DANA to pay", func() bool { return len(s.books().Credits) == 1 })
	first.kill()
	rdb := s.redis.Client()
	keys, err := rdb.Keys(t.Context(), "asynq:*").Result()
	if err != nil || len(keys) == 0 || rdb.Del(t.Context(), keys...).Err() != nil {
		t.Fatalf("the queues could not be lost: %v, %v", keys, err)
	}
	second := s.worker()
	s.awaitState("PAY-1", "succeeded")
	s.must("ledger", "inquire", "PAY-1")

	ref := map[string]string{"salur.ref": "PAY-1"}
	trace := hex.EncodeToString(root.TraceId)
	if len(root.ParentSpanId) != 0 || root.service != "salur-enqueue" || root.attribute("salur.ref") != "PAY-1" {
		t.Errorf("the first span: %v of %s", root, root.service)
	}
	for name, want := range map[string]map[string]string{
		"book topup":    {"salur.attempt": "1", "salur.event": "send_unknown", "salur.to": "processing"},
		"send topup":    {"salur.attempt": "2", "salur.outcome": "succeeded", "messaging.destination.name": "topup", "salur.to": "succeeded"},
		"inquire topup": {"salur.inquiry": "1", "salur.outcome": "succeeded", "messaging.destination.name": "inquiry"},
	} {
		step := c.one(t, name, ref)
		if got := hex.EncodeToString(step.TraceId); got != trace || !bytes.Equal(step.ParentSpanId, root.SpanId) || step.service != "salur-worker" {
			t.Errorf("%s is in trace %s of %s, want %s below its first span", name, got, step.service, trace)
		}
		for key, value := range want {
			if got := step.attribute(key); got != value {
				t.Errorf("%s: %s is %q, want %q", name, key, got, value)
			}
		}
	}
	send := c.one(t, "send topup", ref)
	exchange := c.one(t, "DANA topup", nil)
	host := strings.Split(strings.TrimPrefix(s.danaURL, "http://"), ":")[0]
	if !bytes.Equal(exchange.ParentSpanId, send.SpanId) || exchange.attribute("dana.response_code") != "2003800" ||
		exchange.attribute("http.response.status_code") != "200" || exchange.attribute("server.address") != host || exchange.attribute("dana.external_id") == "" {
		t.Errorf("the exchange: %v", exchange)
	}
	c.one(t, "DANA topup-status", nil)

	second.stop(t)
	logged := false
	for _, line := range second.stderr.lines() {
		var e struct {
			Msg, Ref, Event, TraceID string
			Attempt                  int
		}
		if json.Unmarshal([]byte(line), &e) == nil && e.Msg == "payout" && e.Event == "send_succeeded" {
			logged = e.Ref == "PAY-1" && e.Attempt == 2 && e.TraceID == trace
		}
	}
	if !logged {
		t.Errorf("no line of the log with attempt 2 and trace %s:\n%s", trace, second.stderr.tail())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, personal := range []string{"628999000001", "Budi", clientSecret, "--customer"} {
		if bytes.Contains(c.bytes.Bytes(), []byte(personal)) {
			t.Errorf("%q was exported", personal)
		}
	}
}

// A service's own trace goes on: over the HTTP intake, which it tells in a header, and with plain asynq, in the task's. Each
// payout of an array has a span of its own. A trace that the service does not sample is not exported.
func TestTraceOfAnotherService(t *testing.T) {
	t.Parallel()
	s, c := setup(t), newCollector(t)
	c.from(s)
	s.env["SALUR_API_KEYS"] = fmt.Sprintf("payroll:%x", sha256.Sum256([]byte(apiKey)))
	_, url := s.intake()
	const web, task, unseen = "0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c", "2af7651916cd43dd8448eb211c80319c"
	post := func(key, trace, flags, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/payouts", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("traceparent", "00-"+trace+"-b7ad6b7169203331-"+flags)
		r.Header.Set("tracestate", "vendor=1")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if want := map[bool]int{true: http.StatusCreated, false: http.StatusUnauthorized}[key == apiKey]; res.StatusCode != want {
			t.Fatalf("HTTP %d, want %d", res.StatusCode, want)
		}
	}
	post("nobody's", web, "01", onePayout("W-0"))
	post(apiKey, unseen, "00", onePayout("U-1"))
	post(apiKey, web, "01", "["+onePayout("W-1")+","+onePayout("W-2")+"]")
	client := asynq.NewClientFromRedisClient(s.redis.Client())
	if _, err := client.Enqueue(asynq.NewTaskWithHeaders("topup:send", []byte(`{"v":1,"ref":"T-1","customer":"62811742234","amount":"10000"}`),
		map[string]string{"traceparent": "00-" + task + "-b7ad6b7169203331-01"}), asynq.Queue("topup")); err != nil {
		t.Fatal(err)
	}
	s.worker()
	for ref, trace := range map[string]string{"W-1": web, "W-2": web, "T-1": task} {
		if got := c.one(t, "send topup", map[string]string{"salur.ref": ref}); hex.EncodeToString(got.TraceId) != trace {
			t.Errorf("%s is sent in trace %x, want %s", ref, got.TraceId, trace)
		}
	}
	s.awaitState("U-1", "succeeded")
	request := c.one(t, "POST /v1/payouts", nil)
	if hex.EncodeToString(request.ParentSpanId) != "b7ad6b7169203331" || request.TraceState != "vendor=1" ||
		request.attribute("http.response.status_code") != "201" || request.attribute("salur.key") != "payroll" || request.attribute("http.route") != "/v1/payouts" {
		t.Errorf("the request: %v", request)
	}
	for _, ref := range []string{"W-1", "W-2"} {
		own := c.one(t, "enqueue topup", map[string]string{"salur.ref": ref})
		sent := c.one(t, "send topup", map[string]string{"salur.ref": ref})
		if !bytes.Equal(own.ParentSpanId, request.SpanId) || !bytes.Equal(sent.ParentSpanId, own.SpanId) || sent.TraceState != "vendor=1" {
			t.Errorf("%s: %v, then %v", ref, own, sent)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := 0
	for _, sp := range c.spans {
		if sp.Name == "POST /v1/payouts" {
			requests++
		}
		if id := hex.EncodeToString(sp.TraceId); id == unseen {
			t.Errorf("exported, though its service does not sample it: %v", sp)
		}
	}
	if requests != 1 || bytes.Contains(c.bytes.Bytes(), []byte("62811742234")) || bytes.Contains(c.bytes.Bytes(), []byte(apiKey)) {
		t.Errorf("%d requests have a span, or a phone number or a key was exported", requests)
	}
}

// A collector that takes connections and never answers slows no payout, and keeps no program from ending.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			taken <- conn
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	s.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://" + l.Addr().String()
	s.env["OTEL_BSP_SCHEDULE_DELAY"], s.env["OTEL_BSP_MAX_QUEUE_SIZE"], s.env["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "10", "8", "4"
	s.env["OTEL_EXPORTER_OTLP_TIMEOUT"], s.env["OTEL_EXPORTER_OTLP_HEADERS"] = "500", "authorization=Bearer%20hunter2"
	w := s.worker()
	var file strings.Builder
	for i := range 200 {
		fmt.Fprintf(&file, `{"ref":"PAY-%d","customer":"6281%07d","amount":"1000"}`+"\n", i, i)
	}
	if _, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--wait"); code != 0 || strings.Contains(errs, "hunter2") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	<-taken // it was tried
	w.logged(t, "traces are lost; payouts go on", "cause")
	if code := w.stop(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	log := strings.Join(w.stderr.lines(), "\n")
	if n := strings.Count(log, "traces are lost"); n != 1 || strings.Contains(log, "hunter2") {
		t.Errorf("it was told %d times, or with a key:\n%s", n, w.stderr.tail())
	}
	for _, line := range w.stderr.lines() {
		if line != "" && !json.Valid([]byte(line)) {
			t.Errorf("not a line of the log: %s", line)
		}
	}
	s.balance()
}

// An endpoint that cannot be meant is refused before anything starts.
func TestTraceSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"NoURL":    {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "user:hunter2@collector:4318"}, "worker: OTEL_EXPORTER_OTLP_ENDPOINT: is not a URL; use http://host:4318 or https://host:4318\n"},
		"GRPC":     {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, `worker: OTEL_EXPORTER_OTLP_PROTOCOL "grpc": use http/protobuf or http/json, and the collector's port for it, mostly 4318` + "\n"},
		"Exporter": {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "zipkin"}, `worker: OTEL_TRACES_EXPORTER "zipkin": use otlp or none` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := privateKey(t)
			s := &system{t: t, env: map[string]string{"X_PARTNER_ID": "p", "ORIGIN": "o", "PRIVATE_KEY": key, "REDIS_URL": "redis://127.0.0.1:1"}}
			for k, v := range tt.env {
				s.env[k] = v
			}
			if _, errs, code := s.run("", "worker"); code != 2 || errs != tt.want {
				t.Errorf("exit %d, %q, want %q", code, errs, tt.want)
			}
		})
	}
}
