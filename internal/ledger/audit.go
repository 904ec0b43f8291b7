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
	set := sets[at.set]
	found, cursor, err := l.rdb.ZScan(ctx, set, at.cursor, "", auditAtOnce).Result()
	if err != nil {
		return AuditPlace{set: at.set + 1}, Mended{}, fmt.Errorf("ledger: audit %s: %w", set, err)
	}
	at.cursor = cursor
	if cursor == 0 {
		at.set++
	}
	refs := make([]string, 0, len(found)/2)
	for i := 0; i < len(found); i += 2 {
		refs = append(refs, found[i])
	}
	m, err := l.audit(ctx, set, refs)
	return at, m, err
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

// audit looks at payouts that a set names: whether they belong there, and whether their other index names them too.
func (l *Redis) audit(ctx context.Context, set string, refs []string) (m Mended, err error) {
	texts := make([]any, len(refs))
	if len(refs) > 0 {
		keys := make([]string, len(refs))
		for i, ref := range refs {
			keys[i] = l.keys.tx(ref)
		}
		if texts, err = l.rdb.MGet(ctx, keys...).Result(); err != nil {
			return m, fmt.Errorf("ledger: audit %d payouts: %w", len(refs), err)
		}
	}
	elsewhere := map[string][]Record{} // by the index that must name them too
	var wrong []Record
	for i, text := range texts {
		if text == nil {
			n, err := l.orphan(ctx, refs[i])
			if err != nil {
				return m, err
			}
			if n > 0 {
				m.Orphans = append(m.Orphans, refs[i])
			}
			continue
		}
		rec, _, err := decode(refs[i], text.(string))
		if err != nil {
			l.putAside("payout "+refs[i], err)
			continue
		}
		switch state, open := l.indexes(rec); {
		case set == state && open != "":
			elsewhere[open] = append(elsewhere[open], rec)
		case set == open:
			elsewhere[state] = append(elsewhere[state], rec)
		case set != state:
			wrong = append(wrong, rec)
		}
	}
	for index, records := range elsewhere {
		members := make([]string, len(records))
		for i, rec := range records {
			members[i] = rec.Payout.Ref
		}
		scores, err := l.rdb.ZMScore(ctx, index, members...).Result()
		if err != nil {
			return m, fmt.Errorf("ledger: audit %s: %w", index, err)
		}
		for i, score := range scores {
			if score == 0 { // no time is zero: it is not there
				wrong = append(wrong, records[i])
			}
		}
	}
	for _, rec := range wrong {
		n, err := l.mend(ctx, rec)
		if err != nil {
			return m, err
		}
		if n > 0 {
			m.Payouts = append(m.Payouts, rec.Payout.Ref)
		}
	}
	return m, nil
}

// indexes are the sets that must name a payout: that of its state, and that of its next step; empty for none.
func (l *Redis) indexes(rec Record) (state, open string) {
	if rec.Tx.Next != statemachine.StepNone {
		open = l.keys.open(rec.Payout.Kind, rec.Tx.Next)
	}
	return l.keys.state(rec.Tx.State), open
}

// mend puts a payout into its indexes and takes it out of all others, and returns how many it changed.
func (l *Redis) mend(ctx context.Context, rec Record) (int, error) {
	ref := rec.Payout.Ref
	state, open := l.indexes(rec)
	keys := []string{l.keys.tx(ref), state, l.keys.finished()}
	due, over := "", ""
	if open != "" {
		keys, due = append(keys, open), millis(rec.Tx.DueAt)
	}
	if rec.Tx.State.Final() {
		over = millis(rec.UpdatedAt)
	}
	n, err := mendScript.Run(ctx, l.rdb, append(keys, l.audited()...), rec.Version, ref, millis(rec.CreatedAt), due, over).Int()
	return n, auditErr(ref, err)
}

// orphan takes a payout that is not on record out of every index, and returns of how many.
func (l *Redis) orphan(ctx context.Context, ref string) (int, error) {
	n, err := orphanScript.Run(ctx, l.rdb, append([]string{l.keys.tx(ref), l.keys.finished()}, l.audited()...), ref).Int()
	return n, auditErr(ref, err)
}

func auditErr(ref string, err error) error {
	if err != nil {
		return fmt.Errorf("ledger: audit payout %s: %w", ref, err)
	}
	return nil
}

// Orphan implements Ledger.
func (l *Redis) Orphan(ctx context.Context, ref string) (found bool, err error) {
	n, err := l.orphan(ctx, ref)
	return n > 0, err
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
