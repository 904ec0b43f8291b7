package gate

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redisfault"
)

// Writable is nil when Redis would take a write of the gate, which comes before every send; it changes nothing. The
// error is a *redisfault.Refusal or that of the exchange.
func Writable(ctx context.Context, rdb redis.UniversalClient) error {
	return redisfault.Probe(ctx, rdb, "salur:{gate}:")
}
