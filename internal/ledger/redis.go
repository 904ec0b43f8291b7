package ledger

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/durable"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
)

// Redis is the ledger on Redis. It needs what a ledger needs: appendonly yes and
// maxmemory-policy noeviction.
type Redis struct {
	// Memory is how long the reference of a payout that Purge forgets is remembered; 0 for two years.
	Memory time.Duration
	// PutAside is told of each record, entry or event that cannot be read, once; nil for nobody. It must return at once.
	PutAside func(what string, err error)

	rdb      redis.UniversalClient
	replicas durable.Writes
	keys     keys
	aside    aside
	seal     tombstoneKey
	mine     atomic.Pointer[Stamped] // the store as it was stamped; nil before
	lost     atomic.Bool             // it is marked as having lost payouts, as last seen
	beat     atomic.Int64            // the latest time of the store that this process has seen, in ms
	clock    atomic.Pointer[reading] // nil before Stamp
	counted  atomic.Pointer[counted] // nil before the first attempt
}

var _ Ledger = (*Redis)(nil)

// NewRedis is a ledger over a connection that the caller owns.
func NewRedis(rdb redis.UniversalClient) *Redis {
	return &Redis{rdb: rdb, replicas: durable.New(rdb), keys: "salur:{topup}:"}
}

// Ping is nil when the ledger can be read: in a cluster, on the node that has it. It reads a key, for a PING goes
// to any node of a cluster, and a Redis that cannot write to its disk refuses it.
func (l *Redis) Ping(ctx context.Context) error {
	return redisfault.Explain(l.rdb.Exists(ctx, l.keys.sums()).Err())
}

// Writable is nil when Redis would take a write to the ledger; it changes nothing. The error is a
// *redisfault.Refusal or that of the exchange.
func (l *Redis) Writable(ctx context.Context) error {
	return redisfault.Probe(ctx, l.rdb, string(l.keys))
}

// readTogether reads as of one moment. A Redis that is full takes no transaction, of reads neither. Nothing
// moves in it then, so that the reads are made one after the other.
func (l *Redis) readTogether(ctx context.Context, fill func(redis.Pipeliner) error) error {
	_, err := l.rdb.TxPipelined(ctx, fill)
	switch redisfault.Code(err) {
	case "EXECABORT", "OOM":
		_, err = l.rdb.Pipelined(ctx, fill)
	}
	return redisfault.Explain(err)
}

// keys is the prefix of every key. They share one hash tag, so that a script's keys are on
// one node of a Redis Cluster.
type keys string

func (k keys) tx(ref string) string              { return string(k) + "tx:" + ref }
func (k keys) history(ref string) string         { return string(k) + "history:" + ref }
func (k keys) finished() string                  { return string(k) + "finished" } // ref by when it was over
func (k keys) sums() string                      { return string(k) + "sums" }     // cents by state
func (k keys) events() string                    { return string(k) + "events" }   // stream of transitions
func (k keys) state(s statemachine.State) string { return string(k) + "state:" + string(s) }

// open is ref by when the step is due. Each kind has its own, as it has its own queue.
func (k keys) open(kind payout.Kind, s statemachine.Step) string {
	if kind == payout.TopUp {
		return string(k) + "open:" + string(s)
	}
	return string(k) + "open:" + string(kind) + ":" + string(s)
}

// Get implements Ledger.
func (l *Redis) Get(ctx context.Context, ref string) (Record, error) {
	text, err := l.rdb.Get(ctx, l.keys.tx(ref)).Result()
	if errors.Is(err, redis.Nil) {
		return Record{}, l.absent(ctx, ref)
	}
	if redisfault.Code(err) == "WRONGTYPE" {
		l.putAside("payout "+ref, err)
		return Record{}, &UnreadableError{ref, err}
	}
	if err != nil {
		return Record{}, fmt.Errorf("ledger: read payout %s: %w", ref, err)
	}
	rec, _, err := decode(ref, text)
	if err != nil {
		l.putAside("payout "+ref, err)
		return Record{}, &UnreadableError{ref, err}
	}
	rec.AfterLoss = l.lost.Load()
	return rec, nil
}

// GetMany implements Ledger.
func (l *Redis) GetMany(ctx context.Context, refs []string) (map[string]Record, error) {
	found, _, err := l.Look(ctx, refs)
	return found, err
}

// Look is GetMany that names those which are on record and cannot be read too, in the order of the references.
func (l *Redis) Look(ctx context.Context, refs []string) (found map[string]Record, unreadable []string, err error) {
	found = make(map[string]Record, len(refs))
	for some := range slices.Chunk(refs, 500) {
		keys := make([]string, len(some))
		for i, ref := range some {
			keys[i] = l.keys.tx(ref)
		}
		texts, err := l.rdb.MGet(ctx, keys...).Result()
		if err != nil {
			return nil, nil, fmt.Errorf("ledger: read %d payouts: %w", len(some), err)
		}
		for i, text := range texts {
			if text == nil {
				continue
			}
			rec, _, err := decode(some[i], text.(string))
			if err != nil {
				l.putAside("payout "+some[i], err)
				unreadable = append(unreadable, some[i])
				continue
			}
			rec.AfterLoss = l.lost.Load()
			found[some[i]] = rec
		}
	}
	return found, unreadable, nil
}

