package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/redistest"
)

const apiKey = "e2e-key-of-the-payroll"

// intake starts enqueue serve and returns its URL.
func (s *system) intake() (*process, string) {
	s.t.Helper()
	p := s.start("enqueue", "serve", "--addr", "127.0.0.1:0")
	return p, "http://" + p.logged(s.t, "intake", "http")
}

func serveSetup(t *testing.T) *system {
	s := &system{t: t, redis: redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")}
	s.env = map[string]string{"REDIS_URL": "redis://" + s.redis.Addr(), "SALUR_LOG_FORMAT": "json",
		"SALUR_API_KEYS": fmt.Sprintf("payroll:%x", sha256.Sum256([]byte(apiKey))), "SALUR_API_RATE_LIMIT": "0"}
	return s
}

// submit posts a body; 0 is no answer.
func submit(url, body string) (status int, text string) {
	return request(http.MethodPost, url+"/v1/payouts", apiKey, body)
}

func request(method, url, key, body string) (status int, text string) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(b)
}

func onePayout(ref string) string {
	return fmt.Sprintf(`{"ref":%q,"customer":"62811742234","amount":"10000"}`, ref)
}

// recorded are the references that the ledger has.
func (s *system) recorded() map[string]bool {
	s.t.Helper()
	refs := map[string]bool{}
	dec := json.NewDecoder(strings.NewReader(s.must("ledger", "list", "--limit", "100000", "--json")))
	for {
		var tx transaction
		if err := dec.Decode(&tx); errors.Is(err, io.EOF) {
			return refs
		} else if err != nil {
			s.t.Fatal(err)
		}
		refs[tx.Ref] = true
	}
}

// kill -9 of the intake, and then of Redis, under load: what was answered 201 is on record, and the others are accepted
// when they are sent again.
func TestServeKilledUnderLoad(t *testing.T) {
	t.Parallel()
	s := serveSetup(t)
	p, url := s.intake()
	told, open := map[string]bool{}, map[string]bool{}
	var mu sync.Mutex
	var load sync.WaitGroup
	enough := make(chan struct{}, 1)
	for n := range 8 {
		load.Go(func() {
			for i := 0; ; i++ {
				refs := []string{fmt.Sprintf("K-%d-%d", n, i)}
				body := onePayout(refs[0])
				if n%2 == 1 { // half of them in arrays
					refs = append(refs, refs[0]+"b", refs[0]+"c")
					body = "[" + onePayout(refs[0]) + "," + onePayout(refs[1]) + "," + onePayout(refs[2]) + "]"
				}
				status, text := submit(url, body)
				mu.Lock()
				for _, ref := range refs {
					if status == http.StatusCreated {
						told[ref] = true
					} else {
						open[ref] = true
					}
				}
				if len(told) > 1500 {
					select {
					case enough <- struct{}{}:
					default:
					}
				}
				mu.Unlock()
				if status != http.StatusCreated {
					if status != 0 {
						t.Errorf("%d %s", status, text)
					}
					return
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(60 * time.Second):
		t.Error("too slow")
	}
	p.kill()
	load.Wait()
	if log := strings.Join(p.stderr.lines(), "\n"); strings.Contains(log, "62811742234") || strings.Contains(log, apiKey) || strings.Count(log, `"route":"POST /v1/payouts"`) < 500 {
		t.Error("the log has a phone number or a key, or not its lines")
	}
	s.redis.Kill()
	s.redis.Restart()
	refs := s.recorded()
	for ref := range told {
		if !refs[ref] {
			t.Errorf("%s was accepted and is lost", ref)
		}
	}
	for ref := range refs {
		if !told[ref] && !open[ref] {
			t.Errorf("%s is on record, and nobody sent it", ref)
		}
	}
	_, url = s.intake()
	half := 0
	for ref := range open {
		status, text := submit(url, onePayout(ref))
		want := http.StatusCreated
		if refs[ref] {
			want = http.StatusOK
			half++
		}
		if status != want {
			t.Errorf("%s again: %d %s, want %d", ref, status, text, want)
		}
	}
	if n := len(s.recorded()); n != len(told)+len(open) {
		t.Errorf("%d on record, %d were sent", n, len(told)+len(open))
	}
	t.Logf("%d told, all on record; %d without an answer, %d of them on record", len(told), len(open), half)
}

// SIGTERM: what was begun is answered, and the exit code is 0.
func TestServeStopped(t *testing.T) {
	t.Parallel()
	s := serveSetup(t)
	p, url := s.intake()
	body, begin := io.Pipe()
	r, err := http.NewRequest(http.MethodPost, url+"/v1/payouts", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apiKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Expect", "100-continue") // the body is asked for when the handler reads: the request has begun
	answered := make(chan int, 1)
	go func() {
		res, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}).Do(r)
		if err != nil {
			answered <- 0
			return
		}
		_ = res.Body.Close()
		answered <- res.StatusCode
	}()
	text := onePayout("S-1")
	if _, err := io.WriteString(begin, text[:10]); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan int, 1)
	go func() { stopped <- p.stop(t) }()
	await(t, "the listener to close", func() bool {
		res, err := http.Get(url + "/healthz")
		if err == nil {
			_ = res.Body.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(begin, text[10:]); err != nil {
		t.Fatal(err)
	}
	_ = begin.Close()
	if status := <-answered; status != http.StatusCreated {
		t.Errorf("%d", status)
	}
	if code := <-stopped; code != 0 {
		t.Errorf("exit %d", code)
	}
	if !s.recorded()["S-1"] {
		t.Error("it is not on record")
	}
}

// What is wrong at start is said in a line, and decides the exit code.
func TestServeRefusesToStart(t *testing.T) {
	t.Parallel()
	s := serveSetup(t)
	_, url := s.intake()
	for _, tc := range []struct {
		name, set, value, addr string
		code                   int
		want                   string
	}{
		{"NoKeys", "SALUR_API_KEYS", "", "127.0.0.1:0", 2, "enqueue: SALUR_API_KEYS: is required; set it in the environment, or api_keys in the configuration file; make a key with: openssl rand -hex 32"},
		{"HalfOfDANA", "X_PARTNER_ID", "p", "127.0.0.1:0", 2, "enqueue: ORIGIN: is required"},
		{"Addr", "", "", "8082", 2, `enqueue: --addr "8082": use host:port, such as 127.0.0.1:8082`},
		{"Port", "", "", "127.0.0.1:99999", 2, `enqueue: --addr "127.0.0.1:99999": use host:port with a port from 0 to 65535`},
		{"InUse", "", "", strings.TrimPrefix(url, "http://"), 1, "address already in use; choose another address, such as --addr 127.0.0.1:0"},
		{"NoRedis", "REDIS_URL", "redis://127.0.0.1:1", "127.0.0.1:0", 4, "cannot be reached"},
	} {
		other := serveSetup(t)
		other.env["REDIS_URL"] = s.env["REDIS_URL"]
		if tc.set != "" {
			other.env[tc.set] = tc.value
		}
		out, errs, code := other.run("", "enqueue", "serve", "--addr", tc.addr)
		if code != tc.code || out != "" || !strings.Contains(errs, tc.want) || tc.code == 2 && tc.name != "HalfOfDANA" && strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit %d\n%swant %d %s", tc.name, code, errs, tc.code, tc.want)
		}
	}
}
