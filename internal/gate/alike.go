package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
)

// One refusal is a payout's own; refusals of several payees in a row, and of nobody else, are a systemic fault (promise 6), and each
// payout behind them would fail for it. What DANA refuses for the payee's sake, or for the merchant's, does not come here.
const (
	// RefusedAlike is the cause of a hold for refusals in a row. A person lifts it.
	RefusedAlike statemachine.Why = "refused_alike"

	// alikeMost is how many different payees in a row may be refused.
	alikeMost = 5
	// alikePrefix is before the name of an API: a hash of since (the time of Redis in ms at the first refusal), and the digest of each payee.
	alikePrefix = "salur:{gate}:alike:"
	alikeFor    = time.Hour // after the last refusal
)

// takenSince is for two scripts: it ends a run of refusals in which DANA took a payout, by what this worker knows: how many ms ago
// DANA took its latest one, or -1.
const takenSince = `
local function takenSince(key, age)
  local since = redis.pcall('HGET', key, 'since')
  if type(since) ~= 'string' or age < 0 then return end
  local at = redis.call('TIME')
  if at[1] * 1000 + math.floor(at[2] / 1000) - age > tonumber(since) then redis.call('DEL', key) end
end
`

// refusedScript counts a refusal and returns of how many payees in a row.
var refusedScript = redis.NewScript(takenSince + `
local payee, age, ttl = ARGV[1], tonumber(ARGV[2]), ARGV[3]
takenSince(KEYS[1], age)
local at = redis.call('TIME')
redis.call('HSETNX', KEYS[1], 'since', string.format('%.0f', at[1] * 1000 + math.floor(at[2] / 1000)))
redis.call('HSET', KEYS[1], payee, 1)
redis.call('PEXPIRE', KEYS[1], ttl)
return redis.call('HLEN', KEYS[1]) - 1`)

// Taken says that DANA has taken a payout that was sent by this API.
func (g *Gate) Taken(name string) {
	a := g.api(name)
	g.mu.Lock()
	defer g.mu.Unlock()
	a.taken = g.cfg.Now()
}

// Refused says that DANA refused a payout for a reason that may be nobody's own. When that meets the fifth payee in a row it holds all
// sending until a person resumes; first is as for Hold.
func (g *Gate) Refused(ctx context.Context, p Payment, code string) (first bool, err error) {
	key := alikePrefix + p.API
	digest := sha256.Sum256([]byte("salur payee " + p.Payee))
	n, err := redisfault.Eval(ctx, g.cfg.Redis, refusedScript, []string{key}, hex.EncodeToString(digest[:8]), g.takenAgo(p.API), alikeFor.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("count a refusal of payout %s: %w", p.Ref, err)
	}
	if n < alikeMost {
		return false, nil
	}
	return g.Hold(ctx, Hold{
		Cause: RefusedAlike, Ref: p.Ref, Sums: []string{key},
		Reason: fmt.Sprintf("DANA refused %d payees in a row and took nobody, the last one (%s) with %s", n, p.Shown, code),
	})
}

// takenAgo is how many ms ago DANA took this worker's latest payout, or -1.
func (g *Gate) takenAgo(name string) int64 {
	a := g.api(name)
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.taken.IsZero() {
		return -1
	}
	return g.cfg.Now().Sub(a.taken).Milliseconds() + 1 // rather too long ago than not yet
}
