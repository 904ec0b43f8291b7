package tasks

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// bundle is a real Redis, the sandbox, and what a worker is made of.
type bundle struct {
	rdb      *redis.Client
	ledger   *ledger.Redis
	queue    *wakeup.Queue
	dana     *sandbox.Sandbox
	danaURL  string
	policy   sm.Policy
	logs     *observer.ObservedLogs
	log      *zap.Logger
	failures uint32        // that open the breaker
	openFor  time.Duration // of the breaker
	grace    time.Duration
	timeout  time.Duration
}

func setup(t *testing.T) *bundle {
	t.Helper()
	server := redistest.Start(t)
	dana, err := sandbox.New(sandbox.Config{
		PartnerID: "merchant", PublicKey: &testKey().PublicKey, Deposit: money.Rupiah(1_000_000_000), Hang: 30 * time.Second, Now: time.Now, Strict: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(dana)
	t.Cleanup(func() {
		dana.Close()
		web.Close()
	})
	core, logs := observer.New(zapcore.InfoLevel)
	b := &bundle{
		rdb: server.Client(), dana: dana, danaURL: web.URL, logs: logs, log: zap.New(core),
		policy: sm.Policy{
			RetryDelays:   []time.Duration{50 * time.Millisecond, 100 * time.Millisecond},
			InquiryDelays: []time.Duration{50 * time.Millisecond, 100 * time.Millisecond},
			InquiryCutoff: time.Minute, ResendWindow: time.Hour, NotFoundConfirmations: 3, ResendLimit: 2, NotFoundAction: sm.Resend,
		},
		failures: 1000, openFor: time.Second, grace: time.Second, timeout: 2 * time.Second,
	}
	b.ledger = ledger.NewRedis(b.rdb)
	b.queue = wakeup.New(b.rdb)
	if err := gate.Begin(t.Context(), b.rdb); err != nil {
		t.Fatal(err)
	}
	return b
}

// worker is one worker process's parts, not running.
func (b *bundle) worker(t *testing.T, name string) *Worker {
	t.Helper()
	client, err := danaclient.New(danaclient.Config{
		BaseURL: b.danaURL, PartnerID: "merchant", Origin: "merchant.example", ChannelID: "95221",
		Key: testKey(), Timeout: b.timeout, MaxConns: 16, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &Runner{
		Ledger: b.ledger, Queue: b.queue, DANA: client, Policy: b.policy, BankRetryDelays: b.policy.RetryDelays, Timeout: b.timeout,
		Owner: name, Now: time.Now, Log: b.log, Metrics: metrics.New(),
	}
	r.Gate = gate.New(gate.Config{
		Redis: b.rdb, BreakerFailures: b.failures, BreakerOpenFor: b.openFor, Now: time.Now, Probe: r.Probe,
	})
	return &Worker{
		Redis: b.rdb, Runner: r, Concurrency: 16,
		Sweeper: &Sweeper{Runner: r, Grace: b.grace, Retention: time.Hour},
	}
}

// start runs a worker; the function that it returns stops it gracefully.
func (b *bundle) start(t *testing.T, w *Worker) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}

func (b *bundle) submit(t *testing.T, ref, customer string) ledger.Record {
	t.Helper()
	p, err := payout.Instruction{Ref: ref, Customer: customer, Amount: "10000"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	rec, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

const good = "62811742234"

// await reads the event stream until the payout is in the state.
func (b *bundle) await(t *testing.T, ref string, want sm.State) ledger.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	last := "0"
	seen := ""
	for {
		events, err := b.ledger.Events(ctx, last, 100, time.Second)
		if err != nil {
			t.Fatalf("%s did not become %s; it went %s: %v", ref, want, seen, err)
		}
		for _, e := range events {
			last = e.ID
			if e.Ref != ref {
				continue
			}
			if seen += fmt.Sprint(e.To, " "); e.To == want {
				return b.get(t, ref)
			}
		}
	}
}

func (b *bundle) get(t *testing.T, ref string) ledger.Record {
	t.Helper()
	rec, err := b.ledger.Get(t.Context(), ref)
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
	return rec
}

// credits is how often DANA paid a reference.
func (b *bundle) credits(t *testing.T, ref string) int {
	t.Helper()
	state := b.dana.State()
	if err := state.Check(); err != nil {
		t.Errorf("DANA's books: %v", err)
	}
	n := 0
	for _, c := range state.Credits {
		if c.Ref == ref {
			n++
		}
	}
	return n
}

// sends is how often DANA was asked to pay a reference.
func (b *bundle) sends(ref string) int {
	for _, tx := range b.dana.State().Transactions {
		if tx.Ref == ref {
			return tx.Sends
		}
	}
	return 0
}

func (b *bundle) task(ref string) *asynq.Task {
	return asynq.NewTask(wakeup.TypeTopUpSend, wakeup.Encode(ref))
}

// open lets the gate of a worker that does not run be passed.
func (b *bundle) open(t *testing.T, w *Worker) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.Runner.Gate.Run(ctx) // ends with its context
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}
