package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/redistest"
)

type readiness struct {
	Ready  bool
	Checks map[string]check
}

func (b *bundle) readyz() (int, readiness) {
	b.t.Helper()
	var r readiness
	a := b.call("GET", "/readyz", "", "Authorization", "")
	if err := json.Unmarshal([]byte(a.text), &r); err != nil {
		b.t.Fatal(err)
	}
	return a.status, r
}

// await polls what depends on another process.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// Nothing is accepted that a restart of Redis would lose, and it goes on by itself when it is mended.
func TestNotDurable(t *testing.T) {
	t.Parallel()
	b := over(t, redistest.Start(t))
	for _, body := range []string{pay("A-1"), array(pay("A-1"), pay("A-2"))} {
		a := b.post(body)
		if p := b.refused(a, notDurable); p.Detail != "appendonly is no; set appendonly yes" || a.header.Get("Retry-After") != "1" {
			t.Errorf("%+v %v", p, a.header)
		}
	}
	if status, r := b.readyz(); status != 503 || r.Ready || r.Checks["durable"].OK || !r.Checks["redis"].OK || !r.Checks["room"].OK {
		t.Errorf("%d %+v", status, r)
	}
	if b.onRecord() != 0 || b.call("GET", "/healthz", "").status != 200 || b.call("GET", "/v1/payouts", "").status != 200 {
		t.Error("something was accepted, or cannot be looked at")
	}
	if err := b.rdb.ConfigSet(t.Context(), "appendonly", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	await(t, "payouts to be accepted", func() bool { return b.post(pay("A-1")).status == 201 })
	if status, r := b.readyz(); status != 200 || !r.Ready || len(r.Checks) != 4 || !r.Checks["writes"].OK {
		t.Errorf("%d %+v", status, r)
	}
}

// Redis goes and comes back: nothing is claimed that is not so, and the same request made again tells.
func TestRedisKilled(t *testing.T) {
	t.Parallel()
	b := over(t, redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always"), withRate(0))
	accepted := map[string]int{}
	var mu sync.Mutex
	var load sync.WaitGroup
	stop := make(chan struct{})
	firsts := make(chan struct{}, 4)
	for n := range 4 {
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if i == 20 {
					firsts <- struct{}{}
				}
				ref := fmt.Sprintf("P-%d-%d", n, i)
				for { // as a client does: the same again until it is told
					a := b.post(pay(ref))
					if a.status == 503 {
						if p := a.problem(t); a.header.Get("Retry-After") == "" || p.Type != unavailable.uri() && p.Type != outcomeUnknown.uri() && p.Type != notDurable.uri() {
							t.Errorf("%v %+v", a.header, p)
						}
						time.Sleep(20 * time.Millisecond)
						continue
					}
					if a.status != 201 && a.status != 200 {
						t.Errorf("%d %s", a.status, a.text)
					}
					mu.Lock()
					accepted[ref]++
					mu.Unlock()
					break
				}
			}
		})
	}
	for range 4 {
		<-firsts
	}
	b.server.Kill()
	b.refused(b.call("GET", "/v1/payouts/P-0-0", ""), unavailable)
	b.refused(b.call("GET", "/v1/payouts", ""), unavailable)
	await(t, "the intake to notice", func() bool { return b.post(pay("X")).problem(t).Type == unavailable.uri() })
	b.refused(b.post(array(pay("X"))), unavailable)
	if status, r := b.readyz(); status != 503 || r.Checks["redis"].OK || len(r.Checks) != 1 {
		t.Errorf("%d %+v", status, r)
	}
	if b.call("GET", "/healthz", "").status != 200 {
		t.Error("a Redis that is away ends the process")
	}
	b.server.Restart()
	await(t, "payouts to be accepted", func() bool { return b.post(pay("X")).status < 300 })
	close(stop)
	load.Wait()
	accepted["X"]++
	if n := b.onRecord(); n != len(accepted) {
		t.Errorf("%d payouts on record, %d told", n, len(accepted))
	}
	t.Logf("%d payouts, each on record once", len(accepted))
}

func TestRateLimitWithoutRedis(t *testing.T) {
	t.Parallel()
	b := setup(t, withRate(5))
	b.server.Kill()
	if a := b.post(pay("A-1")); a.header.Get("Retry-After") != "1" || b.refused(a, unavailable).Detail == "" {
		t.Errorf("%v", a)
	}
}

// The intake stops before Redis itself refuses, so that those under way can go on; looking goes on, too.
func TestFull(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--maxmemory", "12mb", "--maxmemory-policy", "noeviction")
	b := over(t, server)
	n, stopped := 0, answer{}
	for ; n < 200 && stopped.status == 0; n++ {
		var some []string
		for i := range 100 {
			some = append(some, pay(fmt.Sprintf("F-%d-%d", n, i)))
		}
		if a := b.post(array(some...)); a.status != 201 {
			stopped = a
		}
	}
	if p := b.refused(stopped, full); stopped.header.Get("Retry-After") != "10" || n < 2 || p.Results != nil {
		t.Errorf("after %d hundreds: %v %s", n, stopped.header, stopped.text)
	}
	if on := b.onRecord(); on != 100*(n-1) {
		t.Errorf("%d on record after %d hundreds were accepted", on, n-1)
	}
	if err := b.rdb.Set(t.Context(), "still", "writable", 0).Err(); err != nil {
		t.Errorf("Redis itself refuses already: %v", err)
	}
	if a := b.call("GET", "/v1/payouts/F-0-0", ""); a.status != 200 {
		t.Errorf("%d", a.status)
	}
	if err := b.rdb.ConfigSet(t.Context(), "maxmemory", "100kb").Err(); err != nil {
		t.Fatal(err)
	}
	await(t, "readiness to tell", func() bool { status, r := b.readyz(); return status == 503 && !r.Checks["room"].OK })
	if p := b.refused(b.post(pay("one")), full); !strings.Contains(p.Detail, "maxmemory") {
		t.Error(p.Detail)
	}
}

// Redis is asked at most once a second, and once for all who ask meanwhile.
func TestRoomIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, fail := 0, false
		release := make(chan struct{})
		r := &roomNow{ask: func(context.Context) (salur.Room, error) {
			asked++
			<-release
			if fail {
				return salur.Room{}, errors.New("away")
			}
			return salur.Room{Payouts: int64(asked)}, nil
		}}
		var all sync.WaitGroup
		gone, leave := context.WithCancel(t.Context())
		for range 10 {
			all.Go(func() {
				if room, err := r.get(gone); err != nil || room.Payouts != 1 {
					t.Errorf("%+v, %v", room, err)
				}
			})
		}
		synctest.Wait()
		leave()
		close(release)
		all.Wait()
		time.Sleep(roomAge - time.Nanosecond)
		if room, _ := r.get(t.Context()); room.Payouts != 1 || asked != 1 {
			t.Errorf("asked %d times within a second", asked)
		}
		time.Sleep(time.Nanosecond)
		if room, _ := r.get(t.Context()); room.Payouts != 2 || asked != 2 {
			t.Errorf("asked %d times after a second", asked)
		}
		time.Sleep(roomAge)
		fail = true
		if _, err := r.get(t.Context()); err == nil {
			t.Error("no error")
		}
		fail = false
		if room, err := r.get(t.Context()); err != nil || room.Payouts != 4 {
			t.Errorf("an error is kept: %+v, %v", room, err)
		}
	})
}
