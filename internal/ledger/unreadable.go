package ledger

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/statemachine"
)

// Page is a part of the list of payouts, the newest first.
type Page struct {
	Records []Record
	// Unreadable are the references of the payouts that belong on this page and whose records cannot be read.
	Unreadable []string
	// Next is where the next page begins; zero when this is the last.
	Next Cursor
}

// OpenUnreadable looks at the oldest payouts of each state that is not final, most of each at most, and returns the references of
// those whose records cannot be read. whole says that no open payout was left out.
func (l *Redis) OpenUnreadable(ctx context.Context, most int) (refs []string, whole bool, err error) {
	var parts []*redis.StringSliceCmd
	err = l.readTogether(ctx, func(p redis.Pipeliner) error {
		parts = nil
		for _, state := range statemachine.States {
			if !state.Final() {
				parts = append(parts, p.ZRange(ctx, l.keys.state(state), 0, int64(most))) // one more than is looked at
			}
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("ledger: list open payouts: %w", err)
	}
	whole = true
	for _, part := range parts {
		some := part.Val()
		if len(some) > most {
			some, whole = some[:most], false
		}
		_, bad, err := l.Look(ctx, some)
		if err != nil {
			return nil, false, err
		}
		refs = append(refs, bad...)
	}
	return refs, whole, nil
}
