package tasks

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
)

// storeEvery is how often a worker looks whether the store is still the one that it began with.
const storeEvery = time.Second

// openAfter is how long a store that nobody knew stays closed after its first worker has come: if it is the place of one that was emptied, those
// who knew that one look meanwhile.
const openAfter = 2 * storeEvery

// StoreWatch makes sure that a worker works on its own payouts (of its environment and partner), in a store that has forgotten
// nothing, by a clock that agrees with the store's. It is for promises 1, 3 and 4: deduplication by DANA, the record of attempts and
// deadlines are worth nothing without that.
type StoreWatch struct {
	Ledger   *ledger.Redis
	Gate     *gate.Gate
	Identity ledger.Identity
	Now      func() time.Time
	Log      *zap.Logger
	Metrics  *metrics.Metrics

	begun atomic.Bool // sending was opened in the store
}

// ClockError is a clock that is further than ledger.MostOff from the store's.
type ClockError struct{ Ahead time.Duration }

// Error says how far and what to do.
func (e *ClockError) Error() string {
	which := "ahead of"
	if e.Ahead < 0 {
		which = "behind"
	}
	return fmt.Sprintf("this machine's clock is %s %s that of Redis: set it (chrony, systemd-timesyncd); %s are allowed",
		e.Ahead.Abs().Round(time.Second), which, ledger.MostOff)
}

// Start makes the store this worker's own. A store that takes no writes now is no error: nothing is done before it was stamped
// (Fit), and Run goes on.
//
// Errors: *ledger.OtherStoreError, *ClockError. The worker must not start.
func (w *StoreWatch) Start(ctx context.Context) error {
	err := w.look(ctx)
	switch {
	case errors.As(err, new(*ledger.OtherStoreError)):
		return err
	case err != nil:
		w.Log.Error("Redis could not be marked as this worker's; it does nothing before that", zap.Error(err))
		return nil
	case !w.begun.Load():
		select {
		case <-time.After(openAfter):
		case <-ctx.Done():
			return nil
		}
		return w.Start(ctx)
	}
	return w.Fit()
}

// Run looks at the store until ctx ends, or the store has become another's: then the worker must end. What keeps
// the worker from working is logged once.
func (w *StoreWatch) Run(ctx context.Context) error {
	tick := time.NewTicker(storeEvery)
	defer tick.Stop()
	idle := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := w.look(ctx)
		if errors.As(err, new(*ledger.OtherStoreError)) {
			return err
		}
		if err == nil {
			err = w.Fit()
		}
		if was := idle; was != (err != nil) && ctx.Err() == nil {
			if idle = !was; idle {
				w.Log.Error("this worker does nothing for now", zap.Error(err))
			} else {
				w.Log.Info("this worker works again")
			}
		}
	}
}

// look looks at the store once. A loss holds all sending, and only then may attempts be made in what is there now.
func (w *StoreWatch) look(ctx context.Context) error {
	var st ledger.Stamped
	var lost bool
	var err error
	if w.Ledger.Epoch() == "" {
		st, err = w.Ledger.Stamp(ctx, w.Identity)
	} else {
		st, lost, err = w.Ledger.CheckStore(ctx)
	}
	if err != nil {
		return err
	}
	w.Metrics.ClockOffset(w.Ledger.Off(w.Now()))
	if lost {
		w.Metrics.StoreLost()
		w.Log.Error("REDIS HAS LOST PAYOUTS: all sending is held, and no refusal is believed before DANA was asked; see docs/runbooks/SalurStoreLost.md",
			zap.String("found", st.Loss.Reason))
	}
	if st.Loss != nil && !st.Held {
		if _, err := w.Gate.Hold(ctx, gate.Hold{Cause: gate.StoreLost, Reason: "Redis has lost payouts or attempts: " + st.Loss.Reason}); err != nil {
			return err
		}
		if err := w.Ledger.Held(ctx); err != nil {
			return err
		}
	}
	if !st.Begun {
		if st.Age < openAfter {
			return nil
		}
		if err := w.Gate.Begin(ctx); err != nil {
			return err
		}
		if err := w.Ledger.Begin(ctx); err != nil {
			return err
		}
	}
	w.begun.Store(true)
	return nil
}

// Fit says why this worker may do nothing at all; see gate.Config.
func (w *StoreWatch) Fit() error {
	if w.Ledger.Epoch() == "" {
		return errors.New("it is not written into Redis yet whose payouts it keeps")
	}
	if !w.begun.Load() {
		return errors.New("sending is not opened yet in a Redis that is new to Salur")
	}
	if ahead := w.Ledger.Off(w.Now()); ahead.Abs() > ledger.MostOff {
		return &ClockError{ahead}
	}
	return nil
}
