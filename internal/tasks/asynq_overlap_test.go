package tasks

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// A shutdown that takes too long: asynq gives the task back to the head of the queue while
// its handler still runs, and a second worker runs it at the same time. The handler is
// stuck where it hurts most.
func TestEdgeShutdownTimesOut(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		timeout time.Duration
		stuck   func(t *testing.T, b *bundle, arrived chan<- struct{}, goOn <-chan struct{})
		// answered is true if the first handler holds DANA's answer and the second has to
		// wait for it; else the second takes over and the first comes too late.
		answered bool
	}{
		"in its exchange": {20 * time.Second, func(t *testing.T, b *bundle, arrived chan<- struct{}, goOn <-chan struct{}) {
			var once sync.Once
			dana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				once.Do(func() {
					arrived <- struct{}{}
					<-goOn
				})
				b.dana.ServeHTTP(w, r)
			}))
			t.Cleanup(dana.Close)
			b.danaURL = dana.URL
		}, true},
		"between the record of its attempt and the send": {time.Second, func(t *testing.T, b *bundle, arrived chan<- struct{}, goOn <-chan struct{}) {
			b.ledgerHook(t, string(sm.Taken), func() {
				arrived <- struct{}{}
				<-goOn
			})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.grace = time.Hour // the second run is of the same task
			b.timeout = tt.timeout
			arrived, goOn, ended := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
			release := sync.OnceFunc(func() { close(goOn) })
			tt.stuck(t, b, arrived, goOn)
			t.Cleanup(release)
			b.submit(t, "PAY-1", good)

			w1 := b.worker(t, "w1")
			b.open(t, w1)
			s := b.serve(t, b.rdb, time.Millisecond, func(ctx context.Context, task *asynq.Task) error {
				err := w1.Runner.Send(ctx, task)
				ended <- err
				return err
			})
			<-arrived
			s.Shutdown()
			b.wantTask(t, "PAY-1:1", asynq.TaskStatePending)
			if open := b.get(t, "PAY-1").Tx.Open; open.Owner != "w1" || len(ended) > 0 {
				t.Fatalf("the handler is not stuck: %+v", open)
			}

			b.start(t, b.worker(t, "w2"))
			b.awaitTask(t, "PAY-1:1", asynq.TaskStateCompleted) // w2 ran it beside w1
			if rec := b.get(t, "PAY-1"); rec.Tx.Attempts != 1 || rec.Tx.Open.Owner != "w1" || b.sends("PAY-1") != 0 {
				t.Errorf("the second run did not leave the first its attempt: %+v", rec.Tx)
			}
			attempts := 1
			if !tt.answered {
				attempts = 2
				b.await(t, "PAY-1", sm.StateSucceeded) // by w2, after the deadline of w1's attempt
			}
			release()
			if err := <-ended; err != nil {
				t.Errorf("the first handler: %v", err)
			}
			b.await(t, "PAY-1", sm.StateSucceeded)
			b.paidOnce(t, "PAY-1", attempts)
		})
	}
}

// A panic in a handler is the one thing that asynq counts. It neither archives the task nor
// ends the worker, and the attempt that it left open is taken over.
func TestEdgePanic(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.timeout = 500 * time.Millisecond
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	w.Runner.DANA = nil // it panics with its attempt on record
	stop := b.start(t, w)
	if info := b.awaitTask(t, "PAY-1:1", asynq.TaskStateRetry); info.Retried != 1 {
		t.Errorf("a panic is counted %d times", info.Retried)
	}
	stop()
	b.start(t, b.worker(t, "w2"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	b.paidOnce(t, "PAY-1", 2)
}

// The inquiry's only task is gone before its time. asynq keeps it among the scheduled, and
// takes a ghost from there to the queue and out of it.
func TestEdgeInquiryTaskIsGone(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(b *bundle, id string) error{
		"archived": func(b *bundle, id string) error { return b.queue.Inspector.ArchiveTask(wakeup.QueueInquiry, id) },
		"deleted":  func(b *bundle, id string) error { return b.queue.Inspector.DeleteTask(wakeup.QueueInquiry, id) },
		"a ghost": func(b *bundle, id string) error {
			return b.rdb.Del(context.Background(), "asynq:{inquiry}:t:"+id).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.preset(t, "PAY-1", "in_progress", 1)
			b.policy.InquiryDelays = []time.Duration{2 * time.Second, 100 * time.Millisecond}
			b.submit(t, "PAY-1", good)
			b.start(t, b.worker(t, "w1"))
			rec := b.await(t, "PAY-1", sm.StatePending)
			// The wake-up comes right after the record.
			for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
				info, err := b.queue.Inspector.GetTaskInfo(wakeup.QueueInquiry, wakeup.StepID(rec, 0))
				if err == nil && info.State == asynq.TaskStateScheduled {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("%+v, %v; want a scheduled task", info, err)
				}
			}
			if err := happens(b, wakeup.StepID(rec, 0)); err != nil {
				t.Fatal(err)
			}
			b.await(t, "PAY-1", sm.StateSucceeded)
			b.paidOnce(t, "PAY-1", 1)
			if n := b.dana.State().Requests["topup-status"]; n != 2 {
				t.Errorf("DANA was asked %d times, want 2", n)
			}
		})
	}
}
