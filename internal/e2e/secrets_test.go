package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/danaclient"
)

// What must be in no output: data of people, and secrets.
var people = []string{
	"628123450001", "628996647679", "628999000006", "628999000018", "628999000014", "628155501234", "628155505678", "08155509876",
	"2460888509", "7130009977", "Budi Santoso", "Siti Rahayu", "216610000000987654", "gaji istri",
}

const (
	uiPassword    = "ui-Password-9f2c"
	redisPassword = "redis-Password-77ab"
	otherRedis    = "other-Password-31cd"
	collectorKey  = "collector-Key-55ef"
	hookKey       = "hunter2"
	wrongAPIKey   = "key-of-nobody-0011"
)

// privateKey is a merchant's key in PEM.
func privateKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// sayings is everything that came out, by where.
type sayings struct {
	t    *testing.T
	s    *system
	mu   sync.Mutex
	said map[string]string
}

func (a *sayings) add(where, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said[where] += text + "\n"
}

// run runs a program with some of the environment changed, whatever it says to that.
func (a *sayings) run(env map[string]string, stdin, program string, args ...string) (code int) {
	a.t.Helper()
	s := &system{t: a.t, env: map[string]string{}}
	for k, v := range a.s.env {
		s.env[k] = v
	}
	for k, v := range env {
		if s.env[k] = v; v == "" {
			delete(s.env, k)
		}
	}
	out, errs, code := s.run(stdin, program, args...)
	where := fmt.Sprintf("%s %v %d", program, args, code)
	a.add(where+" stdout", out)
	a.add(where+" stderr", errs)
	return code
}

// fetch makes a request and keeps the answer with its headers.
func (a *sayings) fetch(method, url, body string, head map[string]string) (status int, text string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for k, v := range head {
		r.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	a.add(method+" "+url, fmt.Sprint(res.Header)+"\n"+string(b))
	return res.StatusCode, string(b)
}

// Real-looking data of people and secrets are fed through every program, at the level debug and with everything switched on,
// good and bad. None of it comes out again anywhere but masked.
func TestNothingPersonalAnywhere(t *testing.T) {
	t.Parallel()
	s, c := setup(t), newCollector(t)
	dir := t.TempDir()
	if err := s.redis.Client().Do(t.Context(), "ACL", "SETUSER", "salur", "on", ">"+redisPassword, "~*", "&*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	s.env["REDIS_URL"] = "redis://salur:" + redisPassword + "@" + s.redis.Addr()
	c.from(s)
	s.env["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer%20" + collectorKey
	s.env["SALUR_LOG_LEVEL"], s.env["SALUR_UI_USER"], s.env["SALUR_UI_PASSWORD"] = "debug", "ops", uiPassword
	s.env["SALUR_API_KEYS"] = fmt.Sprintf("payroll:%x", sha256.Sum256([]byte(apiKey)))
	s.env["SALUR_AUDIT_FILE"], s.env["SALUR_SIGNATURE"] = filepath.Join(dir, "audit.jsonl"), "symmetric"
	a := &sayings{t: t, s: s, said: map[string]string{}}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		a.add("webhook", string(b))
		w.WriteHeader(http.StatusServiceUnavailable) // and says why, with what it was sent
		_, _ = w.Write(b)
	}))
	t.Cleanup(hook.Close)
	s.env["SALUR_WEBHOOK_URL"], s.env["SALUR_WEBHOOK_SECRET"] = hook.URL+"/hook?key="+hookKey, webhookSecret
	s.env["SALUR_WEBHOOK_ALLOW_PRIVATE"] = "true"
	dana := s.withNotify()
	w := s.worker()
	dana.addr = w.logged(t, "worker", "notify")
	key, err := os.ReadFile(s.env["PRIVATE_KEY_PATH"])
	if err != nil {
		t.Fatal(err)
	}

	a.enqueue()
	a.serve()
	for ref, state := range map[string]string{"A": "succeeded", "B": "failed", "C": "succeeded", "D": "review", "E": "succeeded", "V": "review", "W": "succeeded"} {
		s.awaitState(ref, state)
	}
	a.tasks(t)
	for _, ref := range []string{"A", "NOBODY"} {
		dana.notify(dana.key, danaclient.NotifyPath, ref, "2026")
	}
	a.fetch(http.MethodPost, "http://"+dana.addr+danaclient.NotifyPath, `{"phone":"628155501234"`, map[string]string{"X-SIGNATURE": "628155501234"})
	a.ledger()
	a.refusals(t, string(key))
	a.pages("http://" + w.logged(t, "worker", "http"))

	w.stop(t)
	a.add("worker", strings.Join(w.stderr.lines(), "\n"))
	audit, err := os.ReadFile(s.env["SALUR_AUDIT_FILE"])
	if err != nil || len(audit) == 0 {
		t.Fatalf("no audit file: %v", err)
	}
	a.add("audit file", string(audit))
	c.one(t, "send topup", nil)
	c.mu.Lock()
	a.add("traces", c.bytes.String())
	c.mu.Unlock()
	secrets := []string{uiPassword, redisPassword, otherRedis, collectorKey, hookKey, apiKey, wrongAPIKey, clientSecret, webhookSecret, webhookSecret[6:], "-----BEGIN"}
	for _, line := range strings.Split(string(key), "\n") {
		if len(line) > 30 && !strings.HasPrefix(line, "-----") {
			secrets = append(secrets, line[:30])
		}
	}
	for where, text := range a.said {
		for _, hidden := range slices.Concat(people, secrets) {
			for n := 0; ; n++ {
				i := strings.Index(text, hidden)
				if i < 0 {
					break
				}
				if n == 0 {
					t.Errorf("%s: %q is in …%s…", where, hidden, text[max(0, i-150):min(len(text), i+80)])
				}
				text = text[i+1:]
			}
		}
	}
	for _, masked := range []string{"****001", "****509"} {
		if !strings.Contains(fmt.Sprint(a.said), masked) {
			t.Errorf("%s is nowhere: what should be masked was not shown at all", masked)
		}
	}
}

