package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/sandbox"
)

// system is a Redis, a sandbox process, and the environment that all programs share.
type system struct {
	t       *testing.T
	env     map[string]string
	redis   *redistest.Server
	danaURL string
}

const clientSecret = "client-secret-of-the-tests"

// setup starts Redis, which keeps what it has, and DANA. Schedules are shortened by configuration alone.
func setup(t *testing.T, redisOptions ...string) *system {
	t.Helper()
	return setupHanging(t, "20s", redisOptions...)
}

// setupHanging is setup with a DANA whose lines hang, and whose slow answers take, that long.
func setupHanging(t *testing.T, hang string, redisOptions ...string) *system {
	t.Helper()
	server := redistest.Start(t, append([]string{"--appendonly", "yes"}, redisOptions...)...)
	s := setupOn(t, "redis://"+server.Addr(), hang)
	s.redis = server
	return s
}

// setupOn is setupHanging on a Redis that is there already.
func setupOn(t *testing.T, redisURL, hang string) *system {
	t.Helper()
	s := &system{t: t}
	s.env = map[string]string{"SANDBOX_CLIENT_SECRET": clientSecret}
	dana := s.start("sandbox", "--keys", t.TempDir(), "--addr", "127.0.0.1:0", "--strict", "--hang", hang, "--json")
	var settings map[string]string
	if err := json.Unmarshal([]byte(dana.line(t)), &settings); err != nil {
		t.Fatal(err)
	}
	s.danaURL = settings["DANA_BASE_URL"]
	s.env = map[string]string{
		"CLIENT_SECRET": clientSecret,
		"REDIS_URL":     redisURL, "SALUR_HTTP_ADDR": "127.0.0.1:0", "SALUR_LOG_FORMAT": "json",
		"SALUR_DANA_TIMEOUT": "1s", "SALUR_TOPUP_RETRY_DELAYS": "200ms,300ms,400ms",
		"SALUR_INQUIRY_DELAYS": "200ms,400ms,1s", "SALUR_INQUIRY_CUTOFF": "1m", "SALUR_SWEEP_INTERVAL": "2s",
		"SALUR_BREAKER_FAILURES": "1000", // a crowd of misbehaving customers is what is tested here
	}
	for k, v := range settings {
		s.env[k] = v
	}
	return s
}

// process is a program that runs.
type process struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *buffer
	ended  chan struct{}
	err    error // of the process, once ended is closed
}

// start runs a program until the test ends.
func (s *system) start(program string, args ...string) *process {
	s.t.Helper()
	p := &process{cmd: exec.Command(filepath.Join(programs, program), args...), stderr: &buffer{}, ended: make(chan struct{})}
	p.cmd.Env = s.environ()
	p.cmd.Stderr = p.stderr
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	p.stdout = bufio.NewReader(pipe)
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	s.t.Cleanup(func() {
		p.kill()
		if s.t.Failed() {
			s.t.Logf("%s %v:\n%s", program, args, p.stderr.tail())
		}
	})
	return p
}

func (s *system) environ() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for k, v := range s.env {
		env = append(env, k+"="+v)
	}
	return env
}

// worker starts a worker and returns when it is ready.
func (s *system) worker() *process {
	s.t.Helper()
	p := s.start("worker")
	addr := p.logged(s.t, "worker", "http")
	await(s.t, "the worker to be ready", func() bool {
		r, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		defer func() { _ = r.Body.Close() }()
		return r.StatusCode == http.StatusOK
	})
	return p
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, p.stderr.tail())
	}
	return line
}

// logged waits for a message in the program's log and returns one of its fields.
func (p *process) logged(t *testing.T, msg, field string) (value string) {
	t.Helper()
	await(t, "the log to say "+msg, func() bool {
		for _, line := range p.stderr.lines() {
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == msg {
				value, _ = entry[field].(string)
				return true
			}
		}
		return false
	})
	return value
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
}

// stop is SIGTERM; the exit code comes back.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not stop:\n%s", p.stderr.tail())
	}
	return p.cmd.ProcessState.ExitCode()
}

// run runs a program to its end.
func (s *system) run(stdin, program string, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(programs, program), args...)
	cmd.Env = s.environ()
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must is run for what has to succeed.
func (s *system) must(program string, args ...string) string {
	s.t.Helper()
	out, errs, code := s.run("", program, args...)
	if code != 0 {
		s.t.Fatalf("%s %v: exit %d\n%s", program, args, code, errs)
	}
	return out
}

