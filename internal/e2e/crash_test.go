package e2e

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// kill -9 between the write-ahead and the answer: DANA has paid, nobody knows.
func TestKilledBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.env["SALUR_DANA_TIMEOUT"] = "5s"
	first := s.worker()
	s.must("enqueue", "topup", "--ref", "PAY-1", "--customer", "628999000001", "--amount", "10000") // paid, then hangs
	await(t, "DANA to pay", func() bool { return len(s.books().Credits) == 1 })
	first.kill()
	if tx := s.show("PAY-1"); tx.State != "processing" || tx.Attempts != 1 {
		t.Fatalf("the attempt is not on record: %+v", tx)
	}
	s.worker()
	tx := s.awaitState("PAY-1", "succeeded")
	if n := len(s.books().Credits); n != 1 || tx.Attempts != 2 {
		t.Errorf("%d credits after %d attempts", n, tx.Attempts)
	}
	lost := false
	for _, e := range tx.History {
		lost = lost || strings.HasPrefix(e.Detail, "attempt_lost")
	}
	if !lost {
		t.Errorf("the history does not tell of the lost attempt: %+v", tx.History)
	}
	s.balance()
}

// kill -9 after the answer but before it is recorded: the worker knows, the ledger does not.
func TestKilledBeforeTheAnswerIsRecorded(t *testing.T) {
	t.Parallel()
	s := setup(t)
	direct := s.env["REDIS_URL"]
	line := newTrap(t, s.redis.Addr(), "send_succeeded")
	s.env["REDIS_URL"] = "redis://" + line.addr
	first := s.worker()
	s.env["REDIS_URL"] = direct
	s.must("enqueue", "topup", "--ref", "PAY-1", "--customer", "62811742234", "--amount", "10000")
	<-line.sprung // the success is on its way to Redis and goes no further
	first.kill()
	if tx := s.show("PAY-1"); tx.State != "processing" || len(s.books().Credits) != 1 {
		t.Fatalf("%s with %d credits, want an unrecorded payment", tx.State, len(s.books().Credits))
	}
	s.worker()
	tx := s.awaitState("PAY-1", "succeeded")
	if n := len(s.books().Credits); n != 1 || tx.Attempts != 2 {
		t.Errorf("%d credits after %d attempts", n, tx.Attempts)
	}
	s.balance()
}

// Redis is killed while payouts are under way, and comes back with what it acknowledged.
func TestRedisKilled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.redis.Kill()
	_, errs, code := s.run("", "enqueue", "topup", "--ref", "PAY-0", "--customer", "62811742234", "--amount", "10000")
	if code != 4 || strings.Count(errs, "\n") != 1 {
		t.Errorf("without Redis: exit %d, %q", code, errs)
	}
	s.redis.Restart()
	s.worker()
	s.must("enqueue", "topup", "--ref", "PAY-1", "--customer", "628999000001", "--amount", "10000") // hangs for a second
	await(t, "DANA to pay", func() bool { return len(s.books().Credits) == 1 })
	s.redis.Kill()
	s.redis.Restart()
	s.awaitState("PAY-1", "succeeded")
	s.balance()
}

// SIGTERM during an exchange: it is finished and recorded, and the exit code is 0.
func TestStoppedDuringAnExchange(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.env["SALUR_DANA_TIMEOUT"] = "2s"
	first := s.worker()
	s.must("enqueue", "topup", "--ref", "PAY-1", "--customer", "628999000001", "--amount", "10000")
	await(t, "DANA to pay", func() bool { return len(s.books().Credits) == 1 })
	if code := first.stop(t); code != 0 {
		t.Fatalf("exit %d", code)
	}
	tx := s.show("PAY-1")
	if last := tx.History[len(tx.History)-1]; last.Event != "send_unknown" || !strings.HasPrefix(last.Detail, "timeout") {
		t.Fatalf("the exchange was not recorded before the end: %+v", tx.History)
	}
	s.worker()
	s.awaitState("PAY-1", "succeeded")
	s.balance()
}

// A worker is frozen in the middle of an exchange, for longer than asynq's lease of 30 s, and thawed: by
// then somebody else has paid, and what the frozen one still has to say changes nothing.
func TestFrozenForLongerThanTheLease(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.env["SALUR_DANA_TIMEOUT"] = "2s"
	first := s.worker()
	s.must("enqueue", "topup", "--ref", "PAY-1", "--customer", "628999000001", "--amount", "10000") // paid, then hangs
	await(t, "DANA to pay", func() bool { return len(s.books().Credits) == 1 })
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	thaw := time.After(35 * time.Second)
	s.worker()
	before := s.awaitState("PAY-1", "succeeded")
	<-thaw
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(t, "the thawed worker to record what it saw", func() bool { return len(s.show("PAY-1").History) > len(before.History) })
	tx := s.show("PAY-1")
	if last := tx.History[len(tx.History)-1]; tx.State != "succeeded" || !strings.Contains(last.Detail, "late answer to attempt 1") {
		t.Errorf("%s, and last %+v", tx.State, last)
	}
	if n := len(s.books().Credits); n != 1 || tx.Attempts != 2 {
		t.Errorf("%d credits after %d attempts", n, tx.Attempts)
	}
	s.balance()
}

// trap is a line to Redis that goes dead, for good, when a text passes on it.
type trap struct {
	addr   string
	sprung chan struct{}
	once   sync.Once
}

func newTrap(t *testing.T, target, text string) *trap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	tr := &trap{addr: l.Addr().String(), sprung: make(chan struct{})}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go tr.carry(client, target, text)
		}
	}()
	return tr
}

func (tr *trap) carry(client net.Conn, target, text string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(client, server) }() // ends with either side
	chunk := make([]byte, 64<<10)
	for {
		n, err := client.Read(chunk)
		if err != nil {
			return
		}
		if bytes.Contains(chunk[:n], []byte(text)) {
			tr.once.Do(func() { close(tr.sprung) })
		}
		select {
		case <-tr.sprung: // swallowed
		default:
			if _, err := server.Write(chunk[:n]); err != nil {
				return
			}
		}
	}
}
