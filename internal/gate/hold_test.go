package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

var (
	noFunds = Hold{Cause: statemachine.InsufficientFunds, Reason: "the deposit is empty (4033814)", Ref: "PAY-1"}
	refused = Hold{Cause: statemachine.CredentialsRefused, Reason: "DANA refuses the signature (4013800)", Ref: "PAY-2"}
)

// heard collects what OnHold says.
type heard chan string

func (h heard) onHold(hold Hold, held bool) {
	h <- fmt.Sprint(map[bool]string{true: "held ", false: "lifted "}[held], hold.field())
}

func (h heard) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-h:
		if got != want {
			t.Fatalf("heard %q, want %q", got, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("did not hear %q", want)
	}
}

func (h heard) nothingMore(t *testing.T) {
	t.Helper()
	if len(h) > 0 {
		t.Fatalf("heard %q, want nothing", <-h)
	}
}

func holds(t *testing.T, rdb redis.UniversalClient, want ...Hold) {
	t.Helper()
	got, err := ReadHolds(t.Context(), rdb)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, sameMoney); d != "" {
		t.Fatalf("holds (-want +got):\n%s", d)
	}
}

// A hold by one worker stops it at once and the others within a second; so does lifting.
// Each says so once.
func TestHoldIsSeenByAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		gates, ears := [2]*Gate{}, [2]heard{make(heard, 9), make(heard, 9)}
		for i := range gates {
			cfg := config(rdb, time.Now)
			cfg.OnHold = ears[i].onHold
			gates[i] = New(cfg)
			run(t, gates[i])
			pass(t, gates[i], "topup", Send).Done(Fine)
		}
		first, err := gates[0].Hold(ctx, noFunds)
		at := time.Now()
		if err != nil || !first {
			t.Fatalf("Hold: %v, %v; want the first", first, err)
		}
		closed(t, gates[0], "topup", Send, "hold")
		ears[0].expect(t, "held system:insufficient_funds")
		ears[1].expect(t, "held system:insufficient_funds")
		if waited := time.Since(at); waited > time.Second {
			t.Errorf("seen after %v, want a second at most", waited)
		}
		closed(t, gates[1], "topup", Send, "hold")
		if first, err = gates[1].Hold(ctx, noFunds); err != nil || first {
			t.Errorf("Hold again: %v, %v; want not the first", first, err)
		}
		lifted, err := Resume(ctx, rdb, "", "Sari", time.Now())
		if err != nil || len(lifted) != 1 || lifted[0].Ref != noFunds.Ref {
			t.Errorf("Resume: %+v, %v; want the hold of %s", lifted, err, noFunds.Ref)
		}
		for i, g := range gates {
			pass(t, g, "topup", Send).Done(Fine)
			ears[i].expect(t, "lifted system:insufficient_funds")
			ears[i].nothingMore(t)
		}
	})
}

// A reading that was under way when the hold was made does not undo it.
func TestOldReadingDoesNotUndoAHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		read, held, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
		var second atomic.Bool
		s := &spy{counts: make(map[string]int), after: func(name string) {
			if name == "hgetall" && !second.Swap(true) {
				close(read)
				<-release
			}
		}}
		rdb.AddHook(s)
		var c clock
		g := New(config(rdb, c.now))
		var calls sync.WaitGroup
		calls.Go(func() { g.read(t.Context()) })
		<-read // it saw no hold, and dawdles
		calls.Go(func() {
			defer close(held)
			if _, err := g.Hold(t.Context(), noFunds); err != nil {
				t.Error(err)
			}
		})
		select {
		case <-held: // overtaking is no fault in itself; the old reading must not win
		case <-time.After(50 * time.Millisecond):
		}
		close(release)
		calls.Wait()
		closed(t, g, "topup", Send, "hold")
	})
}

// Of many calls at once for one cause, over two workers, one is the first.
func TestOneHoldIsFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		gates := []*Gate{New(config(rdb, c.now)), New(config(rdb, c.now))}
		var mu sync.Mutex
		firsts := 0
		var calls sync.WaitGroup
		for n := range 20 {
			calls.Go(func() {
				first, err := gates[n%2].Hold(t.Context(), noFunds)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if first {
					firsts++
				}
			})
		}
		calls.Wait()
		if firsts != 1 {
			t.Errorf("%d were first, want 1", firsts)
		}
	})
}

