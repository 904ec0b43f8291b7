package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// DANA answers 429 to a merchant that sends too fast, whichever worker sends. So all workers pause together: the
// first 429 starts a pause for its API, and after each pause one send of all workers goes first and the others wait
// for what it meets. Another 429 doubles the pause; an answer of another kind ends it.
const (
	// throttlePrefix is before the name of an API: a hash of `until`, in ms, and `pause`, how long the present one is.
	throttlePrefix = "salur:{gate}:throttled:"

	firstPause = time.Second
	lookAgain  = 5 * time.Second // how long a worker does not look whether another one ended the pause
	longest    = time.Minute
)

// throttle starts a pause, or a longer one. A 429 that comes while a pause is in force answers a send from before it and
// changes nothing, unless it is the answer to the one that went first (ARGV[4]).
var throttle = redis.NewScript(`
local now, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local was = redis.call('HMGET', KEYS[1], 'until', 'pause')
local ends, pause = tonumber(was[1] or 0), tonumber(was[2] or 0)
if ARGV[4] == '' and ends > now and ends <= now + longest then return ends end
pause = math.max(first, math.min(2 * pause, longest))
redis.call('HSET', KEYS[1], 'until', now + pause, 'pause', pause)
redis.call('PEXPIRE', KEYS[1], 10 * longest)
return now + pause`)

// turnOf is for the script admit: it returns when a pause ends, or 0 and whether this send goes first after it. Who
// goes first begins another pause as long, so that the others wait, and go on if it dies. A pause that ends later
// than the longest may was written by a clock that is wrong, and does not count.
const turnOf = `
local function turnOf(key, now, longest)
  local was = redis.call('HMGET', key, 'until', 'pause')
  if not was[1] then return 0, false end
  local ends, pause = tonumber(was[1]), tonumber(was[2])
  if ends > now and ends <= now + longest then return ends, false end
  redis.call('HSET', key, 'until', now + pause)
  return 0, true
end
`

// Throttled makes all workers pause their sends to the API, because one was answered with 429. On an error the others do
// not know: they pause when they meet the answer themselves.
func (g *Gate) Throttled(ctx context.Context, name string) error {
	first := ""
	if g.goesFirst(name) {
		first = "1"
	}
	ends, err := throttle.Run(ctx, g.cfg.Redis, []string{throttlePrefix + name},
		g.cfg.Now().UnixMilli(), firstPause.Milliseconds(), longest.Milliseconds(), first).Int64()
	if err != nil {
		ends = g.cfg.Now().Add(firstPause).UnixMilli() // here at least
		err = fmt.Errorf("pause the sends to %s: %w", name, err)
	}
	g.pauseUntil(name, ends)
	return err
}

// Unthrottled ends the pause: DANA answered, and not with 429. It asks Redis only for the send that went first.
func (g *Gate) Unthrottled(ctx context.Context, name string) error {
	if !g.goesFirst(name) {
		return nil
	}
	g.pauseUntil(name, 0)
	if err := g.cfg.Redis.Del(ctx, throttlePrefix+name).Err(); err != nil {
		return fmt.Errorf("end the pause of the sends to %s: %w", name, err)
	}
	return nil
}

func (g *Gate) goesFirst(name string) (first bool) {
	a := g.api(name)
	g.mu.Lock()
	defer g.mu.Unlock()
	first, a.first = a.first, false
	return first
}

// pauseUntil is what this worker knows of the pause: it looks again when it should be over, and now and then before,
// for another worker may have ended it.
func (g *Gate) pauseUntil(name string, ends int64) {
	a := g.api(name)
	g.mu.Lock()
	defer g.mu.Unlock()
	a.pausedUntil = time.UnixMilli(ends)
	if soon := g.cfg.Now().Add(lookAgain); a.pausedUntil.After(soon) {
		a.pausedUntil = soon
	}
	g.broadcast()
}
