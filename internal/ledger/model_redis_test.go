//go:build !race

package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/prove"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// Redis, written by the scripts, answers and holds what the model's store does, after whatever two writers do:
// payouts handed over once and again, with the same content and with another; decisions on what was read, on what
// somebody has changed since, and such as no table makes; answers that are lost, and writes that the client repeats,
// also after somebody else's.
func TestStoreIsTheModels(t *testing.T) {
	t.Parallel()
	seed, long := prove.Seed(), prove.For(t, "MODEL")
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		begun, did := time.Now(), map[string]int{}
		n := uint64(0)
		for ; n < 12 || time.Since(begun) < long/4; n++ {
			if err := rdb.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			newTwin(t, rdb, rand.New(rand.NewPCG(seed, n)), did).run(fmt.Sprintf("seed %d/%d", seed, n), 150)
		}
		for _, what := range []string{"created", "known", "conflict", "written", "stale", "forbidden", "lost", "repeated", "repeated after another's write", "postponed", "forgotten", "known by its tombstone", "missing", "final on an old version"} {
			if did[what] == 0 {
				t.Errorf("never happened: %s", what)
			}
		}
		prove.Say(t, "model: its store and Redis (%s) agree after %d sequences of 150 steps by two writers: %v", t.Name(), n, did)
	})
}

// twin is the store on Redis and its imitation, used alike.
type twin struct {
	t       *testing.T
	dice    *rand.Rand
	did     map[string]int
	policy  sm.Policy
	now     time.Time
	refs    []string
	store   imitation
	writers [2]*writer
}

// writer has its own connection, and what it has read.
type writer struct {
	ledger *Redis
	line   *fickle
	read   map[string]copyOf
}

func newTwin(t *testing.T, rdb *redis.Client, dice *rand.Rand, did map[string]int) *twin {
	p := &twin{
		t: t, dice: dice, did: did, now: modelTime, store: imitation{payouts: map[string]*imitated{}, forgotten: map[string]Record{}},
		policy: sm.Policy{
			RetryDelays: []time.Duration{time.Second, time.Second}, InquiryDelays: []time.Duration{time.Second},
			InquiryCutoff: time.Hour, ResendWindow: 2 * time.Hour, NotFoundConfirmations: 2, ResendLimit: 1, NotFoundAction: sm.Resend,
			AfterLoss: dice.IntN(4) == 0,
		},
	}
	for i := range 8 {
		p.refs = append(p.refs, fmt.Sprint("PAY-", i))
	}
	for i := range p.writers {
		mine := redis.NewClient(rdb.Options())
		t.Cleanup(func() { _ = mine.Close() })
		line := &fickle{}
		mine.AddHook(line)
		for _, script := range []*redis.Script{createScript, applyScript} { // what is repeated is then the write
			if err := script.Load(t.Context(), mine).Err(); err != nil {
				t.Fatal(err)
			}
		}
		p.writers[i] = &writer{NewRedis(mine), line, map[string]copyOf{}}
	}
	return p
}

func (p *twin) run(name string, steps int) {
	p.t.Helper()
	for i := range steps {
		w := p.writers[p.dice.IntN(2)]
		switch n := p.dice.IntN(20); {
		case n < 4:
			p.create(w)
		case n < 9:
			p.readAs(w, p.ref())
		case n < 18:
			p.applyAs(w, p.ref(), p.dice.IntN(6))
		case n < 19:
			if p.dice.IntN(4) == 0 {
				p.purge(w)
			} else {
				p.postpone(w)
			}
		default:
			p.now = p.now.Add(time.Duration(p.dice.Int64N(int64(20 * time.Minute))))
		}
		if i%10 == 9 || i == steps-1 {
			p.compare(fmt.Sprintf("%s, after step %d", name, i+1))
		}
	}
}

func (p *twin) ref() string { return p.refs[p.dice.IntN(len(p.refs))] }

