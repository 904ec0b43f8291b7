package api

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/salur-id/salur"
)

// roomAge is for how long Redis's word on itself is believed.
const roomAge = time.Second

// roomNow is how much Redis says it takes.
type roomNow = sometimes[salur.Room]

// writesNow is nil when Redis takes writes, or why not.
type writesNow = sometimes[refusal]

type refusal struct{ err error }

// sometimes is what Redis says of itself, asked at most once a second, and once for all who ask at the same time: when
// Redis hangs, nobody waits for others who wait.
type sometimes[T any] struct {
	ask  func(context.Context) (T, error)
	asks singleflight.Group

	mu   sync.Mutex
	at   time.Time
	last T
}

func (r *sometimes[T]) get(ctx context.Context) (T, error) {
	r.mu.Lock()
	last, known := r.last, !r.at.IsZero() && time.Since(r.at) < roomAge
	r.mu.Unlock()
	if known {
		return last, nil
	}
	room, err, _ := r.asks.Do("", func() (any, error) {
		// Whoever came first must not take the answer of the others with it when it goes away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		at := time.Now()
		room, err := r.ask(ctx)
		if err != nil {
			return *new(T), err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.at, r.last = at, room
		return room, nil
	})
	return room.(T), err
}

// durable refuses to accept what a restart of Redis would lose: an accepted payout is on record for good.
func (a *api) durable(ctx context.Context) error {
	room, err := a.room.get(ctx)
	if err != nil {
		return stored(err)
	}
	if room.Forgets != "" {
		return &problem{kind: notDurable, detail: room.Forgets, retryAfter: soon}
	}
	return nil
}
