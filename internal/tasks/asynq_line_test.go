package tasks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// line is the way from one client to Redis. It breaks once, at the script of asynq that
// runs on these keys: before the script leaves, or when its answer is on the way back.
type line struct {
	script []string
	answer bool          // lose the answer; Redis has carried the script out
	broke  chan struct{} // closed when it happened

	fired, dead atomic.Bool
	mu          sync.Mutex
	conns       []net.Conn
}

var errBroken = errors.New("the line to Redis is broken")

// loseScript and loseAnswer are lines that break at the script on all of these keys.
func loseScript(keys ...string) *line { return &line{script: keys, broke: make(chan struct{})} }
func loseAnswer(keys ...string) *line {
	return &line{script: keys, answer: true, broke: make(chan struct{})}
}

// over is a client at the end of a line. retries are go-redis's own, which sends a command
// whose answer was lost again; -1 is none.
func (b *bundle) over(t *testing.T, l *line, retries int) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{
		Addr: b.rdb.Options().Addr, MaxRetries: retries, DialerRetries: 1, Dialer: l.dial,
		DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if l.dead.Load() {
		return nil, errBroken
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, conn)
	return &lineConn{Conn: conn, line: l}, nil
}

// cut ends the line for good, as the death of its process does.
func (l *line) cut() {
	l.dead.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close() // it may have been closed before
	}
}

func (l *line) fire() bool {
	if !l.fired.CompareAndSwap(false, true) {
		return false
	}
	close(l.broke)
	return true
}

// await waits until the line broke.
func (l *line) await(t *testing.T) {
	t.Helper()
	select {
	case <-l.broke:
	case <-time.After(15 * time.Second):
		t.Fatalf("no script on %v came by", l.script)
	}
}

type lineConn struct {
	net.Conn
	line *line
	asks atomic.Bool // the script is under way
}

func (c *lineConn) Write(p []byte) (int, error) {
	l := c.line
	script := len(l.script) > 0 && bytes.Contains(p, []byte("eval")) &&
		!slices.ContainsFunc(l.script, func(key string) bool { return !bytes.Contains(p, []byte(key+"\r\n")) })
	if script && !l.answer && l.fire() {
		return 0, errBroken
	}
	c.asks.Store(script && l.answer)
	return c.Conn.Write(p)
}

func (c *lineConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.asks.Load() && !idle(p[:n]) && c.line.fire() {
		_ = c.Conn.Close() // the answer is thrown away in any case
		return 0, io.EOF
	}
	return n, err
}

// idle is the answer of a script that Redis does not have yet, or that found nothing.
func idle(answer []byte) bool {
	return bytes.HasPrefix(answer, []byte("-NOSCRIPT")) || bytes.HasPrefix(answer, []byte("_")) || bytes.HasPrefix(answer, []byte("$-1"))
}

