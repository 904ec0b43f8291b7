package gate

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

type number struct{} // the context key of a waiter's number

// A hundred who waited under a hold pass in the order in which they came. The order of
// passing is the order in which they ask for the rate, seen in the client.
func TestWaitersPassInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []int
		s := &spy{rate: allowed, before: func(ctx context.Context, name string) {
			if n, ok := ctx.Value(number{}).(int); ok && name == "evalsha" {
				order = append(order, n)
			}
		}}
		cfg := config(offline(t, s), time.Now)
		cfg.RatePerSecond = 1000
		g := New(cfg)
		believe(g, Hold{By: ByPerson})
		var want []int
		for n := range 100 {
			ctx, giveUp := context.WithCancel(context.WithValue(t.Context(), number{}, n))
			go func() {
				if p, err := g.Wait(ctx, "topup", Send); err == nil {
					p.Done(Fine)
				}
			}()
			synctest.Wait() // it is in the queue
			if n%10 == 0 {
				giveUp() // and leaves it again: the first one does, too
			} else {
				want = append(want, n)
				defer giveUp()
			}
		}
		believe(g)
		synctest.Wait()
		if !slices.Equal(order, want) {
			t.Errorf("passed in order %v", order)
		}
	})
}

// For a minute 64 wait behind an open breaker. Redis sees the reading of the holds, twice
// a second, and nothing else.
func TestWaitingIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &spy{rate: allowed}
		cfg := config(offline(t, s), time.Now)
		cfg.BreakerOpenFor, cfg.RatePerSecond = time.Hour, 1000
		g := New(cfg)
		run(t, g)
		for range 3 {
			pass(t, g, "topup", Send).Done(Fault)
		}
		read, asked := s.count("hgetall"), s.count("evalsha")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		gaveUp := make(chan error, 64)
		for range cap(gaveUp) {
			go func() {
				_, err := g.Wait(ctx, "topup", Send)
				gaveUp <- err
			}()
		}
		for range cap(gaveUp) {
			var shut *ClosedError
			if err := <-gaveUp; !errors.As(err, &shut) || shut.Why != "breaker" {
				t.Fatalf("Wait: %v, want closed by the breaker", err)
			}
		}
		if n := s.count("hgetall") - read; n < 119 || n > 120 {
			t.Errorf("the holds were read %d times in a minute, want 120", n)
		}
		if n := s.count("evalsha") - asked; n != 0 {
			t.Errorf("the rate was asked for %d times, want 0", n)
		}
	})
}

// A hold stops sending. Asking goes on, unless DANA refuses the credentials.
func TestHoldAndPurpose(t *testing.T) {
	t.Parallel()
	person := Hold{By: ByPerson}
	funds := Hold{By: BySystem, Cause: statemachine.InsufficientFunds}
	denied := Hold{By: BySystem, Cause: statemachine.CredentialsRefused}
	for name, test := range map[string]struct {
		holds         []Hold
		send, inquire bool
	}{
		"no hold":            {nil, true, true},
		"a person's":         {[]Hold{person}, false, true},
		"no funds":           {[]Hold{funds}, false, true},
		"credentials":        {[]Hold{denied}, false, false},
		"credentials first":  {[]Hold{denied, person}, false, false},
		"credentials behind": {[]Hold{person, funds, denied}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := New(config(nil, time.Now))
				believe(g, test.holds...)
				for p, open := range map[Purpose]bool{Send: test.send, Validate: test.send, Inquire: test.inquire} {
					if open {
						pass(t, g, "any", p).Done(Fine)
					} else {
						closed(t, g, "any", p, "hold")
					}
				}
			})
		})
	}
}

// An open breaker ends a Validate at once, and nobody else's wait.
func TestValidateDoesNotWaitForABreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := New(config(nil, time.Now))
		believe(g)
		for range 3 {
			pass(t, g, "any", Validate).Done(Fault)
		}
		begun := time.Now()
		_, err := g.Wait(t.Context(), "any", Validate)
		var shut *ClosedError
		if !errors.As(err, &shut) || shut.Why != WhyBreaker || !time.Now().Equal(begun) {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		closed(t, g, "any", Inquire, WhyBreaker)
	})
}

// Who waits to send does not stand in the way of who asks.
func TestPurposesQueueApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := New(config(nil, time.Now))
		believe(g, Hold{By: ByPerson})
		sent := make(chan *Pass)
		go func() {
			p, _ := g.Wait(t.Context(), "any", Send)
			sent <- p
		}()
		synctest.Wait()
		pass(t, g, "any", Inquire).Done(Fine)
		believe(g)
		if <-sent == nil {
			t.Error("the sender did not pass after the hold")
		}
		late, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := g.Wait(late, "any", Send)
		var shut *ClosedError
		if !errors.As(err, &shut) || shut.Why != "turn" {
			t.Errorf("Wait: %v, want no word of the hold that is over", err)
		}
	})
}

// After Stop nothing passes, and who waits is told only when their own time is over.
func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := New(config(nil, time.Now))
		believe(g)
		given := pass(t, g, "topup", Send)
		believe(g, Hold{By: ByPerson})
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error, 2)
		for range cap(waiting) {
			go func() {
				_, err := g.Wait(ctx, "topup", Send)
				waiting <- err
			}()
		}
		synctest.Wait()
		g.Stop()
		closed(t, g, "balance", Inquire, "stopping")
		if len(waiting) != 0 {
			t.Fatal("Stop let a waiter go")
		}
		cancel()
		for range cap(waiting) {
			err := <-waiting
			var shut *ClosedError
			if !errors.As(err, &shut) || shut.Why != "stopping" || !errors.Is(err, context.Canceled) {
				t.Errorf("Wait: %v, want closed because of stopping, when cancelled", err)
			}
		}
		given.Done(Fine) // what was under way ends as ever
	})
}

// What is not known is not open: before the first reading, and when Redis is silent.
func TestUnknownIsClosed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var c clock
	g := New(config(server.Client(), c.now))
	closed(t, g, "topup", Send, "unknown")
	closed(t, g, "balance", Inquire, "unknown")
	if g.Status().Known {
		t.Error("known before the first reading")
	}

	run(t, g)
	pass(t, g, "topup", Send).Done(Fine)
	server.Kill()
	g.read(t.Context())
	if s := g.Status(); !s.Known || s.Err == nil {
		t.Errorf("just after the loss: %+v, want known and an error", s)
	}
	pass(t, g, "topup", Send).Done(Fine) // a failover takes a moment
	c.pass(trustFor + time.Nanosecond)
	closed(t, g, "topup", Send, "unknown")
	closed(t, g, "balance", Inquire, "unknown")

	server.Restart()                          // empty
	pass(t, g, "balance", Inquire).Done(Fine) // Run finds it
	closed(t, g, "topup", Send, "hold")
	if _, err := Resume(t.Context(), server.Client(), "", "Sari", c.now()); err != nil {
		t.Fatal(err)
	}
	pass(t, g, "topup", Send).Done(Fine)
	if s := g.Status(); !s.Known || s.Err != nil {
		t.Errorf("after the return: %+v, want known and no error", s)
	}
}
