package wakeup

import (
	"context"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/redistest"
)

// asynq's own server says when it was last alive, and takes that away when it stops.
func TestWorkerSeen(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	if at, err := WorkerSeen(t.Context(), rdb); err != nil || !at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
	begun := time.Now()
	s := asynq.NewServerFromRedisClient(rdb, asynq.Config{Queues: map[string]int{QueueInquiry: 1}, LogLevel: asynq.FatalLevel})
	if err := s.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { return nil })); err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "a sign of life", func() bool {
		at, err := WorkerSeen(t.Context(), rdb)
		if err != nil {
			t.Fatal(err)
		}
		return !at.IsZero()
	})
	// Whole seconds are kept.
	if at, _ := WorkerSeen(t.Context(), rdb); at.Before(begun.Add(-2*time.Second)) || at.After(time.Now().Add(time.Second)) {
		t.Errorf("%v, it is %v", at, begun)
	}
	s.Shutdown()
	if at, err := WorkerSeen(t.Context(), rdb); err != nil || !at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
}