// serve runs an asynq server for the queue of sends with a worker's own settings and
// another handler.
func (b *bundle) serve(t *testing.T, rdb *redis.Client, shutdown time.Duration, h asynq.HandlerFunc) *asynq.Server {
	t.Helper()
	cfg := b.worker(t, "bare").config(t.Context(), wakeup.QueueTopUp, 1)
	cfg.ShutdownTimeout = shutdown
	s := asynq.NewServerFromRedisClient(rdb, cfg)
	if err := s.Start(h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

// die lets a worker take the next task and be killed with it; its lease has run out since.
func (b *bundle) die(t *testing.T) (id string) {
	t.Helper()
	l := &line{}
	taken := make(chan string, 1)
	s := b.serve(t, b.over(t, l, -1), time.Millisecond, func(ctx context.Context, _ *asynq.Task) error {
		id, _ := asynq.GetTaskID(ctx)
		taken <- id
		<-ctx.Done()
		return ctx.Err()
	})
	select {
	case id = <-taken:
	case <-time.After(15 * time.Second):
		t.Fatal("there was no task to die with")
	}
	l.cut() // so that asynq cannot give the task back
	s.Shutdown()
	b.wantTask(t, id, asynq.TaskStateActive)
	b.expire(t, id)
	return id
}

// expire lets the lease of an active task have run out a minute ago: the next server that
// starts recovers it.
func (b *bundle) expire(t *testing.T, id string) {
	t.Helper()
	n, err := b.rdb.ZAddArgs(t.Context(), "asynq:{topup}:lease", redis.ZAddArgs{
		XX: true, Ch: true, Members: []redis.Z{{Score: float64(time.Now().Add(-time.Minute).Unix()), Member: id}},
	}).Result()
	if err != nil || n != 1 {
		t.Fatalf("task %s has %d leases, %v", id, n, err)
	}
}

// gone is the state of a task that asynq does not know.
const gone asynq.TaskState = 0

func (b *bundle) stateOf(t *testing.T, id string) (asynq.TaskState, *asynq.TaskInfo) {
	t.Helper()
	info, err := b.queue.Inspector.GetTaskInfo(wakeup.QueueTopUp, id)
	if errors.Is(err, asynq.ErrTaskNotFound) || errors.Is(err, asynq.ErrQueueNotFound) {
		return gone, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.State, info
}

func (b *bundle) wantTask(t *testing.T, id string, want asynq.TaskState) {
	t.Helper()
	if got, _ := b.stateOf(t, id); got != want {
		t.Fatalf("task %s is in state %d, want %d: this edge of asynq is not what it was", id, got, want)
	}
}

// awaitTask waits until asynq has brought a task to the state.
func (b *bundle) awaitTask(t *testing.T, id string, want asynq.TaskState) *asynq.TaskInfo {
	t.Helper()
	var got asynq.TaskState
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var info *asynq.TaskInfo
		if got, info = b.stateOf(t, id); got == want {
			return info
		}
	}
	t.Fatalf("task %s is in state %d, want %d", id, got, want)
	return nil
}

// recovered waits until a recoverer has put the task up for a retry that costs it nothing,
// and lets the retry be now rather than in five seconds.
func (b *bundle) recovered(t *testing.T, id string) {
	t.Helper()
	if info := b.awaitTask(t, id, asynq.TaskStateRetry); info.Retried != 0 || info.LastErr != asynq.ErrLeaseExpired.Error() {
		t.Errorf("task %s counts %d retries, last error %q", id, info.Retried, info.LastErr)
	}
	if err := b.queue.Inspector.RunTask(wakeup.QueueTopUp, id); err != nil {
		t.Fatal(err)
	}
}

// foreign is a task as other services make it: the whole payout is in it.
func (b *bundle) foreign(t *testing.T, id string, retries int) {
	t.Helper()
	whole := `{"v":1,"ref":"PAY-1","customer":"62811742234","amount":"10000"}`
	if _, err := asynq.NewClientFromRedisClient(b.rdb).Enqueue(asynq.NewTask(wakeup.TypeTopUpSend, []byte(whole)),
		asynq.Queue(wakeup.QueueTopUp), asynq.TaskID(id), asynq.MaxRetry(retries)); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) payout(t *testing.T, ref string) payout.Payout {
	t.Helper()
	p, err := payout.Instruction{Ref: ref, Customer: good, Amount: "10000"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// recordOnly accepts a payout that nobody is woken up for.
func (b *bundle) recordOnly(t *testing.T, ref string) ledger.Record {
	t.Helper()
	rec, _, err := b.ledger.Create(t.Context(), b.payout(t, ref), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// paidOnce holds one payout against DANA's books and its own history.
func (b *bundle) paidOnce(t *testing.T, ref string, attempts int) {
	t.Helper()
	rec := b.get(t, ref)
	if c, s := b.credits(t, ref), b.sends(ref); rec.Tx.State != sm.StateSucceeded || rec.Tx.Attempts != attempts || c != 1 || s != 1 {
		t.Errorf("%s: %s after %d attempts (want %d), %d credits, %d sends", ref, rec.Tx.State, rec.Tx.Attempts, attempts, c, s)
	}
	history, err := b.ledger.History(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	live := false
	for _, e := range history {
		switch {
		case e.Event == sm.Taken && live:
			t.Errorf("%s: two attempts at once: %+v", ref, history)
		case e.Event == sm.Taken:
			live = true
		default:
			live = false
		}
	}
}
