package wakeup_test

import (
	"testing"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/wakeup"
)

// Queues are counted on a Redis that does not allow MEMORY, to this user or at all, and other refusals stay.
func TestQueuesAreCountedWithoutMemory(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{"to this user": nil, "at all": {"--rename-command", "MEMORY", ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, options...)
			admin := server.Client()
			if _, err := asynq.NewClientFromRedisClient(admin).Enqueue(asynq.NewTask("x", nil), asynq.Queue("topup")); err != nil {
				t.Fatal(err)
			}
			if options == nil { // another program has sent the script already
				if _, err := asynq.NewInspectorFromRedisClient(admin).GetQueueInfo("topup"); err != nil {
					t.Fatal(err)
				}
			}
			if err := admin.Do(t.Context(), "ACL", "SETUSER", "few", "on", ">few", "allkeys", "+@all", "-memory").Err(); err != nil {
				t.Fatal(err)
			}
			rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "few", Password: "few"})
			defer rdb.Close()
			if _, err := asynq.NewInspectorFromRedisClient(rdb).GetQueueInfo("topup"); err == nil {
				t.Fatal("MEMORY is allowed")
			}
			wakeup.WithoutMemory(rdb)
			inspector := asynq.NewInspectorFromRedisClient(rdb)
			for range 3 {
				info, err := inspector.GetQueueInfo("topup")
				if err != nil || info.Pending != 1 || info.Size != 1 || info.MemoryUsage != 0 {
					t.Fatalf("%+v, %v", info, err)
				}
			}
			if err := admin.Do(t.Context(), "ACL", "SETUSER", "few", "-llen").Err(); err != nil {
				t.Fatal(err)
			}
			if _, err := inspector.GetQueueInfo("topup"); err == nil {
				t.Error("another refusal is hidden")
			}
		})
	}
}
