package wakeup

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redisfault"
)

// Writable is nil when Redis would take tasks for each of the queues; it changes nothing. The error is a
// *redisfault.Refusal or that of the exchange.
func Writable(ctx context.Context, rdb redis.UniversalClient, queues ...string) error {
	prefixes := make([]string, len(queues))
	for i, q := range queues {
		prefixes[i] = "asynq:{" + q + "}:"
	}
	return redisfault.Probe(ctx, rdb, prefixes...)
}
