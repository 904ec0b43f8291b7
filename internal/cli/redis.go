package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/ledger"
)

// Connect connects to Redis, which must answer within 3 s (Unreachable); the caller closes
// it. poolSize is as for config.NewRedis.
func Connect(ctx context.Context, url config.Secret, poolSize int) (redis.UniversalClient, error) {
	rdb, err := config.NewRedis(url, poolSize)
	if err != nil {
		return nil, Fail(Invalid, fmt.Errorf("REDIS_URL: %w", err))
	}
	if err := Ping(ctx, rdb); err != nil {
		_ = rdb.Close()
		return nil, Fail(Unreachable, fmt.Errorf("REDIS_URL %s cannot be reached: %w", config.RedisName(url), err))
	}
	return rdb, nil
}

// Ping asks Redis for a sign of life, for at most 3 s; in a cluster, the node that has the ledger.
func Ping(ctx context.Context, rdb redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return ledger.NewRedis(rdb).Ping(ctx)
}