// payout is what is handed over under a reference: mostly the same.
func (p *twin) payout(ref string) payout.Payout {
	in := payout.Instruction{Ref: ref, Customer: "62811742234", Amount: payout.Number("10000." + ref[4:] + "0")}
	other := p.dice.IntN(5) == 0
	if ref[4]%2 == 0 {
		in.Kind, in.BankCode, in.Account = string(payout.Bank), "014", "2460888509"
		if other {
			in.Account = "2460888510"
		}
	} else if in.Fee = "2500"; other {
		in.Customer = "62811742235"
	}
	got, err := in.Parse()
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

// create hands payouts of one kind over, one reference more than once now and then.
func (p *twin) create(w *writer) {
	ps := []payout.Payout{p.payout(p.ref())}
	for range p.dice.IntN(4) {
		if next := p.payout(p.ref()); next.Kind == ps[0].Kind {
			ps = append(ps, next)
		}
	}
	lost := w.line.arm(p.dice.IntN(6), func() {})
	now := p.now
	got := w.ledger.CreateMany(p.t.Context(), ps, "payroll", now)
	if lost.before && w.line.fired {
		p.did["lost"]++
		for _, c := range got {
			if c.Err == nil {
				p.t.Errorf("%s: recorded %t though nothing was sent", c.Record.Payout.Ref, c.New)
			}
		}
		return
	}
	want := make([]Created, len(ps))
	for i, each := range ps {
		want[i].Record, want[i].New, want[i].Err = p.store.create(each, "payroll", now)
	}
	for i, c := range got {
		if was, ok := p.store.forgotten[ps[i].Ref]; ok && !lost.after {
			p.did["known by its tombstone"]++
			if !c.Forgotten || c.New || class(c.Err) != class(want[i].Err) || c.Record.Tx.State != was.Tx.State {
				p.t.Fatalf("%s was forgotten as %s, and is %+v", ps[i].Ref, was.Tx.State, c)
			}
			continue
		}
		if lost.after {
			p.did["lost"]++
			if c.Err == nil {
				p.t.Errorf("%s: an answer came that was lost", ps[i].Ref)
			}
			continue
		}
		if c.New != want[i].New || class(c.Err) != class(want[i].Err) || recordLine(c.Record) != recordLine(want[i].Record) {
			p.t.Fatalf("%s handed over: new %t, %v, %s\nthe model's: new %t, %v, %s", ps[i].Ref, c.New, c.Err, recordLine(c.Record),
				want[i].New, want[i].Err, recordLine(want[i].Record))
		}
		switch {
		case c.New:
			p.did["created"]++
		case c.Err != nil:
			p.did["conflict"]++
		default:
			p.did["known"]++
		}
	}
}

func (p *twin) readAs(w *writer, ref string) {
	rec, err := w.ledger.Get(p.t.Context(), ref)
	m, ok := p.store.payouts[ref]
	if !ok {
		if !errors.Is(err, ErrNotFound) {
			p.t.Fatalf("%s: %v, want ErrNotFound", ref, err)
		}
		return
	}
	if err != nil || recordLine(rec) != recordLine(m.rec) {
		p.t.Fatalf("read %s, %v\nthe model's: %s", recordLine(rec), err, recordLine(m.rec))
	}
	w.read[ref] = copyOf{rec, true}
}

// applyAs writes a decision on what the writer has read, however old that is.
func (p *twin) applyAs(w *writer, ref string, how int) {
	if c, ok := w.read[ref]; !ok || !c.fresh && p.dice.IntN(3) > 0 {
		p.readAs(w, ref)
	}
	c, ok := w.read[ref]
	if !ok {
		return
	}
	d, write := decide(p.policy, c.rec, p.event(c.rec))
	if p.dice.IntN(4) == 0 { // such as no table makes: the store is held to its own rules alone
		d.Tx.State, write = sm.States[p.dice.IntN(len(sm.States))], true
		d.Entry.To = d.Tx.State
		if d.Tx.State.Final() || d.Tx.State == sm.StateReview {
			d.Tx.Next, d.Tx.DueAt, d.Tx.Open = sm.StepNone, time.Time{}, sm.Attempt{}
		}
	}
	if !write {
		return
	}
	if !c.fresh && d.Tx.State.Final() {
		p.did["final on an old version"]++
	}
	answer := []string{"", "<html>"}[p.dice.IntN(2)]
	// What is repeated is recognised if nobody has written since, and is stale if somebody has.
	var wrote, overtaken bool
	var want Record
	var wantErr error
	lost := w.line.arm(how, func() {
		want, wantErr = p.store.apply(c, d, answer)
		if wrote = wantErr == nil; wrote {
			p.written(ref)
		}
		if other := p.writers[0]; other != w && p.store.payouts[ref] != nil && p.dice.IntN(2) == 0 {
			was := p.store.payouts[ref].rec.Version
			p.readAs(other, ref)
			p.applyAs(other, ref, 0)
			overtaken = p.store.payouts[ref].rec.Version != was
		}
	})
	got, err := w.ledger.Apply(p.t.Context(), c.rec, d, answer)
	switch {
	case lost.before && w.line.fired:
		p.did["lost"]++
		if err == nil {
			p.t.Errorf("%s: written though nothing was sent", ref)
		}
		return
	case !w.line.fired || !lost.repeated:
		want, wantErr = p.store.apply(c, d, answer)
		if wrote = wantErr == nil; wrote {
			p.written(ref)
		}
	default:
		p.did["repeated"]++
		if wrote && overtaken {
			p.did["repeated after another's write"]++
			want, wantErr = Record{}, ErrStale
		}
	}
	if lost.after && w.line.fired {
		p.did["lost"]++
		if err == nil {
			p.t.Errorf("%s: an answer came that was lost", ref)
		}
		return
	}
	if class(err) != class(wantErr) || err == nil && recordLine(got) != recordLine(want) {
		p.t.Fatalf("%s, %s to %s on version %d (fresh %t): %v, %s\nthe model's: %v, %s", ref, c.rec.Tx.State, d.Tx.State, c.rec.Version, c.fresh,
			err, recordLine(got), wantErr, recordLine(want))
	}
	p.did[map[error]string{nil: "written", ErrStale: "stale", ErrForbidden: "forbidden", ErrNotFound: "missing"}[class(err)]]++
}

// written: whoever has read the payout before holds an old record.
func (p *twin) written(ref string) {
	for _, w := range p.writers {
		if c, ok := w.read[ref]; ok {
			w.read[ref] = copyOf{c.rec, false}
		}
	}
}

// event is something that may happen to a payout.
func (p *twin) event(rec Record) sm.Event {
	tx, now := rec.Tx, p.now
	a := sm.Attempt{ExternalID: fmt.Sprint("ext-", p.dice.IntN(1000)), Owner: "w", StartedAt: now, Deadline: now.Add(11 * time.Second)}
	out := outcomes[p.dice.IntN(len(outcomes))]
	out.EchoRef, out.EchoAmount, out.Code = rec.Payout.Ref, rec.Payout.Amount, "2003800"
	attempt := tx.Open
	if attempt.Seq == 0 || p.dice.IntN(4) == 0 {
		attempt = a
		attempt.Seq = p.dice.IntN(3)
	}
	switch p.dice.IntN(10) {
	case 0:
		return sm.Cancel("Sari", "the wrong file", now)
	case 1:
		return sm.Resolve([]sm.State{sm.StateSucceeded, sm.StateFailed, sm.StateRefunded}[p.dice.IntN(3)], "Sari", "seen", now)
	case 2:
		return sm.AskNow("Sari", "", now)
	case 3, 4, 5:
		if tx.Next == sm.StepSend {
			return sm.Take(a)
		}
		return sm.InquiryResult(tx.Inquiries+p.dice.IntN(2), "ext", out, now)
	case 6:
		return sm.Lost(attempt, now)
	case 7:
		return sm.AccountResult("ext", out, now)
	}
	return sm.SendResult(attempt, out, now)
}

func (p *twin) purge(w *writer) {
	before := p.now.Add(-30 * time.Minute)
	n, err := w.ledger.Purge(p.t.Context(), before, 1000)
	if want := p.store.purge(before); err != nil || n != want {
		p.t.Fatalf("forgot %d payouts, %v, want %d", n, err, want)
	}
	p.did["forgotten"] += n
	for _, w := range p.writers {
		for ref, c := range w.read {
			if p.store.payouts[ref] == nil {
				w.read[ref] = copyOf{c.rec, false}
			}
		}
	}
}

func (p *twin) postpone(w *writer) {
	kind, step := kinds[p.dice.IntN(2)], modelSteps[p.dice.IntN(3)]
	wakes := p.store.wakes(kind, step)
	if len(wakes) == 0 {
		return
	}
	wake, later := wakes[p.dice.IntN(len(wakes))], p.now.Add(time.Minute)
	if p.dice.IntN(3) == 0 {
		wake.At = wake.At.Add(time.Millisecond) // it has moved on meanwhile
	}
	if err := w.ledger.Postpone(p.t.Context(), wake, later); err != nil {
		p.t.Fatal(err)
	}
	p.store.postpone(wake, later)
	p.did["postponed"]++
}

// compare holds all that Redis has against all that the model's store has.
func (p *twin) compare(when string) {
	p.t.Helper()
	got, want := p.books(), p.store.books()
	for i := range max(len(got), len(want)) {
		g, m := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			m = want[i]
		}
		if g != m {
			p.t.Fatalf("%s: Redis and the model's store differ:\n\t%s\n\t%s", when, g, m)
		}
	}
}

