package tasks

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// What asynq v0.26.0 does under a fault, shown on a real Redis, and that the payout comes
// through it.

// asynq cannot write down that a task succeeded. Its own second try fails too, and a
// minute later it runs the task again.
func TestEdgeCompletionIsLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		id     string
		make   func(*testing.T, *bundle)
		script []string
		again  bool // asynq runs it again; else its retries are used up and it archives it
		ends   asynq.TaskState
	}{
		"ours, kept for a while": {
			"PAY-1:1", func(t *testing.T, b *bundle) { b.submit(t, "PAY-1", good) },
			[]string{"asynq:{topup}:lease", "asynq:{topup}:completed"}, true, asynq.TaskStateCompleted,
		},
		"another service's": {
			"other", func(t *testing.T, b *bundle) { b.foreign(t, "other", 25) },
			[]string{"asynq:{topup}:lease", "asynq:{topup}:processed"}, true, gone,
		},
		"another service's, without retries": {
			"other", func(t *testing.T, b *bundle) { b.foreign(t, "other", 0) },
			[]string{"asynq:{topup}:lease", "asynq:{topup}:processed"}, false, gone,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			tt.make(t, b)
			l := loseScript(tt.script...)
			w := b.worker(t, "w1")
			w.Redis = b.over(t, l, -1)
			stop := b.start(t, w)
			b.await(t, "PAY-1", sm.StateSucceeded)
			l.await(t)
			b.wantTask(t, tt.id, asynq.TaskStateActive)
			stop()
			b.wantTask(t, tt.id, asynq.TaskStateActive)
			before, _ := b.ledger.History(t.Context(), "PAY-1")

			b.expire(t, tt.id)
			b.start(t, b.worker(t, "w2"))
			if tt.again {
				b.recovered(t, tt.id)
			}
			b.awaitTask(t, tt.id, tt.ends)
			b.paidOnce(t, "PAY-1", 1)
			if after, _ := b.ledger.History(t.Context(), "PAY-1"); len(after) != len(before) {
				t.Errorf("the second run wrote history: %+v", after)
			}
		})
	}
}

// A worker is killed on what asynq counts as the last retry: asynq archives the task and
// calls nobody. Only the archive knows of the payout, or the ledger of an open attempt.
func TestEdgeKilledOnTheLastRetry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before   func(*testing.T, *bundle)
		attempts int
	}{
		"nothing on record": {func(t *testing.T, b *bundle) {
			if _, err := b.ledger.Get(t.Context(), "PAY-1"); !errors.Is(err, ledger.ErrNotFound) {
				t.Fatalf("the ledger knows of it: %v", err)
			}
		}, 1},
		"an attempt on record": {func(t *testing.T, b *bundle) {
			b.recordOnly(t, "PAY-1")
			now := time.Now()
			attempt := sm.Attempt{ExternalID: "1", Owner: "dead", StartedAt: now, Deadline: now.Add(2 * time.Second)}
			if _, _, err := ledger.Update(t.Context(), b.ledger, b.policy, "PAY-1", "", func(ledger.Record) (sm.Event, bool) {
				return sm.Take(attempt), true
			}); err != nil {
				t.Fatal(err)
			}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.foreign(t, "last", 0)
			b.die(t)
			tt.before(t, b)
			// The recoverer alone, without a sweeper that would empty the archive at once.
			s := b.serve(t, b.rdb, time.Second, func(context.Context, *asynq.Task) error { return errors.New("not to be run") })
			if info := b.awaitTask(t, "last", asynq.TaskStateArchived); info.LastErr != asynq.ErrLeaseExpired.Error() {
				t.Errorf("archived for %q", info.LastErr)
			}
			s.Shutdown()

			b.start(t, b.worker(t, "w2"))
			b.await(t, "PAY-1", sm.StateSucceeded)
			b.awaitTask(t, "last", gone)
			b.paidOnce(t, "PAY-1", tt.attempts)
		})
	}
}

