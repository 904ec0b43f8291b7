package ledger_test

import (
	"testing"
	"time"

	"github.com/salur-id/salur/internal/ledger"
)

func refsOf(events []ledger.Event) (refs []string) {
	for _, e := range events {
		refs = append(refs, e.Ref)
	}
	return refs
}

func (b bundle) expect(t *testing.T, what string, got []ledger.Event, err error, refs ...string) {
	t.Helper()
	is := refsOf(got)
	if err != nil || len(is) != len(refs) {
		t.Fatalf("%s: %v, %v; want %v", what, is, err, refs)
	}
	for i := range refs {
		if is[i] != refs[i] {
			t.Fatalf("%s: %v, want %v", what, is, refs)
		}
	}
}

const (
	soon  = 10 * time.Millisecond
	never = time.Hour
)

// Reading on from an event gives what came after it, and nothing when nothing did.
func TestEvents(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		ctx := t.Context()
		last, err := b.ledger.LastEvent(ctx)
		if err != nil || last != "0-0" {
			t.Fatalf("last event of an empty stream: %q, %v", last, err)
		}
		got, err := b.ledger.Events(ctx, last, 10, soon)
		b.expect(t, "nothing happened", got, err)
		b.create(t, "PAY-1", "1")
		if last, err = b.ledger.LastEvent(ctx); err != nil {
			t.Fatal(err)
		}
		b.create(t, "PAY-2", "1")
		b.create(t, "PAY-3", "1")
		got, err = b.ledger.Events(ctx, "0-0", 2, soon)
		b.expect(t, "the first two", got, err, "PAY-1", "PAY-2")
		got, err = b.ledger.Events(ctx, last, 10, soon)
		b.expect(t, "after the first", got, err, "PAY-2", "PAY-3")
		if got[1].Version != 1 || got[1].To != "queued" || got[1].From != "" || got[1].Trigger != "accepted" || !got[1].At.Equal(b.now) {
			t.Errorf("%+v", got[1])
		}
	})
}

// In a group each event goes to one consumer, and to another when it is not done with in time.
func TestGroupOfConsumers(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		ctx := t.Context()
		b.create(t, "BEFORE", "1")
		for range 2 { // joining again changes nothing
			if err := b.ledger.Join(ctx, "g"); err != nil {
				t.Fatal(err)
			}
		}
		b.create(t, "PAY-1", "1")
		b.create(t, "PAY-2", "1")
		b.create(t, "PAY-3", "1")
		first, err := b.ledger.Take(ctx, "g", "one", 1, never, soon)
		b.expect(t, "one takes", first, err, "PAY-1")
		second, err := b.ledger.Take(ctx, "g", "two", 1, never, soon)
		b.expect(t, "two takes", second, err, "PAY-2")
		if err := b.ledger.Done(ctx, "g", second...); err != nil {
			t.Fatal(err)
		}
		if err := b.ledger.Leave(ctx, "g", "one"); err != nil { // it has an event: it may not be forgotten
			t.Fatal(err)
		}
		again, err := b.ledger.Take(ctx, "g", "two", 5, 0, soon)
		b.expect(t, "what one left", again, err, "PAY-1")
		if again[0] != first[0] {
			t.Errorf("it came as %+v, then as %+v", first[0], again[0])
		}
		third, err := b.ledger.Take(ctx, "g", "two", 5, never, soon)
		b.expect(t, "what is new", third, err, "PAY-3")
		if err := b.ledger.Done(ctx, "g", append(again, third...)...); err != nil {
			t.Fatal(err)
		}
		rest, err := b.ledger.Take(ctx, "g", "one", 5, 0, soon)
		b.expect(t, "all is done", rest, err)
		for _, consumer := range []string{"one", "two"} {
			if err := b.ledger.Leave(ctx, "g", consumer); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := b.rdb.XInfoConsumers(ctx, "salur:{topup}:events", "g").Result(); err != nil || len(left) != 0 {
			t.Errorf("consumers that left: %v, %v", left, err)
		}
	})
}
