package e2e

import (
	"fmt"
	"strings"

	"github.com/salur-id/salur/internal/sandbox"
)

// strangers lets others at a batch while it is held: some of it is cancelled, and some DANA will answer without its
// fields.
func (c *chaos) strangers() {
	if c.short && c.payouts >= c.wantPayouts {
		return
	}
	c.must("ledger", "hold", "--reason", "a look")
	first := len(c.accepted)
	c.submit()
	batch := c.accepted[first:]
	for _, ref := range batch[:2] {
		if _, _, code := c.run("", "ledger", "cancel", ref, "--reason", "wrong file", "--by", "Sari"); code == 0 {
			c.cancelled[ref] = true
		}
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
	for _, ref := range c.bare {
		entries, err := c.ledger.History(c.t.Context(), ref)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, e := range entries {
			if e.To == "succeeded" && strings.HasPrefix(string(e.Event), "send_") {
				c.t.Errorf("%s is called succeeded by an answer without its fields", ref)
			}
		}
	}
}
