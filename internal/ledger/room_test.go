package ledger_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/redistest"
)

// The room is what is left of maxmemory below nine tenths, and of the machine's memory without one.
func TestRoom(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "noeviction")
	rdb := server.Client()
	l := ledger.NewRedis(rdb)
	empty, err := l.Room(t.Context())
	if err != nil || empty.Limit != 100<<20 || empty.Forgets != "" {
		t.Fatalf("%+v, %v", empty, err)
	}
	if most := int64(90 << 20 / 4096); empty.Payouts > most || empty.Payouts < most*9/10 {
		t.Errorf("an empty Redis of 100 MB has room for %d payouts, want a little less than %d", empty.Payouts, most)
	}
	for i := range 60 {
		if err := rdb.Set(t.Context(), "ballast"+strconv.Itoa(i), make([]byte, 1<<20), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := l.Room(t.Context()); err != nil || r.Payouts > empty.Payouts-60<<20/4096 || r.Payouts == 0 {
		t.Errorf("with 60 of 100 MB used: %+v, %v", r, err)
	}
	if err := rdb.ConfigSet(t.Context(), "maxmemory", "65mb").Err(); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Room(t.Context()); err != nil || r.Payouts != 0 {
		t.Errorf("with 60 of 65 MB used: %+v, %v", r, err)
	}
	if err := rdb.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Room(t.Context()); err != nil || r.Limit < 1<<28 || r.Payouts <= 0 {
		t.Errorf("without a maxmemory: %+v, %v", r, err)
	}
}

func TestRoomForgets(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	l := ledger.NewRedis(rdb)
	if r, err := l.Room(t.Context()); err != nil || r.Forgets != "appendonly is no; set appendonly yes" {
		t.Errorf("%+v, %v", r, err)
	}
	if err := rdb.ConfigSet(t.Context(), "appendonly", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Room(t.Context()); err != nil || r.Forgets != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// infoHook answers INFO in the place of Redis.
type infoHook struct {
	redis.Hook
	text string
	err  error
}

func (h infoHook) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h infoHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() != "info" {
			return next(ctx, cmd)
		}
		cmd.(*redis.StringCmd).SetVal(h.text)
		cmd.SetErr(h.err)
		return h.err
	}
}

func (h infoHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

// What Redis does not tell is not known, which is neither full nor empty; that it cannot be asked is an
// error.
func TestRoomUnknown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		hook infoHook
		want ledger.Room
		fail bool
	}{
		"INFO is forbidden":     {infoHook{err: reply("NOPERM this user has no permissions")}, ledger.Room{Payouts: -1}, false},
		"no answer":             {infoHook{err: context.DeadlineExceeded}, ledger.Room{}, true},
		"nothing of it is told": {infoHook{text: "# Server\r\n"}, ledger.Room{Payouts: -1}, false},
		"a full disk": {infoHook{text: "used_memory:100\r\nmaxmemory:1000000\r\naof_enabled:1\r\naof_last_write_status:err\r\n"},
			ledger.Room{Payouts: 219, Used: 100, Limit: 1000000, Forgets: "Redis could not write its append-only file; look at its disk"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
			defer rdb.Close()
			rdb.AddHook(tc.hook)
			got, err := ledger.NewRedis(rdb).Room(t.Context())
			if got != tc.want || (err != nil) != tc.fail {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
