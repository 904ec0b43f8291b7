package ledger

import "github.com/redis/go-redis/v9"

func redisZ(score float64, member string) redis.Z { return redis.Z{Score: score, Member: member} }

func xadd(stream, event string) *redis.XAddArgs {
	return &redis.XAddArgs{Stream: stream, Values: []string{"event", event}}
}
