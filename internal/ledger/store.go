package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Identity is whom a store's payouts are sent by: one store belongs to one partner of one DANA.
type Identity struct {
	Env     string // sandbox or production
	BaseURL string // DANA's address
	Partner string // X-PARTNER-ID
}

// OtherStoreError is a store that belongs to another identity: its payouts are not ours to send, and what DANA
// says to us is not about them.
type OtherStoreError struct {
	Field        string // what differs: DANA_ENV, DANA_BASE_URL or X_PARTNER_ID
	Store, Wants string // the store's value and ours
}

// Error says what differs and what to do.
func (e *OtherStoreError) Error() string {
	return fmt.Sprintf("REDIS_URL: this Redis keeps the payouts of %s %s, and %s is %s; use the Redis of this one, "+
		"or see \"A Redis belongs to one partner\" in docs/redis.md", e.Field, e.Store, e.Field, e.Wants)
}

// ErrLost: the store is not the one that this process began with: it was emptied, replaced, or put back from a
// backup. Nothing may be sent until the loss is marked (CheckStore) and a person has resumed.
var ErrLost = errors.New("the store is not the one that this worker began with")

// Loss is the mark of a store that has forgotten payouts or attempts. While it stands, every program treats each
// payout that is not over as one that may have been paid.
type Loss struct {
	At     time.Time
	Reason string
}

// Stamped is what a store says about itself.
type Stamped struct {
	Identity Identity
	Epoch    string // random, made at the first start of a worker; empty before
	First    bool   // this call made it
	Loss     *Loss  // nil for none
}

// beatBack is how far the store's own note of the time may lie behind what this process has seen in it. A
// failover may lose a moment; a backup that was put back has lost more.
const beatBack = 30 * time.Second

// store is a hash: epoch, env, url, partner, seen (the store's time in ms when a worker last looked), lost and
// lostAt (why and when it lost payouts), held (1 once sending is held for that), and was:EPOCH for each epoch before this one.
func (k keys) store() string { return string(k) + "store" }

// Stamp makes the store this identity's at the first start, and gives it its epoch, in one step. From then on
// an attempt of this Ledger is written ahead only in a store with that epoch.
//
// Errors: *OtherStoreError when the store is another's; nothing was changed.
func (l *Redis) Stamp(ctx context.Context, id Identity) (Stamped, error) {
	s, err := l.look(ctx, id, "")
	if err == nil {
		l.mine.Store(&s)
	}
	return s, err
}

// CheckStore looks whether the store is still the one that was stamped. If it is not, the store is marked as
// having lost payouts, under a new epoch, and lost is true, once for each process. Call it every second or so.
//
// Errors: *OtherStoreError when the store has become another's.
func (l *Redis) CheckStore(ctx context.Context) (s Stamped, lost bool, err error) {
	mine := l.mine.Load()
	if mine == nil {
		return Stamped{}, false, errors.New("ledger: the store was not stamped")
	}
	if s, err = l.look(ctx, mine.Identity, mine.Epoch); err != nil {
		return s, false, err
	}
	l.mine.Store(&s)
	return s, s.Epoch != mine.Epoch, nil
}

// Epoch is the epoch of the store as this process knows it; empty before Stamp.
func (l *Redis) Epoch() string {
	if s := l.mine.Load(); s != nil {
		return s.Epoch
	}
	return ""
}

// ReadStore reads what the store says about itself, and changes nothing.
func (l *Redis) ReadStore(ctx context.Context) (Stamped, error) {
	f, err := l.rdb.HGetAll(ctx, l.keys.store()).Result()
	if err != nil {
		return Stamped{}, fmt.Errorf("ledger: read the store's identity: %w", err)
	}
	return stamped(Identity{f["env"], f["url"], f["partner"]}, f["epoch"], f["lost"], f["lostAt"]), nil
}

func stamped(id Identity, epoch, lost string, at any) Stamped {
	s := Stamped{Epoch: epoch, Identity: id}
	if lost != "" {
		s.Loss = &Loss{At: fromMillis(at), Reason: lost}
	}
	return s
}

