package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/ledger"
)

// redisReached asks for a sign of life.
func redisReached(ctx context.Context, rdb redis.UniversalClient, url config.Secret) (bool, Finding) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var took []time.Duration
	for range 5 {
		begun := time.Now()
		if err := ledger.NewRedis(rdb).Ping(ctx); err != nil {
			return false, Finding{
				Check: "redis", Level: Problem, Found: config.RedisName(url) + " cannot be reached: " + err.Error(), Unreachable: true,
				Means: "nothing can be accepted and nothing is sent; what is on record waits",
				Do:    "start Redis, or mend REDIS_URL: address, user and password, TLS (rediss, ca_file)",
			}
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	f := fine("redis", fmt.Sprintf("%s answers in %s", config.RedisName(url), took[2].Round(10*time.Microsecond)))
	if took[2] > 10*time.Millisecond {
		f.Level, f.Means, f.Do = Warning, "each payout needs some twenty answers, so it takes long and few are paid per second", "run workers near Redis; look at its load"
	}
	return true, f
}

// Redis looks at how Redis is set up; in a cluster, at every master that answers.
func Redis(ctx context.Context, rdb redis.UniversalClient) []Finding {
	switch rdb := rdb.(type) {
	case *redis.ClusterClient:
		return cluster(ctx, rdb)
	case *redis.Client:
		return node(ctx, rdb, "", rdb.Options().Addr == "FailoverClient")
	}
	return nil
}

// node looks at one server. where is put before what is found.
func node(ctx context.Context, rdb *redis.Client, where string, sentinel bool) []Finding {
	text, err := rdb.Info(ctx).Result()
	if err != nil {
		return []Finding{{
			Check: "redis.info", Level: Warning, Found: where + "Redis does not tell its settings: " + err.Error(),
			Means: "it is not known whether it can lose payouts", Do: "let the user INFO, or see yourself to appendonly yes, appendfsync always and maxmemory-policy noeviction",
		}}
	}
	findings := Info(ledger.Info(text), sentinel)
	if ledger.Info(text)["aof_enabled"] == "1" {
		findings = append(findings, fsync(ctx, rdb))
	}
	for i := range findings {
		findings[i].Found = where + findings[i].Found
	}
	return findings
}

// Info judges an answer of INFO. What it does not tell is not judged.
func Info(info map[string]string, sentinel bool) []Finding {
	var findings []Finding
	check := func(name string, known, good bool, level Level, found, bad, means, do string) {
		switch {
		case known && good:
			findings = append(findings, fine(name, found))
		case known:
			findings = append(findings, Finding{Check: name, Level: level, Found: bad, Means: means, Do: do})
		}
	}
	v := info["redis_version"]
	check("redis.version", v != "", !older(v, 6, 2), Problem, "version "+v, "version "+v+" is older than 6.2",
		"the queue does not work", "run Redis 6.2 or newer")
	check("redis.appendonly", info["aof_enabled"] != "", info["aof_enabled"] == "1", Problem, "appendonly is yes", "appendonly is no",
		"a restart forgets every payout since the last snapshot", "set appendonly yes (and appendfsync always for no loss at all)")
	check("redis.appendonly.status", info["aof_enabled"] == "1" && info["aof_last_write_status"] != "", info["aof_last_write_status"] == "ok", Problem,
		"the append-only file is written", "the append-only file could not be written", "Redis refuses writes, or will lose payouts", "look at its disk")
	policy := info["maxmemory_policy"]
	check("redis.eviction", policy != "", policy == "noeviction", Problem, "maxmemory-policy is noeviction", "maxmemory-policy is "+policy,
		"a full Redis throws payouts away", "set maxmemory-policy noeviction")
	bgsave := info["rdb_last_bgsave_status"]
	check("redis.snapshot", bgsave != "", bgsave == "ok", Problem, "the last snapshot went well", "the last snapshot failed",
		"Redis refuses writes while stop-writes-on-bgsave-error is yes", "look at its disk and memory (vm.overcommit_memory=1), or switch snapshots off: save \"\"")
	if f, known := memory(info); known {
		findings = append(findings, f)
	}
	check("redis.role", info["role"] != "", info["role"] == "master", Problem, "it is a master", "it is a replica",
		"a replica cannot be written to", "name the master in REDIS_URL, or let Sentinel do it: redis-sentinel://")
	if sentinel && info["role"] == "master" {
		findings = append(findings, failover(info)...)
	}
	return findings
}

func memory(info map[string]string) (Finding, bool) {
	used, limit := number(info, "used_memory"), number(info, "maxmemory")
	of := "maxmemory"
	if limit == 0 {
		limit, of = number(info, "total_system_memory"), "the machine's memory, for maxmemory is not set"
	}
	if used == 0 || limit == 0 {
		return Finding{}, false
	}
	share := used * 100 / limit
	f := fine("redis.memory", fmt.Sprintf("%d%% full: %s (%s)", share, ledger.Share(used, limit), of))
	const do = "give it more memory, or keep finished payouts for a shorter time (SALUR_RETENTION)"
	switch {
	case share >= 90:
		f.Level, f.Means, f.Do = Problem, "no new payouts are accepted; those under way go on", do
	case share >= 75:
		f.Level, f.Means, f.Do = Warning, "from 90% on no new payouts are accepted", do
	}
	return f, true
}

// failover looks at what a replica that takes over would have.
func failover(info map[string]string) []Finding {
	replicas := number(info, "connected_slaves")
	f := fine("redis.replicas", fmt.Sprintf("%d connected", replicas))
	if replicas == 0 {
		f = Finding{
			Check: "redis.replicas", Level: Problem, Found: "no replica is connected",
			Means: "payouts go on with this server alone; if it is lost, so are they", Do: "start a replica",
		}
	}
	good, set := info["min_slaves_good_slaves"]
	m := fine("redis.min-replicas", "min-replicas-to-write is set; "+good+" replicas are near enough")
	if !set {
		m = Finding{
			Check: "redis.min-replicas", Level: Warning, Found: "min-replicas-to-write is not set",
			Means: "a master that is cut off from its replicas goes on accepting payouts, and loses them when it comes back",
			Do:    "with two replicas or more set min-replicas-to-write 1 and min-replicas-max-lag 10; with one, know that nothing is accepted or sent then while it is away",
		}
	}
	return []Finding{f, m}
}

// fsync asks for the one setting that INFO does not tell.
func fsync(ctx context.Context, rdb *redis.Client) Finding {
	said, err := rdb.ConfigGet(ctx, "appendfsync").Result()
	how := said["appendfsync"]
	switch {
	case err != nil || how == "":
		// A managed service, or a user with the rights it needs and no more.
		return fine("redis.appendfsync", "not told, for CONFIG is not allowed; see yourself that it is always (or everysec, if a second of payouts may be handed over again)")
	case how == "always":
		return fine("redis.appendfsync", "appendfsync is always")
	case how == "everysec":
		return Finding{
			Check: "redis.appendfsync", Level: Warning, Found: "appendfsync is everysec",
			Means: "a power cut loses about the last second of accepted payouts", Do: "set appendfsync always, or be ready to hand that second over again",
		}
	}
	return Finding{
		Check: "redis.appendfsync", Level: Problem, Found: "appendfsync is " + how,
		Means: "a power cut loses half a minute of accepted payouts, or more", Do: "set appendfsync always",
	}
}

func cluster(ctx context.Context, rdb *redis.ClusterClient) []Finding {
	var findings []Finding
	said, err := rdb.ClusterInfo(ctx).Result()
	info := ledger.Info(said)
	switch {
	case err != nil:
		findings = append(findings, Finding{
			Check: "redis.cluster", Level: Warning, Found: "a node does not tell the cluster's state: " + err.Error(),
			Means: "if it holds a queue or the ledger, that waits", Do: "look at CLUSTER NODES",
		})
	case info["cluster_state"] != "ok" || info["cluster_slots_ok"] != "16384":
		findings = append(findings, Finding{
			Check: "redis.cluster", Level: Problem, Found: fmt.Sprintf("its state is %s; %s of 16384 slots are served", info["cluster_state"], info["cluster_slots_ok"]),
			Means: "queues, ledger or holds on the other slots wait", Do: "bring the missing node back, or its replica",
		})
	default:
		findings = append(findings, fine("redis.cluster", "all slots are served by "+info["cluster_size"]+" masters"))
	}
	var mu sync.Mutex
	_ = rdb.ForEachMaster(ctx, func(ctx context.Context, n *redis.Client) error { // a node's silence is a finding
		found := node(ctx, n, n.Options().Addr+": ", false)
		mu.Lock()
		defer mu.Unlock()
		findings = append(findings, found...)
		return nil
	})
	return findings
}

// redisClock compares this machine's clock with that of Redis.
func redisClock(ctx context.Context, rdb redis.UniversalClient, now func() time.Time) Finding {
	before := now()
	there, err := rdb.Time(ctx).Result()
	after := now()
	if err != nil {
		return fine("clock.redis", "Redis does not tell the time: "+err.Error())
	}
	return skew("clock.redis", "Redis", before.Add(after.Sub(before)/2).Sub(there), after.Sub(before)/2)
}

// skew judges by how much this clock is ahead; it is known to within a margin.
func skew(check, whose string, ahead, margin time.Duration) Finding {
	ahead = ahead.Round(time.Millisecond)
	off := ahead.Abs() - margin
	f := fine(check, fmt.Sprintf("this clock and that of %s agree to within %s", whose, max(ahead.Abs(), margin).Round(time.Millisecond)))
	if off <= 2*time.Second {
		return f
	}
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	f.Found = fmt.Sprintf("this clock is %s %s that of %s", ahead.Abs(), word, whose)
	f.Level, f.Means, f.Do = Warning, "requests are signed with the time, and attempts of dead workers are taken over by it", "run NTP (chrony, systemd-timesyncd) on every machine"
	if off > 30*time.Second {
		f.Level = Problem
	}
	return f
}

func number(info map[string]string, name string) int64 {
	n, _ := strconv.ParseInt(info[name], 10, 64) // what is not told is 0
	return n
}

func older(version string, major, minor int) bool {
	a, rest, _ := strings.Cut(version, ".")
	b, _, _ := strings.Cut(rest, ".")
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	return err1 == nil && err2 == nil && (x < major || x == major && y < minor)
}
