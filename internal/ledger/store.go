package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/statemachine"
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
	Epoch    string        // random, made at the first start of a worker; empty before
	Age      time.Duration // of the epoch
	Begun    bool          // sending was opened in it once, see Begin
	Loss     *Loss         // nil for none
	// Held: all sending was held for the loss, so that from then on it is up to people.
	Held bool
}

// beatBack is how far the store's own note of the time may lie behind what this process has seen in it. A
// failover may lose a moment; a backup that was put back has lost more.
const beatBack = 30 * time.Second

// MostOff is how far a worker's clock may be from the store's. Attempts, deadlines and cut-offs are times that
// workers write for each other.
const MostOff = 30 * time.Second

// counted is how many attempts the store had on record, of all workers, when it had the latest one of this process. A store that has
// fewer has forgotten it: it is an older copy, however little older.
type counted struct {
	epoch string
	n     int64
}

// count takes notice of an attempt that is on record, as durably as attempts are.
func (l *Redis) count(epoch string, n int64) {
	for {
		was := l.counted.Load()
		if was != nil && was.epoch == epoch && was.n >= n || l.counted.CompareAndSwap(was, &counted{epoch, n}) {
			return
		}
	}
}

// attempts is how many attempts a store with this epoch must have at least.
func (l *Redis) attempts(epoch string) int64 {
	if c := l.counted.Load(); c != nil && c.epoch == epoch {
		return c.n
	}
	return 0
}

// store is a hash: epoch and since (when it was made, in ms), env, url, partner, seen (the latest time of the store, in ms, at which a worker looked),
// attempts (how many were made), begun (1 once sending was opened), lost and lostAt (why and when it lost payouts), held (1 once sending is held for
// that), and was:EPOCH for each epoch before this one.
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
// having lost payouts, under a new epoch, and lost is true, once for each process. Call it every second or so. Until
// Held is called nothing is sent (ErrLost).
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
	if lost = s.Epoch != mine.Epoch; lost {
		l.forgetKey()
	}
	return s, lost, nil
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
	return stamped(f), nil
}

func stamped(f map[string]string) Stamped {
	s := Stamped{
		Identity: Identity{Env: f["env"], BaseURL: f["url"], Partner: f["partner"]}, Epoch: f["epoch"], Begun: f["begun"] != "",
		Held: f["held"] != "",
	}
	if f["lost"] != "" {
		s.Loss = &Loss{At: fromMillis(f["lostAt"]), Reason: f["lost"]}
	}
	return s
}

func (l *Redis) look(ctx context.Context, id Identity, mine string) (Stamped, error) {
	began := time.Now()
	keys := []string{l.keys.store()}
	for _, s := range []statemachine.State{statemachine.StateProcessing, statemachine.StatePending, statemachine.StateReview, statemachine.StateSucceeded, statemachine.StateRefunded} {
		keys = append(keys, l.keys.state(s)) // where only a stamped worker brings a payout
	}
	got, err := storeScript.Run(ctx, l.rdb, keys,
		id.Env, id.BaseURL, id.Partner, mine, rand.Text(), l.beat.Load(), beatBack.Milliseconds(), l.attempts(mine),
		"it was emptied", "an older copy was put back", "another store is in its place", "whose it is was lost").StringSlice()
	if err != nil {
		return Stamped{}, fmt.Errorf("ledger: look at the store's identity: %w", err)
	}
	if field := got[0]; field != "" {
		return Stamped{}, &OtherStoreError{Field: field, Store: got[1], Wants: got[2]}
	}
	now, fields := number(got[1]), map[string]string{}
	for pair := range slices.Chunk(got[2:], 2) {
		fields[pair[0]] = pair[1]
	}
	s := stamped(fields)
	s.Age = time.UnixMilli(now).Sub(fromMillis(fields["since"]))
	l.beat.Store(now)
	l.lost.Store(s.Loss != nil)
	l.clock.Store(&reading{store: time.UnixMilli(now), here: began.Add(time.Since(began) / 2)})
	return s, nil
}

// reading is the store's time, and when it was read by this process's clock that is never set (monotonic).
type reading struct{ store, here time.Time }

// Off is how far now, by this machine's clock, is ahead of the store's time. It is found out at once when the clock is set; zero before Stamp.
func (l *Redis) Off(now time.Time) time.Duration {
	r := l.clock.Load()
	if r == nil {
		return 0
	}
	return now.Sub(r.store.Add(time.Since(r.here)))
}

// Begin says that sending was opened in the store for the first time.
func (l *Redis) Begin(ctx context.Context) error {
	if err := l.rdb.HSet(ctx, l.keys.store(), "begun", 1).Err(); err != nil {
		return fmt.Errorf("ledger: note that sending was opened: %w", err)
	}
	return nil
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

// Unbind forgets whose store it is, on a person's word: the next worker that starts makes it its own.
func (l *Redis) Unbind(ctx context.Context) error {
	if err := l.rdb.HDel(ctx, l.keys.store(), "env", "url", "partner").Err(); err != nil {
		return fmt.Errorf("ledger: forget whose store it is: %w", err)
	}
	return nil
}

// storeScript stamps a store that nobody has, and else compares. It answers what differs, the store's value and ours;
// or "", the store's time, and the fields. An epoch that is gone is a loss for whoever knew it, also when another worker has
// started meanwhile and taken the empty store for a new one. So is a store without one in which workers have been at work.
var storeScript = redis.NewScript(`
local store = KEYS[1]
local env, url, partner, mine, fresh, beat, back, known, emptied, older, other, nameless = unpack(ARGV)
local at = redis.call('TIME')
local now = at[1] * 1000 + math.floor(at[2] / 1000)
local has = redis.call('HMGET', store, 'env', 'url', 'partner', 'epoch', 'seen', 'attempts')
local names, ours = {'DANA_ENV', 'DANA_BASE_URL', 'X_PARTNER_ID'}, {env, url, partner}
for i = 1, 3 do
  if has[i] and has[i] ~= ours[i] then return {names[i], has[i], ours[i]} end
end
local epoch, seen, why = has[4], tonumber(has[5]) or 0, nil
if mine ~= '' then
  if not epoch then why = emptied
  elseif epoch == mine and (seen < tonumber(beat) - tonumber(back) or (tonumber(has[6]) or 0) < tonumber(known)) then why = older
  elseif epoch ~= mine and redis.call('HEXISTS', store, 'was:' .. mine) == 0 then why = other end
elseif not epoch and redis.call('EXISTS', unpack(KEYS, 2)) > 0 then why = nameless end
local text = string.format('%.0f', math.max(seen, now))
if not epoch or why == older then
  epoch = fresh
  redis.call('HSET', store, 'since', string.format('%.0f', now))
end
redis.call('HSET', store, 'epoch', epoch, 'env', env, 'url', url, 'partner', partner, 'seen', text)
if why then
  redis.call('HSET', store, 'lost', why, 'lostAt', string.format('%.0f', now), 'was:' .. mine, text, 'begun', 1)
  redis.call('HDEL', store, 'held')
end
local answer = redis.call('HGETALL', store)
table.insert(answer, 1, '')
table.insert(answer, 2, string.format('%.0f', now))
return answer
`)
