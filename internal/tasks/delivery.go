package tasks

import (
	"errors"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/gate"
)

// retryDelay says when asynq delivers a task again that came back with an error. It is
// no payment's retry: those are in the ledger. Total and without panics, because asynq
// calls it outside of any recover: whatever n is, it does not look at it.
//
//	closed gate 1 s · payload that cannot be read, or a task that is not ours 10 min · anything else 5 s
func retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	var closed *gate.ClosedError
	var payload *PayloadError
	switch {
	case errors.As(err, &closed):
		return time.Second
	case errors.As(err, &payload):
		return 10 * time.Minute
	}
	return 5 * time.Second
}

// isFailure keeps asynq from counting: a closed gate, a Redis that is away or a worker that
// stops is nobody's failed attempt, and a count that reached MaxRetry would archive the
// task. Only our own panics are counted, so that they are seen.
func isFailure(err error) bool { return asynq.IsPanicError(err) }