// However often the worker of a task of ours is killed, asynq counts nothing and archives
// nothing.
func TestEdgeOurTaskSurvivesEveryKill(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.grace = time.Hour // by its own task, not by a spare of the sweeper's
	b.submit(t, "PAY-1", good)
	for range 3 {
		id := b.die(t)
		s := b.serve(t, b.rdb, time.Second, func(context.Context, *asynq.Task) error { return errors.New("not to be run") })
		b.awaitTask(t, id, asynq.TaskStateRetry)
		s.Shutdown()
		b.recovered(t, id)
	}
	b.start(t, b.worker(t, "w2"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	b.awaitTask(t, "PAY-1:1", asynq.TaskStateCompleted)
	b.paidOnce(t, "PAY-1", 1)
}

// Redis handed a task out and the answer was lost: it is active, and no worker has it.
// asynq looks after it when the lease is over and half a minute more; await gives up
// before that.
func TestEdgeDequeueAnswerIsLost(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"go-redis gives up": -1, "go-redis asks again": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.submit(t, "PAY-1", good)
			b.submit(t, "PAY-2", good)
			l := loseAnswer("asynq:{topup}:pending", "asynq:{topup}:paused", "asynq:{topup}:lease")
			w := b.worker(t, "w1")
			w.Redis = b.over(t, l, retries)
			stop := b.start(t, w)
			l.await(t)
			b.await(t, "PAY-2", sm.StateSucceeded)
			b.await(t, "PAY-1", sm.StateSucceeded)
			b.wantTask(t, "PAY-1:1", asynq.TaskStateActive) // by its spare, then
			b.awaitTask(t, "PAY-1:1 respin:1", asynq.TaskStateCompleted)
			stop()

			b.expire(t, "PAY-1:1") // its turn comes after all
			b.start(t, b.worker(t, "w2"))
			b.recovered(t, "PAY-1:1")
			b.awaitTask(t, "PAY-1:1", asynq.TaskStateCompleted)
			b.paidOnce(t, "PAY-1", 1)
			b.paidOnce(t, "PAY-2", 1)
		})
	}
}

// Redis has the task and the answer was lost: go-redis sends it again and hears that
// the id is taken, by the very task.
func TestEdgeEnqueueAnswerIsLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		retries int
		enqueue func(*testing.T, *bundle, *wakeup.Queue)
	}{
		"Submit":                       {3, submitOver},
		"Submit, and go-redis gave up": {-1, submitOver},
		"Wake": {3, func(t *testing.T, b *bundle, q *wakeup.Queue) {
			if err := q.Wake(t.Context(), b.recordOnly(t, "PAY-1")); err != nil {
				t.Errorf("an enqueued wake-up is an error: %v", err)
			}
		}},
		"plain asynq": {3, func(t *testing.T, b *bundle, q *wakeup.Queue) {
			b.recordOnly(t, "PAY-1")
			_, err := q.Client.Enqueue(b.task("PAY-1"), asynq.Queue(wakeup.QueueTopUp), asynq.TaskID("PAY-1:1"), asynq.Retention(time.Hour))
			if !errors.Is(err, asynq.ErrTaskIDConflict) {
				t.Errorf("%v: this edge of asynq is not what it was", err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.grace = time.Hour // by this task, not by one of the sweeper's
			l := loseAnswer("asynq:{topup}:t:PAY-1:1", "asynq:{topup}:pending")
			tt.enqueue(t, b, wakeup.New(b.over(t, l, tt.retries)))
			l.await(t)
			if info, err := b.queue.Inspector.GetQueueInfo(wakeup.QueueTopUp); err != nil || info.Size != 1 {
				t.Errorf("%+v, %v; want one task", info, err)
			}
			b.start(t, b.worker(t, "w1"))
			b.await(t, "PAY-1", sm.StateSucceeded)
			b.awaitTask(t, "PAY-1:1", asynq.TaskStateCompleted)
			b.paidOnce(t, "PAY-1", 1)
		})
	}
}

func submitOver(t *testing.T, b *bundle, q *wakeup.Queue) {
	p := b.payout(t, "PAY-1")
	if _, created, err := wakeup.Submit(t.Context(), b.ledger, q, p, time.Now()); err != nil || !created {
		t.Errorf("an accepted payout: created %t, %v", created, err)
	}
}

// The same for the wake-up of a retry, which asynq keeps in another place.
func TestEdgeScheduleAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.grace = time.Hour
	b.policy.RetryDelays = []time.Duration{2500 * time.Millisecond}
	b.preset(t, "PAY-1", "server_error", 1)
	b.submit(t, "PAY-1", good)
	l := loseAnswer("asynq:{topup}:scheduled")
	w := b.worker(t, "w1")
	w.Runner.Queue = wakeup.New(b.over(t, l, 3))
	b.start(t, w)
	l.await(t)
	if rec := b.await(t, "PAY-1", sm.StateSucceeded); rec.Tx.Attempts != 2 || b.credits(t, "PAY-1") != 1 {
		t.Errorf("%d attempts, %d credits", rec.Tx.Attempts, b.credits(t, "PAY-1"))
	}
	if n := b.logs.FilterMessageSnippet("wake-up").Len(); n != 0 {
		t.Errorf("%d complaints about a wake-up that was enqueued", n)
	}
}

