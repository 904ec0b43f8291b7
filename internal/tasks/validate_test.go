package tasks

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

const frozen = "628123456667"

func (b *bundle) submitValidated(t *testing.T, ref, customer, amount string) {
	t.Helper()
	p, err := payout.Instruction{Ref: ref, Customer: customer, Amount: payout.Number(amount), Validate: true}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// instead lets answer stand before the sandbox for account inquiries; n counts them.
func (b *bundle) instead(t *testing.T, answer http.HandlerFunc) (n *atomic.Int64) {
	t.Helper()
	n = new(atomic.Int64)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/account-inquiry") {
			n.Add(1)
			answer(w, r)
			return
		}
		b.dana.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	b.danaURL = front.URL
	return n
}

func (b *bundle) entry(t *testing.T, ref string, event sm.Trigger) *ledger.Entry {
	t.Helper()
	history, err := b.ledger.History(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range history {
		if e.Event == event {
			return &e
		}
	}
	return nil
}

func TestValidatedPayoutIsPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submitValidated(t, "PAY-1", good, "10000")
	b.start(t, b.worker(t, "w1"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	if e := b.entry(t, "PAY-1", "account_succeeded"); e == nil || e.ResponseCode != "2003700" || e.ExternalID == "" {
		t.Errorf("the history has %+v of the account inquiry", e)
	}
}

// An account that cannot take the money fails the payout before DANA is asked for any.
func TestValidationFailsBeforeMoneyIsAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submitValidated(t, "FROZEN", frozen, "10000")
	b.submitValidated(t, "NOBODY", "628152768647", "10000")
	b.submitValidated(t, "LIMIT", good, "210000000")
	b.start(t, b.worker(t, "w1"))
	for ref, want := range map[string]string{"FROZEN": "do_not_honor", "NOBODY": "do_not_honor", "LIMIT": "amount_limit_exceeded"} {
		rec := b.await(t, ref, sm.StateFailed)
		if rec.Tx.Reason != want || rec.Tx.Attempts != 0 || b.sends(ref) != 0 {
			t.Errorf("%s: %s after %d attempts, %d sends", ref, rec.Tx.Reason, rec.Tx.Attempts, b.sends(ref))
		}
	}
}

// What the inquiry does not tell never fails a payout, nor keeps it from being paid.
func TestUnknownValidationNeverFails(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"ServerError": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"responseCode":"5003701","responseMessage":"Internal Server Error"}`))
		},
		"HTML":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"Dropped": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"Foreign": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"responseCode":"4033805"}`)) },
		"Hangs": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.timeout = 500 * time.Millisecond
			asked := b.instead(t, answer)
			b.submitValidated(t, "PAY-1", good, "10000")
			b.start(t, b.worker(t, "w1"))
			b.await(t, "PAY-1", sm.StateSucceeded)
			if e := b.entry(t, "PAY-1", "account_unknown"); asked.Load() != 1 || e == nil {
				t.Errorf("asked %d times, history %+v", asked.Load(), e)
			}
		})
	}
}

// An open breaker of the account inquiry keeps nobody waiting: the inquiry is left out.
func TestValidationIsLeftOutBehindAnOpenBreaker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.failures, b.openFor = 1, time.Hour
	asked := b.instead(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	w := b.worker(t, "w1")
	b.open(t, w)
	for _, ref := range []string{"PAY-1", "PAY-2"} {
		b.submitValidated(t, ref, good, "10000")
		if err := w.Runner.Send(t.Context(), b.task(ref)); err != nil {
			t.Fatal(err)
		}
		if rec := b.get(t, ref); rec.Tx.State != sm.StateSucceeded {
			t.Errorf("%s: %s", ref, rec.Tx.State)
		}
	}
	if e := b.entry(t, "PAY-2", "account_not_sent"); asked.Load() != 1 || e == nil || e.Detail != "breaker_open" {
		t.Errorf("asked %d times, history %+v", asked.Load(), e)
	}
}

// The merchant's trouble is for the send to meet: a payout that no deposit will ever cover
// must not hold the others again and again.
func TestValidationLeavesTheMerchantsTroubleToTheSend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submitValidated(t, "HUGE", good, "1000000000000") // 4033714, and 4033814
	w := b.worker(t, "w1")
	b.start(t, w)
	if rec := b.await(t, "HUGE", sm.StateFailed); rec.Tx.Reason != "insufficient_funds" || rec.Tx.Attempts != 1 {
		t.Errorf("%s after %d attempts", rec.Tx.Reason, rec.Tx.Attempts)
	}
	b.awaitHold(t, sm.InsufficientFunds)
	if e := b.entry(t, "HUGE", "account_refused"); e == nil || e.To != sm.StateQueued {
		t.Errorf("history %+v", e)
	}
}

// Once an attempt has left, its outcome decides and nobody asks about the account again.
func TestValidationIsForTheFirstAttemptOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.preset(t, "PAY-1", "server_error", 2)
	b.submitValidated(t, "PAY-1", good, "10000")
	b.start(t, b.worker(t, "w1"))
	b.await(t, "PAY-1", sm.StateSucceeded)
	if n := b.dana.State().Requests["account-inquiry"]; n != 1 {
		t.Errorf("%d account inquiries", n)
	}
}

// An expired payout fails unasked; it would have failed unsent.
func TestExpiredIsNotValidated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := payout.Payout{
		Kind: payout.TopUp, Ref: "PAY-1", Customer: frozen, Amount: money.Rupiah(1), Fee: money.Rupiah(0),
		FundType: payout.FundTypeTopUp, Validate: true, NotAfter: time.Now().Add(-time.Second).UTC(),
	}
	if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now()); err != nil {
		t.Fatal(err)
	}
	b.start(t, b.worker(t, "w1"))
	if rec := b.await(t, "PAY-1", sm.StateFailed); rec.Tx.Reason != "expired" || b.dana.State().Requests["account-inquiry"] != 0 {
		t.Errorf("%s after %d account inquiries", rec.Tx.Reason, b.dana.State().Requests["account-inquiry"])
	}
}
