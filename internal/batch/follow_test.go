package batch

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// take and end play the worker.
func (b *testBundle) take(ref string) {
	b.Helper()
	b.update(ref, func(ledger.Record) sm.Event {
		now := time.Now()
		return sm.Take(sm.Attempt{StartedAt: now, Deadline: now})
	})
}

func (b *testBundle) end(ref string, o sm.Outcome) {
	b.Helper()
	b.take(ref)
	b.update(ref, func(r ledger.Record) sm.Event {
		if o.Kind == sm.Succeeded && o.EchoRef == "" {
			o.EchoRef, o.EchoAmount = ref, r.Payout.Amount
		}
		return sm.SendResult(r.Tx.Open, o, time.Now())
	})
}

func (b *testBundle) update(ref string, event func(ledger.Record) sm.Event) {
	b.Helper()
	if _, _, err := ledger.Update(context.Background(), ledger.NewRedis(b.rdb), sm.DefaultPolicy(), ref, "",
		func(r ledger.Record) (sm.Event, bool) { return event(r), true }); err != nil {
		b.Error(err)
	}
}

// follower notes down what it is told, and calls then after the first standing.
type follower struct {
	ended map[string]string
	away  []bool
	last  Standing
	then  func()
}

func (f *follower) listen() Follower {
	f.ended = map[string]string{}
	return Follower{
		Ended: func(tx salur.Transaction) error {
			if _, twice := f.ended[tx.Ref]; twice {
				return errors.New("told twice of " + tx.Ref)
			}
			f.ended[tx.Ref] = string(tx.State) + " " + string(tx.Reason)
			return nil
		},
		Standing: func(s Standing) {
			f.last = Standing{}
			for state, sum := range s {
				f.last[state] = sum
			}
			if then := f.then; then != nil {
				f.then = nil
				then()
			}
		},
		Away: func(err error) { f.away = append(f.away, err != nil) },
	}
}

const four = header + "A,62811742234,1\nB,62811742234,2\nB,62811742234,2\nC,62811742234,4\nD,62811742234,8\nX,0811,1\n"

func TestFollow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.check(b.open("p.csv", four))
	if err := p.Accept(t.Context(), true, nothing); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: "OTHER", Customer: "62811742234", Amount: salur.Cents(1)}); err != nil {
		t.Fatal(err)
	}
	b.end("A", sm.Outcome{Kind: sm.Succeeded}) // before anybody looks
	f := &follower{}
	f.then = func() {
		if want := (Standing{salur.Queued: {Payouts: 3, Amount: salur.Rupiah(14)}, salur.Succeeded: {Payouts: 1, Amount: salur.Rupiah(1)}}); !maps.Equal(f.last, want) {
			t.Errorf("at first %v", f.last)
		}
		b.end("OTHER", sm.Outcome{Kind: sm.Succeeded})
		b.take("D")
		b.end("B", sm.Outcome{Kind: sm.Refused, Why: "do_not_honor"})
		b.end("C", sm.Outcome{Kind: sm.Succeeded, EchoRef: "ELSE"})
		f.then = func() { b.end("D", sm.Outcome{Kind: sm.Succeeded}) }
	}
	standing, err := p.Follow(t.Context(), f.listen())
	if err != nil {
		t.Fatal(err)
	}
	want := Standing{salur.Succeeded: {Payouts: 2, Amount: salur.Rupiah(9)}, salur.Failed: {Payouts: 1, Amount: salur.Rupiah(2)}, salur.Review: {Payouts: 1, Amount: salur.Rupiah(4)}}
	if !maps.Equal(standing, want) {
		t.Errorf("%v, want %v", standing, want)
	}
	if diff := cmp.Diff(map[string]string{"A": "succeeded ", "B": "failed do_not_honor", "C": "review echo_mismatch", "D": "succeeded "}, f.ended); diff != "" {
		t.Error(diff)
	}
}

// A hash that does not tell references apart makes the wait no wrong one.
func TestFollowWithEqualHashes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := check(t.Context(), b.client, b.open("p.csv", four), nil, func(string) uint64 { return 7 })
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Accept(t.Context(), true, nothing); err != nil {
		t.Fatal(err)
	}
	f := &follower{then: func() {
		for _, ref := range []string{"D", "A", "C"} {
			b.end(ref, sm.Outcome{Kind: sm.Succeeded})
		}
		b.end("B", sm.Outcome{Kind: sm.Refused, Why: "do_not_honor"})
	}}
	listen := f.listen()
	listen.Ended = func(salur.Transaction) error { return nil }
	standing, err := p.Follow(t.Context(), listen)
	if err != nil || standing[salur.Succeeded] != (Sum{Payouts: 3, Amount: salur.Rupiah(13)}) || standing[salur.Failed] != (Sum{Payouts: 1, Amount: salur.Rupiah(2)}) || standing.Open() != 0 {
		t.Errorf("%+v, %v", standing, err)
	}
}

