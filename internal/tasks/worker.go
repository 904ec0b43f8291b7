package tasks

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/quiet"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// Worker executes tasks until it is told to stop. Each kind's sending and all inquiring have
// a server each, so that a flood or a closed gate of one does not starve the others.
type Worker struct {
	Redis       redis.UniversalClient
	Runner      *Runner
	Sweeper     *Sweeper
	Concurrency int // tasks executed at once: a quarter inquires, half of the rest sends each kind
}

// Run executes tasks until ctx ends, then stops gracefully: nothing new is taken, exchanges
// under way are finished and recorded, and tasks that wait at a closed gate go back to the
// head of their queue. It returns an error only if the servers cannot start.
func (w *Worker) Run(ctx context.Context) error {
	inquiring := max(1, w.Concurrency/4)
	sending := max(1, (w.Concurrency-inquiring)/len(doors))

	handlers := types{handle: map[string]asynq.HandlerFunc{}, fit: w.Runner.Gate.Fit}
	servers := []*asynq.Server{asynq.NewServerFromRedisClient(w.Redis, w.config(ctx, wakeup.QueueInquiry, inquiring))}
	for kind := range doors {
		queue, send := wakeup.Route(kind, statemachine.StepSend)
		_, inquire := wakeup.Route(kind, statemachine.StepInquire)
		handlers.handle[send], handlers.handle[inquire] = w.Runner.Send, w.Runner.Inquire
		servers = append(servers, asynq.NewServerFromRedisClient(w.Redis, w.config(ctx, queue, sending)))
	}

	// The gate and the sweeper work until the last exchange is recorded.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { w.Runner.Gate.Run(background) })
	wg.Go(func() { w.Sweeper.Run(background) })

	for _, s := range servers {
		if err := s.Start(handlers); err != nil {
			return err
		}
	}
	<-ctx.Done()
	w.Runner.Log.Info("stopping: finishing the exchanges under way, taking nothing new")
	w.Runner.Gate.Stop()
	for _, s := range servers {
		s.Stop()
	}
	var down sync.WaitGroup
	for _, s := range servers {
		down.Go(s.Shutdown)
	}
	down.Wait()
	return nil
}

// StopsWithin is how long a worker may take from the end of Run's context to its return, when one exchange may take
// timeout. It is above the longest exchange with its recording: what is cut off then only waits at the gate.
func StopsWithin(timeout time.Duration) time.Duration { return timeout + margin }

func (w *Worker) config(ctx context.Context, queue string, concurrency int) asynq.Config {
	ctx = context.WithoutCancel(ctx) // it has what makes spans; a task's own end is asynq's to say
	return asynq.Config{
		BaseContext:     func() context.Context { return ctx },
		Concurrency:     concurrency,
		Queues:          map[string]int{queue: 1},
		RetryDelayFunc:  retryDelay,
		IsFailure:       isFailure,
		ErrorHandler:    asynq.ErrorHandlerFunc(w.report),
		Logger:          quiet.Log(w.Runner.Log.Named("asynq")).Sugar(),
		ShutdownTimeout: StopsWithin(w.Runner.Timeout),
		// A wake-up is at most this late in an idle worker; what is early waits in the handler.
		TaskCheckInterval:        200 * time.Millisecond,
		DelayedTaskCheckInterval: 250 * time.Millisecond,
	}
}

// report is the one place where a step's error is logged.
func (w *Worker) report(ctx context.Context, t *asynq.Task, err error) {
	id, _ := asynq.GetTaskID(ctx)
	fields := []zap.Field{zap.String("task", t.Type()), zap.String("taskId", id), zap.Error(err)}
	var closed *gate.ClosedError
	var payload *PayloadError
	switch {
	case errors.As(err, &closed):
		w.Runner.Log.Debug("the gate was closed", fields...)
	case errors.As(err, &payload):
		w.Runner.Metrics.Unreadable()
		w.Runner.Log.Error("a task cannot be carried out and is parked in "+wakeup.KeptIn(ctx), fields...)
	default:
		w.Runner.Log.Error("a step failed and will be repeated; the ledger knows where it stands", fields...)
	}
}
