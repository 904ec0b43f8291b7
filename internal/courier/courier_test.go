package courier

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
	"github.com/salur-id/salur/internal/webhook"
)

// Every field, as docs/webhooks.md has it.
func TestBody(t *testing.T) {
	t.Parallel()
	e := ledger.Event{
		ID: "1763700000000-3", Ref: "PAY-1", Kind: "topup", From: "pending", To: "succeeded", Trigger: "inquiry_succeeded", Version: 5,
		At: time.Date(2026, 11, 21, 3, 14, 50, 123e6, time.UTC), Amount: money.Rupiah(10000), ReferenceNo: "2026112100001",
	}
	const want = `{"type":"payout.succeeded","timestamp":"2026-11-21T10:14:50.123+07:00","data":{"ref":"PAY-1","kind":"topup","state":"succeeded","previousState":"pending",` +
		`"event":"inquiry_succeeded","reason":"","amount":{"value":"10000.00","currency":"IDR"},"danaReferenceNo":"2026112100001","version":5,"at":"2026-11-21T10:14:50.123+07:00"}}`
	if got := string(body(e)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := messageID(e); got != "evt_1763700000000-3" {
		t.Error(got)
	}
}

// The receiver learns what DANA answered that was not this payout.
func TestBodySaysWhatDANAAnswered(t *testing.T) {
	t.Parallel()
	e := ledger.Event{ID: "1-0", Ref: "R", To: sm.StateReview, Answered: sm.Answered{Ref: "S", Amount: money.Rupiah(9999), Status: "00"}}
	want := `"answered":{"partnerReferenceNo":"S","amount":{"value":"9999.00","currency":"IDR"},"status":"00"}`
	if got := string(body(e)); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		tries      int
		failing    time.Duration // for how long
		retryAfter time.Duration
		spread     float64
		want       time.Duration
	}{
		{1, 0, 0, 0, 5 * time.Second},
		{1, 0, 0, 1, 6 * time.Second},
		{2, 0, 0, 0, 30 * time.Second},
		{9, 0, 0, 0, 10 * time.Hour},
		{10, 0, 0, 0.5, 11 * time.Hour},
		{1000, 0, 0, 0, 10 * time.Hour},
		{0, 0, 0, 0, 5 * time.Second},
		{1, 0, time.Minute, 0, time.Minute},
		{3, 0, time.Minute, 0, 2 * time.Minute},
		{1, 0, 5 * time.Hour, 0, time.Hour},
		{10, 71 * time.Hour, 0, 0, time.Hour},
	} {
		got := wait(ledger.Failure{Tries: tc.tries, Since: now.Add(-tc.failing)}, webhook.Result{RetryAfter: tc.retryAfter}, now, tc.spread)
		if got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
	for i := range 100 {
		if s := spread(); s < 0 || s >= 1 {
			t.Fatalf("%d: %f", i, s)
		}
	}
}

// A receiver that refuses for three days, by a clock that is moved from one attempt to the next. What
// is given up is kept, is in nobody's way, and arrives when it is sent again.
func TestThreeDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := time.Now()
	var clock atomic.Int64
	clock.Store(start.UnixNano())
	b.now = func() time.Time { return time.Unix(0, clock.Load()) }
	b.answers(func(post) int { return http.StatusGone })
	c := b.courier("w1")
	b.pay("A")
	if _, err := c.readOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	attempt := func() {
		t.Helper()
		c.door = newDoor(closedFor, func(string, string) {}) // its clock is the real one
		if err := c.deliver(t.Context(), "A"); err != nil {
			t.Fatal(err)
		}
	}
	var waits []time.Duration
	for !b.empty() {
		attempt()
		due, err := b.outbox.Overdue(t.Context(), b.now().Add(100*time.Hour), 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			break
		}
		waits = append(waits, due[0].At.Sub(b.now()))
		clock.Store(due[0].At.Add(-time.Millisecond).UnixNano())
		if d, _, err := b.outbox.Take(t.Context(), "A", "x", b.now(), b.now().Add(time.Hour)); err != nil || d.Event.ID != "" {
			t.Fatalf("it is due early: %+v, %v", d, err)
		}
		clock.Store(due[0].At.UnixNano())
	}
	for i, w := range waits {
		least := delays[min(i, len(delays)-1)]
		last := i == len(waits)-1
		if (w < least-time.Millisecond && !last) || w > least+least/5+time.Millisecond {
			t.Errorf("wait %d is %s, want %s and up to a fifth", i+1, w, least)
		}
	}
	if over := b.now().Sub(start); over < patience-time.Millisecond || over > patience+time.Second {
		t.Errorf("given up after %s", over)
	}
	attempts := len(b.arrived) - 1 // one at the outcome behind it
	all, _, err := b.outbox.Undelivered(t.Context(), 10)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if u := all[0]; u.Event.To != sm.StatePending || u.Tries != attempts || attempts < 14 || attempts > 18 || u.Error != "refused" || u.Status != 410 ||
		u.Since.Sub(start).Abs() > time.Second {
		t.Errorf("after %d attempts: %+v", attempts, u)
	}
	if u := all[1]; u.Event.To != sm.StateFailed || u.Tries != 1 {
		t.Errorf("the one behind it: %+v", u)
	}
	first := b.next()
	if first.id != "evt_"+all[0].Event.ID {
		t.Errorf("%s", first.id)
	}
	for range attempts - 1 {
		if p := b.next(); p.id != first.id || p.body != first.body {
			t.Errorf("another attempt is another message: %+v and %+v", p, first)
		}
	}
	b.next()

	b.answers(nil)
	if n, _, err := b.outbox.Resend(t.Context(), "A", b.now()); err != nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	attempt()
	if p := b.next(); p.id != first.id || p.body != first.body {
		t.Errorf("sent again as %+v", p)
	}
	if p := b.next(); p.String() != "A failed" || !b.empty() {
		t.Errorf("then %s", p)
	}
}

