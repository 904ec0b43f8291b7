package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/wakeup"
)

// Each program works with the rights that docs/redis.md gives its user, over TLS with a certificate of
// a private authority; nothing that it does is refused, and what it should not do is.
func TestUsersOfRedis(t *testing.T) {
	t.Parallel()
	server, ca := redistest.StartTLS(t, "--appendonly", "yes")
	admin := adminOf(t, server, ca)
	password := rand.Text()
	url := func(user string) string {
		return "rediss://" + user + ":" + password + "@" + server.Addr() + "/0?ca_file=" + ca
	}
	for _, user := range documentedUsers(t) {
		args := []any{}
		for word := range strings.FieldsSeq(strings.ReplaceAll(user, "PASSWORD", password)) {
			args = append(args, word)
		}
		if err := admin.Do(t.Context(), args...).Err(); err != nil {
			t.Fatalf("%s: %v", user, err)
		}
	}
	s := setupOn(t, url("salur-worker"), "20s")
	r := s.withWebhook(func(string) int { return http.StatusOK })
	s.env["SALUR_RATE_LIMIT"] = "100"
	w := s.worker()
	if out := s.must("worker", "doctor"); strings.Contains(out, "problem") || !strings.Contains(out, "not told, for CONFIG is not allowed") {
		t.Errorf("doctor: %s", out)
	}

	s.env["REDIS_URL"] = url("salur-producer")
	file := `{"ref":"A","customer":"628123450001","amount":"10000","validate":true}
{"ref":"B","customer":"628996647679","amount":"10000"}
{"ref":"C","customer":"628121111111","amount":"10000"}
{"ref":"D","kind":"bank","customer":"628123450001","bankCode":"014","account":"2460888509","amount":"10000"}
`
	for range 2 {
		if _, errs, code := s.run(file, "enqueue", "batch", "-", "--format", "jsonl", "--wait"); code != 0 && code != 1 {
			t.Fatalf("exit %d: %s", code, errs)
		}
	}
	s.must("enqueue", "topup", "--ref", "E", "--customer", "628123450001", "--amount", "10000")

	s.env["REDIS_URL"] = url("salur-reader")
	s.settled(5)
	for _, args := range [][]string{{"stats"}, {"list"}, {"show", "A"}, {"webhooks"}} {
		s.must("ledger", args...)
	}
	if _, errs, code := s.run("", "ledger", "hold", "--reason", "test"); code != 4 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "NOPERM") {
		t.Errorf("a reader holds: exit %d, %s", code, errs)
	}
	admin.Do(t.Context(), "ACL", "LOG", "RESET")

	s.env["REDIS_URL"] = url("salur-producer")
	s.env["SALUR_API_KEYS"] = fmt.Sprintf("payroll:%x", sha256.Sum256([]byte(apiKey)))
	_, intake := s.intake()
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/v1/payouts", onePayout("F")}, {"POST", "/v1/payouts", "[" + onePayout("F") + "," + onePayout("G") + "]"},
		{"GET", "/v1/payouts/F", ""}, {"GET", "/v1/payouts?limit=1", ""}, {"GET", "/v1/payouts?state=succeeded&limit=1000", ""}, {"GET", "/readyz", ""},
	} {
		if status, text := request(r.method, intake+r.path, apiKey, r.body); status/100 != 2 {
			t.Errorf("%s %s: %d %s", r.method, r.path, status, text)
		}
	}
	// What keeps payouts is said after ten seconds of waiting; here is what that reads.
	producer, err := config.NewRedis(config.Secret(url("salur-producer")), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if _, err := gate.ReadHolds(t.Context(), producer); err != nil {
		t.Error(err)
	}
	if seen, err := wakeup.WorkerSeen(t.Context(), producer); err != nil || seen.IsZero() {
		t.Errorf("%v, %v", seen, err)
	}

	s.env["REDIS_URL"] = url("salur-worker")
	s.must("ledger", "hold", "--reason", "test")
	s.must("ledger", "resume")
	s.must("ledger", "inquire", "A")
	await(t, "the outcomes to be told", func() bool {
		ids, _ := r.received()
		return ids >= 5
	})
	for _, page := range []string{"/metrics", "/monitoring/api/queues", "/monitoring/api/queues/topup/completed_tasks", "/monitoring/api/redis_info", "/monitoring/api/servers"} {
		if get("http://"+w.logged(t, "worker", "http")+page) == "" {
			t.Errorf("%s is empty", page)
		}
	}
	s.balance()
	w.stop(t)
	log, err := admin.ACLLog(t.Context(), 100).Result()
	if err != nil {
		t.Error(err)
	}
	for _, refused := range log {
		// That a worker may not see how Redis syncs its file is found out once.
		if refused.Object != "config|get" || refused.Count != 1 {
			t.Errorf("Redis refused %+v", *refused)
		}
	}

	for user, forbidden := range map[string][]string{
		"salur-worker":   {"FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0", "CONFIG GET requirepass", "ACL LIST", "SHUTDOWN", "GET other", "REPLICAOF no one", "PUBLISH x y"},
		"salur-producer": {"FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0", "CONFIG GET requirepass", "ACL LIST", "GET other", "SET other 1", "HSET salur:{gate}:holds x 1", "DEL salur:{gate}:holds", "HGETALL salur:{gate}:log", "ZADD asynq:servers 1 x", "DEL asynq:{inquiry}:pending", "RENAME salur:{topup}:sums x", "EVAL return(redis.call('KEYS','*')) 0"},
		"salur-reader":   {"SET salur:{topup}:x 1", "DEL salur:{topup}:sums", "FLUSHALL", "GET asynq:queues", "EVAL return(1) 0"},
	} {
		rdb, err := config.NewRedis(config.Secret(url(user)), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer rdb.Close()
		for _, line := range forbidden {
			args := []any{}
			for word := range strings.FieldsSeq(line) {
				args = append(args, word)
			}
			if err := rdb.Do(t.Context(), args...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "can't run") && !strings.Contains(err.Error(), "permissions") {
				t.Errorf("%s may %s: %v", user, line, err)
			}
		}
	}

	s.refused(password, url("salur-worker"), ca)
}

// refused: what keeps a program from Redis is one line, which never has the password.
func (s *system) refused(password, url, ca string) {
	s.t.Helper()
	empty := s.t.TempDir() + "/empty.pem"
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		url, says string
		code      int
	}{
		"wrong authority": {strings.Replace(url, ca, redistest.NewCA(s.t), 1), "certificate", 4},
		"no authority":    {strings.Replace(url, "?ca_file="+ca, "", 1), "certificate", 4},
		"no such file":    {strings.Replace(url, ca, "/nowhere.pem", 1), "ca_file", 2},
		"an empty file":   {strings.Replace(url, ca, empty, 1), "ca_file", 2},
		"no TLS":          {strings.Replace(strings.Replace(url, "rediss:", "redis:", 1), "?ca_file="+ca, "", 1), "speaks TLS; use rediss://", 2},
		"wrong password":  {strings.Replace(url, password, "x"+password, 1), "WRONGPASS", 4},
	} {
		s.env["REDIS_URL"] = tc.url
		out, errs, code := s.run("", "ledger", "stats")
		if code != tc.code || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "REDIS_URL") || !strings.Contains(errs, tc.says) || strings.Contains(errs, password) {
			s.t.Errorf("%s: exit %d, %s%s", name, code, out, strings.ReplaceAll(errs, password, "(THE PASSWORD)"))
		}
	}
}

// adminOf is the default user's connection.
func adminOf(t *testing.T, server *redistest.Server, ca string) *redis.Client {
	t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), TLSConfig: &tls.Config{RootCAs: pool}})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// documentedUsers are the lines of docs/redis.md.
func documentedUsers(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^ACL SETUSER .*$`).FindAllString(string(page), -1)
	if len(lines) != 3 {
		t.Fatalf("%d users in docs/redis.md", len(lines))
	}
	return lines
}
