package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/redistest"
)

// What a real server says of itself is told; of one that is away, nothing.
func TestRedis(t *testing.T) {
	t.Parallel()
	const head = `
# HELP salur_redis_setting_ok 1 if Redis is set so that it keeps what it was given, 0 if not, by setting; absent when it does not tell.
# TYPE salur_redis_setting_ok gauge
`
	for name, tt := range map[string]struct {
		options []string
		want    string
	}{
		"Good": {[]string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"}, `
salur_redis_setting_ok{setting="aof_write"} 1
salur_redis_setting_ok{setting="appendfsync"} 1
salur_redis_setting_ok{setting="appendonly"} 1
salur_redis_setting_ok{setting="maxmemory_policy"} 1
salur_redis_setting_ok{setting="version"} 1
`},
		"Bad": {[]string{"--appendonly", "no", "--appendfsync", "everysec", "--maxmemory-policy", "allkeys-lru"}, `
salur_redis_setting_ok{setting="appendfsync"} 0
salur_redis_setting_ok{setting="appendonly"} 0
salur_redis_setting_ok{setting="maxmemory_policy"} 0
salur_redis_setting_ok{setting="version"} 1
`},
		"ConfigForbidden": {[]string{"--appendonly", "yes", "--maxmemory-policy", "noeviction", "--rename-command", "CONFIG", ""}, `
salur_redis_setting_ok{setting="aof_write"} 1
salur_redis_setting_ok{setting="appendonly"} 1
salur_redis_setting_ok{setting="maxmemory_policy"} 1
salur_redis_setting_ok{setting="version"} 1
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, append(tt.options, "--maxmemory", "64mb")...)
			c := metrics.NewRedis(server.Client())
			if err := testutil.CollectAndCompare(c, strings.NewReader(head+tt.want[1:]), "salur_redis_setting_ok"); err != nil {
				t.Error(err)
			}
			const limit = "# HELP salur_redis_memory_limit_bytes Redis's maxmemory, or its machine's memory where none is set, in bytes. New payouts are refused past nine tenths.\n" +
				"# TYPE salur_redis_memory_limit_bytes gauge\nsalur_redis_memory_limit_bytes 6.7108864e+07\n"
			if err := testutil.CollectAndCompare(c, strings.NewReader(limit), "salur_redis_memory_limit_bytes"); err != nil {
				t.Error(err)
			}
			if n := testutil.CollectAndCount(c, "salur_redis_memory_used_bytes"); n != 1 {
				t.Errorf("%d figures of the memory used", n)
			}
			server.Kill()
			if n := testutil.CollectAndCount(c); n != 0 {
				t.Errorf("%d figures of a Redis that is away", n)
			}
		})
	}
}

// What waits in queues of other names is one figure, whatever they are called.
func TestOtherQueues(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	for _, queue := range []string{"topups", "628123450001"} {
		for range 2 {
			if _, err := asynq.NewClientFromRedisClient(rdb).Enqueue(asynq.NewTask("topup:send", nil), asynq.Queue(queue)); err != nil {
				t.Fatal(err)
			}
		}
	}
	books := metrics.NewBooks(ledger.NewRedis(rdb), rdb, time.Now, zap.NewNop())
	const want = `
# HELP salur_queue_tasks Tasks in a queue, by asynq's state. Archived must be 0.
# TYPE salur_queue_tasks gauge
salur_queue_tasks{queue="other",state="active"} 0
salur_queue_tasks{queue="other",state="archived"} 0
salur_queue_tasks{queue="other",state="completed"} 0
salur_queue_tasks{queue="other",state="pending"} 4
salur_queue_tasks{queue="other",state="retry"} 0
salur_queue_tasks{queue="other",state="scheduled"} 0
`
	if err := testutil.CollectAndCompare(books, strings.NewReader(want), "salur_queue_tasks"); err != nil {
		t.Error(err)
	}
}