// enqueue hands payouts over on the command line.
func (a *sayings) enqueue() {
	a.t.Helper()
	for ref, customer := range map[string]string{"A": "628123450001", "B": "628996647679", "C": "628999000006", "D": "628999000018", "E": "628999000014"} {
		if a.run(nil, "", "enqueue", "topup", "--ref", ref, "--customer", customer, "--amount", "10000", "--notes", "gaji istri Budi Santoso") != 0 {
			a.t.Errorf("%s was not accepted", ref)
		}
	}
	a.run(nil, "", "enqueue", "topup", "--ref", "I", "--customer", "620000000000", "--customer-id", "216610000000987654", "--amount", "10000", "--json")
	a.run(nil, "", "enqueue", "bank", "--ref", "V", "--customer", "628155501234", "--bank-code", "014", "--account", "2460888509",
		"--account-name", "Siti Rahayu", "--amount", "20000", "--validate")
	a.run(nil, "", "enqueue", "bank", "--ref", "W", "--customer", "628155501234", "--bank-code", "014", "--account", "2460888509",
		"--account-name", "Siti Rahayu", "--amount", "20000")
	a.run(nil, "", "enqueue", "topup", "--ref", "A", "--customer", "628155505678", "--amount", "10000") // a conflict
	for _, args := range [][]string{
		{"topup", "--ref", "X", "--customer", "08155509876", "--amount", "ten", "--notes", strings.Repeat("gaji istri ", 40)},
		{"topup", "--ref", "X", "--customer", "628155501234 ", "--customer-id", "216610000000987654", "--amount", "10.000"},
		{"topup", "--ref", "X", "628155501234"},
		{"topup", "--customer=628155501234", "--phone=628155501234"},
		{"628155501234"},
		{"bank", "--ref", "X", "--customer", "2460888509", "--bank-code", "2460888509", "--account", "24-60888509 Siti Rahayu", "--amount", "1"},
		{"account", "--customer", "628155501234", "--amount", "10000"},
		{"account", "--customer", "628155501234", "--amount", "10000", "--json"},
		{"account", "--customer", "08155509876", "--amount", "0"},
		{"bank-account", "--customer", "628155501234", "--bank-code", "014", "--account", "7130009977", "--amount", "10000"},
		{"balance"},
		{"balance", "628155501234"},
		{"batch", "-", "628155501234"},
	} {
		a.run(nil, "", "enqueue", args...)
	}
	jsonl := `{"ref":"J-1","customer":"628123450001","amount":"10000","notes":"gaji istri"}
{"ref":"J-2","customer":"08155509876","amount":"10000"}
{"ref":"J-3","customer":"628155501234","amount":"10000","phone":"628155505678"}
{"ref":"J-4","customer":628155501234,"amount":["628155505678"]}
{"ref":"J-5","customer":"628155501234","amount":"10000"
{"ref":"J-6","kind":"bank","customer":"628155501234","bankCode":"7130009977","account":"7130009977","accountName":"Siti Rahayu","amount":"1"}
628155501234
{"ref":"A","customer":"628155505678","amount":"10000"}
`
	csv := "ref,customer,amount,notes\nC-1,628123450001,10000,gaji istri\nC-2,08155509876,10000,\nC-3,628155501234\nC-4,\"628155505678,10000,\n"
	for _, args := range [][]string{{"--dry-run"}, {}, {"--continue-on-error"}, {"--continue-on-error", "--json"}} {
		out := filepath.Join(a.t.TempDir(), "results.jsonl")
		a.run(nil, jsonl, "enqueue", append([]string{"batch", "-", "--format", "jsonl", "--out", out}, args...)...)
		a.run(nil, csv, "enqueue", append([]string{"batch", "-", "--format", "csv"}, args...)...)
		if results, err := os.ReadFile(out); err == nil {
			a.add("results of batch", string(results))
		}
	}
	a.run(nil, "ref,628155501234,amount\n", "enqueue", "batch", "-", "--format", "csv")
}