// books is what Redis has, as imitation.books is.
func (p *twin) books() (lines []string) {
	ctx, l := p.t.Context(), p.writers[0].ledger
	check := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	listed, err := l.List(ctx, Query{})
	check(err)
	records := map[string]Record{}
	for _, rec := range listed {
		records[rec.Payout.Ref] = rec
	}
	refs := slices.Sorted(maps.Keys(records))
	over, err := l.Ended(ctx, refs)
	check(err)
	for i, ref := range refs {
		history, err := l.History(ctx, ref)
		check(err)
		var at int64
		if !over[i].IsZero() {
			at = over[i].UnixMilli()
		}
		lines = append(lines, recordLine(records[ref]), historyLine(ref, history), overLine(ref, at))
	}
	stats, err := l.Stats(ctx)
	check(err)
	for _, s := range stats {
		lines = append(lines, fmt.Sprintf("%s: %d of %d cents", s.State, s.Count, s.Cents))
	}
	for _, kind := range kinds {
		for _, step := range modelSteps {
			wakes, err := l.Overdue(ctx, kind, step, p.now.Add(10_000*time.Hour), 0)
			check(err)
			lines = append(lines, wakesLine(kind, step, wakes))
		}
	}
	events, err := l.Events(ctx, "0", 1_000_000, -1)
	check(err)
	for i, e := range events {
		lines = append(lines, eventLine(i, e))
	}
	return lines
}

