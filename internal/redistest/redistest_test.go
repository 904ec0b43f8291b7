package redistest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A killed server is gone, and comes back on the same address with what its options kept.
func TestKillAndRestart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options []string
		kept    error
	}{
		"nothing is kept by default": {nil, redis.Nil},
		"appendonly keeps it":        {[]string{"--appendonly", "yes", "--appendfsync", "always"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s := redistest.Start(t, test.options...)
			rdb := s.Client()
			if err := rdb.Set(ctx, "k", "v", 0).Err(); err != nil {
				t.Fatal(err)
			}
			s.Kill()
			s.Kill() // harmless
			if err := rdb.Ping(ctx).Err(); err == nil {
				t.Fatal("a killed server answered")
			}
			s.Restart()
			if err := rdb.Get(ctx, "k").Err(); err != test.kept {
				t.Fatalf("after the restart: %v, want %v", err, test.kept)
			}
		})
	}
}

// Two servers of one test run do not know each other.
func TestEachIsEmpty(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		if n, err := rdb.DBSize(ctx).Result(); err != nil || n != 0 {
			t.Fatalf("%d keys, %v; want an empty Redis", n, err)
		}
		if err := rdb.Set(ctx, "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	})
}