func (l *Redis) look(ctx context.Context, id Identity, mine string) (Stamped, error) {
	got, err := storeScript.Run(ctx, l.rdb, []string{l.keys.store()},
		id.Env, id.BaseURL, id.Partner, mine, rand.Text(), l.beat.Load(), beatBack.Milliseconds(),
		"it was emptied", "an older copy was put back", "another store is in its place").Slice()
	if err != nil {
		return Stamped{}, fmt.Errorf("ledger: look at the store's identity: %w", err)
	}
	text := func(i int) string { s, _ := got[i].(string); return s }
	if field := text(0); field != "" {
		return Stamped{}, &OtherStoreError{Field: field, Store: text(1), Wants: text(2)}
	}
	s := stamped(id, text(1), text(2), got[5])
	s.First = text(3) == "1"
	l.beat.Store(number(got[4]))
	l.lost.Store(s.Loss != nil)
	return s, nil
}

// Held says that sending is held for the loss: from now on it is up to the hold.
func (l *Redis) Held(ctx context.Context) error {
	if err := l.rdb.HSet(ctx, l.keys.store(), "held", 1).Err(); err != nil {
		return fmt.Errorf("ledger: note that sending is held: %w", err)
	}
	return nil
}

// MarkLoss marks the store as having forgotten payouts, on a person's word: without a hold.
func (l *Redis) MarkLoss(ctx context.Context, loss Loss) error {
	if err := l.rdb.HSet(ctx, l.keys.store(), "lost", loss.Reason, "lostAt", millis(loss.At), "held", 1).Err(); err != nil {
		return fmt.Errorf("ledger: mark the loss: %w", err)
	}
	l.lost.Store(true)
	return nil
}

// ClearLoss takes the mark away: a person has made sure that all payouts of before the loss are over. It
// reports false when there was none.
func (l *Redis) ClearLoss(ctx context.Context) (bool, error) {
	n, err := l.rdb.HDel(ctx, l.keys.store(), "lost", "held", "lostAt").Result()
	if err != nil {
		return false, fmt.Errorf("ledger: clear the mark of a loss: %w", err)
	}
	l.lost.Store(false)
	return n > 0, nil
}

// Now is the store's time: one clock for all workers.
func (l *Redis) Now(ctx context.Context) (time.Time, error) {
	if c, ok := l.rdb.(*redis.ClusterClient); ok {
		node, err := c.MasterForKey(ctx, l.keys.store())
		if err != nil {
			return time.Time{}, fmt.Errorf("ledger: ask the store for the time: %w", err)
		}
		return now(ctx, node)
	}
	return now(ctx, l.rdb)
}

func now(ctx context.Context, rdb redis.Cmdable) (time.Time, error) {
	at, err := rdb.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("ledger: ask the store for the time: %w", err)
	}
	return at, nil
}

// storeScript stamps a store that nobody has, and else compares. It answers what differs, the store's and our
// value; or "", the epoch, the loss, whether this is the first start, the time it noted, and when it was lost.
var storeScript = redis.NewScript(`
local store = KEYS[1]
local env, url, partner, mine, fresh, beat, back, emptied, older, other = unpack(ARGV)
local at = redis.call('TIME')
local now = string.format('%d', at[1] * 1000 + math.floor(at[2] / 1000))
local has = redis.call('HMGET', store, 'env', 'url', 'partner', 'epoch', 'seen')
local names, ours = {'DANA_ENV', 'DANA_BASE_URL', 'X_PARTNER_ID'}, {env, url, partner}
for i = 1, 3 do
  if has[i] and has[i] ~= ours[i] then return {names[i], has[i], ours[i]} end
end
local epoch, first, why = has[4], '', nil
if mine ~= '' then
  if not epoch then why = emptied
  elseif epoch == mine and (tonumber(has[5]) or 0) < tonumber(beat) - tonumber(back) then why = older
  elseif epoch ~= mine and redis.call('HEXISTS', store, 'was:' .. mine) == 0 then why = other end
end
if not epoch or why == older then
  if not epoch and mine == '' then first = '1' end
  epoch = fresh
end
redis.call('HSET', store, 'epoch', epoch, 'env', env, 'url', url, 'partner', partner, 'seen', now)
if why then
  redis.call('HSET', store, 'lost', why, 'lostAt', now, 'was:' .. mine, now)
  redis.call('HDEL', store, 'held')
end
local lost = redis.call('HMGET', store, 'lost', 'lostAt')
return {'', epoch, lost[1] or '', first, now, lost[2] or '0'}
`)
