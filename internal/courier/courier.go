// Package courier tells the merchant's webhook how payouts end. What is to be told stands in
// the ledger's outbox; asynq only wakes the courier up. It has servers, breaker and connections
// of its own, so that a slow or dead receiver is in no payout's way.
package courier

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/quiet"
	"github.com/salur-id/salur/internal/wakeup"
	"github.com/salur-id/salur/internal/webhook"
)

const (
	// Concurrency is how many outcomes one worker delivers at once, of as many payouts.
	Concurrency = 16
	// Connections is how many connections to Redis a courier needs: one for each delivery, and a
	// few for asynq, the reader and the sweeper.
	Connections = Concurrency + 8
	// lease is for how long a payout's outcome belongs to who took it: an exchange, and what is
	// left for writing down how it went.
	lease = webhook.Timeout + recordFor + 10*time.Second
	// recordFor is how long that is tried while Redis is away.
	recordFor = 10 * time.Second
	// StopsWithin is how long Run may take from the end of its context to its return. What is cut off by it was not
	// recorded, and comes again.
	StopsWithin = webhook.Timeout + recordFor/2
)

// Config is what a courier works with.
type Config struct {
	Redis    redis.UniversalClient // of its own, with Connections connections
	Receiver *webhook.Client
	Owner    string // this process
	// PutAside is told of each event and outcome that cannot be read, or that the ledger does not have; nil for nobody.
	PutAside func(what string, err error)
	// Grace is how long an outcome may be overdue before its wake-up counts as lost, and
	// Retention how long one that was given up is kept.
	Grace, Retention time.Duration
	Now              func() time.Time
	Log              *zap.Logger
	Metrics          *metrics.Metrics
}

// Courier delivers outcomes until it is told to stop. Any number may work on one Redis.
type Courier struct {
	Config
	outbox   *ledger.Outbox
	events   *ledger.Redis
	queue    *wakeup.Queue
	door     *door
	stopping chan struct{} // closed when nothing new may be begun
}

// New is a courier. Nothing is told before Run.
func New(cfg Config) *Courier {
	c := &Courier{
		Config: cfg, outbox: ledger.NewOutbox(cfg.Redis), events: ledger.NewRedis(cfg.Redis), queue: wakeup.New(cfg.Redis),
		stopping: make(chan struct{}),
	}
	c.events.PutAside, c.outbox.PutAside = cfg.PutAside, cfg.PutAside
	c.door = newDoor(closedFor, func(from, to string) {
		c.Log.Warn("the webhook's receiver", zap.String("from", from), zap.String("to", to))
	})
	c.Metrics.Breakers(func() map[string]string { return map[string]string{"webhook": c.door.breaker.State().String()} })
	return c
}

// Begin makes sure that what happens from now on is told. The first time that it is called on a
// Redis decides what is; later it changes nothing.
func (c *Courier) Begin(ctx context.Context) error {
	_, _, err := c.outbox.Read(ctx, c.Owner, readLease)
	return err
}

// Run delivers until ctx ends, then stops gracefully: exchanges under way are finished and
// recorded. It returns an error only if it cannot start.
func (c *Courier) Run(ctx context.Context) error {
	server := asynq.NewServerFromRedisClient(c.Redis, asynq.Config{
		Concurrency:     Concurrency,
		Queues:          map[string]int{wakeup.QueueNotify: 1},
		RetryDelayFunc:  retryDelay,
		IsFailure:       func(err error) bool { return asynq.IsPanicError(err) }, // nothing is counted, so nothing is archived
		ErrorHandler:    asynq.ErrorHandlerFunc(c.report),
		Logger:          quiet.Log(c.Log.Named("asynq")).Sugar(),
		ShutdownTimeout: StopsWithin,
		// A payout's outcome should not wait longer than the payout took.
		TaskCheckInterval: 200 * time.Millisecond, DelayedTaskCheckInterval: time.Second,
	})

	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { c.read(ctx) })
	wg.Go(func() { c.sweep(background) })
	if err := server.Start(asynq.HandlerFunc(c.handle)); err != nil {
		return err
	}
	<-ctx.Done()
	close(c.stopping)
	server.Stop()
	server.Shutdown()
	c.Receiver.Close()
	return nil
}

var (
	// errStopping hands a task back because the worker stops.
	errStopping = errors.New("the worker stops")
	// errUnreadable parks a task that cannot be read: in sight of the web UI, tried again now and
	// then, never dropped.
	errUnreadable = errors.New(wakeup.ParkedMark + "the task cannot be carried out")
)

// retryDelay says when asynq delivers a task again that came back with an error. It is no
// delivery's retry: those are in the outbox. Total and without panics, because asynq calls it
// outside of any recover.
//
//	worker stops 1 s · payload that cannot be read 10 min · anything else 5 s
func retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	switch {
	case errors.Is(err, errStopping):
		return time.Second
	case errors.Is(err, errUnreadable):
		return 10 * time.Minute
	}
	return 5 * time.Second
}

// report is the one place where a task's error is logged.
func (c *Courier) report(ctx context.Context, t *asynq.Task, err error) {
	id, _ := asynq.GetTaskID(ctx)
	fields := []zap.Field{zap.String("task", t.Type()), zap.String("taskId", id), zap.Error(err)}
	switch {
	case errors.Is(err, errStopping), errors.Is(err, context.Canceled):
		c.Log.Debug("a delivery was handed back", fields...)
	case errors.Is(err, errUnreadable):
		c.Metrics.Unreadable()
		c.Log.Error("a task cannot be carried out and is parked in "+wakeup.KeptIn(ctx), fields...)
	default:
		c.Log.Error("a delivery could not be recorded and will be repeated; the outbox knows where it stands", fields...)
	}
}
