package statemachine

import (
	"fmt"
	"strings"
	"time"
)

// Entry is one line of a payout's history.
type Entry struct {
	At           time.Time `json:"at"`
	From         State     `json:"from"`
	To           State     `json:"to"`
	Event        Trigger   `json:"event"`
	Detail       string    `json:"detail"`
	ResponseCode string    `json:"responseCode"`
	ExternalID   string    `json:"externalId"`
	// Answered is what DANA's answer was about, where that is not this payout.
	Answered Answered `json:"answered,omitzero"`
}

// Decision is what one event does to a payout.
type Decision struct {
	// Tx is the transaction afterwards.
	Tx Transaction
	// Entry is for the history.
	Entry Entry
	// Ignored: no rule of the state names the event. Nothing about the payout changes; an
	// answer of DANA is still worth its entry.
	Ignored bool
}

// Contradicts is the final state that the answer of DANA contradicts, or empty. The state stays (promise 5);
// a person must look. It is StateFailed when DANA says paid or still paying, whoever asked and however it was
// told, and StateSucceeded when DANA says that the number has other content (promise 4).
func (d Decision) Contradicts() State {
	switch d.Entry.Event {
	case sent(Succeeded), inquired(Succeeded), sent(InProgress), inquired(InProgress):
		if d.Entry.From == StateFailed {
			return StateFailed
		}
	case sent(Inconsistent):
		if d.Entry.From == StateSucceeded {
			return StateSucceeded
		}
	}
	return ""
}

// decision is one call of Decide under way.
type decision struct {
	policy   Policy
	tx       Transaction
	ev       Event
	repeated bool
}

// late reports whether the outcome answers an attempt that is no longer out.
func (c *decision) late() bool { return c.tx.Open.Seq == 0 || c.ev.Attempt.Seq != c.tx.Open.Seq }

// Decide is the machine: total, deterministic, without side effects. Every state answers
// every event; one that its table does not name leaves the state as it is.
func (p Policy) Decide(tx Transaction, ev Event) Decision {
	c := &decision{policy: p, tx: tx, ev: ev}
	if p.AfterLoss && !tx.State.Final() {
		c.tx.Unknown = true
	}
	if ev.Trigger == sent(Inconsistent) && tx.State != StateFailed && tx.State != StateRefunded {
		// It is about the number, whichever attempt it answers.
		c.tx.Inconsistent = true
		c.mayHavePaid(ev.Attempt.StartedAt)
	}
	late := c.late() && isSend(ev.Trigger)
	if isInquiry(ev.Trigger) {
		c.repeated = ev.Inquiry != tx.Inquiries+1
		if !c.repeated {
			c.tx.Inquiries++
		}
		if tx.State != StatePending && tx.Next == StepInquire {
			// A person asked where nothing is followed up: this is the answer.
			c.schedule(StepNone, time.Time{})
		}
	}

	var d Decision
	r, found := find(c)
	if found {
		r.do.do(c)
		c.settle(r)
	} else {
		d.Ignored = true
	}
	d.Tx = c.tx
	d.Entry = Entry{
		At: ev.At, From: tx.State, To: c.tx.State, Event: ev.Trigger,
		Detail: c.detail(late, tx), ResponseCode: ev.Outcome.Code, ExternalID: ev.ExternalID,
		Answered: c.answered(tx.State),
	}
	return d
}

func find(c *decision) (rule, bool) {
	for _, r := range table[c.tx.State] {
		if r.on == c.ev.Trigger && (r.when.holds == nil || r.when.holds(c)) {
			return r, true
		}
	}
	return rule{}, false
}

// settle moves to the rule's state and says why.
func (c *decision) settle(r rule) {
	// The number of a payout that is over stays, and that of an order with other content is not ours.
	if c.ev.Outcome.ReferenceNo != "" && r.to != StateReview && !c.tx.State.Final() && c.ev.Outcome.Kind != Inconsistent {
		c.tx.ReferenceNo = c.ev.Outcome.ReferenceNo
	}
	was := c.tx.State
	c.tx.State = r.to
	switch {
	case r.reason != "":
		c.tx.Reason = string(r.reason)
	case c.ev.Trigger == Resolved:
		c.tx.Reason = "resolved"
	case r.to == StateSucceeded && was != r.to:
		c.tx.Reason = ""
	case c.ev.Outcome.Why != "":
		c.tx.Reason = string(c.ev.Outcome.Why)
	}
}

func (c *decision) detail(late bool, before Transaction) string {
	o, t := c.ev.Outcome, c.tx
	switch {
	case c.ev.Reason != "":
		return fmt.Sprintf("by %s: %s", c.ev.By, c.ev.Reason)
	case c.ev.By != "":
		return "by " + c.ev.By
	case c.ev.Trigger == Taken:
		return fmt.Sprintf("attempt %d", t.Attempts)
	case late:
		return join(string(o.Why), fmt.Sprintf("late answer to attempt %d", c.ev.Attempt.Seq))
	case isInquiry(c.ev.Trigger) && o.Status != "":
		return join(string(o.Why), "status "+o.Status)
	case t.Next == StepSend && t.State == StateProcessing && before.State == StateProcessing && c.ev.Trigger != sent(Denied) && c.ev.Trigger != sent(Throttled):
		return join(string(o.Why), fmt.Sprintf("retry %d of %d", t.Round, len(c.policy.RetryDelays)))
	case t.Resends > before.Resends:
		return fmt.Sprintf("resend %d of %d", t.Resends, c.policy.ResendLimit)
	}
	return string(o.Why)
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

func isSend(t Trigger) bool    { return strings.HasPrefix(string(t), "send_") }
func isInquiry(t Trigger) bool { return strings.HasPrefix(string(t), "inquiry_") }

func isValidation(t Trigger) bool { return strings.HasPrefix(string(t), "account_") }