// serve hands payouts over by HTTP.
func (a *sayings) serve() {
	a.t.Helper()
	p, url := a.s.intake()
	auth := map[string]string{"Authorization": "Bearer " + apiKey, "Content-Type": "application/json", "X-Request-Id": "628155501234 Budi Santoso"}
	for _, body := range []string{
		`{"ref":"H-1","customer":"628123450001","amount":"10000","notes":"gaji istri"}`,
		`{"ref":"H-1","customer":"628155505678","amount":"10000"}`,
		`[{"ref":"H-2","customer":"628155501234","amount":"10000"},{"ref":"H-2","customer":"628155505678","amount":"10000"}]`,
		`{"ref":"H-3","customer":"08155509876","amount":"x","notes":7,"Siti Rahayu":1}`,
		`{"ref":"H-4","kind":"bank","customer":"628155501234","bankCode":"014","account":"2460888509x","accountName":"Siti Rahayu","amount":"1"}`,
		`{"customer":"628155501234"`, `"628155501234"`, `[628155501234]`,
	} {
		a.fetch(http.MethodPost, url+"/v1/payouts", body, auth)
		a.fetch(http.MethodPost, url+"/v1/payouts", body, map[string]string{"Authorization": "Bearer " + wrongAPIKey})
	}
	a.fetch(http.MethodPost, url+"/v1/account-inquiries", `{"customer":"628155501234","amount":"10000"}`, auth)
	a.fetch(http.MethodPost, url+"/v1/account-inquiries", `{"kind":"bank","customer":"628155501234","bankCode":"014","account":"7130009977","amount":"10000"}`, auth)
	for _, path := range []string{"/v1/payouts/H-1", "/v1/payouts", "/v1/payouts?state=628155501234x", "/v1/balance", "/v1/openapi.yaml", "/readyz", "/healthz"} {
		status, text := a.fetch(http.MethodGet, url+path, "", auth)
		if strings.Contains(path, "?") && status/100 == 4 { // a query's own value comes back to who sent it, and nowhere else
			a.mu.Lock()
			a.said["GET "+url+path] = strings.ReplaceAll(text, "628155501234x", "")
			a.mu.Unlock()
		}
	}
	p.stop(a.t)
	a.add("enqueue serve", strings.Join(p.stderr.lines(), "\n"))
}