// Two workers, one payout after the other: all outcomes arrive once, in order, from now on.
func TestDelivers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(b.courier("w1"))
	stop := b.start(b.courier("w2"))
	b.pay(refs("A", 100)...)
	if posts := b.complete(); posts != 200 {
		t.Errorf("%d posts of 200 outcomes", posts)
	}
	b.await("the outbox to be empty", b.empty)
	stop()
	b.pay("B")
	if p, q := b.next(), b.next(); p.String() != "B pending" || q.String() != "B failed" {
		t.Errorf("%s, %s", p, q)
	}
	for _, personal := range []string{"62811742234", "Budi"} {
		for _, key := range b.rdb.Keys(t.Context(), "*outbox*").Val() {
			if strings.Contains(b.rdb.Dump(t.Context(), key).Val(), personal) {
				t.Errorf("%s is in %s", personal, key)
			}
		}
	}
}

// What happened before webhooks were first switched on is not told; what happens while they are
// switched off again is.
func TestSwitchedOnAndOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.pay("BEFORE")
	stop := b.start(b.courier("w1"))
	b.pay("A")
	if p, q := b.next(), b.next(); p.String() != "A pending" || q.String() != "A failed" {
		t.Errorf("%s, %s", p, q)
	}
	stop()
	b.pay("OFF")
	b.start(b.courier("w2"))
	if p, q := b.next(), b.next(); p.String() != "OFF pending" || q.String() != "OFF failed" {
		t.Errorf("%s, %s", p, q)
	}
}

