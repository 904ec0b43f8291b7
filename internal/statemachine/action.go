package statemachine

import "time"

// action is what a rule does to the transaction, with the words that the documents show.
type action struct {
	name string
	do   func(c *decision)
}

var (
	openAttempt = action{"write the attempt ahead, send it", func(c *decision) {
		t := &c.tx
		t.Seq++
		t.Attempts++
		t.Round++
		t.Open = c.ev.Attempt
		t.Open.Seq = t.Seq
		if t.NeedNotify == "" {
			t.NeedNotify = t.Open.NeedNotify
		}
		t.Open.NeedNotify = ""
		c.schedule(StepAnswer, t.Open.Deadline)
	}}

	retry = action{"retry after the schedule, same reference", func(c *decision) {
		c.closeAttempt()
		c.schedule(StepSend, c.ev.At.Add(c.policy.retryDelay(c.tx.Round)))
	}}

	later = action{"take the attempt back, send again after the first wait of the schedule", func(c *decision) {
		c.closeAttempt()
		c.tx.Attempts--
		c.tx.Round--
		c.schedule(StepSend, c.ev.At.Add(c.policy.retryDelay(1)))
	}}

	uncount = action{"take the attempt back, hold all sending", func(c *decision) {
		c.closeAttempt()
		c.tx.Attempts--
		c.tx.Round--
		c.schedule(StepSend, c.ev.At)
	}}

	inquireNow = action{"inquire at once", func(c *decision) { c.becomePending(0) }}

	inquireLater = action{"inquire after the schedule", func(c *decision) {
		c.becomePending(c.policy.inquiryDelay(0))
		c.tx.InquiryStep = 1
	}}

	inquireAgain = action{"inquire later", func(c *decision) {
		t := &c.tx
		if c.ev.Outcome.Kind == NotFound {
			t.NotFound++
		}
		if c.ev.Outcome.Kind == InProgress {
			t.NotFound = 0
			t.Accepted = true
		}
		if c.ev.Outcome.Kind == Unknown && pastCutOff.holds(c) {
			t.Unanswered++
		}
		due := c.ev.At.Add(c.policy.inquiryDelay(t.InquiryStep))
		t.InquiryStep++
		// One inquiry is made at the cut-off, so that its answer can end the follow-up.
		if end := t.PendingSince.Add(c.policy.InquiryCutoff); due.After(end) && c.ev.At.Before(end) {
			due = end
		}
		c.schedule(StepInquire, due)
	}}

	resend = action{"send again, same reference", func(c *decision) {
		t := &c.tx
		t.Resends++
		t.Round = 0
		t.NotFound = 0
		c.schedule(StepSend, c.ev.At)
	}}

	askNow = action{"inquire at once", func(c *decision) { c.schedule(StepInquire, c.ev.At) }}

	finish = action{"schedule nothing more", func(c *decision) {
		c.closeAttempt()
		c.schedule(StepNone, time.Time{})
	}}

	record = action{"record only", func(*decision) {}}

	// The mark itself is made in Decide, in whatever state the answer comes.
	recordOther = action{"note that the number has other content", func(*decision) {}}
)

// becomePending ends sending and starts the follow-up, whose cut-off counts from the
// first time a payout became pending.
func (c *decision) becomePending(wait time.Duration) {
	t := &c.tx
	c.closeAttempt()
	t.NotFound = 0
	t.InquiryStep = 0
	if t.PendingSince.IsZero() {
		t.PendingSince = c.ev.At
	}
	c.schedule(StepInquire, c.ev.At.Add(wait))
}

// closeAttempt takes the attempt that is out off the record's front and keeps what is
// known of it: an outcome that may be a payment leaves its mark for good.
func (c *decision) closeAttempt() {
	if c.tx.Open.Seq == 0 {
		return
	}
	began := c.tx.Open.StartedAt
	c.tx.Open = Attempt{}
	switch c.ev.Trigger {
	case sent(NotSent), sent(Denied), sent(Refused):
	default:
		c.mayHavePaid(began)
	}
	if c.ev.Outcome.Kind == InProgress {
		c.tx.Accepted, c.tx.Confirmed = true, true
	}
}

// mayHavePaid marks the payout for good: an attempt that began at this time may have paid.
func (c *decision) mayHavePaid(began time.Time) {
	t := &c.tx
	if !t.Unknown || !t.UnknownSince.IsZero() && began.Before(t.UnknownSince) {
		t.UnknownSince = began
	}
	t.Unknown = true
}

func (c *decision) schedule(next Step, due time.Time) {
	c.tx.Next, c.tx.DueAt = next, due
	c.tx.StepNo++
}
