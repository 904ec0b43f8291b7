// Package durable makes writes to Redis outlive a failover behind Sentinel, where the master alone is not to be believed.
package durable

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redisfault"
)

// ErrNotReplicated is a write that the master has made and no replica acknowledged in time. It is
// not known whether it outlives a failover; the same call made again tells.
var ErrNotReplicated = errors.New("no replica of Redis has acknowledged the write")

const (
	// replicateWithin is how long a replica may take to acknowledge a write.
	replicateWithin = 500 * time.Millisecond
	// aloneFor is how long a master without replicas is believed to have none.
	aloneFor = time.Second
)

// Writes makes writes wait for a replica behind Sentinel, where a failover would undo those that
// only the master had. It is for the writes that something outside rests on: a payout that
// is called accepted, an attempt that is about to be sent, an outcome that is about to be told, what a person has decided.
//
// A master that has no replica is not waited for: then there is none that could take over with less,
// unless it was cut off from it. Whoever rather stops than runs on one server says so to Redis
// (min-replicas-to-write), which then refuses the write itself.
type Writes struct {
	On    bool // they wait; New sets it behind Sentinel
	rdb   redis.UniversalClient
	alone *atomic.Int64 // until when the master is believed to have no replica, in ms
}

// New is for writes over a connection that the caller owns.
func New(rdb redis.UniversalClient) Writes {
	c, ok := rdb.(*redis.Client)
	// go-redis's own name for a client that asks sentinels for its address.
	return Writes{rdb: rdb, On: ok && c.Options().Addr == "FailoverClient", alone: new(atomic.Int64)}
}

// pipelined is rdb.Pipelined for commands that write, with the replica's acknowledgement in the
// same exchange: WAIT speaks of what the master had written by its connection's last command, whoever
// wrote it, so that a script that finds its work done waits for it too. The commands' errors are in them;
// the error returned is of the waiting alone.
func (r Writes) pipelined(ctx context.Context, fn func(redis.Pipeliner)) error {
	var acked *redis.Cmd
	_, _ = r.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each answer has its own error
		fn(p)
		if r.On && time.Now().UnixMilli() >= r.alone.Load() {
			acked = p.Do(ctx, "WAIT", 1, replicateWithin.Milliseconds())
		}
		return nil
	})
	if acked == nil {
		return nil
	}
	n, err := acked.Int()
	if err != nil {
		return unsure("wait for a replica of Redis", err)
	}
	if n > 0 {
		return nil
	}
	role, err := r.rdb.Do(ctx, "ROLE").Slice()
	if err != nil {
		return unsure("ask Redis for its replicas", err)
	}
	if len(role) == 3 && role[0] == "master" {
		if online, ok := role[2].([]any); ok && len(online) == 0 {
			r.alone.Store(time.Now().Add(aloneFor).UnixMilli())
			return nil
		}
	}
	return ErrNotReplicated
}

// unsure is what went wrong after the write. It must not be taken for a refusal of the write itself, so that
// Redis's own error is not in its chain.
func unsure(what string, err error) error {
	return fmt.Errorf("%w: %s: %v", ErrNotReplicated, what, err)
}

// Run runs a script in such an exchange. A Redis that does not know the script gets it first.
func (r Writes) Run(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	c := &redisfault.Call{Keys: keys, Args: args}
	r.RunAll(ctx, script, []*redisfault.Call{c})
	return c.Cmd()
}

// RunAll runs a script once for each call, in one exchange.
func (r Writes) RunAll(ctx context.Context, script *redis.Script, calls []*redisfault.Call) {
	var unsafe error
	redisfault.EvalAll(ctx, r.rdb, func(ctx context.Context, fill func(redis.Pipeliner)) {
		if err := r.pipelined(ctx, fill); err != nil {
			unsafe = err
		}
	}, script, calls)
	for _, c := range calls {
		if unsafe != nil && c.Cmd().Err() == nil {
			c.Cmd().SetErr(unsafe)
		}
	}
}