// A failure keeps the outcomes behind it back, and no other payout's.
func TestOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var failed atomic.Int64
	b.answers(func(p post) int {
		if p.message.Data.Ref == "A" && p.message.Data.State == "pending" && failed.Add(1) == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	c := b.courier("w1")
	c.Grace = time.Minute // the retry has a wake-up of its own, and needs no sweeper
	b.pay("A", "B")
	b.start(c)
	var seen []string
	for range 5 {
		seen = append(seen, b.next().String())
	}
	var of []string
	for _, s := range seen {
		if strings.HasPrefix(s, "A") {
			of = append(of, s)
		}
	}
	if diff := cmp.Diff([]string{"A pending", "A pending", "A failed"}, of); diff != "" || seen[4] != "A failed" || seen[3] != "A pending" {
		t.Errorf("%v %s", seen, diff)
	}
}

// 1,000 payouts' outcomes behind a receiver that is away cost Redis next to nothing, and all arrive in
// order when it is back.
func TestReceiverAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var away atomic.Bool
	away.Store(true)
	var asked atomic.Int64
	b.answers(func(post) int {
		asked.Add(1)
		if away.Load() {
			return http.StatusBadGateway
		}
		return http.StatusOK
	})
	c := b.courier("w1")
	const pause = 6 * time.Second
	c.door = newDoor(pause, func(string, string) {})
	b.start(c)
	idle := b.commands()
	time.Sleep(3 * time.Second) // what is counted is what happens in a time
	idle = b.commands() - idle

	b.pay(refs("A", 1000)...)
	b.await("the outcomes to be taken from the stream", func() bool {
		backlog, err := b.outbox.Backlog(t.Context())
		return err == nil && backlog.Waiting == 1000
	})
	b.await("the door to be closed", func() bool { return asked.Load() >= failures })
	time.Sleep(time.Second)
	posts := asked.Load()
	behind := b.commands()
	time.Sleep(3 * time.Second)
	behind = b.commands() - behind
	if posts := asked.Load() - posts; posts > 1 {
		t.Errorf("%d posts behind a closed door", posts)
	}
	// The sweeper looks at those that wait in memory, four times at most, and at no others.
	if most := idle + 4*Concurrency*(1+wakeup.Respins)*2; behind > most {
		t.Errorf("%d commands in 3 s with 1,000 payouts behind a closed door, %d idle", behind, idle)
	}
	t.Logf("%d commands in 3 s behind the closed door, %d idle", behind, idle)
	away.Store(false)
	b.complete()
	b.await("the outbox to be empty", b.empty)
}

// One that is told to stop finishes and records its exchange; what waits goes to another.
func TestStop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	posted, release := make(chan struct{}, 10), make(chan struct{})
	var once sync.Once
	defer once.Do(func() { close(release) })
	b.answers(func(post) int {
		posted <- struct{}{}
		<-release
		return http.StatusOK
	})
	first := b.courier("w1")
	stop := b.start(first)
	b.pay("A")
	<-posted
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	<-first.stopping
	once.Do(func() { close(release) })
	<-stopped
	if p := b.next(); p.String() != "A pending" {
		t.Errorf("%s", p)
	}
	b.await("the exchange to be recorded", func() bool {
		d, _, err := b.outbox.Take(t.Context(), "A", "x", time.Now(), time.Now())
		return err == nil && d.Event.To == sm.StateFailed
	})
	if len(b.arrived) != 0 {
		t.Errorf("it went on: %s", <-b.arrived)
	}
	b.start(b.courier("w2"))
	if p := b.next(); p.String() != "A failed" {
		t.Errorf("%s", p)
	}
}

// Every task is lost, and every outcome arrives.
func TestLostWakeups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.courier("w1")
	b.pay(refs("A", 20)...)
	for range 2 {
		if _, err := c.readOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	keys := b.rdb.Keys(t.Context(), "asynq:{notify}:*").Val()
	if len(keys) < 20 {
		t.Fatalf("%d keys of tasks", len(keys))
	}
	b.rdb.Del(t.Context(), keys...)
	b.start(c)
	b.complete()
}