// tasks are other services' tasks, good, unreadable and contradicting.
func (a *sayings) tasks(t *testing.T) {
	t.Helper()
	client := asynq.NewClientFromRedisClient(a.s.redis.Client())
	for id, payload := range map[string]string{
		"good": `{"v":1,"ref":"T-1","customer":"628123450001","amount":"10000","notes":"gaji istri"}`, "conflict": `{"v":1,"ref":"A","customer":"628155505678","amount":"10000"}`,
		"text": `628155501234`, "torn": `{"v":1,"ref":"T-2","customer":"628155501234`, "unknown": `{"v":1,"ref":"T-3","628155501234":"628155505678"}`,
		"type": `{"v":1,"ref":"T-4","customer":628155501234}`, "bad": `{"v":1,"ref":"T-5","customer":"08155509876","amount":"628155501234x","notes":"gaji istri"}`,
		"version": `{"v":628155501234,"ref":"T-6"}`, "nowhere": `{"v":1,"ref":"T-7"}`,
	} {
		if _, err := client.Enqueue(asynq.NewTask("topup:send", []byte(payload)), asynq.Queue("topup"), asynq.TaskID(id)); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "the good task's payout to be recorded", func() bool { return a.s.recorded()["T-1"] })
	a.s.awaitState("T-1", "succeeded")
	inspector := asynq.NewInspectorFromRedisClient(a.s.redis.Client())
	await(t, "the unreadable tasks to be parked", func() bool {
		parked, err := inspector.ListRetryTasks("topup")
		return err == nil && len(parked) == 8
	})
	parked, err := inspector.ListRetryTasks("topup")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range parked {
		a.add("error of task "+task.ID, task.LastErr)
	}
}

// ledger is what people look at and do.
func (a *sayings) ledger() {
	a.t.Helper()
	for _, args := range [][]string{
		{"list"}, {"list", "--json"}, {"stats"}, {"show", "A"}, {"show", "A", "--json"}, {"show", "B"}, {"show", "C"}, {"show", "D", "--json"}, {"show", "I"},
		{"show", "V"}, {"show", "V", "--json"}, {"inquire", "A"}, {"webhooks"}, {"webhooks", "--json"}, {"list", "628155501234"},
		{"resolve", "D", "--as", "succeeded", "--by", "Ani", "--reason", "seen in the portal"}, {"show", "D"},
		{"hold", "--reason", "month end"}, {"resume"}, {"watch", "628155501234"},
	} {
		a.run(nil, "", "ledger", args...)
	}
}

// refusals are programs that cannot do what they are told, for want of the right secrets.
func (a *sayings) refusals(t *testing.T, key string) {
	t.Helper()
	pay := []string{"topup", "--ref", "N", "--customer", "628155501234", "--amount", "10000"}
	at := a.s.redis.Addr()
	for _, url := range []string{
		"redis://salur:" + otherRedis + "@" + at, "redis://:" + otherRedis + "@127.0.0.1:1", "redis://salur:" + redisPassword + "%zz@" + at,
		"http://salur:" + redisPassword + "@" + at, "salur:" + redisPassword + "@" + at, "rediss://salur:" + redisPassword + "@" + at,
		"redis-sentinel://salur:" + redisPassword + "@" + at + "/",
	} {
		env := map[string]string{"REDIS_URL": url}
		for program, args := range map[string][]string{"enqueue": pay, "ledger": {"list"}, "worker": nil} {
			if a.run(env, "", program, args...) == 0 {
				t.Errorf("%s works with another Redis", program)
			}
		}
	}
	body := strings.Join(strings.Split(key, "\n")[1:20], "")
	for _, env := range []map[string]string{
		{"PRIVATE_KEY_PATH": "", "PRIVATE_KEY": key[:800]}, {"PRIVATE_KEY_PATH": "", "PRIVATE_KEY": body}, {"PRIVATE_KEY": key}, {"PRIVATE_KEY_PATH": key},
		{"SALUR_UI_USER": ""}, {"SALUR_WEBHOOK_SECRET": webhookSecret + "?"},
		{"SALUR_WEBHOOK_URL": "ftp://x/hook?key=" + hookKey}, {"SALUR_WEBHOOK_URL": ""}, {"DANA_PUBLIC_KEY": key}, {"DANA_BASE_URL": "http://x:" + clientSecret + "@dana"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "salur:" + collectorKey},
	} {
		if a.run(env, "", "worker") != 2 {
			t.Errorf("it starts with %v", env)
		}
	}
	a.run(map[string]string{"SALUR_API_KEYS": "payroll:" + apiKey}, "", "enqueue", "serve", "--addr", "127.0.0.1:0")
	a.run(map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "authorization=%zz" + collectorKey + ",=" + collectorKey + "," + collectorKey}, "", "enqueue", pay...)
	a.run(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1/?key=" + collectorKey}, "", "enqueue", pay...)
	// A key that DANA does not know, and a secret that it refuses.
	a.run(map[string]string{"PRIVATE_KEY_PATH": "", "PRIVATE_KEY": privateKey(t)}, "", "enqueue", "account", "--customer", "628155501234", "--amount", "10000")
	a.run(map[string]string{"CLIENT_SECRET": clientSecret + "x"}, "", "enqueue", "account", "--customer", "628155501234", "--amount", "10000")
	bad := &system{t: t, env: map[string]string{}}
	for k, v := range a.s.env {
		bad.env[k] = v
	}
	bad.env["CLIENT_SECRET"], bad.env["SALUR_NOTIFY_ADDR"] = clientSecret+"x", ""
	a.run(nil, "", "enqueue", "topup", "--ref", "K", "--customer", "628155501234", "--amount", "10000")
	p := bad.start("worker")
	p.logged(t, "worker", "http") // it may never be ready: it holds all sending as soon as it has met K
	await(t, "a worker to have met payout K", func() bool { return a.s.show("K").State != "queued" })
	p.stop(t)
	a.add("worker with a wrong secret", strings.Join(p.stderr.lines(), "\n"))
}

