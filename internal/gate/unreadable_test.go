package gate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"

	"github.com/salur-id/salur/internal/statemachine"
)

// A hold that cannot be read holds sending. It stops no inquiry, hides no other hold, names itself, and is lifted by a
// person's resume.
func TestHoldThatCannotBeRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		if err := HoldByPerson(t.Context(), rdb, "audit", "Sari", c.now()); err != nil {
			t.Fatal(err)
		}
		needs := `{"by":"system","cause":"insufficient_funds","reason":"x","needs":{"value":"99999999999999999999.00","currency":"IDR"}}`
		if err := rdb.HSet(t.Context(), holdsKey, "system:insufficient_funds", needs).Err(); err != nil {
			t.Fatal(err)
		}
		g := New(config(rdb, c.now))
		g.read(t.Context())
		st := g.Status()
		if !st.Known || st.Err != nil || len(st.Holds) != 2 {
			t.Fatalf("%+v", st)
		}
		if pass, err := g.Wait(t.Context(), "status", Inquire); err != nil {
			t.Errorf("an inquiry waits: %v", err)
		} else {
			pass.Done(Fine)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := g.Wait(ctx, "topup", Send); err == nil {
			t.Error("a send passed")
		}
		lifted, err := Resume(t.Context(), rdb, "", "Sari", c.now())
		if err != nil || len(lifted) != 2 {
			t.Fatalf("lifted %+v, %v", lifted, err)
		}
		if u := lifted[0]; u.Cause != Unreadable || !strings.Contains(u.Reason, `"system:insufficient_funds"`) {
			t.Errorf("it is named %+v", u)
		}
		if holds, err := ReadHolds(t.Context(), rdb); err != nil || len(holds) != 0 {
			t.Errorf("after the resume: %+v, %v", holds, err)
		}
	})
}

// Sending goes on because something says so, not because nothing says otherwise: without the record of holds nothing is sent,
// and what was held is not forgotten in silence.
func TestLostHoldsHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		g := New(config(rdb, c.now))
		g.read(t.Context())
		if ok, err := g.Admit(t.Context(), pay("A", 1, "a")); !ok || err != nil {
			t.Fatalf("open: %t, %v", ok, err)
		}
		if err := HoldByPerson(t.Context(), rdb, "audit", "Sari", c.now()); err != nil {
			t.Fatal(err)
		}
		rdb.Del(t.Context(), holdsKey)
		if ok, err := g.Admit(t.Context(), pay("B", 1, "a")); ok || err != nil {
			t.Errorf("admitted without the record of holds: %t, %v", ok, err)
		}
		g.read(t.Context())
		closed(t, g, "topup", Send, "hold")
		pass(t, g, "inquiry", Inquire).Done(Fine)
		holds, err := ReadHolds(t.Context(), rdb)
		if err != nil || len(holds) != 1 || holds[0].Cause != HoldsLost || holds[0].By != BySystem {
			t.Fatalf("held for %+v, %v", holds, err)
		}
		if err := Begin(t.Context(), rdb); err != nil {
			t.Fatal(err)
		}
		if ok, _ := g.Admit(t.Context(), pay("B", 1, "a")); ok {
			t.Error("the start of a worker opened what is held")
		}
		if _, err := Resume(t.Context(), rdb, "nothing was held", "Sari", c.now()); err != nil {
			t.Fatal(err)
		}
		g.read(t.Context())
		if ok, err := g.Admit(t.Context(), pay("B", 1, "a")); !ok || err != nil {
			t.Errorf("after a person resumed: %t, %v", ok, err)
		}
	})
}

// A hold by the system, which lifts itself, does not hide that a person's hold was lost.
func TestLostHoldIsNotHiddenByAnother(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var c clock
		cfg := config(rdb, c.now)
		cfg.Probe = func(context.Context, Hold) bool { return true }
		g := New(cfg)
		if err := HoldByPerson(t.Context(), rdb, "audit", "Sari", c.now()); err != nil {
			t.Fatal(err)
		}
		rdb.Del(t.Context(), holdsKey)
		if first, err := g.Hold(t.Context(), Hold{Cause: statemachine.InsufficientFunds, Ref: "A"}); !first || err != nil {
			t.Fatalf("%t, %v", first, err)
		}
		c.pass(time.Minute)
		g.probeDue(t.Context()) // funds are there again
		g.read(t.Context())
		holds, err := ReadHolds(t.Context(), rdb)
		if err != nil || len(holds) != 1 || holds[0].Cause != HoldsLost {
			t.Errorf("held for %+v, %v", holds, err)
		}
		if ok, err := g.Admit(t.Context(), pay("B", 1, "b")); ok || err != nil {
			t.Errorf("admitted: %t, %v", ok, err)
		}
	})
}

// Before sending was opened for the first time, there is nothing that could have been lost.
func TestNothingIsLostBeforeTheFirstOpening(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	var c clock
	cfg := config(rdb, c.now)
	unfit := errors.New("not opened yet")
	cfg.Fit = func() error { return unfit }
	g := New(cfg)
	g.read(t.Context())
	closed(t, g, "topup", Send, whyUnfit)
	if holds, err := ReadHolds(t.Context(), rdb); err != nil || len(holds) != 0 {
		t.Errorf("held for %+v, %v", holds, err)
	}
}