// The only task of a payout came to an end that brought the payout nowhere.
func TestEdgeTaskIsGone(t *testing.T) {
	t.Parallel()
	const id = "PAY-1:1"
	const anything asynq.TaskState = -1
	ghost := func(t *testing.T, b *bundle) {
		if err := b.rdb.Del(t.Context(), "asynq:{topup}:t:"+id).Err(); err != nil {
			t.Fatal(err)
		}
		if err := b.rdb.LPos(t.Context(), "asynq:{topup}:pending", id, redis.LPosArgs{}).Err(); err != nil {
			t.Fatalf("%s is no ghost: %v", id, err)
		}
	}
	for name, tt := range map[string]struct {
		happens func(*testing.T, *bundle)
		left    asynq.TaskState // what is left of it when the payout is paid
	}{
		"archived by a person": {func(t *testing.T, b *bundle) {
			if err := b.queue.Inspector.ArchiveTask(wakeup.QueueTopUp, id); err != nil {
				t.Fatal(err)
			}
		}, asynq.TaskStateCompleted}, // run again
		"deleted by a person": {func(t *testing.T, b *bundle) {
			if err := b.queue.Inspector.DeleteTask(wakeup.QueueTopUp, id); err != nil {
				t.Fatal(err)
			}
		}, asynq.TaskStateCompleted}, // made again
		"executed by something else": {func(t *testing.T, b *bundle) {
			s := b.serve(t, b.rdb, time.Second, func(context.Context, *asynq.Task) error { return nil })
			b.awaitTask(t, id, asynq.TaskStateCompleted)
			s.Shutdown()
		}, asynq.TaskStateCompleted},
		// A worker takes the id, finds no task under it, and asynq blocks the id for ever.
		"a ghost that is taken": {ghost, asynq.TaskStateActive},
		// The id is in the queue twice then, and asynq's books on it depend on who is first.
		"a ghost that is made again": {func(t *testing.T, b *bundle) {
			ghost(t, b)
			w := b.worker(t, "w0")
			w.Runner.Now = func() time.Time { return time.Now().Add(time.Minute) }
			if err := w.Sweeper.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := b.rdb.LLen(t.Context(), "asynq:{topup}:pending").Val(); n != 2 {
				t.Fatalf("%d ids in the queue", n)
			}
		}, anything},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.submit(t, "PAY-1", good)
			tt.happens(t, b)
			b.start(t, b.worker(t, "w1"))
			b.await(t, "PAY-1", sm.StateSucceeded)
			if tt.left != anything {
				b.awaitTask(t, id, tt.left)
			}
			b.paidOnce(t, "PAY-1", 1)
		})
	}
}
