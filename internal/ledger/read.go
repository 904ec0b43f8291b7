package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/statemachine"
)

// History implements Ledger.
func (l *Redis) History(ctx context.Context, ref string) ([]Entry, error) {
	rec, err := l.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	lines, err := l.rdb.LRange(ctx, l.keys.history(ref), 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("ledger: read the history of payout %s: %w", ref, err)
	}
	entries := []Entry{rec.accepted()}
	for i, line := range lines {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			l.putAside(fmt.Sprintf("line %d of the history of payout %s", i+2, ref), err)
			continue
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// List implements Ledger.
func (l *Redis) List(ctx context.Context, q Query) ([]Record, error) {
	page, err := l.Page(ctx, q)
	return page.Records, err
}

// Page is List with what List leaves out. What it returns is the list of one moment: all states are read in one step,
// so that a payout which changes its state meanwhile is there once.
func (l *Redis) Page(ctx context.Context, q Query) (Page, error) {
	states := statemachine.States
	if q.State != "" {
		states = []statemachine.State{q.State}
	}
	one := q
	if q.Limit > 0 {
		one.Limit++ // one more, to know whether there is a next page
	}
	var parts []*redis.ZSliceCmd
	err := l.readTogether(ctx, func(p redis.Pipeliner) error {
		parts = nil
		for _, state := range states {
			for _, by := range ranges(one) {
				parts = append(parts, p.ZRevRangeByScoreWithScores(ctx, l.keys.state(state), by))
			}
		}
		return nil
	})
	if err != nil {
		return Page{}, fmt.Errorf("ledger: list payouts: %w", err)
	}
	var found []redis.Z
	after := redis.Z{Score: float64(q.After.CreatedAt.UnixMilli()), Member: q.After.Ref}
	for _, part := range parts {
		for _, z := range part.Val() {
			if q.After == (Cursor{}) || newestFirst(after, z) < 0 {
				found = append(found, z)
			}
		}
	}
	slices.SortFunc(found, newestFirst)
	found = slices.CompactFunc(found, func(a, b redis.Z) bool { return a.Member == b.Member })
	var page Page
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[q.Limit-1]
		page.Next = Cursor{CreatedAt: time.UnixMilli(int64(last.Score)), Ref: last.Member.(string)}
	}
	refs := make([]string, len(found))
	for i, z := range found {
		refs[i] = z.Member.(string)
	}
	records, unreadable, err := l.Look(ctx, refs)
	if err != nil {
		return Page{}, err
	}
	page.Records, page.Unreadable = make([]Record, 0, len(refs)), unreadable
	for _, ref := range refs {
		if rec, ok := records[ref]; ok { // else purged since
			page.Records = append(page.Records, rec)
		}
	}
	return page, nil
}

// ranges is what to read of each state: up to the limit, and after a cursor its millisecond whole. Payouts of one
// millisecond (a batch) are in the order of their references, which a range of scores cannot begin in the midst of.
func ranges(q Query) []*redis.ZRangeBy {
	by := &redis.ZRangeBy{Min: "-inf", Max: "+inf", Count: int64(q.Limit)}
	if !q.Since.IsZero() {
		by.Min = millis(q.Since)
	}
	if !q.Until.IsZero() {
		by.Max = "(" + millis(q.Until)
	}
	if q.After == (Cursor{}) || !q.Until.IsZero() && !q.After.CreatedAt.Before(q.Until) {
		return []*redis.ZRangeBy{by}
	}
	at := millis(q.After.CreatedAt)
	by.Max = "(" + at
	if q.After.CreatedAt.UnixMilli() < q.Since.UnixMilli() && !q.Since.IsZero() {
		return []*redis.ZRangeBy{by}
	}
	return []*redis.ZRangeBy{{Min: at, Max: at}, by}
}

// newestFirst is the order of lists: by creation, and in one millisecond by reference, as Redis
// orders its sorted sets when it reads them backwards.
func newestFirst(a, b redis.Z) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Member.(string), a.Member.(string)))
}

