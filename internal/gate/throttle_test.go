package gate

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A pause is of all workers; after it one send goes first. It doubles up to a minute, is survived by nobody's death,
// and ends with a good answer.
func TestPauseAfterThrottling(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		var c clock
		one, two := New(config(rdb, c.now)), New(config(rdb, c.now))
		admit := func(g *Gate, want bool) {
			t.Helper()
			p := pay("A", 1, "a")
			p.API = "topup"
			if got, err := g.Admit(ctx, p); err != nil || got != want {
				t.Fatalf("admitted: %t, %v; want %t", got, err, want)
			}
		}
		throttled := func(g *Gate) {
			t.Helper()
			if err := g.Throttled(ctx, "topup"); err != nil {
				t.Fatal(err)
			}
		}
		believe(one)
		admit(one, true)
		for range 5 { // answers to what was under way are one finding
			throttled(one)
		}
		admit(two, false)
		closed(t, one, "topup", Send, "throttled")
		for _, g := range []*Gate{one} {
			pass(t, g, "topup", Inquire).Done(Fine)
			pass(t, g, "transfer-bank", Send).Done(Fine)
		}
		c.pass(time.Second)
		for pause := 2 * time.Second; pause < 3*time.Minute; pause *= 2 {
			admit(one, true) // goes first
			admit(two, false)
			throttled(one)
			c.pass(min(pause, time.Minute) - time.Millisecond)
			admit(one, false)
			admit(two, false)
			c.pass(time.Millisecond)
		}
		admit(one, true) // and dies
		admit(two, false)
		c.pass(time.Minute)
		admit(two, true)
		if err := one.Unthrottled(ctx, "topup"); err != nil { // it was first once: its answer is still one of DANA's
			t.Fatal(err)
		}
		admit(one, true)
		admit(two, true)
	})
}

// A worker whose clock was wrong stops nobody for longer than a pause may last.
func TestPauseOfAWrongClock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, rdb *redis.Client) {
		var ahead, c clock
		ahead.pass(24 * time.Hour)
		if err := New(config(rdb, ahead.now)).Throttled(t.Context(), "topup"); err != nil {
			t.Fatal(err)
		}
		p := pay("A", 1, "a")
		p.API = "topup"
		if ok, err := New(config(rdb, c.now)).Admit(t.Context(), p); err != nil || !ok {
			t.Errorf("%t, %v", ok, err)
		}
	})
}
