package redisfault

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// probeScript changes nothing, for its keys never exist, and is refused as every writing script is: by a replica,
// a full Redis, one that has lost its disk or its replicas, and for a user who may not write. Redis 6 tells
// the reason only where the script itself hands it on.
var probeScript = redis.NewScript(`
local said = redis.pcall('SET', KEYS[1], '', 'XX')
if type(said) == 'table' and said.err then return said end
return 1`)

// Probe is nil when Redis would take writes to the keys that begin with each prefix; it changes nothing. The error is a
// *Refusal, or that of an exchange that failed.
func Probe(ctx context.Context, rdb redis.UniversalClient, prefixes ...string) error {
	for _, prefix := range prefixes {
		if err := Eval(ctx, rdb, probeScript, []string{prefix + "probe"}).Err(); err != nil {
			return fmt.Errorf("writes are refused: %w", err)
		}
	}
	return nil
}
