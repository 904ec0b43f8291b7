package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
)

// again is how long to wait before Redis is tried again.
const again = time.Second

// Follower is told how the payouts of a file fare.
type Follower struct {
	// Ended is called once for each payout that is over or in review.
	Ended func(salur.Transaction) error
	// Standing is called when something has changed.
	Standing func(Standing)
	// Still, which may be nil, is called while payouts are open, changed or not. That often it is looked, too, whether Redis still
	// has what it had. Every is how often; zero is ten seconds.
	Still func(context.Context, Standing)
	Every time.Duration
	// Away is called when Redis cannot be reached, and with nil when it is back.
	Away func(error)
}

// Standing is how many payouts are in each state.
type Standing map[salur.State]Sum

// Open is how many payouts are still under way.
func (s Standing) Open() (open int) {
	for state, sum := range s {
		if !ended(state) {
			open += sum.Payouts
		}
	}
	return open
}

// ended reports whether a state needs no more waiting.
func ended(s salur.State) bool { return s.Final() || s == salur.Review }

// Follow waits until every payout of the good rows is over or in review, and returns how they stand. It reads
// all of them once and then only those that the event stream names. The payouts do not depend on it: when it
// stops, whatever the reason, they go on. A Redis that is away is waited for.
func (p *Plan) Follow(ctx context.Context, f Follower) (Standing, error) {
	w := &watch{Plan: p, Follower: f, index: p.index(), standing: Standing{}}
	away := false
	for {
		err := w.round(ctx, func() {
			if away {
				away = false
				f.Away(nil)
			}
		})
		const hint = "they go on without this program, run the same file again to wait for them"
		switch {
		case err == nil:
			return w.standing, nil
		case ctx.Err() != nil:
			return w.standing, fmt.Errorf("interrupted with %d payouts still open; %s", w.standing.Open(), hint)
		case errors.As(err, new(*LostError)):
			return w.standing, cli.Fail(cli.NotFound, err)
		case !errors.Is(err, salur.ErrUnavailable):
			return w.standing, fmt.Errorf("stopped waiting with %d payouts still open; %s: %w", w.standing.Open(), hint, err)
		case !away:
			away = true
			f.Away(err)
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
		}
	}
}

// LostError is about payouts that were accepted and are on record no more.
type LostError struct {
	Lost  int    // payouts
	First string // its reference
	Open  int    // payouts that are on record and under way
}

// Error says what must not be done now.
func (e *LostError) Error() string {
	are := "payouts are"
	if e.Lost == 1 {
		are = "payout is"
	}
	return fmt.Sprintf("%d %s no longer on record (the first: ref %q), %d still open; Redis has lost what it had. "+
		"How they ended is not known: do not pay anybody under a new reference, go by \"Redis was lost\" in docs/operations.md", e.Lost, are, e.First, e.Open)
}

// Unwrap is salur.ErrNotFound.
func (*LostError) Unwrap() error { return salur.ErrNotFound }

// errMissing: a payout that was on record is not found, so that all are to be read once more.
var errMissing = errors.New("a payout is missing")

// watch is a Follow under way.
type watch struct {
	*Plan
	Follower
	index    []located
	standing Standing
}

// round reads all payouts, and follows the events from just before until none is open any more. It ends when
// all payouts had ended to begin with: what is told at the end was read, not concluded.
func (w *watch) round(ctx context.Context, reached func()) error {
	for {
		after, err := w.client.LastEvent(ctx)
		if err != nil {
			return err
		}
		reached()
		if err := w.readAll(ctx); err != nil {
			return err
		}
		w.Standing(w.standing)
		if w.standing.Open() == 0 {
			return nil
		}
		if err := w.events(ctx, after); err != nil && !errors.Is(err, errMissing) {
			return err
		}
	}
}

// followed reports whether a row's payout is waited for.
func followed(e *entry) bool { return e.verdict == Accepted || e.verdict == Known }

// readAll reads every payout of the file, in the order of its rows.
func (w *watch) readAll(ctx context.Context) error {
	w.standing = Standing{}
	var lost LostError
	refs, entries, payouts := make([]string, 0, atOnce), make([]*entry, 0, atOnce), make([]salur.Payout, 0, atOnce)
	look := func() error {
		found, err := w.client.GetMany(ctx, refs)
		if err != nil {
			return err
		}
		for i, ref := range refs {
			tx, ok := found[ref]
			if state := states[entries[i].state]; !ok && entries[i].verdict == Known && state.Final() { // over for longer than SALUR_RETENTION
				p := payouts[i]
				tx, ok = salur.Transaction{Ref: ref, Kind: p.Kind, State: state, Amount: p.Amount, Fee: p.Fee}, true
			}
			if !ok { // how it ended is not known, so it is counted as nothing
				if lost.Lost++; lost.Lost == 1 {
					lost.First = ref
				}
				continue
			}
			entries[i].state = number(tx.State)
			w.count(entries[i], 1)
			if err := w.tell(entries[i], tx); err != nil {
				return err
			}
		}
		refs, entries, payouts = refs[:0], entries[:0], payouts[:0]
		return nil
	}
	err := w.walk(ctx, func(_ int, r intake.Row, e *entry) error {
		if !followed(e) {
			return nil
		}
		refs, entries, payouts = append(refs, r.Payout.Ref), append(entries, e), append(payouts, r.Payout)
		if len(refs) < atOnce {
			return nil
		}
		return look()
	})
	if err == nil {
		err = look()
	}
	if err == nil && lost.Lost > 0 {
		lost.Open = w.standing.Open()
		err = &lost
	}
	return err
}

