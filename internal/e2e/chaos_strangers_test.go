package e2e

import (
	"fmt"
	"strings"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// thief is who is paid if an instruction that was altered in Redis is believed: a customer, or an account.
const thief = "628290000000"

// foreign is what stands in tasks that no version of ours makes, or reads.
var foreign = []struct{ queue, typ, payload string }{
	{"topup", "topup:sendback", `{"v":1,"ref":%q,"customer":"628121234567","amount":"10000"}`},
	{"topup", "topup:send:preview", `{"v":1,"ref":%q,"customer":"628121234567","amount":"10000"}`},
	{"bank", "bank:reverse", `{"v":1,"ref":%q,"customer":"628121234567","amount":"10000","bankCode":"014","account":"2460888509"}`},
	{"topup", "topup:send", `{"v":1,"ref":%q,"customer":"628121234567","amount":"10","AMOUNT":"77000"}`},
	{"topup", "topup:send", `{"v":1,"ref":%q,"customer":"628121234567","amount":"10","amount":"77000"}`},
	{"topup", "topup:send", `{"v":1,"ref":%q,"customer":"628121234567","amount":"10"`},
}

// alter writes another payee into a record, as whoever may write to Redis can, and returns how often.
var alter = redis.NewScript(`
local text, customers = string.gsub(redis.call('GET', KEYS[1]), '"customer":"%d+"', '"customer":"' .. ARGV[1] .. '"')
local text, accounts = string.gsub(text, '"account":"%d+"', '"account":"' .. ARGV[1] .. '"')
redis.call('SET', KEYS[1], text)
return customers + accounts`)

// strangers lets others at a batch while it is held: some of it is cancelled, some altered in Redis, some DANA will
// answer without its fields; and tasks come that are not ours.
func (c *chaos) strangers() {
	if c.short && c.payouts >= c.wantPayouts {
		return
	}
	c.must("ledger", "hold", "--reason", "a look")
	first := len(c.accepted)
	c.submit()
	batch := c.accepted[first:]
	client := asynq.NewClientFromRedisClient(c.rdb)
	for i, f := range foreign {
		ref := fmt.Sprintf("FOREIGN-%d-%d", first, i)
		c.foreign = append(c.foreign, ref)
		task := asynq.NewTask(f.typ, fmt.Appendf(nil, f.payload, ref))
		if _, err := client.Enqueue(task, asynq.Queue(f.queue), asynq.MaxRetry(i%2)); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, ref := range batch[:2] {
		if _, _, code := c.run("", "ledger", "cancel", ref, "--reason", "wrong file", "--by", "Sari"); code == 0 {
			c.cancelled[ref] = true
		}
	}
	for _, ref := range batch[2:4] {
		if n, err := alter.Run(c.t.Context(), c.rdb, []string{"salur:{topup}:tx:" + ref}, thief).Int(); err != nil || n == 0 {
			c.t.Fatalf("%s was not altered: %v", ref, err)
		}
		c.altered = append(c.altered, ref)
	}
	for _, ref := range batch[4:6] {
		c.control("behaviours", fmt.Sprintf(`{"ref":%q,"behaviour":{"sends":[{"answer":"missing_fields"}],"inquiries":[{"times":2,"answer":"missing_fields"}]}}`, ref))
		c.bare = append(c.bare, ref)
	}
	c.must("ledger", "resume", "--reason", "seen")
}

// heldAgainstStrangers is what none of it may have come to.
func (c *chaos) heldAgainstStrangers(st sandbox.State) {
	for _, credit := range st.Credits {
		if got := credit.Customer + " " + credit.Amount.Value(); c.instructed[credit.Ref] != got {
			c.t.Errorf("DANA paid %s under %s; the instruction says %q", got, credit.Ref, c.instructed[credit.Ref])
		}
	}
	records := c.records(c.accepted)
	for ref := range c.cancelled {
		if tx := records[ref].Tx; tx.State != "failed" || tx.Reason != "cancelled" {
			c.t.Errorf("%s was cancelled and is %s (%s)", ref, tx.State, tx.Reason)
		}
	}
	for ref := range c.records(c.foreign) {
		c.t.Errorf("a payout %s was made of a task that is not ours", ref)
	}
	for _, ref := range c.bare {
		for _, e := range c.history(ref) {
			if e.To == sm.StateSucceeded && strings.HasPrefix(string(e.Event), "send_") {
				c.t.Errorf("%s is called succeeded by an answer without its fields", ref)
			}
		}
	}
	for _, ref := range c.altered {
		for _, e := range c.history(ref) {
			if e.Event == sm.Altered {
				c.found++
			}
		}
	}
}

func (c *chaos) history(ref string) []ledger.Entry {
	entries, err := c.ledger.History(c.t.Context(), ref)
	if err != nil {
		c.t.Fatal(err)
	}
	return entries
}
