package salur

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/salur-id/salur/internal/ledger"
)

// roomAge is for how long Redis's own word on its memory is believed. What this client adds
// meanwhile is taken off it.
const roomAge = time.Second

// Room is how much more Redis takes before payouts are refused with ErrFull.
type Room struct {
	// Payouts is about how many more; negative when Redis does not tell.
	Payouts int64
	// Forgets says why a payout that is accepted now would not outlive a restart of Redis; empty when
	// nothing is known against it.
	Forgets string
}

// Room asks Redis for its room. The error is ErrUnavailable.
func (c *Client) Room(ctx context.Context) (Room, error) {
	r, err := c.ledger.Room(ctx)
	if err != nil {
		return Room{}, told(err)
	}
	return Room{r.Payouts, r.Forgets}, nil
}

// room keeps Redis from being filled up by payouts that nobody could then carry out.
type room struct {
	ledger *ledger.Redis

	mu    sync.Mutex
	asked time.Time
	last  ledger.Room
}

// take reserves room for n payouts, or returns ErrFull.
func (r *room) take(ctx context.Context, n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.asked) >= roomAge {
		r.asked = now
		r.mu.Unlock() // a Redis that hangs keeps nobody else; they believe what is known so far
		last, err := r.ledger.Room(ctx)
		r.mu.Lock()
		if err != nil {
			r.asked = time.Time{}
			return told(err)
		}
		r.last = last
	}
	if r.last.Payouts < 0 {
		return nil // not known; a full Redis refuses by itself
	}
	if r.last.Payouts < int64(n) {
		return fmt.Errorf("%w: it uses %s; let payouts end and be forgotten, or raise its maxmemory", ErrFull, ledger.Share(r.last.Used, r.last.Limit))
	}
	r.last.Payouts -= int64(n)
	return nil
}