// Apply implements Ledger.
func (l *Redis) Apply(ctx context.Context, rec Record, d statemachine.Decision, answer string) (Record, error) {
	next, again, err := apply(rec, d, answer)
	if err != nil {
		return Record{}, err
	}
	due, over := "", ""
	if next.Tx.Next != statemachine.StepNone {
		due = millis(next.Tx.DueAt)
	}
	if next.Tx.State.Final() {
		over = millis(d.Entry.At)
	}
	k, ref := l.keys, rec.Payout.Ref
	units, rest := carried(rec.Payout, 1)
	minusUnits, minus := carried(rec.Payout, -1)
	epoch := l.Epoch() // nothing is decided on the word of a store that has forgotten
	writes := l.replicas
	writes.On = writes.On && mustLast(next, d)
	res, err := writes.Run(ctx, applyScript,
		[]string{
			k.tx(ref), k.history(ref), k.open(rec.Payout.Kind, rec.Tx.Next), k.state(rec.Tx.State), k.sums(), k.events(),
			k.open(rec.Payout.Kind, next.Tx.Next), k.state(next.Tx.State), k.finished(), k.store(),
		},
		token(), rec.Version, next.Version, encode(next), encode(next.Last), flag(again), ref, due, over, millis(rec.CreatedAt),
		string(rec.Tx.State), string(next.Tx.State), units, rest, minusUnits, minus, encode(newEvent(next, d.Entry)),
		epoch, flag(rec.AfterLoss), l.attempts(epoch), flag(next.Tx.Next == statemachine.StepAnswer),
	).Text()
	switch {
	case redisfault.Code(err) == "WRONGTYPE":
		l.putAside("what is kept of payout "+ref, err)
		return Record{}, &UnreadableError{ref, err}
	case err != nil:
		return Record{}, fmt.Errorf("ledger: write payout %s: %w", ref, err)
	case res == "missing":
		return Record{}, ErrNotFound
	case res == "stale":
		return Record{}, ErrStale
	case res == "lost":
		return Record{}, fmt.Errorf("ledger: payout %s: %w", ref, ErrLost)
	case res == "careful": // decided without knowing of the loss
		l.lost.Store(true)
		return Record{}, ErrStale
	}
	if n, counted := strings.CutPrefix(res, "ok "); counted {
		l.count(epoch, number(n))
	}
	return next, nil
}

// mustLast says which writes must be known to outlive a failover: what something outside rests on. An attempt is about
// to be sent; a person is about to be answered. What else is lost is asked for again.
func mustLast(next Record, d statemachine.Decision) bool {
	return next.Tx.Next == statemachine.StepAnswer || d.Entry.Event == statemachine.Cancelled || d.Entry.Event == statemachine.Resolved
}

// Overdue implements Ledger.
func (l *Redis) Overdue(ctx context.Context, kind payout.Kind, step statemachine.Step, before time.Time, limit int) ([]Wake, error) {
	found, err := l.rdb.ZRangeByScoreWithScores(ctx, l.keys.open(kind, step), &redis.ZRangeBy{
		Min: "-inf", Max: millis(before), Count: int64(limit),
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("ledger: read the index of open payouts: %w", err)
	}
	wakes := make([]Wake, len(found))
	for i, z := range found {
		wakes[i] = Wake{Ref: z.Member.(string), Kind: kind, Step: step, At: time.UnixMilli(int64(z.Score))}
	}
	return wakes, nil
}

// Postpone implements Ledger.
func (l *Redis) Postpone(ctx context.Context, w Wake, at time.Time) error {
	err := postponeScript.Run(ctx, l.rdb, []string{l.keys.open(w.Kind, w.Step)}, w.Ref, millis(w.At), millis(at)).Err()
	if err != nil {
		return fmt.Errorf("ledger: postpone the look at payout %s: %w", w.Ref, err)
	}
	return nil
}

// encode is a value of strings, numbers and times that were checked on the way in: it can be
// written.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ledger: encode %T: %v", v, err))
	}
	return string(b)
}

// decode reads the three lines that the scripts write.
func decode(ref, text string) (rec Record, fingerprint string, err error) {
	header, lines, _ := strings.Cut(text, "\n")
	instruction, rest, _ := strings.Cut(lines, "\n")
	ver, writer, _ := strings.Cut(header, " ")
	_, fingerprint, _ = strings.Cut(writer, " ")
	version, err := strconv.ParseInt(ver, 10, 64)
	if err != nil {
		return Record{}, "", fmt.Errorf("ledger: the record's version cannot be read: %w", err)
	}
	var by struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal([]byte(rest), &by); err == nil && by.Schema > schema {
		return Record{}, "", fmt.Errorf("ledger: %w (schema %d, this one knows %d)", errNewer, by.Schema, schema)
	}
	if err := json.Unmarshal([]byte(rest), &rec); err != nil {
		return Record{}, "", fmt.Errorf("ledger: the record cannot be read: %w", err)
	}
	if err := json.Unmarshal([]byte(instruction), &rec.Payout); err != nil {
		return Record{}, "", fmt.Errorf("ledger: the recorded payout cannot be read: %w", err)
	}
	rec.Version, rec.Schema, rec.fingerprint = version, schema, fingerprint
	rec.Tx.Amount, rec.Tx.NotAfter, rec.Tx.CreatedAt = rec.Payout.Amount, rec.Payout.NotAfter, rec.CreatedAt
	rec.instructed(ref, instruction, fingerprint)
	return rec, fingerprint, nil
}

// token marks one write. When Redis has carried it out but the answer was lost, the client
// sends it again, and the script recognises it instead of calling it stale.
func token() string { return rand.Text() }

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}
