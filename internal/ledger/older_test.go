package ledger

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

func takeNow(rec Record, now time.Time) statemachine.Decision {
	return statemachine.DefaultPolicy().Decide(rec.Tx, statemachine.Take(statemachine.Attempt{ExternalID: "x", StartedAt: now, Deadline: now.Add(time.Second)}))
}

// A copy that is older by one attempt of this worker, however little that is, is noticed in the very next write: nothing is
// sent in it and nothing booked as failed.
func TestOlderCopyIsNoticedByTheNextWrite(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx, now := t.Context(), time.Now()
		l := stampedStore(t, rdb)
		var recs []Record
		for _, ref := range []string{"A", "B"} {
			rec, _, err := l.Create(ctx, ten(ref), now)
			if err != nil {
				t.Fatal(err)
			}
			recs = append(recs, rec)
		}
		copied := rdb.HGetAll(ctx, "salur:{topup}:store").Val()
		if _, err := l.Apply(ctx, recs[0], takeNow(recs[0], now), ""); err != nil {
			t.Fatal(err)
		}
		if _, lost, err := l.CheckStore(ctx); lost || err != nil {
			t.Fatalf("lost %t, %v", lost, err)
		}
		rdb.Del(ctx, "salur:{topup}:store")
		if err := rdb.HSet(ctx, "salur:{topup}:store", copied).Err(); err != nil {
			t.Fatal(err)
		}
		for _, d := range []statemachine.Decision{takeNow(recs[1], now), statemachine.DefaultPolicy().Decide(recs[1].Tx, statemachine.Expire(now))} {
			if _, err := l.Apply(ctx, recs[1], d, ""); !errors.Is(err, ErrLost) {
				t.Errorf("%s in an older copy: %v", d.Entry.Event, err)
			}
		}
		if s, lost, err := l.CheckStore(ctx); !lost || err != nil || s.Loss == nil {
			t.Fatalf("lost %t, %+v, %v", lost, s, err)
		}
		if _, lost, err := l.CheckStore(ctx); lost || err != nil {
			t.Errorf("lost again: %t, %v", lost, err)
		}
	})
}

// A payout stays on record, however old, until its outcomes are told: they are told from the record.
func TestPurgeWaitsForTheOutcomesToBeTold(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		l := ended(t, rdb, "OLD")
		rdb.RPush(ctx, l.keys.outbox("OLD"), "1-0 {}")
		if n, err := l.Purge(ctx, time.Now().Add(time.Hour), 10); n != 0 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		rdb.Del(ctx, l.keys.outbox("OLD"))
		if n, err := l.Purge(ctx, time.Now().Add(time.Hour), 10); n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
	})
}

// ended is a ledger with payouts that are over.
func ended(t *testing.T, rdb redis.UniversalClient, refs ...string) *Redis {
	t.Helper()
	l := NewRedis(rdb)
	for _, ref := range refs {
		rec, _, err := l.Create(t.Context(), ten(ref), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		d := statemachine.Policy{}.Decide(rec.Tx, statemachine.Cancel("Sari", "paid in cash", time.Now()))
		if _, err := l.Apply(t.Context(), rec, d, ""); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// A shorter memory does not shorten what was remembered for longer, and a key that another program has made since the
// store was emptied is taken.
func TestTombstonesOutliveOtherSettingsAndKeys(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		l := ended(t, rdb, "OLD")
		if n, err := l.Purge(ctx, time.Now().Add(time.Hour), 10); n != 1 || err != nil {
			t.Fatalf("forgot %d, %v", n, err)
		}
		bucket := l.keys.gone("OLD")
		before := rdb.TTL(ctx, bucket).Val()
		rdb.Rename(ctx, bucket, l.keys.gone("NEW")) // the same bucket
		ended(t, rdb, "NEW")
		l.Memory = time.Hour
		if n, err := l.Purge(ctx, time.Now().Add(time.Hour), 10); n != 1 || err != nil {
			t.Fatalf("forgot %d, %v", n, err)
		}
		if after := rdb.TTL(ctx, l.keys.gone("NEW")).Val(); before-after > time.Minute {
			t.Errorf("the bucket is kept for %s, before for %s", after, before)
		}

		rdb.FlushAll(ctx)
		other := ended(t, rdb, "AGAIN")
		if _, err := other.fingerprintKey(ctx); err != nil {
			t.Fatal(err)
		}
		for range 2 { // l has a key that the store has not
			if _, err := l.Purge(ctx, time.Now().Add(time.Hour), 10); err != nil {
				t.Fatal(err)
			}
		}
		for _, program := range []*Redis{l, other, NewRedis(rdb)} {
			if c := program.CreateMany(ctx, []payout.Payout{ten("AGAIN")}, "", time.Now())[0]; c.New || c.Err != nil || !c.Forgotten {
				t.Errorf("the same again: %+v", c)
			}
		}
	})
}

// A key of another type under one payout stops nobody else.
func TestOddKeysStopNobodyElse(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		l := ended(t, rdb, "A", "BAD", "BUCKET", "Z")
		rdb.Del(ctx, l.keys.tx("BAD"))
		rdb.RPush(ctx, l.keys.tx("BAD"), "x")
		rdb.Set(ctx, l.keys.gone("BUCKET"), "x", 0)
		for n, tries := 0, 0; n < 2; tries++ {
			some, err := l.Purge(ctx, time.Now().Add(time.Hour), 10)
			if n += some; err != nil || tries > 3 {
				t.Fatalf("forgot %d, %v", n, err)
			}
		}
		if _, err := l.Get(ctx, "BAD"); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%v", err)
		}
	})
}
