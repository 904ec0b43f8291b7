package wakeup

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
)

func payouts(t *testing.T, n int) []payout.Payout {
	t.Helper()
	ps := make([]payout.Payout, n)
	for i := range ps {
		in := payout.Instruction{Ref: fmt.Sprintf("PAY-%02d", i), Customer: "62811742234", Amount: "1"}
		if i%5 == 4 {
			in.Kind, in.BankCode, in.Account = "bank", "014", "2460888509"
		}
		p, err := in.Parse()
		if err != nil {
			t.Fatal(err)
		}
		ps[i] = p
	}
	return ps
}

// Tasks that are enqueued together are the same as those that are enqueued one by one, to the byte, and
// in the same order.
func TestWakeManyIsWake(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		l, q := ledger.NewRedis(rdb), New(rdb)
		var recs []ledger.Record
		for _, c := range l.CreateMany(ctx, payouts(t, 20), "", time.Now().Add(-time.Minute)) {
			recs = append(recs, c.Record)
		}
		tasks := func() map[string][]string {
			found := map[string][]string{}
			for _, queue := range []string{QueueTopUp, QueueBank} {
				key := "asynq:{" + queue + "}:"
				ids := rdb.LRange(ctx, key+"pending", 0, -1).Val()
				slices.Reverse(ids) // they are taken from the right
				found[queue] = ids
				for _, id := range ids {
					task := rdb.HGetAll(ctx, key+"t:"+id).Val()
					delete(task, "pending_since") // by the clock
					found[id] = []string{fmt.Sprintf("%q", task)}
				}
			}
			found["queues"] = rdb.SMembers(ctx, "asynq:queues").Val()
			slices.Sort(found["queues"])
			return found
		}
		for _, rec := range recs {
			if err := q.Wake(ctx, rec); err != nil {
				t.Fatal(err)
			}
		}
		want := tasks()
		for _, key := range rdb.Keys(ctx, "asynq:*").Val() {
			rdb.Del(ctx, key)
		}
		New(rdb).WakeMany(ctx, recs)
		got := tasks()
		if len(want) != 20+3 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("together\n%v\none by one\n%v", got, want)
		}
		q.WakeMany(ctx, recs) // they are there: nothing happens
		if again := tasks(); fmt.Sprint(again) != fmt.Sprint(want) {
			t.Errorf("twice\n%v\nonce\n%v", again, want)
		}
	})
}

// A Redis that has forgotten asynq's script is taught it.
func TestWakeManyTeachesTheScript(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		q := New(rdb)
		if err := rdb.ScriptFlush(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		for _, c := range SubmitMany(ctx, ledger.NewRedis(rdb), q, payouts(t, 20), "", time.Now()) {
			if c.Err != nil || !c.New {
				t.Errorf("%s: new %t, %v", c.Record.Payout.Ref, c.New, c.Err)
			}
		}
		for queue, n := range map[string]int64{QueueTopUp: 16, QueueBank: 4} {
			if got := rdb.LLen(ctx, "asynq:{"+queue+"}:pending").Val(); got != n {
				t.Errorf("%d tasks in %s, want %d", got, queue, n)
			}
		}
	})
}

// trips counts the exchanges with Redis.
type trips struct{ n int }

func (c *trips) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.n++; return next(ctx, cmd) }
}

func (c *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.n++; return next(ctx, cmds) }
}

// Many payouts take two exchanges with Redis, and no more for more of them.
func TestSubmitManyTakesTwoExchanges(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l, q := ledger.NewRedis(rdb), New(rdb)
		ps := payouts(t, 400)
		SubmitMany(t.Context(), l, q, ps[:200], "", time.Now()) // Redis learns the scripts
		count := &trips{}
		rdb.AddHook(count)
		for _, c := range SubmitMany(t.Context(), l, q, ps[200:], "", time.Now()) {
			if c.Err != nil || !c.New {
				t.Fatalf("%s: new %t, %v", c.Record.Payout.Ref, c.New, c.Err)
			}
		}
		if count.n != 2 {
			t.Errorf("%d exchanges, want 2", count.n)
		}
	})
}