func (w *watch) count(e *entry, n int64) {
	sum := w.standing[states[e.state]]
	sum.add(e, n)
	w.standing[states[e.state]] = sum
}

func (w *watch) tell(e *entry, tx salur.Transaction) error {
	if e.told || !ended(tx.State) {
		return nil
	}
	e.told = true
	return w.Ended(tx)
}

// events reads again what the events after this one are about, until no payout is open.
func (w *watch) events(ctx context.Context, after string) error {
	ctx, stop := context.WithCancel(ctx)
	refs := make(chan string, atOnce)
	var unread error // of the goroutine, until refs is closed
	go func() {
		defer close(refs)
		for e, err := range w.client.Watch(ctx, after) {
			if err != nil {
				unread = err
				return
			}
			select {
			case refs <- e.Ref:
			case <-ctx.Done():
			}
		}
	}()
	defer func() {
		stop()
		for range refs { // until it has ended
		}
	}()
	still := time.NewTicker(cmp.Or(w.Every, 10*time.Second))
	defer still.Stop()
	for w.standing.Open() > 0 {
		some, more := gather(refs, still.C)
		switch {
		case !more:
			return unread
		case some == nil:
			if w.Still != nil {
				w.Still(ctx, w.standing)
			}
			if err := w.kept(ctx, after); err != nil {
				return err
			}
			continue
		}
		if err := w.reread(ctx, some); err != nil {
			return err
		}
		w.Standing(w.standing)
	}
	return nil
}

// kept is errMissing when the event stream has lost what it had: then no event will ever name the payouts that went with it.
func (w *watch) kept(ctx context.Context, after string) error {
	last, err := w.client.LastEvent(ctx)
	if err == nil && older(last, after) {
		err = errMissing
	}
	return err
}

// older compares the IDs of two events, milliseconds and a number.
func older(a, b string) bool {
	id := func(s string) []uint64 {
		ms, n, _ := strings.Cut(s, "-")
		first, _ := strconv.ParseUint(ms, 10, 64)
		second, _ := strconv.ParseUint(n, 10, 64)
		return []uint64{first, second}
	}
	return slices.Compare(id(a), id(b)) < 0
}

// gather waits for one reference and takes what else has come meanwhile. It returns none when the time has come for something
// else, and not more when there is no more.
func gather(refs <-chan string, still <-chan time.Time) (some []string, more bool) {
	var ref string
	select {
	case ref, more = <-refs:
	case <-still:
		return nil, true
	}
	for ok := more; ok; {
		some = append(some, ref)
		if len(some) == atOnce {
			return some, true
		}
		select {
		case ref, ok = <-refs:
		default:
			return some, true
		}
	}
	return some, more
}

// reread looks at those of the payouts that are open rows of the file. A row that is held to have ended is left
// alone until everything is read once more.
func (w *watch) reread(ctx context.Context, refs []string) error {
	slices.Sort(refs)
	refs = slices.DeleteFunc(slices.Compact(refs), func(ref string) bool { return w.open(ref) == nil })
	found, err := w.client.GetMany(ctx, refs)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		tx, ok := found[ref]
		if !ok {
			return errMissing
		}
		e := w.open(ref)
		if e == nil {
			continue
		}
		w.count(e, -1)
		e.state = number(tx.State)
		w.count(e, 1)
		if err := w.tell(e, tx); err != nil {
			return err
		}
	}
	return nil
}

// open is the open row with a reference, or nil. It goes by the hash. That two references share one happens to
// nobody, and would be put right when everything is read at the end.
func (w *watch) open(ref string) *entry {
	hash := w.refHash(ref)
	at, _ := slices.BinarySearchFunc(w.index, hash, func(l located, hash uint64) int { return cmp.Compare(l.hash, hash) })
	for ; at < len(w.index) && w.index[at].hash == hash; at++ {
		if e := w.table.at(int(w.index[at].row)); followed(e) && !ended(states[e.state]) {
			return e
		}
	}
	return nil
}
