package ledger

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// auditAtOnce is about how many entries one Audit looks at.
const auditAtOnce = 200

// AuditPlace is how far an audit has come. The zero value is the start.
type AuditPlace struct {
	set    int
	cursor uint64
}

// Mended is what an audit had to mend.
type Mended struct {
	Payouts []string // an index had lost them, or had them in a wrong place
	Orphans []string // an index had them, and there is no such record
}

// Audit holds a few records against the indexes that name them, and mends what differs: a payout that an
// index has lost would never be looked at again, and one that is not there stands in the way of others. It goes
// through all payouts that are not over, bit by bit, by the place that it returns.
func (l *Redis) Audit(ctx context.Context, at AuditPlace) (AuditPlace, Mended, error) {
	sets := l.audited()
	at.set %= len(sets)
	found, cursor, err := l.rdb.ZScan(ctx, sets[at.set], at.cursor, "", auditAtOnce).Result()
	if err != nil {
		return AuditPlace{set: at.set + 1}, Mended{}, fmt.Errorf("ledger: audit %s: %w", sets[at.set], err)
	}
	at.cursor = cursor
	if cursor == 0 {
		at.set++
	}
	var m Mended
	for i := 0; i < len(found); i += 2 {
		if err := l.audit(ctx, found[i], &m); err != nil {
			return at, m, err
		}
	}
	return at, m, nil
}

// audited are the sets in which a payout stands that is not over.
func (l *Redis) audited() []string {
	var sets []string
	for _, s := range statemachine.States {
		if !s.Final() {
			sets = append(sets, l.keys.state(s))
		}
	}
	for _, kind := range []payout.Kind{payout.TopUp, payout.Bank} {
		for _, step := range []statemachine.Step{statemachine.StepSend, statemachine.StepAnswer, statemachine.StepInquire} {
			sets = append(sets, l.keys.open(kind, step))
		}
	}
	return sets
}

func (l *Redis) audit(ctx context.Context, ref string, m *Mended) error {
	text, err := l.rdb.Get(ctx, l.keys.tx(ref)).Result()
	if err == redis.Nil {
		n, err := orphanScript.Run(ctx, l.rdb, append([]string{l.keys.tx(ref), l.keys.finished()}, l.audited()...), ref).Int()
		if err == nil && n > 0 {
			m.Orphans = append(m.Orphans, ref)
		}
		return auditErr(ref, err)
	}
	if err != nil {
		return auditErr(ref, err)
	}
	rec, _, err := decode(ref, text)
	if err != nil {
		l.putAside("payout "+ref, err)
		return nil
	}
	keys := []string{l.keys.tx(ref), l.keys.state(rec.Tx.State), l.keys.finished()}
	due, over := "", ""
	if rec.Tx.Next != statemachine.StepNone {
		keys = append(keys, l.keys.open(rec.Payout.Kind, rec.Tx.Next))
		due = millis(rec.Tx.DueAt)
	}
	if rec.Tx.State.Final() {
		over = millis(rec.UpdatedAt)
	}
	n, err := mendScript.Run(ctx, l.rdb, append(keys, l.audited()...), rec.Version, ref, millis(rec.CreatedAt), due, over).Int()
	if err == nil && n > 0 {
		m.Payouts = append(m.Payouts, ref)
	}
	return auditErr(ref, err)
}

func auditErr(ref string, err error) error {
	if err != nil {
		return fmt.Errorf("ledger: audit payout %s: %w", ref, err)
	}
	return nil
}

// Orphan takes a payout that is not on record out of every index.
func (l *Redis) Orphan(ctx context.Context, ref string) error {
	return auditErr(ref, orphanScript.Run(ctx, l.rdb, append([]string{l.keys.tx(ref), l.keys.finished()}, l.audited()...), ref).Err())
}

var orphanScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local n = 0
for i = 2, #KEYS do n = n + redis.call('ZREM', KEYS[i], ARGV[1]) end
return n
`)

// mendScript puts a payout where it belongs and takes it away from everywhere else, if it is still as it was read.
// The time in an index stays: a look at it may have been postponed.
var mendScript = redis.NewScript(`
local tx, state, finished = unpack(KEYS, 1, 3)
local version, ref, created, due, over = unpack(ARGV)
if string.match(redis.call('GETRANGE', tx, 0, 31), '^%d+') ~= version then return 0 end
local right, first = {[state] = true}, 4
local n = redis.call('ZADD', state, 'NX', created, ref)
if due ~= '' then
  right[KEYS[4]], first = true, 5
  n = n + redis.call('ZADD', KEYS[4], 'NX', due, ref)
end
if over ~= '' then n = n + redis.call('ZADD', finished, 'NX', over, ref) end
for i = first, #KEYS do
  if not right[KEYS[i]] then n = n + redis.call('ZREM', KEYS[i], ref) end
end
return n
`)