// A person's hold and the system's for each cause stand side by side, and Resume lifts all.
func TestHoldsAreIndependent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		var c clock
		ear := make(heard, 9)
		cfg := config(rdb, c.now)
		cfg.OnHold = ear.onHold
		g := New(cfg)

		person := Hold{By: ByPerson, Reason: "the bank is closed", Person: "rina", Since: c.now()}
		if err := HoldByPerson(ctx, rdb, person.Reason, person.Person, c.now()); err != nil {
			t.Fatal(err)
		}
		want := []Hold{person}
		for _, h := range []Hold{noFunds, refused} {
			c.pass(time.Second)
			if first, err := g.Hold(ctx, h); err != nil || !first {
				t.Fatalf("Hold: %v, %v; want the first", first, err)
			}
			h.By, h.Since, h.NextProbe = BySystem, c.now(), c.now().Add(5*time.Second)
			want = append(want, h)
		}
		holds(t, rdb, want...)
		if d := cmp.Diff(want, g.Status().Holds, sameMoney); d != "" {
			t.Errorf("Status (-want +got):\n%s", d)
		}
		ear.expect(t, "held person")
		ear.expect(t, "held system:insufficient_funds")
		ear.expect(t, "held system:credentials_refused")

		c.pass(time.Second) // a new reason is a new hold
		if err := HoldByPerson(ctx, rdb, "the bank is on fire", "budi", c.now()); err != nil {
			t.Fatal(err)
		}
		g.read(ctx)
		ear.expect(t, "lifted person")
		ear.expect(t, "held person")
		want = append(want[1:], Hold{By: ByPerson, Reason: "the bank is on fire", Person: "budi", Since: c.now()})

		lifted, err := Resume(ctx, rdb, "", "Sari", time.Now())
		if d := cmp.Diff(want, lifted, sameMoney); d != "" || err != nil {
			t.Errorf("Resume: %v (-want +got):\n%s", err, d)
		}
		holds(t, rdb)
		if lifted, err = Resume(ctx, rdb, "", "Sari", time.Now()); err != nil || len(lifted) != 0 {
			t.Errorf("Resume of nothing: %v, %v", lifted, err)
		}
		ear.nothingMore(t)
	})
}

// A record that cannot be read may be a hold: nothing passes, the error names the place,
// and Resume clears it.
func TestUnreadableHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		var c clock
		g := New(config(rdb, c.now))
		rdb.HSet(ctx, holdsKey, "person", "{half")
		g.read(ctx)
		closed(t, g, "topup", Send, "hold")
		if st := g.Status(); len(st.Holds) != 1 || !strings.Contains(st.Holds[0].Reason, `"person" of `+holdsKey) {
			t.Errorf("Status = %+v, want the place named", st)
		}
		if lifted, err := Resume(ctx, rdb, "", "Sari", time.Now()); err != nil || len(lifted) != 1 {
			t.Errorf("Resume: %+v, %v", lifted, err)
		}
		g.read(ctx)
		pass(t, g, "topup", Send).Done(Fine)
		if err := HoldByPerson(ctx, rdb, "month end", "Sari", time.Now()); err != nil {
			t.Fatal(err)
		}
		if log, err := Log(ctx, rdb, 10); err != nil || len(log) != 1 || log[0].Held[0].Reason != "month end" {
			t.Errorf("what could not be read hides the rest of the log: %+v, %v", log, err)
		}
	})
}

// Without Redis nobody is told that something was held or lifted.
func TestHoldWithoutRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	server.Kill()
	ctx := context.Background()
	if first, err := New(config(rdb, time.Now)).Hold(ctx, noFunds); err == nil || first {
		t.Errorf("Hold: %v, %v; want an error", first, err)
	}
	if err := HoldByPerson(ctx, rdb, "r", "rina", time.Now()); err == nil {
		t.Error("HoldByPerson: no error")
	}
	if lifted, err := Resume(ctx, rdb, "", "Sari", time.Now()); err == nil || lifted != nil {
		t.Errorf("Resume: %v, %v; want an error", lifted, err)
	}
	if got, err := ReadHolds(ctx, rdb); err == nil || got != nil {
		t.Errorf("ReadHolds: %v, %v; want an error", got, err)
	}
}

// Every change of the holds is in the log, once, with who made it; the newest 1,000 stay.
func TestLog(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	nine := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	now := nine
	g := New(Config{Redis: rdb, BreakerFailures: 1, BreakerOpenFor: time.Second, Now: func() time.Time { return now },
		Probe: func(context.Context, Hold) bool { return true }})
	if lifted, err := Resume(t.Context(), rdb, "", "Sari", now); err != nil || len(lifted) != 0 {
		t.Fatalf("%+v, %v", lifted, err)
	}
	for range 2 { // the second finds it held
		if _, err := g.Hold(t.Context(), noFunds); err != nil {
			t.Fatal(err)
		}
	}
	now = nine.Add(time.Minute)
	g.probe(t.Context(), BySystem+":"+string(noFunds.Cause))
	if err := HoldByPerson(t.Context(), rdb, "month end", "Sari", now); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Hold(t.Context(), refused); err != nil {
		t.Fatal(err)
	}
	now = nine.Add(2 * time.Minute)
	if _, err := Resume(t.Context(), rdb, "it is \"open\"", "Budi", now); err != nil {
		t.Fatal(err)
	}
	log, err := Log(t.Context(), rdb, 10)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, c := range log {
		line := c.At.Sub(nine).String()
		for _, h := range c.Held {
			line += " +" + h.field()
		}
		slices.SortFunc(c.Lifted, func(a, b Hold) int { return strings.Compare(a.By, b.By) })
		for _, h := range c.Lifted {
			line += " -" + h.field()
		}
		said = append(said, strings.TrimRight(line+" "+c.Person+" "+c.Reason, " "))
	}
	want := []string{
		`2m0s -person -system:credentials_refused Budi it is "open"`, "1m0s +system:credentials_refused", "1m0s +person",
		"1m0s -system:insufficient_funds", "0s +system:insufficient_funds",
	}
	if d := cmp.Diff(want, said, sameMoney); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for range logKept {
		if err := HoldByPerson(t.Context(), rdb, "again", "Sari", now); err != nil {
			t.Fatal(err)
		}
	}
	if n := rdb.LLen(t.Context(), logKey).Val(); n != logKept {
		t.Errorf("%d entries are kept", n)
	}
}