// Stats implements Ledger.
func (l *Redis) Stats(ctx context.Context) ([]Stat, error) {
	stats := make([]Stat, len(statemachine.States))
	var sums *redis.MapStringStringCmd
	counts := make([]*redis.IntCmd, len(stats))
	oldest := make([]*redis.ZSliceCmd, len(stats))
	err := l.readTogether(ctx, func(p redis.Pipeliner) error {
		sums = p.HGetAll(ctx, l.keys.sums())
		for i, s := range statemachine.States {
			counts[i] = p.ZCard(ctx, l.keys.state(s))
			oldest[i] = p.ZRangeWithScores(ctx, l.keys.state(s), 0, 0)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: count payouts: %w", err)
	}
	for i, s := range statemachine.States {
		stats[i] = Stat{State: s, Count: counts[i].Val()}
		stats[i].Cents = l.sum(sums.Val(), string(s))
		if z := oldest[i].Val(); len(z) > 0 {
			stats[i].Oldest = time.UnixMilli(int64(z[0].Score))
		}
	}
	return stats, nil
}

// Purge implements Ledger.
func (l *Redis) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	k := l.keys
	if err := l.rdb.XTrimMinIDApprox(ctx, k.events(), millis(before), 0).Err(); err != nil {
		return 0, fmt.Errorf("ledger: trim the event stream: %w", err)
	}
	refs, err := l.rdb.ZRangeByScore(ctx, k.finished(), &redis.ZRangeBy{
		Min: "-inf", Max: "(" + millis(before), Count: int64(limit + l.Unreadable()), // what cannot be read is in nobody's way
	}).Result()
	if err != nil {
		return 0, fmt.Errorf("ledger: list finished payouts: %w", err)
	}
	purged := 0
	for _, ref := range refs {
		rec, err := l.Get(ctx, ref)
		if errors.Is(err, ErrNotFound) {
			if err := l.rdb.ZRem(ctx, k.finished(), ref).Err(); err != nil { // else it would be in the way of others for ever
				return purged, fmt.Errorf("ledger: purge payout %s: %w", ref, err)
			}
			continue
		}
		if errors.Is(err, ErrUnreadable) {
			continue // it stays, for a person
		}
		if err != nil {
			return purged, err
		}
		n, err := l.purge(ctx, rec)
		if isReply(err) { // a key of this payout is of another type: it stays, for a person
			l.putAside("what is kept of payout "+ref, err)
			continue
		}
		if err != nil {
			return purged, fmt.Errorf("ledger: purge payout %s: %w", ref, err)
		}
		purged += n
	}
	return purged, nil
}

// purge forgets one payout if it is still as it was read, and leaves its tombstone.
func (l *Redis) purge(ctx context.Context, rec Record) (int, error) {
	key, err := l.fingerprintKey(ctx)
	if err != nil {
		return 0, err
	}
	memory := l.Memory
	if memory == 0 {
		memory = rememberFor
	}
	k, ref := l.keys, rec.Payout.Ref
	units, rest := carried(rec.Payout, -1)
	days := (memory + 24*time.Hour - 1) / (24 * time.Hour)
	n, err := purgeScript.Run(ctx, l.rdb,
		[]string{
			k.tx(ref), k.history(ref), k.state(rec.Tx.State), k.sums(), k.finished(), k.open(rec.Payout.Kind, rec.Tx.Next), k.gone(ref),
			k.goneKey(), k.outbox(ref), k.undeliveredOf(ref),
		},
		rec.Version, ref, string(rec.Tx.State), units, rest, tombstone(key, rec.Tx.State, rec.fingerprint), int64(days), key,
	).Int()
	if n < 0 {
		l.forgetKey() // the next pass has the store's
		n = 0
	}
	return n, err
}

// sum is what a state holds in cents. Beyond what int64 holds it is the most that it does.
func (l *Redis) sum(fields map[string]string, state string) int64 {
	part := func(name string) int64 {
		text, ok := fields[name]
		n, err := strconv.ParseInt(text, 10, 64)
		if ok && err != nil {
			l.putAside("the sum of "+name, err)
		}
		return n
	}
	units, rest := part(state+":e15"), part(state)
	switch {
	case units >= math.MaxInt64/sumUnit:
		return math.MaxInt64
	case units <= math.MinInt64/sumUnit:
		return math.MinInt64
	}
	return units*sumUnit + rest
}
