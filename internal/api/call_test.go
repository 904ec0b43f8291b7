package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, withRate(1000))
	for _, tc := range []struct{ name, value string }{
		{"none", ""}, {"unknown", "Bearer other"}, {"empty", "Bearer "}, {"basic", "Basic " + payrollKey}, {"no scheme", payrollKey},
		{"part", "Bearer " + payrollKey[1:]}, {"longer", "Bearer " + payrollKey + "x"}, {"both", "Bearer " + payrollKey + "," + refundsKey},
		{"the name", "Bearer payroll"},
	} {
		for _, path := range []string{"POST /v1/payouts", "GET /v1/payouts", "GET /v1/payouts/A-1", "POST /v1/account-inquiries", "GET /v1/balance"} {
			method, path, _ := strings.Cut(path, " ")
			body := ""
			if method == "POST" {
				body = pay("A-1")
			}
			a := b.call(method, path, body, "Authorization", tc.value)
			b.refused(a, unauthorized)
			if a.header.Get("WWW-Authenticate") != `Bearer realm="salur"` {
				t.Errorf("%s: %v", tc.name, a.header)
			}
		}
	}
	if n := b.onRecord(); n != 0 {
		t.Errorf("%d payouts without a key", n)
	}
	for _, l := range b.logs.All() {
		if s := zapText(l); strings.Contains(s, payrollKey) || strings.Contains(s, "other") {
			t.Errorf("a key is in the log: %s", s)
		}
	}
}

func zapText(l observer.LoggedEntry) string {
	b, _ := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg", LevelKey: "level", EncodeLevel: zapcore.LowercaseLevelEncoder}).EncodeEntry(l.Entry, l.Context)
	return b.String()
}

// The rate is each key's own and is shared by all instances.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	one := setup(t, withRate(3))
	two := over(t, one.server, withRate(3))
	var refused answer
	for i := range 8 {
		b := []*bundle{one, two}[i%2]
		if a := b.call("GET", "/v1/payouts", ""); a.status != 200 {
			refused = a
			one.refused(a, rateLimited)
		} else if i == 7 {
			t.Fatal("eight requests at once pass at 3 a second")
		}
		if i < 3 && refused.status != 0 {
			t.Fatalf("request %d is refused", i)
		}
	}
	if s, err := strconv.Atoi(refused.header.Get("Retry-After")); err != nil || s != 1 {
		t.Errorf("%v", refused.header)
	}
	if a := two.call("GET", "/v1/payouts", "", "Authorization", "Bearer "+refundsKey); a.status != 200 {
		t.Errorf("another key: %d", a.status)
	}
	for range 10 {
		if a := one.call("GET", "/healthz", ""); a.status != 200 {
			t.Errorf("health: %d", a.status)
		}
	}
}

func TestNoSuchPath(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/payouts/", "/v1/payouts/A/B", "/v2/payouts", "//v1/payouts", "/v1/./payouts", "/v1/payouts/..", "/problems/", "/metrics"} {
		a := b.call("GET", path, "")
		b.refused(a, noSuchPath)
		if a.header.Get("Location") != "" {
			t.Errorf("%s: redirected to %s", path, a.header.Get("Location"))
		}
	}
	for path, allow := range map[string]string{"/v1/payouts": "GET, HEAD, POST", "/v1/payouts/A-1": "GET, HEAD", "/v1/account-inquiries": "POST", "/healthz": "GET, HEAD"} {
		a := b.call("DELETE", path, "")
		b.refused(a, methodNotAllowed)
		if got := a.header.Get("Allow"); got != allow {
			t.Errorf("%s: Allow %q, want %q", path, got, allow)
		}
	}
}

