package metrics

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
)

// Redis reads when Prometheus asks how full Redis is, and whether its settings keep what it was
// given. What it does not tell (a service that forbids INFO or CONFIG) is left out, and so is
// everything while it is away: Books says so then. Take max() over workers for its memory, and
// min() for its settings.
type Redis struct {
	rdb       redis.UniversalClient
	forbidden atomic.Bool // CONFIG, to this user: asked once, or each scrape would be in Redis's ACL LOG

	used, limit, setting *prometheus.Desc
}

// NewRedis is a collector to register beside the process's own metrics.
func NewRedis(rdb redis.UniversalClient) *Redis {
	return &Redis{
		rdb:     rdb,
		used:    desc("salur_redis_memory_used_bytes", "Memory that counts against Redis's limit, in bytes; in a cluster of the fullest node."),
		limit:   desc("salur_redis_memory_limit_bytes", "Redis's maxmemory, or its machine's memory where none is set, in bytes. New payouts are refused past nine tenths."),
		setting: desc("salur_redis_setting_ok", "1 if Redis is set so that it keeps what it was given, 0 if not, by setting; absent when it does not tell."),
	}
}

// Describe implements prometheus.Collector.
func (r *Redis) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{r.used, r.limit, r.setting} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (r *Redis) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if room, err := ledger.NewRedis(r.rdb).Room(ctx); err == nil && room.Limit > 0 {
		gauge(r.used, float64(room.Used))
		gauge(r.limit, float64(room.Limit))
	}
	for name, ok := range r.settings(ctx) {
		v := 0.0
		if ok {
			v = 1
		}
		gauge(r.setting, v, bounded("salur_redis_setting_ok", name)...)
	}
}

// settings are those that Redis tells of, each good if it is on every node.
func (r *Redis) settings(ctx context.Context) map[string]bool {
	var mu sync.Mutex
	all := map[string]bool{}
	look := func(ctx context.Context, node *redis.Client) error {
		text, _ := node.Info(ctx, "server", "persistence", "memory").Result()
		var config map[string]string
		if !r.forbidden.Load() {
			var err error
			config, err = node.ConfigGet(ctx, "appendfsync").Result() // managed services do not have it: not known
			if redis.HasErrorPrefix(err, "NOPERM") {
				r.forbidden.Store(true)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for name, ok := range settingsOf(ledger.Info(text), config["appendfsync"]) {
			before, known := all[name]
			all[name] = ok && (before || !known)
		}
		return nil
	}
	switch rdb := r.rdb.(type) {
	case *redis.ClusterClient:
		_ = rdb.ForEachMaster(ctx, look) // a node that cannot be asked tells nothing
	case *redis.Client:
		_ = look(ctx, rdb)
	}
	return all
}

func settingsOf(info map[string]string, fsync string) map[string]bool {
	ok := map[string]bool{}
	is := func(name, value string, good bool) {
		if value != "" {
			ok[name] = good
		}
	}
	aof, write, policy, version := info["aof_enabled"], info["aof_last_write_status"], info["maxmemory_policy"], info["redis_version"]
	is("appendonly", aof, aof == "1")
	is("appendfsync", fsync, fsync == "always")
	if aof == "1" {
		is("aof_write", write, write == "ok")
	}
	is("maxmemory_policy", policy, policy == "noeviction")
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err == nil {
		is("version", version, major > 6 || major == 6 && minor >= 2)
	}
	return ok
}
