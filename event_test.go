package salur_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
)

func line(e salur.Event) string {
	return fmt.Sprintf("%s %s>%s %s v%d %s", e.Ref, e.From, e.To, e.Event, e.Version, e.Amount.Value())
}

func TestWatch(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if _, err := c.Enqueue(ctx, topUp("BEFORE")); err != nil {
			t.Fatal(err)
		}
		last, err := c.LastEvent(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Enqueue(ctx, topUp("PAY-1")); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"PAY-1 >queued accepted v1 10000.00", "PAY-1 queued>processing taken v2 10000.00", "PAY-1 processing>succeeded send_succeeded v3 10000.00",
		}
		var got []string
		var again string
		for e, err := range c.Watch(ctx, last) {
			if err != nil {
				if !errors.Is(err, context.Canceled) || errors.Is(err, salur.ErrUnavailable) {
					t.Error(err)
				}
				break
			}
			switch got = append(got, line(e)); len(got) {
			case 1:
				again = e.ID
				w.takes("PAY-1")
				w.pays("PAY-1")
			case 3:
				if e.ReferenceNo != "2026112100001" || e.At.IsZero() || e.Kind != salur.TopUp {
					t.Errorf("%+v", e)
				}
				cancel()
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		for e, err := range c.Watch(t.Context(), again) {
			if err != nil || line(e) != want[1] {
				t.Errorf("after the first: %v, %v", line(e), err)
			}
			break
		}
	})
}

// Without an event to begin after, Watch begins now.
func TestWatchFromNow(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		if _, err := c.Enqueue(t.Context(), topUp("BEFORE")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { // whenever Watch begins, something happens after it
			for i := 0; ctx.Err() == nil; i++ {
				if _, err := c.Enqueue(t.Context(), topUp(fmt.Sprint("PAY-", i))); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
		for e, err := range c.Watch(ctx, "") {
			if err != nil || e.Ref == "BEFORE" {
				t.Errorf("the first is %s, %v", e.Ref, err)
			}
			cancel()
			break
		}
	})
}

// Each event goes to one member of a group, also one that another member failed to handle.
func TestSubscribe(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		const payouts = 60
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		ready := make(chan struct{}, 3)
		for range 3 {
			wg.Go(func() {
				ready <- struct{}{}
				err := c.Subscribe(ctx, "books", func(_ context.Context, e salur.Event) error {
					mu.Lock()
					defer mu.Unlock()
					if seen[e.Ref]++; len(seen) == payouts {
						cancel()
					}
					return nil
				})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("Subscribe ended with %v", err)
				}
			})
		}
		for range 3 {
			<-ready
		}
		// The group begins when its first member makes it.
		for rdb.XInfoGroups(ctx, "salur:{topup}:events").Err() != nil && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		for i := range payouts {
			if _, err := c.Enqueue(t.Context(), topUp(fmt.Sprint("PAY-", i))); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		for ref, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", ref, n)
			}
		}
		if len(seen) != payouts {
			t.Errorf("%d of %d came", len(seen), payouts)
		}
		if left, err := rdb.XInfoConsumers(t.Context(), "salur:{topup}:events", "books").Result(); err != nil || len(left) != 0 {
			t.Errorf("members that left are still on Redis's list: %v, %v", left, err)
		}
	})
}

// What handle refuses ends Subscribe, and stays to be handled.
func TestSubscribeKeepsWhatIsNotHandled(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		ctx := t.Context()
		if err := rdb.XGroupCreateMkStream(ctx, "salur:{topup}:events", "books", "$").Err(); err != nil {
			t.Fatal(err)
		}
		for _, ref := range []string{"PAY-1", "PAY-2"} {
			if _, err := c.Enqueue(ctx, topUp(ref)); err != nil {
				t.Fatal(err)
			}
		}
		full := errors.New("the books are full")
		if err := c.Subscribe(ctx, "books", func(context.Context, salur.Event) error { return full }); !errors.Is(err, full) {
			t.Errorf("%v, want the handler's error", err)
		}
		left, err := rdb.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: "salur:{topup}:events", Group: "books", Start: "-", End: "+", Count: 9}).Result()
		if err != nil || len(left) != 1 || left[0].RetryCount != 1 {
			t.Errorf("left to be handled: %+v, %v", left, err)
		}
	})
}
