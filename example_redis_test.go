package salur_test

import (
	"context"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
)

// redisWithoutWorkers is an embedded Redis for the examples; it is gone with the test's process.
func redisWithoutWorkers() *redis.Client {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		panic(err)
	}
	return redis.NewClient(&redis.Options{Addr: server.Addr(), DialerRetries: 1})
}

// redisWithWorkers is one on which every payout is paid at once, until the connection is closed.
func redisWithWorkers() *redis.Client {
	rdb := redisWithoutWorkers()
	go func() {
		l, last := ledger.NewRedis(rdb), "0"
		for {
			events, err := l.Events(context.Background(), last, 10, 100*time.Millisecond)
			if err != nil {
				return
			}
			for _, e := range events {
				if last = e.ID; e.From == "" {
					pay(l, e.Ref)
				}
			}
		}
	}()
	return rdb
}

func pay(l *ledger.Redis, ref string) {
	now := time.Now()
	for _, ev := range []func(r ledger.Record) statemachine.Event{
		func(ledger.Record) statemachine.Event {
			return statemachine.Take(statemachine.Attempt{ExternalID: "ext-1", StartedAt: now, Deadline: now.Add(time.Minute)})
		},
		func(r ledger.Record) statemachine.Event {
			return statemachine.SendResult(r.Tx.Open, statemachine.Outcome{
				Kind: statemachine.Succeeded, ReferenceNo: "2026112100001", EchoRef: ref, EchoAmount: r.Payout.Amount,
			}, now)
		},
	} {
		_, _, err := ledger.Update(context.Background(), l, statemachine.DefaultPolicy(), ref, "", func(r ledger.Record) (statemachine.Event, bool) { return ev(r), true })
		if err != nil {
			return
		}
	}
}

// enqueueSoon hands a payout over once somebody has subscribed.
func enqueueSoon(c *salur.Client, rdb *redis.Client, ref string) {
	for rdb.XInfoGroups(context.Background(), "salur:{topup}:events").Err() != nil {
		time.Sleep(time.Millisecond)
	}
	_, _ = c.Enqueue(context.Background(), salur.Payout{Ref: ref, Customer: "62811742234", Amount: salur.Rupiah(10_000)})
}
