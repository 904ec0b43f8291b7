package doctor

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/wakeup"
)

// writes tries a write that changes nothing, on the keys of ledger, gate and queues.
func writes(ctx context.Context, rdb redis.UniversalClient) Finding {
	err := ledger.NewRedis(rdb).Writable(ctx)
	if err == nil {
		err = gate.Writable(ctx, rdb)
	}
	if err == nil {
		err = wakeup.Writable(ctx, rdb, wakeup.QueueTopUp, wakeup.QueueBank, wakeup.QueueInquiry)
	}
	if err == nil {
		return fine("redis.writes", "writes are taken")
	}
	f := Finding{
		Check: "redis.writes", Level: Problem, Found: "writes are not taken: " + err.Error(),
		Means: "nothing is accepted and nothing is sent; what is on record waits", Do: "mend the cause; workers go on by themselves",
	}
	if r := redisfault.Of(err); r != nil {
		f.Found = "writes are refused: " + r.Error()
	}
	return f
}

// memoryUsage asks whether Redis tells how large a key is, for the bytes of queues in the web UI.
func memoryUsage(ctx context.Context, rdb redis.UniversalClient) Finding {
	if err := rdb.MemoryUsage(ctx, "asynq:queues").Err(); err != nil && err != redis.Nil {
		return fine("redis.memory-usage", "MEMORY is not allowed, so that the web UI shows 0 bytes for queues; their tasks are counted, and nothing else needs it")
	}
	return fine("redis.memory-usage", "MEMORY is allowed")
}
