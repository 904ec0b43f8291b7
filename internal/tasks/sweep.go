package tasks

import (
	"context"
	"errors"
	"time"

	"github.com/hibiken/asynq"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tracing"
	"github.com/salur-id/salur/internal/wakeup"
)

const (
	sweepEvery = time.Second
	sweepLimit = 500
	// patience is how many graces at most pass between two looks at an overdue step, and after how
	// many a task that should wait for its turn is no longer believed to.
	patience = 8
	// archivePage is how many archived tasks are read at once.
	archivePage = 100
)

// Sweeper rebuilds every wake-up from the ledger alone. It looks once a second at what is
// overdue: an attempt whose deadline has passed (its worker died, froze or lost Redis) is
// booked as lost at once; a step that nothing came of gets a new wake-up. Every
// worker runs one; they need no lock, since an extra wake-up is harmless.
type Sweeper struct {
	*Runner
	// Grace is how long a step may be overdue before its wake-up counts as lost, and
	// Retention how long finished payouts are kept.
	Grace, Retention time.Duration

	audited ledger.AuditPlace
}

// Run sweeps until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	overdue, old := time.NewTicker(sweepEvery), time.NewTicker(s.Grace)
	defer overdue.Stop()
	defer old.Stop()
	failing := false
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-overdue.C:
			err = s.Sweep(ctx)
		case <-old.C:
			err = s.tidy(ctx)
		}
		if failed := err != nil && ctx.Err() == nil; failed != failing { // said once per outage
			if failing = failed; failed {
				s.Log.Error("the sweeper cannot work", zap.Error(err))
			} else {
				s.Log.Info("the sweeper works again")
			}
		}
	}
}

