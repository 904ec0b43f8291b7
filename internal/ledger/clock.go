package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Now is the store's time: one clock for all workers.
func (l *Redis) Now(ctx context.Context) (time.Time, error) {
	if c, ok := l.rdb.(*redis.ClusterClient); ok {
		node, err := c.MasterForKey(ctx, l.keys.sums())
		if err != nil {
			return time.Time{}, fmt.Errorf("ledger: ask the store for the time: %w", err)
		}
		return now(ctx, node)
	}
	return now(ctx, l.rdb)
}

func now(ctx context.Context, rdb redis.Cmdable) (time.Time, error) {
	at, err := rdb.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("ledger: ask the store for the time: %w", err)
	}
	return at, nil
}
