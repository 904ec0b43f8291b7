package salur

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/wakeup"
)

// Client hands payouts to the workers of a Redis and looks at them. It is safe for use by
// several goroutines and needs no closing.
type Client struct {
	rdb    redis.UniversalClient
	ledger *ledger.Redis
	queue  *wakeup.Queue
	room   *room
	by     string
	bounds payout.Bounds
	now    func() time.Time
}

// New is a client on the Redis that the workers use, over a connection that the caller owns and
// closes. Nothing is dialled yet.
//
// go-redis's own settings are patient: with them a call takes many seconds to find out that Redis is
// away. A context bounds each call only if the connection has ContextTimeoutEnabled.
func New(rdb redis.UniversalClient) *Client {
	l := ledger.NewRedis(rdb)
	return &Client{rdb: rdb, ledger: l, queue: wakeup.New(rdb), room: &room{ledger: l, last: ledger.Room{Payouts: -1}}, now: time.Now}
}

// As is the client under the name of who hands payouts over: it stands in the history of those
// that this client accepts.
func (c *Client) As(name string) *Client {
	named := *c
	named.by = name
	return &named
}

// Receipt says that a payout is accepted: it is on record, and will come to its end whatever
// stops or fails meanwhile.
type Receipt struct {
	Ref   string `json:"ref"`
	State State  `json:"state"`
	// Duplicate: it had been accepted before, with the same content; nothing was changed.
	Duplicate bool `json:"duplicate"`
}

// Result is what became of one payout of several.
type Result struct {
	Receipt
	// Err is nil, or as of Enqueue.
	Err error
}

// Enqueue accepts a payout. If ctx has an OpenTelemetry span, the payout and all that workers do for it belong to
// that span's trace. Its errors are *InvalidError, ErrConflict, ErrUnreadable, ErrFull, *RefusedError and ErrUnavailable.
//
// A payout beyond the client's Limits, or whose NotAfter has passed, is refused as invalid before anything is on record.
func (c *Client) Enqueue(ctx context.Context, p Payout) (Receipt, error) {
	results, err := c.EnqueueAll(ctx, []Payout{p})
	if err != nil {
		return Receipt{}, err
	}
	return results[0].Receipt, results[0].Err
}

// EnqueueAll accepts several payouts, with one result for each in their order: each is accepted
// or refused by itself. A few hundred at once are a good number; a thousand times as many
// are better handed over in parts. Each has a span of its own in the trace of ctx, if there is one. The error is ErrFull or ErrUnavailable, when nothing was done.
func (c *Client) EnqueueAll(ctx context.Context, payouts []Payout) ([]Result, error) {
	results, good, at := parse(payouts)
	good, at, err := c.within(ctx, results, good, at)
	if err != nil || len(good) == 0 {
		return results, err
	}
	if err := c.room.take(ctx, len(good)); err != nil {
		return nil, err
	}
	ctx, traced := traceEach(ctx, good)
	created := wakeup.SubmitMany(ctx, c.ledger, c.queue, good, c.by, c.now())
	traced(created)
	for i, made := range created {
		r := &results[at[i]]
		r.Err = told(made.Err)
		if made.Err == nil || errors.Is(made.Err, ledger.ErrConflict) {
			r.State, r.Duplicate = State(made.Record.Tx.State), !made.New && made.Err == nil
		}
	}
	return results, nil
}

// Check tells what EnqueueAll would, and accepts nothing: the state of one that is not on record
// is empty. The error is ErrUnavailable.
func (c *Client) Check(ctx context.Context, payouts []Payout) ([]Result, error) {
	results, good, at := parse(payouts)
	refs := make([]string, len(good))
	for i, p := range good {
		refs[i] = p.Ref
	}
	known, unreadable, err := c.ledger.Look(ctx, refs)
	if err != nil {
		return nil, told(err)
	}
	var rest []payout.Payout
	for _, p := range good {
		if _, found := known[p.Ref]; !found && !slices.Contains(unreadable, p.Ref) {
			rest = append(rest, p)
		}
	}
	forgotten, err := c.ledger.Remembered(ctx, rest)
	if err != nil {
		return nil, told(err)
	}
	for i, p := range good {
		r := &results[at[i]]
		if slices.Contains(unreadable, p.Ref) {
			r.Err = ErrUnreadable
			continue
		}
		if gone, was := forgotten[p.Ref]; was {
			r.State, r.Duplicate, r.Err = State(gone.Record.Tx.State), gone.Err == nil, told(gone.Err)
			continue
		}
		rec, found := known[p.Ref]
		if found {
			r.recorded(rec, p)
		} else {
			r.Err = invalid(c.bounds.Check(p, c.now()))
		}
	}
	return results, nil
}

