package ledger

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

// A payout past its retention is forgotten, and its reference is not: the same again changes nothing.
func TestAForgottenReferenceIsNotANewPayout(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	rdb := redistest.Start(t).Client()
	l := NewRedis(rdb)
	rec, _, err := l.Create(ctx, ten("OLD"), now)
	if err != nil {
		t.Fatal(err)
	}
	d := statemachine.Policy{}.Decide(rec.Tx, statemachine.Cancel("Sari", "paid in cash", now))
	if _, err := l.Apply(ctx, rec, d, ""); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Purge(ctx, now.Add(time.Hour), 10); err != nil || n != 1 {
		t.Fatalf("purged %d, %v", n, err)
	}
	l = NewRedis(rdb) // another program
	again, created, err := l.Create(ctx, ten("OLD"), now)
	if err != nil || created || again.Tx.State != statemachine.StateFailed || again.Tx.Next != statemachine.StepNone {
		t.Errorf("the same again: created %t, %s, %v", created, again.Tx.State, err)
	}
	other := ten("OLD")
	other.Notes = "other"
	if _, created, err := l.Create(ctx, other, now); !errors.Is(err, ErrConflict) || created {
		t.Errorf("other content: created %t, %v", created, err)
	}
	if found, err := l.Remembered(ctx, []payout.Payout{ten("OLD"), ten("NEW")}); err != nil || len(found) != 1 || found["OLD"].Err != nil {
		t.Errorf("remembered %v, %v", found, err)
	}
	if _, err := l.Get(ctx, "OLD"); !errors.Is(err, ErrNotFound) {
		t.Errorf("get: %v", err)
	}
}

// The event stream is at its end: nothing may be recorded by half.
func TestNothingIsRecordedByHalf(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	rdb := redistest.Start(t).Client()
	l := NewRedis(rdb)
	if err := rdb.Do(ctx, "XADD", "salur:{topup}:events", "18446744073709551615-18446744073709551615", "event", "{}").Err(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Create(ctx, ten("HALF"), now); err == nil {
		t.Fatal("created")
	}
	if _, err := l.Get(ctx, "HALF"); !errors.Is(err, ErrNotFound) {
		t.Errorf("on record: %v", err)
	}
}

// What an index has lost, or has too much, the audit mends.
func TestAuditMendsIndexes(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	rdb := redistest.Start(t).Client()
	l := NewRedis(rdb)
	if _, _, err := l.Create(ctx, ten("LOST"), now); err != nil {
		t.Fatal(err)
	}
	rdb.Del(ctx, "salur:{topup}:open:send")
	rdb.ZAdd(ctx, "salur:{topup}:state:pending", redisZ(1, "GONE"))
	var at AuditPlace
	var all Mended
	for range len(l.audited()) {
		next, m, err := l.Audit(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		at, all.Payouts, all.Orphans = next, append(all.Payouts, m.Payouts...), append(all.Orphans, m.Orphans...)
	}
	if len(all.Payouts) != 1 || len(all.Orphans) != 1 || all.Orphans[0] != "GONE" {
		t.Errorf("mended %+v", all)
	}
	if wakes, err := l.Overdue(ctx, payout.TopUp, statemachine.StepSend, now.Add(time.Second), 10); err != nil || len(wakes) != 1 {
		t.Errorf("overdue %v, %v", wakes, err)
	}
}

// A record that nobody can read is in nobody's way.
func TestAnUnreadableRecordStopsNobody(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	rdb := redistest.Start(t).Client()
	l := NewRedis(rdb)
	told := 0
	l.PutAside = func(string, error) { told++ }
	for _, ref := range []string{"BAD", "GOOD", "NEWER"} {
		if _, _, err := l.Create(ctx, ten(ref), now); err != nil {
			t.Fatal(err)
		}
	}
	rdb.Set(ctx, "salur:{topup}:tx:BAD", "1 w f\n{}\nrubbish", 0)
	rdb.Set(ctx, "salur:{topup}:tx:NEWER", "1 w f\n{}\n{\"schema\":99}", 0)
	rdb.XAdd(ctx, xadd("salur:{topup}:events", "rubbish"))
	if list, err := l.List(ctx, Query{}); err != nil || len(list) != 1 || list[0].Payout.Ref != "GOOD" {
		t.Errorf("list %v, %v", list, err)
	}
	if events, err := l.Events(ctx, "0", 10, -1); err != nil || len(events) != 4 || !events[3].Unreadable || events[3].Outcome() {
		t.Errorf("events %v, %v", events, err)
	}
	for _, ref := range []string{"BAD", "NEWER"} {
		if _, err := l.Get(ctx, ref); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if told != 3 || l.Unreadable() != 3 {
		t.Errorf("told %d times of %d", told, l.Unreadable())
	}
}

// The sum of a state carries over and stops nobody.
func TestSumsCarryOver(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	rdb := redistest.Start(t).Client()
	l := NewRedis(rdb)
	rdb.HSet(ctx, "salur:{topup}:sums", "queued", "999999999999999")
	if _, _, err := l.Create(ctx, ten("ONE"), now); err != nil {
		t.Fatal(err)
	}
	stats, err := l.Stats(ctx)
	if want := 999_999_999_999_999 + ten("ONE").Total().Cents(); err != nil || stats[0].Cents != want && stats[1].Cents != want {
		t.Errorf("stats %v, %v", stats, err)
	}
	if high := rdb.HGet(ctx, "salur:{topup}:sums", "queued:e15").Val(); high != "1" {
		t.Errorf("carried %q", high)
	}
}

// What could not be read back as it is is not written, however it got past the checks before.
func TestWhatCannotBeReadBackIsNotWritten(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx, now := t.Context(), time.Now()
		l := NewRedis(rdb)
		text := ten("TEXT")
		text.Notes = "\xff"
		for _, c := range l.CreateMany(ctx, []payout.Payout{text}, "", now) {
			if c.Err == nil || c.New {
				t.Errorf("recorded: %+v", c)
			}
		}
		for _, c := range l.CreateMany(ctx, []payout.Payout{ten("BY")}, "\xff", now) {
			if c.Err == nil || c.New {
				t.Errorf("recorded: %+v", c)
			}
		}
		if keys := rdb.Keys(ctx, "salur:{topup}:tx:*").Val(); len(keys) != 0 {
			t.Errorf("on record: %q", keys)
		}
	})
}