// One line for each request, and nothing personal in it.
func TestLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct{ sent, want string }{
		{"req-1.A_z", "req-1.A_z"}, {strings.Repeat("x", 64), strings.Repeat("x", 64)}, {strings.Repeat("x", 65), ""}, {"a b", ""}, {"", ""}, {"a:b", ""},
	} {
		a := b.call("GET", "/v1/payouts", "", "X-Request-Id", tc.sent)
		if id := a.header.Get("X-Request-Id"); tc.want != "" && id != tc.want || tc.want == "" && (id == tc.sent || len(id) < 20) {
			t.Errorf("%q became %q", tc.sent, id)
		}
	}
	b.logs.TakeAll()
	b.post(array(pay("A-1"), pay("A-2")), "X-Request-Id", "r1")
	b.call("GET", "/v1/payouts/A-1?x=62811742234", "", "X-Request-Id", "r2")
	b.call("GET", "/v1/payouts", "", "X-Request-Id", "r3", "Authorization", "")
	b.call("GET", "/62811742234", "", "X-Request-Id", "r4")
	b.call("GET", "/healthz", "", "X-Request-Id", "r5")
	var got []string
	for _, l := range b.logs.TakeAll() {
		m := l.ContextMap()
		if d, ok := m["took"]; !ok || d == 0 {
			t.Errorf("no duration: %v", m)
		}
		delete(m, "took")
		text := zapText(l)
		if strings.Contains(text, "62811742234") {
			t.Errorf("a phone number: %s", text)
		}
		got = append(got, l.Level.String()+" "+l.Message+" "+strings.Join([]string{m["requestId"].(string), m["key"].(string), m["method"].(string), m["route"].(string), strconv.FormatInt(m["status"].(int64), 10), strconv.FormatInt(m["payouts"].(int64), 10)}, "|"))
	}
	want := []string{
		"info request r1|payroll|POST|POST /v1/payouts|201|2",
		"info request r2|payroll|GET|GET /v1/payouts/{ref...}|200|0",
		"info request r3||GET|GET /v1/payouts|401|0",
		"info request r4||GET||404|0",
		"debug request r5||GET|GET /healthz|200|0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A reference that was looked up is in the log once its asker is known, and only if it can be one.
func TestLogOfReferences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.call("GET", "/v1/payouts/A-1", "")
	b.call("GET", "/v1/payouts/A-1", "", "Authorization", "Bearer nobody")
	b.call("GET", "/v1/payouts/A%C2%9B31m", "")
	b.call("GET", "/v1/payouts/A%20B", "")
	b.call("GET", "/v1/payouts/"+strings.Repeat("x", 65), "")
	var got []any
	for _, l := range b.logs.FilterMessage("request").All() {
		got = append(got, l.ContextMap()["ref"])
	}
	if want := []any{"A-1", nil, nil, nil, nil}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	a := New(Config{Log: zap.New(core)}).(*api)
	a.mux.Handle("GET /boom", a.endpoint(route{pattern: "GET /boom", open: true, do: func(*call) (reply, error) { panic("secret of the code") }}))
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "/boom", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "/problems/internal") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if l := logs.All(); len(l) != 1 || l[0].Level != zapcore.ErrorLevel || !strings.Contains(zapText(l[0]), "secret of the code") || !strings.Contains(zapText(l[0]), "call_test.go") {
		t.Errorf("%v", l)
	}
}

// An error that nobody thought of is ours, and its text is for the log.
func TestInternalError(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	a := New(Config{Log: zap.New(core)}).(*api)
	a.mux.Handle("GET /odd", a.endpoint(route{pattern: "GET /odd", open: true, do: func(*call) (reply, error) { return reply{}, http.ErrLineTooLong }}))
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "/odd", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "line too long") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if l := logs.All(); len(l) != 1 || l[0].Level != zapcore.ErrorLevel || !strings.Contains(zapText(l[0]), "line too long") {
		t.Errorf("%v", l)
	}
}

func TestServerHasBounds(t *testing.T) {
	t.Parallel()
	s := Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 || s.WriteTimeout <= askTime+storeTime {
		t.Errorf("%+v", s)
	}
}
