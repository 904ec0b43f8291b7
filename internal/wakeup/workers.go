package wakeup

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	serversKey = "asynq:servers" // a sorted set of asynq's: a server, and until when its last sign of life is good
	serverLife = 10 * time.Second
)

// WorkerSeen is when a worker last gave a sign of life, which each does every five seconds. None did when the time is zero: workers that
// stop in order take their sign away. It only reads (asynq's own list also tidies up), so that a user without other rights can ask.
func WorkerSeen(ctx context.Context, rdb redis.UniversalClient) (time.Time, error) {
	last, err := rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: serversKey, Start: 0, Stop: 0, Rev: true}).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("read the list of workers: %w", err)
	}
	if len(last) == 0 {
		return time.Time{}, nil
	}
	return time.Unix(int64(last[0].Score), 0).Add(-serverLife), nil
}
