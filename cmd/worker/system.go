package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/courier"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tasks"
	"github.com/salur-id/salur/internal/wakeup"
	"github.com/salur-id/salur/internal/web"
)

// run is a production worker, until ctx ends.
func run(ctx context.Context, cfg config.Config, log *zap.Logger) error {
	defer func() { _ = log.Sync() }()
	s, err := newSystem(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.close()
	checkRedis(ctx, s.redis, log)
	return s.serve(ctx)
}

// system is one worker with all its parts wired.
type system struct {
	cfg      config.Config
	log      *zap.Logger
	redis    redis.UniversalClient
	ledger   *ledger.Redis
	queue    *wakeup.Queue
	metrics  *metrics.Metrics
	gate     *gate.Gate
	worker   *tasks.Worker
	web      http.Handler
	closeUI  func() error
	listener net.Listener
	store    *tasks.StoreWatch
	notify   *site                 // of DANA's bank notify; nil for none
	courier  *courier.Courier      // tells the webhook; nil for none
	telling  redis.UniversalClient // its connection
}

// site is an HTTP server and the address that is bound for it.
type site struct {
	name     string
	server   *http.Server
	listener net.Listener
}

// newSystem wires a worker and binds its HTTP addresses, so that nothing is begun that could
// not be served. Redis must answer.
func newSystem(ctx context.Context, cfg config.Config, log *zap.Logger) (*system, error) {
	dana, base, err := cli.DANA(cfg.DANA, cfg.Worker.Concurrency, func(err error) {
		log.Error("the audit file cannot be written to; payouts go on", zap.Error(err))
	})
	if err != nil {
		return nil, err
	}
	rdb, err := cli.Connect(ctx, cfg.RedisURL, poolSize(cfg))
	if err != nil {
		return nil, err
	}
	s := &system{cfg: cfg, log: log, redis: rdb}
	if s.listener, err = net.Listen("tcp", cfg.HTTP.Addr); err != nil {
		s.close()
		return nil, fmt.Errorf("SALUR_HTTP_ADDR %s: %w; choose another address, such as SALUR_HTTP_ADDR=127.0.0.1:0 for any free port", cfg.HTTP.Addr, err)
	}
	runner, m := s.wire(dana, base)
	if err := s.startStore(ctx); err != nil {
		s.close()
		return nil, err
	}
	fields := []zap.Field{zap.String("redis", config.RedisName(cfg.RedisURL)), zap.String("dana", base), zap.String("danaEnv", cfg.DANA.Env),
		zap.String("partnerId", cfg.DANA.PartnerID), zap.Int("concurrency", cfg.Worker.Concurrency), zap.String("http", s.listener.Addr().String())}
	if cfg.Notify.Addr != "" {
		notify, err := notifySite(cfg.Notify, runner, m, log)
		if err != nil {
			s.close()
			return nil, err
		}
		s.notify = &notify
		fields = append(fields, zap.String("notify", notify.listener.Addr().String()))
	}
	if cfg.Webhook.URL != "" {
		if err := s.tell(ctx, m, runner.Owner); err != nil {
			s.close()
			return nil, err
		}
		fields = append(fields, zap.Bool("webhook", true))
	}
	log.Info("worker", fields...)
	if cfg.Worker.AfterLoss {
		log.Warn("SALUR_AFTER_LOSS is on: DANA is asked about every refusal; take it away when all payouts are over")
	}
	return s, nil
}

func (s *system) wire(dana *danaclient.Client, danaURL string) (*tasks.Runner, *metrics.Metrics) {
	w := s.cfg.Worker
	m := metrics.New()
	m.Build(cli.Release(), runtime.Version())
	s.metrics = m
	s.ledger = ledger.NewRedis(s.redis)
	s.ledger.Memory, s.ledger.PutAside = w.ReferenceMemory, s.putAside
	s.queue = wakeup.New(s.redis)
	runner := &tasks.Runner{
		Ledger: s.ledger, Queue: s.queue, DANA: dana, Timeout: s.cfg.DANA.Timeout,
		Policy: statemachine.Policy{
			RetryDelays: w.TopUpRetryDelays, InquiryDelays: w.InquiryDelays, InquiryCutoff: w.InquiryCutoff, ResendWindow: w.ResendWindow,
			NotFoundConfirmations: w.NotFoundConfirmations, ResendLimit: w.ResendLimit,
			NotFoundAction: statemachine.NotFoundAction(w.NotFoundAction), MismatchAction: statemachine.MismatchAction(w.NameMismatch),
			AfterLoss: w.AfterLoss,
		},
		BankRetryDelays: w.BankRetryDelays, IgnoreNames: w.NameMismatch == config.NameMismatchOff,
		NeedNotify: s.cfg.DANA.NeedNotify, Bounds: s.cfg.Bounds, Owner: owner(), Now: time.Now, Log: s.log, Metrics: m,
	}
	var watch gate.Watch
	if s.cfg.WatchesBalance() {
		watch = gate.Watch{
			Ask: runner.Balance, Every: w.BalanceInterval, LowWater: w.LowWater,
			OnReading: func(b gate.Balance) { m.Balance(b.Amount, b.At) },
		}
		if w.LowWater.Positive() {
			m.LowWater(w.LowWater)
		}
	}
	s.store = &tasks.StoreWatch{
		Ledger: s.ledger, Identity: ledger.Identity{Env: s.cfg.DANA.Env, BaseURL: danaURL, Partner: s.cfg.DANA.PartnerID},
		Now: time.Now, Log: s.log, Metrics: m,
	}
	s.gate = gate.New(gate.Config{
		Redis: s.redis, BreakerFailures: uint32(w.BreakerFailures), BreakerOpenFor: w.BreakerOpenFor,
		RatePerSecond: w.RateLimit, Now: time.Now, Fit: s.store.Fit, Probe: runner.Probe, Watch: watch, PersonResumes: !w.ResumeWhenFunded,
		Limits: gate.Limits{Fee: s.cfg.Bounds.MaxFee, Payout: w.LimitPayout, CustomerDay: w.LimitCustomerDay, Minute: w.LimitMinute},
		OnBreaker: func(api, from, to string) {
			s.log.Warn("circuit breaker", zap.String("api", api), zap.String("from", from), zap.String("to", to))
		},
		OnHold: func(h gate.Hold, held bool) {
			m.Hold(h.By, string(h.Cause), held)
			s.log.Warn("hold", zap.Bool("held", held), zap.String("by", h.By), zap.String("cause", string(h.Cause)),
				zap.String("reason", h.Reason), zap.String("person", h.Person))
		},
	})
	runner.Gate, s.store.Gate = s.gate, s.gate
	m.Breakers(func() map[string]string { return s.gate.Status().Breakers })
	s.worker = &tasks.Worker{
		Redis: s.redis, Runner: runner, Concurrency: w.Concurrency,
		Sweeper: &tasks.Sweeper{Runner: runner, Grace: w.SweepInterval, Retention: w.Retention},
	}
	m.Registry.MustRegister(metrics.NewBooks(s.ledger, s.redis, time.Now, s.log), metrics.NewRedis(s.redis))
	s.web, s.closeUI = web.Handler(web.Config{
		User: s.cfg.HTTP.UIUser, Password: string(s.cfg.HTTP.UIPassword), Gatherer: m.Registry, Ready: s.checks(),
		Gate: s.gate.Status, Worker: runner.Owner, Log: s.log,
		NewRedis: func() redis.UniversalClient {
			c, _ := cli.NewRedis(s.cfg.RedisURL, 0) // the same URL has made a client already
			return c
		},
	})
	return runner, m
}

// closesWithin is how long the HTTP servers may take to answer what they have begun.
const closesWithin = 2 * time.Second

// stopsWithin is how long a worker may take from SIGTERM to its end, at worst.
func stopsWithin(cfg config.Config) time.Duration {
	return max(tasks.StopsWithin(cfg.DANA.Timeout)+closesWithin, courier.StopsWithin)
}

// serve executes tasks and answers HTTP until ctx ends, then stops both gracefully.
func (s *system) serve(ctx context.Context) error {
	sites := []site{{"HTTP server", web.Server(s.web), s.listener}}
	if s.notify != nil {
		sites = append(sites, *s.notify)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make([]error, len(sites))
	var wg sync.WaitGroup
	for i, site := range sites {
		wg.Go(func() {
			if err := site.server.Serve(site.listener); !errors.Is(err, http.ErrServerClosed) {
				failed[i] = fmt.Errorf("%s: %w", site.name, err)
				cancel() // a worker that cannot say how it is, or be told, must not go on unseen
			}
		})
	}
	var untold error
	if s.courier != nil {
		wg.Go(func() {
			if untold = s.courier.Run(ctx); untold != nil {
				cancel()
			}
		})
	}
	var foreign error
	wg.Go(func() {
		if foreign = s.watchStore(ctx); foreign != nil {
			cancel() // these payouts are not ours to send
		}
	})
	err := s.worker.Run(ctx)
	closing, stop := context.WithTimeout(context.WithoutCancel(ctx), closesWithin)
	defer stop()
	for _, site := range sites {
		if site.server.Shutdown(closing) != nil {
			_ = site.server.Close() // a slow reader of a page does not keep the worker
		}
	}
	wg.Wait()
	s.log.Info("stopped")
	return errors.Join(append(failed, err, untold, foreign)...)
}

func (s *system) close() {
	if s.closeUI != nil {
		_ = s.closeUI()
	}
	if s.listener != nil {
		_ = s.listener.Close()
	}
	if s.notify != nil {
		_ = s.notify.listener.Close()
	}
	if s.telling != nil {
		_ = s.telling.Close()
	}
	_ = s.redis.Close()
}

// checks are the lines of /readyz. Credentials are loaded, or the worker had not started.
func (s *system) checks() []web.Check {
	return []web.Check{
		{Name: "redis", OK: func(ctx context.Context) error { return cli.Ping(ctx, s.redis) }},
		{Name: "writes", OK: func(ctx context.Context) error { return writable(ctx, s.redis) }},
		{Name: "fit", OK: func(context.Context) error { return s.store.Fit() }},
		{Name: "credentials", OK: func(context.Context) error { return nil }},
		{Name: "hold", OK: func(context.Context) error {
			st := s.gate.Status()
			if !st.Known {
				return errors.New("not known: the holds could not be read")
			}
			var why []string
			for _, h := range st.Holds {
				why = append(why, strings.TrimSpace(fmt.Sprintf("held by %s: %s %s", h.By, h.Cause, h.Reason)))
			}
			if len(why) > 0 {
				return errors.New(strings.Join(why, "; "))
			}
			return nil
		}},
		{Name: "breaker", OK: func(context.Context) error {
			var open []string
			for api, state := range s.gate.Status().Breakers {
				if state == "open" {
					open = append(open, api)
				}
			}
			if len(open) > 0 {
				return fmt.Errorf("open: %s", strings.Join(open, ", "))
			}
			return nil
		}},
	}
}

// writable is nil when Redis would take all that a worker writes: records, holds and counts, and tasks.
func writable(ctx context.Context, rdb redis.UniversalClient) error {
	if err := ledger.NewRedis(rdb).Writable(ctx); err != nil {
		return err
	}
	if err := gate.Writable(ctx, rdb); err != nil {
		return err
	}
	return wakeup.Writable(ctx, rdb, wakeup.QueueTopUp, wakeup.QueueBank, wakeup.QueueInquiry)
}

// poolSize: each task needs a connection now and then, and the servers a few for themselves.
func poolSize(cfg config.Config) int { return cfg.Worker.Concurrency + 16 }

// owner names this process in the attempts that it writes ahead.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown-host"
	}
	return fmt.Sprintf("%s:%d:%s", host, os.Getpid(), rand.Text()[:6])
}