// Sweep is one look at everything that is overdue.
func (s *Sweeper) Sweep(ctx context.Context) error {
	if err := s.Gate.Fit(); err != nil {
		return err
	}
	now := s.Now()
	for _, step := range []statemachine.Step{statemachine.StepAnswer, statemachine.StepSend, statemachine.StepInquire} {
		for kind := range doors {
			if err := s.sweep(ctx, kind, step, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Sweeper) sweep(ctx context.Context, kind payout.Kind, step statemachine.Step, now time.Time) error {
	wakes, err := s.Ledger.Overdue(ctx, kind, step, now.Add(-s.wait(step)), sweepLimit)
	if err != nil || len(wakes) == 0 {
		return err
	}
	ahead := s.ahead(kind, step, now)
	for _, w := range wakes {
		if !w.At.Before(ahead) {
			break
		}
		err := s.look(ctx, w)
		if errors.Is(err, ledger.ErrUnreadable) { // put aside; it stops nobody else
			err = s.Ledger.Postpone(ctx, w, s.Now().Add(patience*s.Grace))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wait is how long after its time a step counts as overdue: a wake-up has the grace to
// arrive, an attempt's deadline has none.
func (s *Sweeper) wait(step statemachine.Step) time.Duration {
	if step == statemachine.StepAnswer {
		return 0
	}
	return s.Grace
}

// ahead is the time before which a step was due that has no task in front of it any more.
// Queues are in order of time, so what is due later waits in the backlog behind the head, and
// a backlog of any length in good order is not looked at. A wake-up lost from its midst is
// missed when its turn has passed.
func (s *Sweeper) ahead(kind payout.Kind, step statemachine.Step, now time.Time) time.Time {
	queue, _ := wakeup.Route(kind, step)
	if queue == "" {
		return now
	}
	head := s.Queue.Head(queue, now)
	if head.IsZero() {
		return now // not known: look at everything
	}
	return head.Add(-early)
}

// tidy takes up what stands only in archived tasks, and forgets what is past its retention.
func (s *Sweeper) tidy(ctx context.Context) error {
	if err := s.Gate.Fit(); err != nil {
		return err
	}
	for kind := range doors {
		queue, send := wakeup.Route(kind, statemachine.StepSend)
		if err := s.rescueArchived(ctx, queue, send); err != nil {
			return err
		}
	}
	if err := s.audit(ctx); err != nil {
		return err
	}
	now, err := s.Ledger.Now(ctx) // a worker whose clock is wrong must not forget what is not old
	if err != nil {
		return err
	}
	n, err := s.Ledger.Purge(ctx, now.Add(-s.Retention), sweepLimit)
	if n > 0 {
		s.Log.Info("forgot finished payouts past their retention", zap.Int("count", n))
	}
	return err
}

// audit mends what the indexes of open payouts have lost or have too much.
func (s *Sweeper) audit(ctx context.Context) error {
	at, mended, err := s.Ledger.Audit(ctx, s.audited)
	s.audited = at
	for _, ref := range mended.Payouts {
		s.Metrics.Find("lost_index")
		s.Log.Warn("a payout was missing from an index, or in a wrong one, and was put back", zap.String("ref", ref))
	}
	for _, ref := range mended.Orphans {
		s.orphaned(ref)
	}
	return err
}

// orphaned reports a payout that an index named and that is not on record: its record was lost, and how it ended is not known.
func (s *Sweeper) orphaned(ref string) {
	s.Metrics.Find("orphan")
	s.Log.Error("an index named a payout that is not on record; it was taken out of the index, see docs/runbooks/SalurSweeperFinds.md", zap.String("ref", ref))
}

func (s *Sweeper) look(ctx context.Context, w ledger.Wake) error {
	rec, err := s.Ledger.Get(ctx, w.Ref)
	if errors.Is(err, ledger.ErrNotFound) {
		found, err := s.Ledger.Orphan(ctx, w.Ref) // it must not stand in the way of others
		if found {                                // else it was purged this very moment
			s.orphaned(w.Ref)
		}
		return err
	}
	if err != nil {
		return err
	}
	now, tx := s.Now(), rec.Tx
	switch {
	case tx.Next == statemachine.StepAnswer:
		if now.Before(tx.Open.Deadline) {
			return nil
		}
		s.Metrics.Find("lost_attempt")
		return s.bookLost(ctx, rec.Payout)
	case rec.Altered() && tx.Next != statemachine.StepNone:
		return s.bookAltered(ctx, rec)
	case tx.Next == statemachine.StepSend && tx.Expired(now):
		return s.happen(ctx, rec.Payout, "expired", statemachine.Expire(now))
	case tx.Next == statemachine.StepSend && tx.State == statemachine.StateProcessing:
		// It may have waited behind a hold for so long that DANA must be asked first.
		if d := s.policy(rec.Payout.Kind).Decide(tx, statemachine.Age(now)); !d.Ignored {
			return s.happen(ctx, rec.Payout, "resend_window", statemachine.Age(now))
		}
	}
	late := now.Sub(tx.DueAt)
	lost, err := s.Queue.Rewake(ctx, rec, late > patience*s.Grace)
	if err != nil {
		return err
	}
	if lost {
		s.Metrics.Find("lost_wakeup")
		s.Log.Warn("a payout's wake-up was lost and made again", zap.String("ref", w.Ref), zap.String("step", string(tx.Next)),
			traceField(rec.Trace.In(ctx)))
	}
	// The longer it waits (at a closed gate, in a dead worker), the rarer the look.
	pause := min(max(late, s.Grace), patience*s.Grace)
	return s.Ledger.Postpone(ctx, w, now.Add(pause))
}

func (s *Sweeper) happen(ctx context.Context, p payout.Payout, what string, ev statemachine.Event) error {
	rec, d, err := ledger.Update(ctx, s.Ledger, s.policy(p.Kind), p.Ref, "", func(rec ledger.Record) (statemachine.Event, bool) {
		return ev, rec.Tx.Next != statemachine.StepAnswer
	})
	if err != nil || d.Ignored {
		return err
	}
	s.Metrics.Find(what)
	s.booked(ctx, rec, d, 0)
	return nil
}

// rescueArchived takes up payouts that stand only in archived tasks. Ours never get
// there; a task enqueued elsewhere with few retries does when its worker is killed, and
// asynq then forgets it after a while.
func (s *Sweeper) rescueArchived(ctx context.Context, queue, send string) error {
	var archived []*asynq.TaskInfo
	for page := 1; len(archived) == (page-1)*archivePage; page++ {
		some, err := s.Queue.Inspector.ListArchivedTasks(queue, asynq.PageSize(archivePage), asynq.Page(page))
		if errors.Is(err, asynq.ErrQueueNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		archived = append(archived, some...)
	}
	for _, t := range archived {
		if t.Type != send {
			continue // nobody asked for money to be sent by it
		}
		_, p, whole, err := wakeup.Decode(t.Type, t.Payload)
		if err != nil || !whole {
			continue // stays where a person finds it
		}
		var beyond *PayloadError
		if err := s.acceptable(ctx, t.Type, p); errors.As(err, &beyond) {
			continue // so does this one
		} else if err != nil {
			return err
		}
		_, created, err := wakeup.Submit(tracing.FromHeaders(t.Headers).In(ctx), s.Ledger, s.Queue, p, s.Now())
		if errors.Is(err, ledger.ErrConflict) {
			continue
		}
		if err != nil {
			return err
		}
		if created {
			s.Metrics.Find("archived_task")
			s.Log.Warn("a payout was taken up from an archived task", zap.String("ref", p.Ref))
		}
		// Recorded, so the task is no longer the only thing that knows of it.
		if err := s.Queue.Inspector.DeleteTask(queue, t.ID); err != nil && !errors.Is(err, asynq.ErrTaskNotFound) {
			return err
		}
	}
	return nil
}