func TestFollowRidesOutAnOutage(t *testing.T) {
	t.Parallel()
	b := setup(t, "--appendonly", "yes", "--appendfsync", "always")
	p := b.check(b.open("p.csv", header+"A,62811742234,1\nB,62811742234,2\n"))
	if err := p.Accept(t.Context(), false, nothing); err != nil {
		t.Fatal(err)
	}
	f := &follower{then: func() { b.server.Kill() }}
	listen := f.listen()
	away := listen.Away
	listen.Away = func(err error) {
		away(err)
		if err != nil {
			if !errors.Is(err, salur.ErrUnavailable) {
				t.Error(err)
			}
			b.server.Restart()
			b.end("A", sm.Outcome{Kind: sm.Succeeded})
			b.end("B", sm.Outcome{Kind: sm.Succeeded})
		}
	}
	standing, err := p.Follow(t.Context(), listen)
	if err != nil || standing[salur.Succeeded] != (Sum{Payouts: 2, Amount: salur.Rupiah(3)}) || len(f.ended) != 2 {
		t.Errorf("%+v, %v", standing, err)
	}
	if diff := cmp.Diff([]bool{true, false}, f.away); diff != "" {
		t.Error(diff)
	}
}

func TestFollowStops(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.check(b.open("p.csv", header+"A,62811742234,1\nB,62811742234,2\n"))
	if err := p.Accept(t.Context(), false, nothing); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	f := &follower{then: stop}
	standing, err := p.Follow(ctx, f.listen())
	if err == nil || !strings.HasPrefix(err.Error(), "interrupted with 2 payouts still open; they go on without this program") || standing.Open() != 2 {
		t.Errorf("%v, %+v", err, standing)
	}
	disk := errors.New("disk full")
	listen := f.listen()
	listen.Ended = func(salur.Transaction) error { return disk }
	b.end("B", sm.Outcome{Kind: sm.Succeeded})
	if _, err := p.Follow(t.Context(), listen); !errors.Is(err, disk) {
		t.Errorf("%v", err)
	}
	// Forgotten: how it ended is not known.
	if _, err := ledger.NewRedis(b.rdb).Purge(t.Context(), time.Now().Add(time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	_, err = p.Follow(t.Context(), f.listen())
	if !errors.Is(err, salur.ErrNotFound) || cli.CodeOf(err) != cli.NotFound || !strings.HasPrefix(err.Error(), `1 payout is no longer on record (the first: ref "B"), 1 still open; `) {
		t.Errorf("%v", err)
	}
}

// A Redis that has lost what it had says nothing of it. Payouts that are gone are counted as such and as nothing else, also when no
// connection broke and no event will ever name them.
func TestFollowAfterALoss(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testBundle){
		"Emptied":       func(b *testBundle) { b.rdb.FlushAll(b.Context()) },
		"RestartedBare": func(b *testBundle) { b.server.Kill(); b.server.Restart() }, // without appendonly
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.check(b.open("p.csv", header+"A,62811742234,1\nB,62811742234,2\n"))
			if err := p.Accept(t.Context(), false, nothing); err != nil {
				t.Fatal(err)
			}
			f := &follower{then: func() { lose(b) }}
			listen := f.listen()
			listen.Every = 20 * time.Millisecond
			standing, err := p.Follow(t.Context(), listen)
			var lost *LostError
			if !errors.As(err, &lost) || *lost != (LostError{Lost: 2, First: "A"}) || cli.CodeOf(err) != cli.NotFound || len(standing) != 0 ||
				!strings.HasPrefix(err.Error(), `2 payouts are no longer on record (the first: ref "A"), 0 still open; Redis has lost what it had`) {
				t.Errorf("%v, %v", standing, err)
			}
		})
	}
}

// While payouts are open it is told so again and again, also when nothing changes.
func TestFollowStandsStill(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.check(b.open("p.csv", header+"A,62811742234,1\n"))
	if err := p.Accept(t.Context(), false, nothing); err != nil {
		t.Fatal(err)
	}
	f := &follower{}
	listen := f.listen()
	listen.Every = 10 * time.Millisecond
	times := 0
	listen.Still = func(_ context.Context, s Standing) {
		if times++; times == 3 {
			b.end("A", sm.Outcome{Kind: sm.Succeeded})
		}
		if s.Open() != 1 {
			t.Errorf("%v", s)
		}
	}
	if _, err := p.Follow(t.Context(), listen); err != nil || times < 3 {
		t.Errorf("%d times, %v", times, err)
	}
}

// A file whose payouts ended longer ago than they are kept is over, as it was, and pays nobody.
func TestFollowForgottenPayouts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const file = header + "OLD,62811742234,5\n"
	p := b.check(b.open("p.csv", file))
	if err := p.Accept(t.Context(), true, nothing); err != nil {
		t.Fatal(err)
	}
	b.end("OLD", sm.Outcome{Kind: sm.Succeeded})
	if n, err := ledger.NewRedis(b.rdb).Purge(t.Context(), time.Now().Add(time.Hour), 10); n != 1 || err != nil {
		t.Fatalf("forgot %d, %v", n, err)
	}
	p = b.check(b.open("again.csv", file))
	if err := p.Accept(t.Context(), true, nothing); err != nil {
		t.Fatal(err)
	}
	f := &follower{}
	standing, err := p.Follow(t.Context(), f.listen())
	if want := (Standing{salur.Succeeded: {Payouts: 1, Amount: salur.Rupiah(5)}}); err != nil || !maps.Equal(standing, want) {
		t.Errorf("%v, %v", standing, err)
	}
	if len(f.ended) != 1 || f.ended["OLD"] != "succeeded " {
		t.Errorf("told %v", f.ended)
	}
	if _, err := ledger.NewRedis(b.rdb).Get(t.Context(), "OLD"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("on record again: %v", err)
	}
	p = b.check(b.open("other.csv", header+"OLD,62811742234,6\n"))
	if text := b.show(p); !strings.Contains(text, "other content") {
		t.Errorf("with another amount: %s", text)
	}
}
