package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/wakeup"
)

// asynq calls retryDelay and isFailure outside of any recover, its recoverer too: one panic
// there is a process that dies again and again of one task. n is whatever Redis says.
func TestEdgeRetryDelayOfAnything(t *testing.T) {
	t.Parallel()
	closed, payload := &gate.ClosedError{API: "topup", Why: "hold", Err: context.Canceled}, &PayloadError{wakeup.TypeTopUpSend, io.EOF}
	for _, tt := range []struct {
		name string
		err  error
		want time.Duration
	}{
		{"nil", nil, 5 * time.Second},
		{"text", errors.New("text"), 5 * time.Second},
		{"closed", closed, time.Second},
		{"closed wrapped", fmt.Errorf("send: %w", closed), time.Second},
		{"closed joined", errors.Join(io.EOF, closed), time.Second},
		{"closed without a cause", &gate.ClosedError{}, time.Second},
		{"payload", payload, 10 * time.Minute},
		{"payload wrapped", fmt.Errorf("send: %w", payload), 10 * time.Minute},
		{"payload without a cause", &PayloadError{}, 10 * time.Minute},
		{"lease", asynq.ErrLeaseExpired, 5 * time.Second},
		{"conflict", asynq.ErrTaskIDConflict, 5 * time.Second},
		{"deadline", context.DeadlineExceeded, 5 * time.Second},
		{"cancelled", context.Canceled, 5 * time.Second},
		{"no connection", &net.OpError{Op: "dial", Err: io.EOF}, 5 * time.Second},
		{"redis nil", redis.Nil, 5 * time.Second},
		{"redis closed", redis.ErrClosed, 5 * time.Second},
		{"not found", ledger.ErrNotFound, 5 * time.Second},
		{"stale", ledger.ErrStale, 5 * time.Second},
		{"forbidden", ledger.ErrForbidden, 5 * time.Second},
		{"ledger conflict", ledger.ErrConflict, 5 * time.Second},
	} {
		for _, n := range []int{math.MinInt, math.MinInt32, -1, 0, 4, 5, 1_000_000, math.MaxInt32, math.MaxInt} {
			for _, task := range []*asynq.Task{nil, asynq.NewTask("", nil), asynq.NewTask(wakeup.TypeTopUpSend, wakeup.Encode("PAY-1"))} {
				if got := retryDelay(n, tt.err, task); got != tt.want {
					t.Errorf("%s, n=%d: %s, want %s", tt.name, n, got, tt.want)
				}
			}
		}
		if isFailure(tt.err) {
			t.Errorf("%s is counted", tt.name)
		}
	}
}
