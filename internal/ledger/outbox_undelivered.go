package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// givenUp is an Undelivered as it is kept.
type givenUp struct {
	Failure
	Outcome  string    `json:"outcome"` // as Put wrote it
	GaveUpAt time.Time `json:"gaveUpAt"`
}

// Undelivered lists the outcomes that were given up, of at most limit payouts: those first whose turn
// was first, and each payout's in their order. more says that there are more payouts.
func (o *Outbox) Undelivered(ctx context.Context, limit int) (all []Undelivered, more bool, err error) {
	refs, err := o.rdb.ZRange(ctx, o.keys.undelivered(), 0, int64(limit)).Result()
	if err != nil {
		return nil, false, fmt.Errorf("ledger: outbox: list what was given up: %w", err)
	}
	if more = len(refs) > limit; more {
		refs = refs[:limit]
	}
	for _, ref := range refs {
		some, _, err := o.undeliveredOf(ctx, ref)
		if err != nil {
			return nil, false, err
		}
		all = append(all, some...)
	}
	return all, more, nil
}

func (o *Outbox) undeliveredOf(ctx context.Context, ref string) (all []Undelivered, docs []string, err error) {
	docs, err = o.rdb.LRange(ctx, o.keys.undeliveredOf(ref), 0, -1).Result()
	if err != nil {
		return nil, nil, fmt.Errorf("ledger: outbox: read what was given up of payout %s: %w", ref, err)
	}
	for _, doc := range docs {
		var g givenUp
		if err := json.Unmarshal([]byte(doc), &g); err != nil {
			g = givenUp{Failure: Failure{Error: "unreadable"}, Outcome: doc}
		}
		e, err := outcome(g.Outcome)
		if err != nil || e.Ref != ref {
			e = unreadableOutcome(ref, g.Outcome)
		}
		all = append(all, Undelivered{Failure: g.Failure, Event: e, GaveUpAt: g.GaveUpAt})
	}
	return all, docs, nil
}

// Resend puts a payout's outcomes that were given up before those that wait, and returns how many and
// when the first is due: now, unless a worker has the payout this moment. ErrNotFound when there are none.
func (o *Outbox) Resend(ctx context.Context, ref string, now time.Time) (n int, due time.Time, err error) {
	for {
		_, docs, err := o.undeliveredOf(ctx, ref)
		if err != nil {
			return 0, time.Time{}, err
		}
		if len(docs) == 0 && n == 0 {
			return 0, time.Time{}, ErrNotFound
		}
		if len(docs) == 0 { // put back meanwhile, perhaps by this very call whose answer was lost
			return n, now, nil
		}
		n = len(docs)
		args := []any{ref, millis(now)}
		for _, doc := range docs {
			var g givenUp
			if err := json.Unmarshal([]byte(doc), &g); err != nil {
				g.Outcome = doc // given up again
			}
			args = append(args, g.Outcome)
		}
		at, err := resendScript.Run(ctx, o.rdb, []string{
			o.keys.undeliveredOf(ref), o.keys.undelivered(), o.keys.outbox(ref), o.keys.outboxHead(ref), o.keys.outboxDue(), o.keys.outboxSince(),
		}, args...).Result()
		if errors.Is(err, redis.Nil) { // one more was given up since they were read
			continue
		}
		if err != nil {
			return 0, time.Time{}, fmt.Errorf("ledger: outbox: resend the outcomes of payout %s: %w", ref, err)
		}
		return n, fromMillis(at), nil
	}
}

// Forget forgets what was given up before the time given, of at most limit payouts, and returns
// how many outcomes.
func (o *Outbox) Forget(ctx context.Context, before time.Time, limit int) (int, error) {
	refs, err := o.rdb.ZRangeByScore(ctx, o.keys.undelivered(), &redis.ZRangeBy{
		Min: "-inf", Max: "(" + millis(before), Count: int64(limit),
	}).Result()
	if err != nil {
		return 0, fmt.Errorf("ledger: outbox: list what was given up: %w", err)
	}
	forgotten := 0
	for _, ref := range refs {
		all, docs, err := o.undeliveredOf(ctx, ref)
		if err != nil {
			return forgotten, err
		}
		old := 0
		for old < len(all) && all[old].GaveUpAt.Before(before) {
			old++
		}
		if old == 0 {
			continue
		}
		oldest := before
		if old < len(all) {
			oldest = all[old].GaveUpAt
		}
		n, err := forgetScript.Run(ctx, o.rdb, []string{o.keys.undeliveredOf(ref), o.keys.undelivered()},
			ref, old, docs[old-1], millis(oldest)).Int()
		if err != nil {
			return forgotten, fmt.Errorf("ledger: outbox: forget the outcomes of payout %s: %w", ref, err)
		}
		forgotten += n * old
	}
	return forgotten, nil
}

// fromMillis reads a score or a field as a script returns it; what is none is the zero time.
func fromMillis(v any) time.Time {
	if n := number(v); n != 0 {
		return time.UnixMilli(n)
	}
	return time.Time{}
}

// number reads a whole number as Redis writes it; what is none is 0.
func number(v any) int64 {
	text, _ := v.(string)
	f, _ := strconv.ParseFloat(text, 64) // a score may come as 1.7e+12; it is exact below 2^53
	return int64(f)
}
