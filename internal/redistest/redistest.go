// Package redistest gives tests a Redis of their own: a real redis-server that can be
// killed and restarted, and the same test once more on miniredis.
package redistest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Server is one redis-server process on a free port of the loopback interface. Its data
// lives in the test's temporary directory and survives Kill.
type Server struct {
	t    testing.TB
	bin  string
	addr string
	args []string

	ready string // what it says when it serves

	process *os.Process // nil while killed
	ended   chan struct{}
}

// Start runs a redis-server until the test ends. It is found in $REDIS_SERVER or in PATH;
// without one the test is skipped. Options are redis-server's own and come last, so they
// win: Start(t, "--appendonly", "yes"). By default nothing is kept over a restart.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	return start(t, "Ready to accept connections", func(dir, port string) []string {
		return append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", ""}, options...)
	})
}

// start runs a redis-server with the arguments that args makes of a directory and a free port.
func start(t testing.TB, ready string, args func(dir, port string) []string) *Server {
	t.Helper()
	bin := os.Getenv("REDIS_SERVER")
	if bin == "" {
		bin = "redis-server"
	}
	bin, err := exec.LookPath(bin)
	if err != nil {
		t.Skip("needs redis-server (make setup installs it)")
	}
	s := &Server{t: t, bin: bin, ready: ready}
	dir := t.TempDir()
	t.Cleanup(s.Kill) // after TempDir: the server is gone before its directory is
	for range 5 {
		var port string
		if port, err = freePort(); err != nil {
			continue
		}
		s.addr = net.JoinHostPort("127.0.0.1", port)
		s.args = args(dir, port)
		if err = s.run(); err == nil {
			return s
		}
	}
	t.Fatalf("starting redis-server: %v", err)
	return nil
}

// Addr is host:port. It stays the same over Kill and Restart.
func (s *Server) Addr() string { return s.addr }

// Client is a new client of the server, closed when the test ends. Its timeouts are short,
// so that a killed server is noticed at once.
func (s *Server) Client() *redis.Client { return client(s.t, s.addr) }

// Kill ends the server with SIGKILL, as a crash of the process would: what it had not yet
// written to its files is lost. It is harmless on a killed server.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Kill() // fails only if the process has ended by itself
	<-s.ended
	s.process = nil
}

// Freeze stops the server (SIGSTOP) until Thaw or Kill: it is there and does nothing.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Restart starts a killed (or running) server again on the same port and files, and
// returns when it serves.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatalf("restarting redis-server: %v", err)
	}
}

// Each runs f twice as parallel subtests, each on an empty Redis: "redis" is a real
// server, "miniredis" runs in this process.
func Each(t *testing.T, f func(t *testing.T, rdb *redis.Client)) {
	t.Helper()
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		f(t, Start(t).Client())
	})
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		f(t, client(t, miniredis.RunT(t).Addr()))
	})
}

func client(t testing.TB, addr string) *redis.Client {
	rdb := redis.NewClient(&redis.Options{
		Addr: addr, DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second, DialerRetries: 1,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// run starts the process and waits until it says that it is ready, or ends: another
// program may have taken the port meanwhile.
func (s *Server) run() error {
	cmd := exec.Command(s.bin, s.args...)
	out := &output{says: s.ready, ready: make(chan struct{})}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended does not matter; what it said is in out
		close(ended)
	}()
	select {
	case <-out.ready:
		s.process, s.ended = cmd.Process, ended
		return nil
	case <-ended:
		return errors.New(out.log.String())
	}
}

// output is the server's log. ready is closed when the server has said that it serves.
type output struct {
	log   bytes.Buffer
	says  string
	ready chan struct{}
	said  bool
}

func (o *output) Write(p []byte) (int, error) {
	if !o.said {
		o.log.Write(p)
		if bytes.Contains(o.log.Bytes(), []byte(o.says)) {
			o.said = true
			close(o.ready)
		}
	}
	return len(p), nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
