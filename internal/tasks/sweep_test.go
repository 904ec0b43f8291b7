package tasks

import (
	"fmt"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/redis/go-redis/v9"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
	"go.uber.org/zap"
)

// Every key of the queue is gone; the ledger alone brings all payouts to their end.
func TestSweeperRebuildsAnEmptyQueue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy.InquiryDelays = []time.Duration{100 * time.Millisecond}
	for i := range 20 {
		b.submit(t, fmt.Sprint("PAY-", i), good)
	}
	keys, err := b.rdb.Keys(t.Context(), "asynq:*").Result()
	if err != nil || len(keys) < 20 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if err := b.rdb.Del(t.Context(), keys...).Err(); err != nil {
		t.Fatal(err)
	}
	b.start(t, b.worker(t, "w1"))
	for i := range 20 {
		ref := fmt.Sprint("PAY-", i)
		b.await(t, ref, sm.StateSucceeded)
		if n := b.credits(t, ref); n != 1 {
			t.Errorf("%s: %d credits", ref, n)
		}
	}
}

func TestRewake(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	rec := b.submit(t, "PAY-1", good)
	rewake := func(want bool, why string) {
		t.Helper()
		made, err := b.queue.Rewake(ctx, rec, false)
		if err != nil || made != want {
			t.Errorf("%s: made %t, %v; want %t", why, made, err, want)
		}
	}
	rewake(false, "its task waits for its turn")
	if err := b.queue.Inspector.ArchiveTask(wakeup.QueueTopUp, "PAY-1:1"); err != nil {
		t.Fatal(err)
	}
	rewake(true, "its task is archived")
	rewake(false, "it runs again")
	if err := b.queue.Inspector.DeleteTask(wakeup.QueueTopUp, "PAY-1:1"); err != nil {
		t.Fatal(err)
	}
	rewake(true, "somebody deleted them")
	if err := b.rdb.Del(ctx, "asynq:queues").Err(); err != nil {
		t.Fatal(err)
	}
	if err := b.rdb.Del(ctx, "asynq:{topup}:t:PAY-1:1").Err(); err != nil {
		t.Fatal(err)
	}
	rewake(true, "Redis forgot the queue")

	// asynq's client lists a queue once, so the list stays without it: nobody can look at the task any more.
	rewake(false, "a task that may be waiting is in a queue that asynq's list lacks")
	if n := b.rdb.Exists(ctx, "asynq:{topup}:t:"+wakeup.StepID(rec, 1)).Val(); n != 1 {
		t.Error("that task may have run as well, and there is no spare beside it")
	}
}

// asynq's keys say that the task waits for its turn, and no queue has it. Nothing of asynq's
// own does that; an edit by hand, or a Redis that evicts keys, does.
func TestSweeperDoesNotBelieveForEver(t *testing.T) {
	t.Parallel()
	for _, queue := range []string{"pending", "scheduled"} {
		t.Run(queue, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.grace = 100 * time.Millisecond
			rec := b.submit(t, "PAY-1", good)
			if queue == "scheduled" {
				if err := b.queue.Inspector.DeleteTask(wakeup.QueueTopUp, "PAY-1:1"); err != nil {
					t.Fatal(err)
				}
				rec.Tx.DueAt = time.Now().Add(time.Minute)
				if err := b.queue.Wake(t.Context(), rec); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := b.rdb.Del(t.Context(), "asynq:{topup}:"+queue).Result(); err != nil || n != 1 {
				t.Fatalf("%d keys, %v", n, err)
			}
			b.start(t, b.worker(t, "w1"))
			b.await(t, "PAY-1", sm.StateSucceeded)
			if n := b.sends("PAY-1"); n != 1 {
				t.Errorf("%d sends", n)
			}
		})
	}
}

// Somebody archives the wake-up again and again; it comes back.
func TestRewakeOfWhatIsArchivedAgainAndAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rec := b.submit(t, "PAY-1", good)
	for range 2 * wakeup.Respins {
		if err := b.queue.Inspector.ArchiveTask(wakeup.QueueTopUp, "PAY-1:1"); err != nil {
			t.Fatal(err)
		}
		if lost, err := b.queue.Rewake(t.Context(), rec, false); err != nil || !lost {
			t.Fatalf("lost %t, %v", lost, err)
		}
	}
}

