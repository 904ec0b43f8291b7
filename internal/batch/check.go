package batch

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
)

const (
	// atOnce is how many rows go to Redis in one exchange, and inFlight how many such exchanges are under way.
	// One alone leaves Redis idle while the next is prepared.
	atOnce   = 500
	inFlight = 4
)

// Plan is a file that was checked: what is known of each of its rows.
type Plan struct {
	file   *File
	client *salur.Client
	hash   func(text string) uint64
	table  table
	last   *entry // of a last row that may be cut off
}

// Check reads the whole file and looks every payout up in the ledger. It accepts nothing. progress, which may be
// nil, is given the bytes as they are read.
//
// An error that ErrUnavailable is not part of is the file's: one by which no row can be read.
func Check(ctx context.Context, c *salur.Client, f *File, progress io.Writer) (*Plan, error) {
	seed := maphash.MakeSeed()
	return check(ctx, c, f, progress, func(text string) uint64 { return maphash.String(seed, text) })
}

func check(ctx context.Context, c *salur.Client, f *File, progress io.Writer, hash func(string) uint64) (*Plan, error) {
	p := &Plan{file: f, client: c, hash: hash}
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	if progress == nil {
		progress = io.Discard
	}
	err := p.read(looking, group, progress)
	if lookErr := group.Wait(); lookErr != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = lookErr
	}
	if err == nil {
		err = p.twins(ctx)
	}
	// The file is read, and nothing of it accepted.
	if p.last != nil && p.last.verdict == New && !f.TotalKnown {
		p.last.verdict = Unended
	}
	switch {
	case ctx.Err() != nil:
		return nil, errors.New("interrupted while checking; nothing was accepted")
	case err != nil:
		return nil, fmt.Errorf("nothing was accepted: %w", failed(err))
	}
	return p, nil
}

// read fills the table, and has the good rows looked up meanwhile.
func (p *Plan) read(ctx context.Context, looks *errgroup.Group, progress io.Writer) error {
	payouts, entries := make([]salur.Payout, 0, atOnce), make([]*entry, 0, atOnce)
	look := func() {
		payouts, entries := payouts, entries
		looks.Go(func() error { return p.look(ctx, payouts, entries) })
	}
	for row, err := range p.file.rows(progress) {
		if err != nil {
			return cli.Fail(cli.Invalid, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if row.Err != nil {
			p.table.add(entry{verdict: Invalid})
			continue
		}
		e := p.table.add(p.entryOf(row))
		if row.Unended {
			p.last = e
		}
		payouts, entries = append(payouts, row.Payout), append(entries, e)
		if len(payouts) == atOnce {
			look()
			payouts, entries = make([]salur.Payout, 0, atOnce), make([]*entry, 0, atOnce)
		}
	}
	look()
	return nil
}

// look asks the ledger about some rows.
func (p *Plan) look(ctx context.Context, payouts []salur.Payout, entries []*entry) error {
	results, err := p.client.Check(ctx, payouts)
	if err != nil {
		return err
	}
	for i, r := range results {
		e := entries[i]
		switch {
		case errors.Is(r.Err, salur.ErrConflict):
			e.verdict, e.state = Conflict, number(r.State)
		case errors.Is(r.Err, salur.ErrUnreadable):
			e.verdict = Unreadable
		case errors.As(r.Err, new(*salur.InvalidError)): // for its size or its time; Each says which
			e.verdict = Invalid
		case r.Err != nil:
			return r.Err
		case r.Duplicate:
			e.verdict, e.state = Known, number(r.State)
		}
	}
	return nil
}

// failed gives an error of the client its exit code.
func failed(err error) error {
	if errors.Is(err, salur.ErrUnavailable) {
		return cli.Fail(cli.Unreachable, err)
	}
	return err
}

// ChangedError is a file that is not any more what was checked.
type ChangedError struct {
	Name string
	Line int // the first that differs; 0 when it is not known
}

// Error names the file and the line.
func (e *ChangedError) Error() string {
	where := ""
	if e.Line > 0 {
		where = fmt.Sprintf(" from line %d on", e.Line)
	}
	return fmt.Sprintf("%s has changed%s since it was checked; nothing of what changed was accepted, run it again when nobody writes to it", e.Name, where)
}

// walk reads the file again, and holds each row against its entry. A row that is not the one that was
// checked ends it with a *ChangedError before it is seen by anybody.
func (p *Plan) walk(ctx context.Context, each func(row int, r intake.Row, e *entry) error) error {
	changed := func(line int) error { return cli.Fail(cli.Invalid, &ChangedError{p.file.name, line}) }
	if p.file.touched() {
		return changed(0)
	}
	n := 0
	for r, err := range p.file.rows(io.Discard) {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case errors.As(err, new(intake.HeaderError)), errors.As(err, new(*intake.LongRowError)), errors.As(err, new(intake.FormatError)):
			return changed(0)
		case err != nil:
			return err
		case n == p.table.rows || contentOf(r) != p.table.at(n).content:
			return changed(r.Line)
		}
		if err := each(n, r, p.table.at(n)); err != nil {
			return err
		}
		n++
	}
	if n < p.table.rows {
		return changed(0)
	}
	return nil
}