// A worker dies with an outcome in hand: another one delivers it when the lease is over, without
// any task.
func TestTakenByADeadWorker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.courier("w1")
	b.pay("A")
	if _, err := c.readOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if d, _, err := b.outbox.Take(t.Context(), "A", "dead", now, now.Add(2*time.Second)); err != nil || d.Event.ID == "" {
		t.Fatalf("%+v, %v", d, err)
	}
	b.start(c)
	if p, q := b.next(), b.next(); p.String() != "A pending" || q.String() != "A failed" || time.Since(now) < 2*time.Second-time.Millisecond {
		t.Errorf("%s, %s after %s", p, q, time.Since(now))
	}
}

// An archived task of a payout with outcomes is run again; nothing of ours is archived by itself.
func TestArchived(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.courier("w1")
	b.pay("A")
	if _, err := c.readOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	pending, err := c.queue.Inspector.ListPendingTasks(wakeup.QueueNotify)
	if err != nil || len(pending) != 1 {
		t.Fatalf("%v, %v", pending, err)
	}
	if err := c.queue.Inspector.ArchiveTask(wakeup.QueueNotify, pending[0].ID); err != nil {
		t.Fatal(err)
	}
	b.start(c)
	b.complete()
}

// A task that cannot be read is parked, said and counted, and delivers nothing.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.courier("w1")
	for _, payload := range []string{`{"v":2,"ref":"A"}`, `{"v":1}`, `hunter2`, `{"v":1,"ref":"A","amount":"1","customer":"62811742234"}`} {
		err := c.handle(t.Context(), asynq.NewTask(wakeup.TypeNotify, []byte(payload)))
		if err == nil || retryDelay(0, err, nil) != 10*time.Minute || strings.Contains(err.Error(), "62811742234") {
			t.Errorf("%s: %v", payload, err)
		}
	}
	if _, err := c.queue.Client.Enqueue(asynq.NewTask(wakeup.TypeNotify, []byte(`{"v":2,"ref":"A"}`)), asynq.Queue(wakeup.QueueNotify), asynq.MaxRetry(0)); err != nil {
		t.Fatal(err)
	}
	b.start(c)
	b.await("it to be said", func() bool { return b.logs.FilterMessageSnippet("parked").Len() > 0 })
	if err := c.handle(t.Context(), asynq.NewTask(wakeup.TypeNotify, wakeup.Encode("NONE"))); err != nil {
		t.Errorf("a payout without outcomes: %v", err)
	}
}

// Redis goes away after the post and before it is recorded: the outcome comes again, under the
// same id, and nothing is lost.
func TestRedisAwayAfterThePost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var once sync.Once
	b.answers(func(post) int {
		once.Do(b.server.Kill)
		return http.StatusOK
	})
	c := b.courier("w1")
	b.pay("A")
	b.start(c)
	p := b.next()
	b.server.Restart()
	if q := b.next(); p.String() != "A pending" || (q.id != p.id && q.String() != "A failed") {
		t.Errorf("%s, then %s", p, q)
	}
	b.await("the outbox to be empty", b.empty)
}

// asynq's context ends with a lease that is lost; an exchange under way does not.
func TestPostOutlivesTheTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.courier("w1")
	b.pay("A")
	if _, err := c.readOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.answers(func(post) int {
		cancel()
		return http.StatusOK
	})
	_ = c.deliver(ctx, "A")
	if p := b.next(); p.String() != "A pending" {
		t.Errorf("%s", p)
	}
	events, _ := b.ledger.Events(t.Context(), "0", 100, time.Millisecond)
	left, err := b.rdb.LRange(t.Context(), "salur:{topup}:outbox:to:A", 0, -1).Result()
	if err != nil || len(left) != 1 || !strings.HasPrefix(left[0], events[3].ID+" ") || !json.Valid([]byte(left[0][len(events[3].ID):])) {
		t.Errorf("%v, %v", left, err)
	}
}