// A payout's only task is behind more archived rubbish than one page of it.
func TestRescueLooksAtTheWholeArchive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	client := asynq.NewClientFromRedisClient(b.rdb)
	archive := func(id, payload string) {
		t.Helper()
		if _, err := client.Enqueue(asynq.NewTask(wakeup.TypeTopUpSend, []byte(payload)), asynq.Queue(wakeup.QueueTopUp), asynq.TaskID(id)); err != nil {
			t.Fatal(err)
		}
		if err := b.queue.Inspector.ArchiveTask(wakeup.QueueTopUp, id); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2*archivePage + 1 {
		archive(fmt.Sprint("rubbish-", i), "{}")
	}
	archive("PAY-1", `{"v":1,"ref":"PAY-1","customer":"62811742234","amount":"10000"}`)
	if err := w.Sweeper.rescueArchived(t.Context(), wakeup.QueueTopUp, wakeup.TypeTopUpSend); err != nil {
		t.Fatal(err)
	}
	b.get(t, "PAY-1")
}

// A task that is being executed gets one spare beside it, in case its worker is dead, and
// that is no loss to report.
func TestRewakeOfAnActiveTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := gate.HoldByPerson(t.Context(), b.rdb, "audit", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	rec := b.submit(t, "PAY-1", good)
	b.grace = time.Hour // the worker's own sweeper keeps out of this
	w := b.worker(t, "w1")
	w.Concurrency = 1
	b.start(t, w)
	b.awaitActive(t)
	for range 3 {
		if lost, err := b.queue.Rewake(t.Context(), rec, false); err != nil || lost {
			t.Fatalf("lost %t, %v", lost, err)
		}
	}
	if info, err := b.queue.Inspector.GetQueueInfo(wakeup.QueueTopUp); err != nil || info.Size != 2 {
		t.Errorf("%d tasks, want the active one and one spare (%v)", info.Size, err)
	}
	if _, err := gate.Resume(t.Context(), b.rdb, "", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.await(t, "PAY-1", sm.StateSucceeded)
	if n := b.sends("PAY-1"); n != 1 {
		t.Errorf("%d sends", n)
	}
}

// What waits behind the head of the queue is not looked at; what the queue has passed is.
func TestSweeperLeavesABacklogAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.grace = 30 * time.Second // so that two minutes are not too long for HEAD's task to be believed
	w := b.worker(t, "w1")
	b.submit(t, "HEAD", good)
	now := time.Now()
	w.Runner.Now = func() time.Time { return now }
	p := b.get(t, "HEAD").Payout
	p.Ref = "LOST"
	lost, _, err := b.ledger.Create(t.Context(), p, now) // recorded, and its wake-up lost
	if err != nil {
		t.Fatal(err)
	}
	pending := func() int {
		info, err := b.queue.Inspector.GetQueueInfo(wakeup.QueueTopUp)
		if err != nil {
			t.Fatal(err)
		}
		return info.Pending
	}
	// The queue's own clock is Redis's and ours is ahead by the grace: move the head instead.
	for _, tt := range []struct {
		name string
		head time.Time
		want int
	}{
		{"behind the head", lost.CreatedAt.Add(-time.Minute), 1},
		{"passed by the queue", lost.CreatedAt.Add(time.Minute), 2},
	} {
		now = lost.CreatedAt.Add(2 * time.Minute)
		if err := b.rdb.HSet(t.Context(), "asynq:{topup}:t:HEAD:1", "pending_since", tt.head.UnixNano()-int64(time.Until(now))).Err(); err != nil {
			t.Fatal(err)
		}
		if err := w.Sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := pending(); got != tt.want {
			t.Errorf("%s: %d tasks, want %d", tt.name, got, tt.want)
		}
	}
}

// What has been pending for longer than the cut-off is not over: DANA is asked first.
func TestSweeperEndsWhatIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	now := time.Now()
	w.Runner.Now = func() time.Time { return now }

	p := b.submit(t, "OTHER", good).Payout
	p.Ref, p.NotAfter = "EXPIRED", now.Add(time.Minute).UTC()
	if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, now); err != nil {
		t.Fatal(err)
	}
	b.submit(t, "PENDING", good)
	for _, event := range []func(ledger.Record) sm.Event{
		func(ledger.Record) sm.Event {
			return sm.Take(sm.Attempt{StartedAt: now, Deadline: now.Add(time.Second)})
		},
		func(r ledger.Record) sm.Event { return sm.SendResult(r.Tx.Open, sm.Outcome{Kind: sm.InProgress}, now) },
	} {
		if _, _, err := ledger.Update(t.Context(), b.ledger, b.policy, "PENDING", "", func(r ledger.Record) (sm.Event, bool) { return event(r), true }); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(2 * time.Minute)
	if err := w.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]sm.State{"EXPIRED": sm.StateFailed, "PENDING": sm.StatePending, "OTHER": sm.StateQueued} {
		if got := b.get(t, ref).Tx.State; got != want {
			t.Errorf("%s is %s, want %s", ref, got, want)
		}
	}
}

