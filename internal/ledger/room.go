package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

const (
	// roomFor is what one payout is expected to take in Redis over its life, in bytes: record,
	// history, indexes, events and wake-up. Measured: 2.9 kB for one that goes well.
	roomFor = 4096
	// fullAt is the share of its memory, in percent, up to which Redis takes new payouts. The rest
	// belongs to those that are under way.
	fullAt = 90
)

// Room is how much more Redis takes, as far as it tells.
type Room struct {
	// Payouts is about how many more fit; negative when it is not known.
	Payouts int64
	// Used and Limit are bytes. Limit is Redis's maxmemory or, where none is set, the memory of
	// its machine; 0 when it is not known.
	Used, Limit int64
	// Forgets says why a payout recorded now would not outlive a restart of Redis; empty when
	// nothing is known against it.
	Forgets string
}

// Room asks Redis for its room; in a cluster it is that of the node with the least.
//
// A Redis that does not answer INFO (a service that forbids it) leaves it unknown: payouts are
// accepted then, and a full Redis refuses them itself.
func (l *Redis) Room(ctx context.Context) (Room, error) {
	var mu sync.Mutex
	room := Room{Payouts: -1}
	look := func(ctx context.Context, node *redis.Client) error {
		text, err := node.Info(ctx, "memory", "persistence").Result()
		if isReply(err) {
			return nil
		}
		if err != nil {
			return err
		}
		r := roomOf(Info(text))
		mu.Lock()
		defer mu.Unlock()
		if room.Payouts < 0 || r.Payouts >= 0 && r.Payouts < room.Payouts {
			room.Payouts, room.Used, room.Limit = r.Payouts, r.Used, r.Limit
		}
		if r.Forgets != "" {
			room.Forgets = r.Forgets
		}
		return nil
	}
	var err error
	switch rdb := l.rdb.(type) {
	case *redis.ClusterClient:
		err = rdb.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			_ = look(ctx, node) // of a node that is away nothing is known; if it is the ledger's, recording fails
			return nil
		})
	case *redis.Client:
		err = look(ctx, rdb)
	}
	if err != nil {
		return Room{}, fmt.Errorf("ledger: ask Redis for its room: %w", err)
	}
	return room, nil
}

func roomOf(info map[string]string) Room {
	number := func(name string) int64 { n, _ := strconv.ParseInt(info[name], 10, 64); return n }
	r := Room{Payouts: -1, Used: number("used_memory") - number("mem_not_counted_for_evict"), Limit: number("maxmemory")}
	if r.Limit == 0 {
		r.Limit = number("total_system_memory")
	}
	if r.Limit > 0 {
		r.Payouts = max(0, (r.Limit/100*fullAt-r.Used)/roomFor)
	}
	switch {
	case info["aof_enabled"] == "0":
		r.Forgets = "appendonly is no; set appendonly yes"
	case info["aof_last_write_status"] != "" && info["aof_last_write_status"] != "ok":
		r.Forgets = "Redis could not write its append-only file; look at its disk"
	}
	return r
}

// Share is how many bytes of how many are used, for people: with a decimal where whole megabytes would say too little.
func Share(used, limit int64) string {
	const mb = 1 << 20
	if limit < 100*mb {
		return fmt.Sprintf("%.1f of %.1f MB", float64(used)/mb, float64(limit)/mb)
	}
	return fmt.Sprintf("%d of %d MB", used/mb, limit/mb)
}

// Info is an answer of Redis's INFO by names.
func Info(text string) map[string]string {
	values := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if k, v, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":"); ok {
			values[k] = v
		}
	}
	return values
}

// isReply reports whether an error is Redis's own answer, and not one on the way to it.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
