//go:build !race

package swarm

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tasks"
	"github.com/salur-id/salur/internal/wakeup"
)

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

const timeout = 8 * time.Second // of an exchange, as by default

// fleet is Redis, DANA and the workers, all in this process and in virtual time.
type fleet struct {
	t      *testing.T
	redis  *miniredis.Miniredis
	dana   *sandbox.Sandbox
	danaAt *listener
	policy sm.Policy

	// The tests' own view, through a line that is never cut.
	rdb    *redis.Client
	ledger *ledger.Redis
	queue  *wakeup.Queue

	retention time.Duration
	clock     func() time.Duration // draws how far the next worker's clock is off

	workers []*worker
	ever    []*worker    // the killed ones too
	breaker atomic.Int32 // times that a breaker opened
	all     sync.WaitGroup
}

// worker is one worker process.
type worker struct {
	*tasks.Worker
	toRedis, toDANA *line
	stop            context.CancelFunc
	off             atomic.Int64  // how far its clock is off, in ns
	ended           chan struct{} // closed when it has ended
	refused         error         // why it did not start, once it has ended
}

func newFleet(t *testing.T, dice *mathrand.Rand, afterLoss bool) *fleet {
	f := &fleet{t: t, redis: miniredis.NewMiniRedis(), danaAt: newListener(), policy: sm.DefaultPolicy()}
	f.policy.InquiryCutoff, f.policy.AfterLoss = cutOff, afterLoss
	f.retention = []time.Duration{24 * time.Hour, 3 * time.Minute}[dice.IntN(2)]
	f.clock = func() time.Duration { return time.Duration(dice.Int64N(int64(2*clockOff))) - clockOff }
	f.redis.SetTime(time.Now())
	var err error
	f.dana, err = sandbox.New(sandbox.Config{
		PartnerID: "merchant", PublicKey: &key().PublicKey, Deposit: money.Rupiah(1_000_000_000), Hang: 30 * time.Second, Now: time.Now, Strict: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: f.dana, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(f.danaAt) }() // ends with the listener
	f.rdb = f.client(newLine(f.redis.Dial, 0))
	f.ledger, f.queue = ledger.NewRedis(f.rdb), wakeup.New(f.rdb)
	for range workers {
		f.workers = append(f.workers, f.start(f.clock()))
	}
	t.Cleanup(func() {
		for _, w := range f.ever {
			w.end()
		}
		f.all.Wait()
		f.dana.Close()
		_ = server.Close()
		_ = f.rdb.Close()
		f.redis.Close()
	})
	return f
}

func (f *fleet) client(l *line) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: "127.0.0.1:6379", Dialer: l.Dial, DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second,
		DialerRetries: 1, MaxRetries: 1, ContextTimeoutEnabled: true, PoolSize: 32,
		// A cut line refuses at once, and asynq asks again at once: in no time at all, for ever.
		MinRetryBackoff: 200 * time.Millisecond,
		// It negotiates with a mutex in its hand, and virtual time stands still while anybody waits for one.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// partner is somebody who speaks to DANA in the merchant's name.
func (f *fleet) partner(now func() time.Time, l *line) *danaclient.Client {
	client, err := danaclient.New(danaclient.Config{
		BaseURL: "http://127.0.0.1", PartnerID: "merchant", Origin: "merchant.example", ChannelID: "95221",
		Key: key(), Timeout: timeout, MaxConns: 16, Now: now, Dial: l.Dial,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return client
}

// start is a new worker process, wired as cmd/worker wires it, whose clock is off. What asynq does by its own
// clock is done by the true one.
func (f *fleet) start(off time.Duration) *worker {
	w := &worker{
		toRedis: newLine(f.redis.Dial, 0),
		toDANA:  newLine(f.danaAt.connect, 100*time.Millisecond),
		ended:   make(chan struct{}),
	}
	w.off.Store(int64(off))
	clock := func() time.Time { return time.Now().Add(time.Duration(w.off.Load())) }
	client := f.partner(clock, w.toDANA)
	rdb := f.client(w.toRedis)
	r := &tasks.Runner{
		Ledger: ledger.NewRedis(rdb), Queue: wakeup.New(rdb), DANA: client, Policy: f.policy, BankRetryDelays: f.policy.RetryDelays[:3], Timeout: timeout,
		Owner: fmt.Sprint("worker-", len(f.ever)+1), Now: clock, Log: zap.NewNop(), Metrics: metrics.New(),
	}
	store := &tasks.StoreWatch{
		Ledger: r.Ledger.(*ledger.Redis), Identity: ledger.Identity{Env: "sandbox", BaseURL: "http://127.0.0.1", Partner: "merchant"},
		Now: clock, Log: zap.NewNop(), Metrics: r.Metrics,
	}
	r.Gate = gate.New(gate.Config{
		Redis: rdb, BreakerFailures: 8, BreakerOpenFor: 15 * time.Second, Now: clock, Fit: store.Fit, Probe: r.Probe,
		OnBreaker: func(_, _, to string) {
			if to == "open" {
				f.breaker.Add(1)
			}
		},
	})
	w.Worker = &tasks.Worker{
		Redis: rdb, Runner: r, Concurrency: 8, Sweeper: &tasks.Sweeper{Runner: r, Grace: 15 * time.Second, Retention: f.retention},
	}
	store.Gate = r.Gate
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	f.all.Go(func() {
		defer close(w.ended)
		defer func() { _ = rdb.Close() }()
		if w.refused = store.Start(ctx); w.refused != nil {
			return
		}
		var watching sync.WaitGroup
		watching.Go(func() {
			if err := store.Run(ctx); err != nil {
				f.t.Error(err)
			}
		})
		if err := w.Run(ctx); err != nil {
			f.t.Error(err)
		}
		watching.Wait()
	})
	f.ever = append(f.ever, w)
	return w
}

// kill ends a worker as kill -9 would, as far as anybody else can see: from this moment on
// nothing that it does leaves it. Its goroutines stay until the run is over.
func (w *worker) kill() {
	w.toRedis.die()
	w.toDANA.die()
}

// end stops a worker, also a killed one.
func (w *worker) end() {
	w.toRedis.revive()
	time.Sleep(5 * time.Second) // whatever waits for a cut line has found out
	w.stop()
}