// A payout that another service enqueued with few retries, and whose worker was killed,
// stands only in an archived task.
func TestArchivedTasksAreTakenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := asynq.NewClientFromRedisClient(b.rdb)
	for id, payload := range map[string]string{
		"whole": `{"v":1,"ref":"PAY-1","customer":"62811742234","amount":"10000"}`,
		"junk":  `junk`,
	} {
		if _, err := client.Enqueue(asynq.NewTask(wakeup.TypeTopUpSend, []byte(payload)), asynq.Queue(wakeup.QueueTopUp), asynq.TaskID(id)); err != nil {
			t.Fatal(err)
		}
		if err := b.queue.Inspector.ArchiveTask(wakeup.QueueTopUp, id); err != nil {
			t.Fatal(err)
		}
	}
	w := b.worker(t, "w1")
	b.start(t, w)
	b.await(t, "PAY-1", sm.StateSucceeded)
	archived, err := b.queue.Inspector.ListArchivedTasks(wakeup.QueueTopUp)
	if err != nil || len(archived) != 1 || archived[0].ID != "junk" {
		t.Errorf("archived are %v, %v; want the junk alone, where a person finds it", archived, err)
	}
}

// asynq loses the completion of a task that succeeded and runs it again; so may anybody.
func TestRunAgainAfterALostCompletion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	b.start(t, b.worker(t, "w1"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	before, _ := b.ledger.History(t.Context(), "PAY-1")
	client := asynq.NewClientFromRedisClient(b.rdb)
	for i := range 5 {
		if _, err := client.Enqueue(b.task("PAY-1"), asynq.Queue(wakeup.QueueTopUp), asynq.TaskID(fmt.Sprint("again", i))); err != nil {
			t.Fatal(err)
		}
	}
	b.submit(t, "PAY-2", good)
	b.await(t, "PAY-2", sm.StateSucceeded)
	after, _ := b.ledger.History(t.Context(), "PAY-1")
	if len(after) != len(before) || b.sends("PAY-1") != 1 {
		t.Errorf("%d history entries (were %d), %d sends", len(after), len(before), b.sends("PAY-1"))
	}
}

// A payout with a key of another type stops the recovery of nobody else.
func TestSweeperGoesOnPastAnOddKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	past := time.Now().Add(-time.Minute)
	for _, ref := range []string{"BAD", "GOOD"} {
		b.submit(t, ref, good)
		_, _, err := ledger.Update(t.Context(), b.ledger, b.policy, ref, "", func(ledger.Record) (sm.Event, bool) {
			return sm.Take(sm.Attempt{ExternalID: "x", Owner: "gone", StartedAt: past, Deadline: past}), true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.rdb.Del(t.Context(), "salur:{topup}:history:BAD")
	b.rdb.Set(t.Context(), "salur:{topup}:history:BAD", "x", 0)
	if err := w.Sweeper.Sweep(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
	if rec := b.get(t, "GOOD"); rec.Tx.Next != sm.StepSend || !rec.Tx.Unknown {
		t.Errorf("the lost attempt behind it was not booked: %+v", rec.Tx)
	}
}

// A payout whose record was lost is reported by its reference, once, and is in nobody's way.
func TestSweeperReportsALostRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	b.submit(t, "LOST", good)
	b.rdb.Del(t.Context(), "salur:{topup}:tx:LOST")
	b.rdb.ZAdd(t.Context(), "salur:{topup}:open:send", redis.Z{Score: 1, Member: "LOST"})
	for range 2 {
		if err := w.Sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if said := b.logs.FilterMessageSnippet("not on record").FilterField(zap.String("ref", "LOST")).Len(); said != 1 {
		t.Errorf("reported %d times", said)
	}
	if n := b.rdb.ZScore(t.Context(), "salur:{topup}:open:send", "LOST").Val(); n != 0 {
		t.Error("it is in the index still")
	}
}
