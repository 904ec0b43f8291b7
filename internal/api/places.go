package api

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/salur-id/salur/internal/config"
)

// What the intake has in memory at once is bounded by places: whoever has none waits, and is told to come again when that takes too
// long. An array of payouts and a long list can take a few MiB each, whatever their bytes; anything else some ten KiB. A key has
// at most half of the places, so that one which sends slowly leaves the others theirs.
const (
	largePlaces = 4
	allPlaces   = 256
	placeWait   = 5 * time.Second
)

// places are a bound on what is done at once.
type places struct {
	all  *semaphore.Weighted
	of   map[string]*semaphore.Weighted // by the name of a key
	wait time.Duration
}

func newPlaces(n int64, keys []config.APIKey) *places {
	p := &places{all: semaphore.NewWeighted(n), of: map[string]*semaphore.Weighted{}, wait: placeWait}
	for _, k := range keys {
		p.of[k.Name] = semaphore.NewWeighted(n / 2)
	}
	return p
}

// enter waits for a place, which the request has until it is answered.
func (p *places) enter(c *call) error {
	ctx, cancel := context.WithTimeout(c.Context(), p.wait)
	defer cancel()
	for _, s := range []*semaphore.Weighted{p.of[c.key], p.all} {
		if err := s.Acquire(ctx, 1); err != nil {
			return &problem{kind: busy, detail: fmt.Sprintf("nothing was done; no place was free within %s; make the same request again", p.wait), retryAfter: soon}
		}
		c.leave = append(c.leave, func() { s.Release(1) })
	}
	return nil
}
