package courier

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Whoever can write to Redis's stream, or to the outbox, cannot make an outcome be told: what is told is what the ledger has.
func TestForgedOutcomesAreNotTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.courier("w1")
	aside := make(chan string, 100)
	c.events.PutAside = func(what string, _ error) { aside <- what }
	c.PutAside = c.events.PutAside
	b.pay("REAL")
	genuine := b.rdb.XRevRangeN(t.Context(), "salur:{topup}:events", "+", "-", 1).Val()[0].Values["event"].(string) // REAL has failed
	add := func(event string) {
		t.Helper()
		if err := b.rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: "salur:{topup}:events", Values: []string{"event", event}}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	forged := []string{
		strings.Replace(genuine, `"REAL"`, `"NOBODY"`, 1),
		strings.Replace(genuine, `"to":"failed"`, `"to":"succeeded"`, 1),
		strings.Replace(genuine, "10000.50", "99.00", 1),
		strings.Replace(genuine, `"version":4`, `"version":5`, 1),
		strings.Replace(genuine, `"kind":"topup"`, `"kind":"bank"`, 1),
		strings.Replace(genuine, `"event":"inquiry_failed"`, `"event":"resolved"`, 1),
		strings.Replace(genuine, `"ref":"REAL"`, `"ref":"REAL","danaReferenceNo":"77"`, 1),
		"rubbish",
	}
	for _, event := range forged {
		if event == genuine {
			t.Fatalf("%s was not forged", genuine)
		}
		add(event)
	}
	b.rdb.RPush(t.Context(), "salur:{topup}:outbox:to:INJECTED", "1-1 "+strings.Replace(genuine, `"REAL"`, `"INJECTED"`, 1))
	b.rdb.RPush(t.Context(), "salur:{topup}:outbox:to:RUBBISH", "rubbish")
	for _, ref := range []string{"INJECTED", "RUBBISH"} {
		b.rdb.ZAdd(t.Context(), "salur:{topup}:outbox:due", redis.Z{Score: 1, Member: ref})
	}
	b.start(c)
	if p, q := b.next(), b.next(); p.String() != "REAL pending" || q.String() != "REAL failed" {
		t.Errorf("%s, %s", p, q)
	}
	for range len(forged) + 2 {
		<-aside
	}
	b.await("the outbox to be empty", b.empty)
	b.pay("LATER")
	if p, q := b.next(), b.next(); p.String() != "LATER pending" || q.String() != "LATER failed" {
		t.Errorf("%s, %s", p, q)
	}
	lost, _, err := b.outbox.Undelivered(t.Context(), 10)
	if err != nil || len(lost) != 2 || lost[0].Error != "not_on_record" {
		t.Errorf("given up: %+v, %v", lost, err)
	}
}

// The place in the stream is lost, and the list of one payout is no list: nothing that was to be told is skipped, and the others are told.
func TestLostPlaceInTheStream(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.courier("w1")
	b.pay("A")
	b.rdb.Del(t.Context(), "salur:{topup}:outbox:cursor")
	b.rdb.Set(t.Context(), "salur:{topup}:outbox:to:BROKEN", "no list", 0)
	b.pay("BROKEN", "B")
	aside := make(chan string, 100)
	c.outbox.PutAside = func(what string, _ error) { aside <- what }
	b.start(c)
	told := map[string]bool{}
	for range 4 {
		told[b.next().String()] = true
	}
	for _, want := range []string{"A pending", "A failed", "B pending", "B failed"} {
		if !told[want] {
			t.Errorf("%s was not told: %v", want, told)
		}
	}
	if what := <-aside; !strings.Contains(what, "BROKEN") {
		t.Errorf("put aside: %s", what)
	}
}
