package gate

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/statemachine"
)

const (
	// probeLockKey is held by the one worker that probes.
	probeLockKey = "salur:{gate}:probe"
	// probeWithin bounds a probe; the lock outlives it, so that a second worker probes
	// only after the first is done or dead.
	probeWithin  = 20 * time.Second
	probeLockFor = 30 * time.Second
)

// probeAfter is the pause before the probe that follows n probes in vain: 5 s, 10 s, 20 s,
// 40 s, 80 s, 160 s, then 5 min for ever.
func probeAfter(n int) time.Duration {
	const first, most = 5 * time.Second, 5 * time.Minute
	if n > 5 {
		return most
	}
	return first << max(n, 0)
}

// settle ends a probe: it gives the lock back (KEYS[2]) if it is still ours (ARGV[4]), and
// replaces (or, by "", removes) the hold in the field ARGV[1], but only while it is what
// was probed: one lifted or made anew meanwhile stays as others left it.
//
// A hold that is removed is told to the log (KEYS[3]), as ARGV[5], the hold, ARGV[6].
var settle = redis.NewScript(note + `
if redis.call('GET', KEYS[2]) == ARGV[4] then redis.call('DEL', KEYS[2]) end
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  if redis.call('HLEN', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], 'open', 1) end
  note(KEYS[3], ARGV[7], ARGV[5] .. ARGV[2] .. ARGV[6])
else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1`)

// probeDue probes each hold of the system whose time has come.
func (g *Gate) probeDue(ctx context.Context) {
	g.mu.Lock()
	holds, stopped := g.holds, g.stopped
	g.mu.Unlock()
	if g.cfg.Probe == nil || stopped || g.Fit() != nil {
		return
	}
	for _, h := range holds {
		if g.due(h) {
			g.probe(ctx, h.field())
		}
	}
}

// due tells whether a hold is to be probed now. Those without a time for it never are.
func (g *Gate) due(h Hold) bool {
	if h.By != BySystem || h.NextProbe.IsZero() || g.cfg.Now().Before(h.NextProbe) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return h.Cause != statemachine.InsufficientFunds || !g.watched()
}

// probe probes the hold in one field, if no other worker does. Whatever fails on the way
// to Redis is left to the next round: the hold stays, and a probe too many is harmless.
func (g *Gate) probe(ctx context.Context, field string) {
	token := rand.Text()
	if ok, err := g.cfg.Redis.SetNX(ctx, probeLockKey, token, probeLockFor).Result(); err != nil || !ok {
		return
	}
	// Only what is read under the lock counts: another worker may just have probed.
	was := g.cfg.Redis.HGet(ctx, holdsKey, field).Val() // "" if it is gone or cannot be read
	becomes := was
	if h, err := decode(was); err == nil && g.due(h) {
		becomes = g.ask(ctx, h)
	}
	// A worker that stops still gives the lock back, so that the others need not wait.
	_ = g.settle(context.WithoutCancel(ctx), field, was, becomes, token)
}

// settle replaces (or, by "", removes) the hold in one field if it is still what it was.
func (g *Gate) settle(ctx context.Context, field, was, becomes, token string) error {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	before, after := around(Change{At: g.cfg.Now()})
	return settle.Run(ctx, g.cfg.Redis, []string{holdsKey, probeLockKey, logKey}, field, was, becomes, token, before, after, logKept).Err()
}

// ask makes the probe and returns the hold's new record, "" to lift it.
func (g *Gate) ask(ctx context.Context, h Hold) string {
	probing, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	if g.cfg.Probe(probing, h) {
		return ""
	}
	if ctx.Err() == nil { // else it was cut short and says nothing
		h.Probes++
		h.NextProbe = g.cfg.Now().Add(probeAfter(h.Probes))
	}
	return encode(h)
}
