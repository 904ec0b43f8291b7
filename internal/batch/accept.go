package batch

import (
	"context"
	"errors"
	"fmt"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
)

// Room is the error of a file that Redis has no room for, else nil.
func (p *Plan) Room(ctx context.Context) error {
	room, err := p.client.Room(ctx)
	if err != nil {
		return fmt.Errorf("nothing was accepted: %w", failed(err))
	}
	if n := p.Tally().New.Payouts; room.Payouts >= 0 && room.Payouts < int64(n) {
		return cli.Fail(cli.Unreachable, fmt.Errorf("nothing was accepted: %w: it has room for about %d more payouts and the file has %d new ones; "+
			"let payouts end and be forgotten, raise its maxmemory, or split the file", salur.ErrFull, room.Payouts, n))
	}
	return nil
}

// part is some rows of the file in their order, on their way to Redis.
type part struct {
	rows    []intake.Row
	entries []*entry
	fresh   []salur.Payout // those that are handed over
	results []salur.Result
	err     error
	done    chan struct{}
}

func (pt *part) add(r intake.Row, e *entry) {
	pt.rows, pt.entries = append(pt.rows, r), append(pt.entries, e)
	if e.verdict == New {
		pt.fresh = append(pt.fresh, r.Payout)
	}
}

// Accept hands the new payouts over and calls each for every row, in the order of the file. A few hundred
// rows go at once and a few such parts are under way together, so that payouts are accepted in the order of
// the file but for about two thousand rows.
//
// It stops at a payout whose reference somebody else has used since the check, unless carryOn, and at what
// Redis does not take; the error says at which line. What is under way is finished also when ctx ends.
func (p *Plan) Accept(ctx context.Context, carryOn bool, each func(Row) error) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	parts := make(chan *part, inFlight-1)
	var unread error // of the goroutine, until parts is closed
	go func() {
		defer close(parts)
		unread = p.submit(reading, context.WithoutCancel(ctx), parts)
	}()
	var failure error
	rows := 0
	for pt := range parts {
		<-pt.done
		if err := p.conclude(pt, carryOn, each); err != nil && failure == nil {
			failure = err
			stop() // what is under way already still has its results, which are told
		}
		rows += len(pt.rows)
	}
	switch {
	case failure != nil:
		return failure
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d of %d rows; run the same file again to go on, nobody is paid twice", rows, p.table.rows)
	}
	return failed(unread)
}

// submit reads the file and sends it to Redis part by part. A row that is not the one that was checked
// takes its part with it.
func (p *Plan) submit(reading, working context.Context, parts chan<- *part) error {
	pt := &part{}
	send := func() error {
		pt.done = make(chan struct{})
		select {
		case <-reading.Done():
			return reading.Err()
		case parts <- pt:
		}
		go func(pt *part) {
			defer close(pt.done)
			if len(pt.fresh) > 0 {
				pt.results, pt.err = p.client.EnqueueAll(working, pt.fresh)
			}
		}(pt)
		pt = &part{}
		return nil
	}
	err := p.walk(reading, func(_ int, r intake.Row, e *entry) error {
		pt.add(r, e)
		if len(pt.rows) < atOnce {
			return nil
		}
		return send()
	})
	if err == nil {
		err = send()
	}
	return err
}

// conclude notes down what became of a part.
func (p *Plan) conclude(pt *part, carryOn bool, each func(Row) error) error {
	var failure error
	next := 0 // of the results
	for i, r := range pt.rows {
		e := pt.entries[i]
		if e.verdict == New {
			if pt.err != nil {
				return fmt.Errorf("stopped at line %d; run the same file again to go on, nobody is paid twice: %w", r.Line, failed(pt.err))
			}
			result := pt.results[next]
			next++
			if err := e.settle(result); err != nil {
				if failure == nil && errors.As(err, new(*salur.RefusedError)) {
					failure = fmt.Errorf("stopped at line %d: %s was not accepted; run the same file again to go on, nobody is paid twice: %w",
						r.Line, r.Payout.Ref, failed(err))
				}
				if failure == nil {
					failure = fmt.Errorf("stopped at line %d: it is not known whether %s was accepted; run the same file again to go on, nobody is paid twice: %w",
						r.Line, r.Payout.Ref, failed(err))
				}
				continue
			}
			if e.verdict.onRecord() && !carryOn && failure == nil {
				failure = cli.Fail(cli.Conflict, fmt.Errorf("stopped at line %d; the rows before it were accepted, of those after it at most %d", r.Line, inFlight*atOnce))
			}
		}
		if err := each(p.known(r, e)); err != nil && failure == nil {
			failure = err
		}
	}
	return failure
}

// settle notes down the answer for one payout. The error is the ledger's, when there is no answer.
func (e *entry) settle(r salur.Result) error {
	switch {
	case errors.Is(r.Err, salur.ErrConflict):
		e.verdict = Conflict
	case errors.Is(r.Err, salur.ErrUnreadable):
		e.verdict = Unreadable
	case errors.As(r.Err, new(*salur.InvalidError)): // its time has come since the check
		e.verdict = Invalid
	case r.Err != nil:
		return r.Err
	case r.Duplicate: // somebody else has accepted it since the check
		e.verdict = Known
	default:
		e.verdict = Accepted
	}
	e.state = number(r.State)
	return nil
}
