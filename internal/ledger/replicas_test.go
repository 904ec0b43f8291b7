package ledger

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/durable"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

// behind is a ledger that waits for replicas, as behind Sentinel.
func behind(s *redistest.Server) *Redis {
	l := NewRedis(s.Client())
	l.replicas.On = true
	return l
}

func pair(t *testing.T) (master, replica *redistest.Server) {
	t.Helper()
	master = redistest.Start(t, "--appendonly", "yes")
	replica = redistest.StartReplica(t, master, "--appendonly", "yes", "--appendfsync", "always")
	return master, replica
}

func ten(ref string) payout.Payout {
	return payout.Payout{Kind: payout.TopUp, Ref: ref, Customer: "62811742234", Amount: money.Rupiah(10000), Fee: money.Rupiah(0)}
}

// Go-redis's client for sentinels is known by its name for itself, and no other one is.
func TestWaitsBehindSentinelAlone(t *testing.T) {
	t.Parallel()
	for url, want := range map[config.Secret]bool{
		"redis://h:1": false, "redis-cluster://h:1": false, "redis-sentinel://h:1?master=m": true, "rediss-sentinel://h:1?master=m": true,
	} {
		rdb, err := config.NewRedis(url, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer rdb.Close()
		if got := NewRedis(rdb).replicas.On; got != want {
			t.Errorf("%s: %t", string(url), got)
		}
	}
}

// What no replica has is not called accepted, however often it is handed over, no attempt is sent
// on it and no outcome told. Without waiting it would be called accepted, and a failover would lose it.
func TestNothingRestsOnTheMasterAlone(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), time.Now()
	master, replica := pair(t)
	l := behind(master)
	rec, _, err := l.Create(ctx, ten("BEFORE"), now)
	if err != nil {
		t.Fatal(err)
	}
	d := statemachine.DefaultPolicy().Decide(rec.Tx, statemachine.Take(statemachine.Attempt{
		ExternalID: "ext-1", Owner: "w1", StartedAt: now, Deadline: now.Add(time.Minute),
	}))

	if _, err := NewRedis(replica.Client()).Get(ctx, "BEFORE"); err != nil { // who answers has synced its file
		t.Fatal(err)
	}
	replica.Freeze()
	for range 2 {
		if _, _, err := l.Create(ctx, ten("ONE"), now); !errors.Is(err, durable.ErrNotReplicated) {
			t.Errorf("create: %v", err)
		}
	}
	if _, err := l.Apply(ctx, rec, d, ""); !errors.Is(err, durable.ErrNotReplicated) {
		t.Errorf("write ahead: %v", err)
	}
	o := &Outbox{rdb: l.rdb, replicas: l.replicas, keys: l.keys}
	if _, err := o.Put(ctx, "0-0", nil, now); err != nil {
		t.Fatal(err)
	}
	l.rdb.ZAdd(ctx, l.keys.outboxDue(), redis.Z{Score: 1, Member: "BEFORE"})
	l.rdb.RPush(ctx, l.keys.outbox("BEFORE"), `1-0 {"ref":"BEFORE"}`)
	if _, _, err := o.Take(ctx, "BEFORE", "token", now, now.Add(time.Minute)); !errors.Is(err, durable.ErrNotReplicated) {
		t.Errorf("take an outcome: %v", err)
	}
	if _, _, err := NewRedis(master.Client()).Create(ctx, ten("CARELESS"), now); err != nil {
		t.Errorf("without waiting: %v", err)
	}
	replica.Kill() // with what it has read, and not what waits for it in the kernel
	master.Kill()
	replica.Restart()
	kept, err := NewRedis(replica.Client()).GetMany(ctx, []string{"BEFORE", "ONE", "CARELESS"})
	if err != nil || len(kept) != 1 || kept["BEFORE"].Payout.Ref == "" {
		t.Errorf("the replica has %v, %v", kept, err)
	}
}

// A write that was made before its answer was lost is made again on another connection; that
// one must not speak for a replica either.
func TestARepetitionWaitsToo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := pair(t)
	l := behind(master)
	replica.Freeze()
	if _, _, err := l.Create(ctx, ten("ONE"), time.Now()); !errors.Is(err, durable.ErrNotReplicated) {
		t.Fatal(err)
	}
	if _, created, err := behind(master).Create(ctx, ten("ONE"), time.Now()); !errors.Is(err, durable.ErrNotReplicated) {
		t.Errorf("on another connection: %t, %v", created, err)
	}
	replica.Thaw()
	redistest.Await(t, "the replica to follow", func() bool {
		_, created, err := behind(master).Create(ctx, ten("ONE"), time.Now())
		return err == nil && !created
	})
}

// A master without a replica goes on, and waits again once there is one.
func TestAMasterAloneGoesOn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := pair(t)
	l := behind(master)
	replica.Kill()
	redistest.Await(t, "the master to be alone", func() bool {
		text, err := l.rdb.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(text, "connected_slaves:0")
	})
	if _, created, err := l.Create(ctx, ten("ALONE"), time.Now()); err != nil || !created {
		t.Errorf("%t, %v", created, err)
	}
	replica.Restart()
	redistest.Await(t, "the replica to be back", func() bool {
		text, err := replica.Client().Info(ctx, "replication").Result()
		return err == nil && strings.Contains(text, "master_link_status:up")
	})
	replica.Freeze()
	redistest.Await(t, "the ledger to wait again", func() bool {
		_, _, err := l.Create(ctx, ten("ALONE"), time.Now())
		return errors.Is(err, durable.ErrNotReplicated)
	})
}

// BenchmarkWaiting is what waiting for a replica costs.
func BenchmarkWaiting(b *testing.B) {
	master := redistest.Start(b, "--appendonly", "yes", "--appendfsync", "always")
	redistest.StartReplica(b, master, "--appendonly", "yes")
	for name, on := range map[string]bool{"with": true, "without": false} {
		b.Run(name, func(b *testing.B) {
			l := behind(master)
			l.replicas.On = on
			for i := 0; b.Loop(); i++ {
				if _, _, err := l.Create(b.Context(), ten(time.Now().String()), time.Now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