// parse is a result for each payout, the good ones among them, and where those stand.
func parse(payouts []Payout) (results []Result, good []payout.Payout, at []int) {
	results = make([]Result, len(payouts))
	good, at = make([]payout.Payout, 0, len(payouts)), make([]int, 0, len(payouts))
	for i, p := range payouts {
		results[i].Ref = p.Ref
		in, err := p.internal()
		if results[i].Err = err; err == nil {
			good, at = append(good, in), append(at, i)
		}
	}
	return results, good, at
}

// Get looks a payout up, with its history. The error is ErrNotFound, ErrUnreadable or ErrUnavailable.
func (c *Client) Get(ctx context.Context, ref string) (Transaction, error) {
	rec, err := c.ledger.Get(ctx, ref)
	if err != nil {
		return Transaction{}, told(err)
	}
	history, err := c.ledger.History(ctx, ref)
	if err != nil {
		return Transaction{}, told(err)
	}
	tx := newTransaction(rec)
	tx.History = newHistory(history)
	return tx, nil
}

// GetMany looks up those of the payouts that are on record and can be read, without their histories; Get tells of one that is
// missing which it is. The error is ErrUnavailable.
func (c *Client) GetMany(ctx context.Context, refs []string) (map[string]Transaction, error) {
	records, err := c.ledger.GetMany(ctx, refs)
	if err != nil {
		return nil, told(err)
	}
	found := make(map[string]Transaction, len(records))
	for ref, rec := range records {
		found[ref] = newTransaction(rec)
	}
	return found, nil
}

// Writable is nil when Redis would take payouts; it changes nothing. The error is a *RefusedError or ErrUnavailable.
func (c *Client) Writable(ctx context.Context) error {
	if err := c.ledger.Writable(ctx); err != nil {
		return told(err)
	}
	// The queues of sends, for a payout is not sent at once without a task.
	return told(wakeup.Writable(ctx, c.rdb, wakeup.QueueTopUp, wakeup.QueueBank))
}

// Query selects payouts for a list. The zero Query selects everything.
type Query struct {
	State        State     // empty for every state
	Since, Until time.Time // by time of creation: from Since on, before Until; zero for no bound
	Limit        int       // at most so many; 0 for no bound
	Cursor       string    // of the page before; empty for the first
}

// Page is a part of a list.
type Page struct {
	Transactions []Transaction `json:"transactions"` // the newest first, without their histories
	Next         string        `json:"next"`         // the Cursor of the next page, empty when this is the last
	// Unreadable are the references of payouts that belong on this page and whose records cannot be read (ErrUnreadable).
	Unreadable []string `json:"unreadable,omitempty"`
}

// List lists payouts, the newest first. In the pages of every state each payout that was there at the first is
// once, whatever happens meanwhile; in those of one state, one that comes into it or leaves it may be missing. The error is an *InvalidError for a cursor that no page had, or ErrUnavailable.
func (c *Client) List(ctx context.Context, q Query) (Page, error) {
	after, err := readCursor(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	found, err := c.ledger.Page(ctx, ledger.Query{
		State: q.State.internal(), Since: q.Since, Until: q.Until, Limit: q.Limit, After: after,
	})
	if err != nil {
		return Page{}, told(err)
	}
	page := Page{Unreadable: found.Unreadable}
	if found.Next != (ledger.Cursor{}) {
		page.Next = writeCursor(found.Next)
	}
	page.Transactions = make([]Transaction, len(found.Records))
	for i, rec := range found.Records {
		page.Transactions[i] = newTransaction(rec)
	}
	return page, nil
}

// Total is what one state holds.
type Total struct {
	State  State     `json:"state"`
	Count  int64     `json:"count"`
	Sum    Amount    `json:"amount"`
	Oldest time.Time `json:"oldest,omitzero"` // creation of the oldest; zero when there is none
}

// Stats counts and sums every state, in the order of a payout's life. The error is ErrUnavailable.
func (c *Client) Stats(ctx context.Context) ([]Total, error) {
	stats, err := c.ledger.Stats(ctx)
	if err != nil {
		return nil, told(err)
	}
	totals := make([]Total, len(stats))
	for i, s := range stats {
		totals[i] = Total{State(s.State), s.Count, Cents(s.Cents), s.Oldest}
	}
	return totals, nil
}