// transaction is what ledger show --json prints, as far as the tests look at it.
type transaction struct {
	Ref      string `json:"ref"`
	State    string `json:"state"`
	Reason   string `json:"reason"`
	Attempts int    `json:"attempts"`
	Amount   struct {
		Value string `json:"value"`
	} `json:"amount"`
	History []struct {
		Event        string `json:"event"`
		Detail       string `json:"detail"`
		ResponseCode string `json:"responseCode"`
	} `json:"history"`
}

func (s *system) show(ref string) (tx transaction) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.must("ledger", "show", ref, "--json")), &tx); err != nil {
		s.t.Fatal(err)
	}
	return tx
}

func (s *system) awaitState(ref, want string) transaction {
	s.t.Helper()
	var tx transaction
	await(s.t, ref+" to be "+want, func() bool {
		tx = s.show(ref)
		return tx.State == want
	})
	return tx
}

// books are DANA's.
func (s *system) books() (st sandbox.State) {
	s.t.Helper()
	r, err := http.Get(s.danaURL + "/_sandbox/state")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if err := json.NewDecoder(r.Body).Decode(&st); err != nil {
		s.t.Fatal(err)
	}
	return st
}

// balance holds DANA's books against the ledger: nobody credited twice, nothing failed
// that was paid, nothing succeeded that was not, and the same rupiah on both sides.
func (s *system) balance() {
	s.t.Helper()
	st := s.books()
	if err := st.Check(); err != nil {
		s.t.Errorf("DANA's books: %v", err)
	}
	paid := map[string]string{}
	for _, c := range st.Credits {
		if c.RefundedAt.IsZero() {
			paid[c.Ref] = c.Amount.Value()
		}
	}
	dec := json.NewDecoder(strings.NewReader(s.must("ledger", "list", "--limit", "100000", "--json")))
	for {
		var tx transaction
		if err := dec.Decode(&tx); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			s.t.Fatal(err)
		}
		amount, wasPaid := paid[tx.Ref]
		switch {
		case tx.State == "succeeded" && amount != tx.Amount.Value:
			s.t.Errorf("%s is succeeded over %s, DANA paid %q", tx.Ref, tx.Amount.Value, amount)
		case (tx.State == "failed" || tx.State == "refunded") && wasPaid:
			s.t.Errorf("%s is %s (%s), but DANA paid %s", tx.Ref, tx.State, tx.Reason, amount)
		}
		delete(paid, tx.Ref)
	}
	for ref := range paid {
		s.t.Errorf("DANA paid %s, which the ledger does not know", ref)
	}
	for _, d := range s.reconcile() {
		if d.Class != "paid_not_succeeded" { // it is not over, and nothing else was claimed of it
			s.t.Errorf("DANA's settlement report: %+v", d)
		}
	}
}

// difference is what ledger reconcile --json prints, as far as the tests look at it.
type difference struct {
	Class, Ref, State, Detail string
	Summary                   struct{ Rows, Differences int }
}

// reconcile holds the settlement report that DANA makes of its books against the ledger, with the real program.
func (s *system) reconcile() (differences []difference) {
	s.t.Helper()
	r, err := http.Get(s.danaURL + "/_sandbox/settlement")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	report, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	out, errs, code := s.run(string(report), "ledger", "reconcile", "-", "--json",
		"--since", now.AddDate(0, 0, -1).Format(time.RFC3339), "--until", now.AddDate(0, 0, 1).Format(time.RFC3339))
	var summary difference
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var d difference
		if err := dec.Decode(&d); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			s.t.Fatal(err)
		}
		if d.Class == "" {
			summary = d
			continue
		}
		differences = append(differences, d)
	}
	rows := bytes.Count(report, []byte("\n")) - 1
	if want := map[bool]int{true: 0, false: 3}[len(differences) == 0]; code != want || summary.Summary.Rows != rows || summary.Summary.Differences != len(differences) {
		s.t.Errorf("reconcile: exit %d, %d rows, %+v: %s", code, rows, summary, errs)
	}
	return differences
}

// await polls: what is awaited happens in another process.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// buffer is a program's stderr, read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Split(b.b.String(), "\n")
}

func (b *buffer) tail() string {
	lines := b.lines()
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
