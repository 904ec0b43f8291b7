package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Over is a payout that is over (succeeded, failed or refunded), and since when. A success that DANA took
// back is over since it was known to be.
type Over struct {
	Ref string
	At  time.Time
}

// Ended tells since when each of the payouts is over, in their order: the zero time for one that is not,
// or not on record.
func (l *Redis) Ended(ctx context.Context, refs []string) ([]time.Time, error) {
	times := make([]time.Time, len(refs))
	if len(refs) == 0 {
		return times, nil
	}
	scores, err := l.rdb.ZMScore(ctx, l.keys.finished(), refs...).Result()
	if err != nil {
		return nil, fmt.Errorf("ledger: read when %d payouts ended: %w", len(refs), err)
	}
	for i, score := range scores {
		if score != 0 { // as an absent one reads
			times[i] = time.UnixMilli(int64(score))
		}
	}
	return times, nil
}

// Finished lists at most limit payouts that ended from since on and before until, the first first, and
// of those only what comes after the one given; its zero value is the start. Its time and place never change as
// long as the payout does not, so that pages neither skip nor repeat one.
func (l *Redis) Finished(ctx context.Context, since, until time.Time, after Over, limit int) ([]Over, error) {
	by := redis.ZRangeBy{Min: millis(since), Max: "(" + millis(until), Count: int64(limit)}
	if after.Ref == "" {
		some, err := l.rdb.ZRangeByScoreWithScores(ctx, l.keys.finished(), &by).Result()
		return over(some, after, limit, err)
	}
	at := millis(after.At)
	by.Min = "(" + at
	var same, rest *redis.ZSliceCmd
	err := l.readTogether(ctx, func(p redis.Pipeliner) error {
		same = p.ZRangeByScoreWithScores(ctx, l.keys.finished(), &redis.ZRangeBy{Min: at, Max: at})
		rest = p.ZRangeByScoreWithScores(ctx, l.keys.finished(), &by)
		return nil
	})
	return over(append(same.Val(), rest.Val()...), after, limit, err)
}

func over(found []redis.Z, after Over, limit int, err error) ([]Over, error) {
	if err != nil {
		return nil, fmt.Errorf("ledger: list payouts that ended: %w", err)
	}
	list := make([]Over, 0, len(found))
	for _, z := range found {
		o := Over{z.Member.(string), time.UnixMilli(int64(z.Score))}
		if o.At.After(after.At) || strings.Compare(o.Ref, after.Ref) > 0 {
			list = append(list, o)
		}
	}
	return list[:min(limit, len(list))], nil
}

// FirstEnded is when the payout ended that has been over for longest of those on record: what ended
// before has been forgotten. It is the zero time when none is over.
func (l *Redis) FirstEnded(ctx context.Context) (time.Time, error) {
	first, err := l.rdb.ZRangeWithScores(ctx, l.keys.finished(), 0, 0).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("ledger: list payouts that ended: %w", err)
	}
	if len(first) == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(int64(first[0].Score)), nil
}