// pages are what a worker serves.
func (a *sayings) pages(url string) {
	a.t.Helper()
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/monitoring/api/queues"} {
		a.fetch(http.MethodGet, url+path, "", nil)
	}
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r.SetBasicAuth("ops", uiPassword)
	auth := map[string]string{"Authorization": r.Header.Get("Authorization")}
	seen := ""
	for _, queue := range []string{"topup", "bank", "inquiry", "notify"} {
		for _, state := range []string{"active", "pending", "scheduled", "retry", "archived", "completed"} {
			_, text := a.fetch(http.MethodGet, url+"/monitoring/api/queues/"+queue+"/"+state+"_tasks", "", auth)
			seen += text
		}
	}
	for _, path := range []string{"queues", "servers", "schedulers", "redis_info", "queues/topup/tasks/good", "queues/topup/tasks/bad", "queues/topup/tasks/unknown"} {
		a.fetch(http.MethodGet, url+"/monitoring/api/"+path, "", auth)
	}
	if !strings.Contains(seen, `"T-5`) && !strings.Contains(seen, "T-5") {
		a.t.Error("the web UI does not show the parked tasks")
	}
}

// The demo makes its payees up; their numbers are masked all the same.
func TestNothingPersonalInTheDemo(t *testing.T) {
	t.Parallel()
	s := &system{t: t, env: map[string]string{"SALUR_HTTP_ADDR": "127.0.0.1:0", "SALUR_LOG_LEVEL": "debug", "SALUR_LOG_FORMAT": "json"}}
	demo := s.start("worker", "demo")
	addr := demo.logged(t, "worker", "http")
	await(t, "payouts to succeed", func() bool {
		return regexp.MustCompile(`salur_transactions\{state="succeeded"\} [1-9]`).MatchString(get("http://" + addr + "/metrics"))
	})
	said := ""
	for _, queue := range []string{"topup", "bank", "inquiry"} {
		for _, state := range []string{"active", "pending", "scheduled", "retry", "completed"} {
			said += get("http://" + addr + "/monitoring/api/queues/" + queue + "/" + state + "_tasks")
		}
	}
	if code := demo.stop(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	said += strings.Join(demo.stderr.lines(), "\n") + get("http://"+addr+"/metrics")
	if number := regexp.MustCompile(`\b628\d{8,11}\b`).FindString(said); number != "" || !strings.Contains(said, "DEMO-0001") {
		t.Errorf("%q is in the output, or no payout", number)
	}
}
