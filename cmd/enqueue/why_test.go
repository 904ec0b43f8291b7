package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/batch"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/redistest"
)

// What keeps payouts is said: nobody who pays, a hold and whose, DANA's silence; and what may not be looked at is said too.
func TestWhyPayoutsWait(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	queued, pending := batch.Standing{salur.Queued: {Payouts: 2}}, batch.Standing{salur.Pending: {Payouts: 1}}
	says := func(s batch.Standing, moved bool, want string) {
		t.Helper()
		if got := why(t.Context(), rdb, s, moved); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	says(queued, false, "no worker is running")
	says(queued, true, "no worker is running")
	seen := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	rdb.ZAdd(t.Context(), "asynq:servers", redis.Z{Score: float64(seen.Add(10 * time.Second).Unix()), Member: "asynq:servers:{x:1:2}"})
	says(pending, false, "no worker has been seen since 2026-11-28T16:00:00+07:00")
	rdb.Del(t.Context(), "asynq:servers")

	s := asynq.NewServerFromRedisClient(rdb, asynq.Config{Queues: map[string]int{"inquiry": 1}, LogLevel: asynq.FatalLevel})
	if err := s.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { return nil })); err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	redistest.Await(t, "the worker to be seen", func() bool { return why(t.Context(), rdb, queued, true) == "" })
	says(pending, false, "DANA has not told how 1 pending ended; it is asked again and again")
	says(queued, false, "workers run and sending is not held; is a breaker open? /readyz of a worker tells")
	if err := gate.HoldByPerson(t.Context(), rdb, "bank holiday", "sari", seen); err != nil {
		t.Fatal(err)
	}
	says(queued, true, "sending is held by sari since 2026-11-28T16:00:00+07:00: bank holiday")
	says(pending, true, "")

	rdb.Do(t.Context(), "ACL", "SETUSER", "blind", "on", ">p", "~salur:{topup}:*", "+@all")
	blind := redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "blind", Password: "p"})
	defer blind.Close()
	if got := why(t.Context(), blind, queued, false); got != "this Redis user may not look at workers and holds (docs/redis.md)" {
		t.Error(got)
	}
}

// until calls stop when what is written to it says so.
type until struct {
	says string
	stop func()
	text strings.Builder
}

func (u *until) Write(b []byte) (int, error) {
	if u.text.Write(b); strings.Contains(u.text.String(), u.says) {
		u.stop()
	}
	return len(b), nil
}

// --wait says it, also where nothing ever happens.
func TestBatchWaitSaysWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	errs := &until{says: "waiting: 3 still open; no worker is running\n", stop: stop}
	cli.Main(ctx, newCommand([]string{"REDIS_URL=" + b.url}), []string{"batch", "-", "--format", "csv", "--wait"}, strings.NewReader(goodCSV), io.Discard, errs)
	if got := errs.text.String(); !strings.Contains(got, errs.says+"enqueue: interrupted with 3 payouts still open") {
		t.Error(got)
	}
}
