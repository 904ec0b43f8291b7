package statemachine

import (
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// What a person reads of each step: the words of the history, and the reason and DANA's number
// that the record keeps.
func TestHistoryTellsWhatHappened(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	policy := Policy{
		RetryDelays: []time.Duration{time.Second, time.Second}, InquiryDelays: []time.Duration{time.Second},
		InquiryCutoff: time.Hour, ResendWindow: time.Hour, NotFoundConfirmations: 1, ResendLimit: 1, NotFoundAction: Resend,
	}
	amount := money.Rupiah(10000)
	take := Take(Attempt{ExternalID: "e", StartedAt: at})
	sent := func(seq int, o Outcome) Event { return SendResult(Attempt{Seq: seq}, o, at) }
	asked := func(n int, o Outcome) Event { return InquiryResult(n, "e", o, at) }
	paid := Outcome{Kind: Succeeded, EchoRef: "R", EchoAmount: amount, ReferenceNo: "D-2"}
	foreign := paid
	foreign.EchoRef = "S"
	type step struct {
		ev                     Event
		detail, reason, number string
	}
	for name, steps := range map[string][]step{
		"retried and paid": {
			{take, "attempt 1", "", ""},
			{sent(1, Outcome{Why: "timeout"}), "timeout, retry 1 of 2", "timeout", ""},
			{take, "attempt 2", "timeout", ""},
			{sent(1, Outcome{Why: "connection_lost"}), "connection_lost, late answer to attempt 1", "timeout", ""},
			{sent(2, Outcome{Kind: Denied, Why: CredentialsRefused}), "credentials_refused", "credentials_refused", ""},
			{take, "attempt 2", "credentials_refused", ""},
			{sent(3, Outcome{Kind: Throttled, Why: "too_many_requests"}), "too_many_requests", "too_many_requests", ""},
			{take, "attempt 2", "too_many_requests", ""},
			{sent(4, paid), "", "", "D-2"},
			{asked(1, Outcome{Kind: Unknown, Why: "timeout"}), "timeout", "", "D-2"},
		},
		"in progress, not found, sent again": {
			{take, "attempt 1", "", ""},
			{sent(1, Outcome{Kind: Unknown}), "retry 1 of 2", "", ""},
			{take, "attempt 2", "", ""},
			{sent(2, Outcome{Kind: AskStatus, Why: "general_error", ReferenceNo: "D-1"}), "general_error", "general_error", "D-1"},
			{asked(1, Outcome{Kind: NotFound, Why: "transaction_not_found"}), "resend 1 of 1", "not_found", "D-1"},
			{take, "attempt 3", "not_found", "D-1"},
			{sent(3, Outcome{Kind: InProgress}), "", "in_progress", "D-1"},
			{asked(2, Outcome{Kind: InProgress, Status: "02", Why: "paying"}), "paying, status 02", "in_progress", "D-1"},
			{asked(3, Outcome{Kind: Succeeded, Status: "00", EchoRef: "R", EchoAmount: amount}), "status 00", "", "D-1"},
			{Resolve(StateRefunded, "Sari", "on the statement", at), "by Sari: on the statement", "resolved", "D-1"},
		},
		"foreign": {
			{take, "attempt 1", "", ""},
			{sent(1, foreign), "", "echo_mismatch", ""}, // somebody else's number is not kept
			{Resolve(StateFailed, "Sari", "seen", at), "by Sari: seen", "resolved", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx := New("R", amount, time.Time{}, at)
			for i, s := range steps {
				d := policy.Decide(tx, s.ev)
				tx = d.Tx
				if d.Entry.Detail != s.detail || tx.Reason != s.reason || tx.ReferenceNo != s.number {
					t.Errorf("%d, %s: detail %q, reason %q, number %q; want %q, %q, %q",
						i, s.ev.Trigger, d.Entry.Detail, tx.Reason, tx.ReferenceNo, s.detail, s.reason, s.number)
				}
			}
		})
	}
}

// A status of 00 that names no amount is this payment if DANA took this very content.
func TestSuccessWithoutAmount(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	policy := Policy{InquiryDelays: []time.Duration{time.Second}, InquiryCutoff: time.Hour}
	amount := money.Rupiah(10000)
	untold := InquiryResult(1, "e", Outcome{Kind: Succeeded, EchoRef: "R"}, at)
	other := InquiryResult(1, "e", Outcome{Kind: Succeeded, EchoRef: "R", EchoAmount: money.Rupiah(1)}, at)
	foreign := InquiryResult(1, "e", Outcome{Kind: Succeeded, EchoRef: "S"}, at)
	sent := func(k Kind) Event { return SendResult(Attempt{Seq: 1}, Outcome{Kind: k, EchoRef: "R"}, at) }
	for name, tt := range map[string]struct {
		send, status Event
		want         State
	}{
		"DANA took it":                {sent(InProgress), untold, StateSucceeded},
		"the answer was lost":         {sent(Unknown), untold, StateReview},
		"DANA failed to say":          {sent(AskStatus), untold, StateReview},
		"other content on record":     {sent(Inconsistent), untold, StateReview},
		"another amount":              {sent(InProgress), other, StateReview},
		"another reference":           {sent(InProgress), foreign, StateReview},
		"a send that names no amount": {sent(Succeeded), untold, StateReview},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx := policy.Decide(New("R", amount, time.Time{}, at), Take(Attempt{StartedAt: at})).Tx
			tx = policy.Decide(tx, tt.send).Tx
			if got := policy.Decide(tx, tt.status).Tx.State; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	at := time.Now()
	for _, ev := range []Event{SendResult(Attempt{Seq: 1}, Outcome{}, at), InquiryResult(1, "e", Outcome{}, at), AccountResult("e", Outcome{}, at)} {
		if !ev.Answer() {
			t.Errorf("%s is an answer of DANA", ev.Trigger)
		}
	}
	for _, ev := range []Event{Take(Attempt{}), Expire(at), Age(at), AskNow("Sari", "", at), Resolve(StateFailed, "Sari", "seen", at)} {
		if ev.Answer() {
			t.Errorf("%s is no answer of DANA", ev.Trigger)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	if p.InquiryCutoff != 24*time.Hour || len(p.RetryDelays) != 5 || p.RetryDelays[4] != time.Minute {
		t.Errorf("%+v", p)
	}
	if got := kinds.String(); got != "invalid" {
		t.Errorf("a kind that there is not is %s", got)
	}
}