// class is the ledger's own error in err, if there is one.
func class(err error) error {
	for _, own := range []error{ErrStale, ErrNotFound, ErrForbidden, ErrConflict} {
		if errors.Is(err, own) {
			return own
		}
	}
	return err
}

// fickle is a line to Redis that misbehaves once, with the next write.
type fickle struct {
	how   mishap
	then  func()
	fired bool
}

// mishap is what becomes of a write: it never leaves, its answer is lost, or the client, which got none, repeats it.
type mishap struct{ before, after, repeated bool }

// arm chooses what becomes of the next write: for 3 and above nothing.
func (f *fickle) arm(n int, meanwhile func()) mishap {
	f.how, f.then, f.fired = mishap{n == 1, n == 2, n == 3}, meanwhile, false
	return f.how
}

func (f *fickle) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (f *fickle) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (f *fickle) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		how, write := f.how, cmds[0].Name() == "evalsha"
		if !write || how == (mishap{}) {
			return next(ctx, cmds)
		}
		f.how, f.fired = mishap{}, true
		if !how.before {
			err := next(ctx, cmds)
			if how.repeated {
				f.then()
				return next(ctx, cmds)
			}
			if err != nil {
				return err
			}
		}
		for _, c := range cmds {
			c.SetErr(io.ErrUnexpectedEOF)
		}
		return io.ErrUnexpectedEOF
	}
}
