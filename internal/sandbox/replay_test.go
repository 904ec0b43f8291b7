package sandbox_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

func TestReplaySucceeded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 17, 30, 0, 0, time.UTC) // past midnight in Jakarta
	b := setupAt(t, func() time.Time { return now })
	first := b.topUp("R-1", good, "1.00")
	expectCode(t, first, "2003800")
	const want = "20261121" + "00000000000000000000000000001"
	for range 3 {
		h := b.topUp("R-1", good, "1.00")
		expectCode(t, h, "2003800")
		expectField(t, h, "referenceNo", want)
		if h.body != first.body {
			t.Errorf("replayed %s, first %s", h.body, first.body)
		}
	}
	expectField(t, b.inquire("R-1"), "originalReferenceNo", want)
	b.wallet(good, money.Rupiah(1))
	if tx := b.books().Transactions[0]; tx.Sends != 4 || tx.Inquiries != 1 || tx.ReferenceNo != want {
		t.Errorf("counted %+v", tx)
	}
	if jakartaDate(now) != want[:8] {
		t.Error("the reference number does not begin with the day in Jakarta")
	}
}

func TestReplayOtherContent(t *testing.T) {
	t.Parallel()
	body := topUpBody("R-1", good, "1.00")
	for _, tc := range []struct{ name, body string }{
		{"Amount", topUpBody("R-1", good, "12.00")},
		{"Customer", topUpBody("R-1", "62817345544", "1.00")},
		{"Fee", strings.Replace(body, `"feeAmount":{"value":"1.00"`, `"feeAmount":{"value":"2.00"`, 1)},
		{"BeforeMagic", topUpBody("R-1", "628996647679", "1.00")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			expectCode(t, b.do(request(topUpPath, body)), "2003800")
			h := b.do(request(topUpPath, tc.body))
			expectCode(t, h, "4043818")
			expectField(t, h, "responseMessage", "Inconsistent Request")
			expectCode(t, b.do(request(topUpPath, body)), "2003800")
			b.wallet(good, money.Rupiah(1))
		})
	}
}

// A refused reference is used up, even when the reason for the refusal has gone.
func TestReplayRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.SetDeposit(money.Rupiah(0)); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.topUp("R-1", good, "1.00"), "4033814")
	if err := b.SetDeposit(money.Rupiah(100)); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.topUp("R-1", good, "1.00"), "5003800")
	expectCode(t, b.topUp("R-1", good, "2.00"), "4043818")
	if got := b.inquire("R-1").statusOf(); got != "06" {
		t.Errorf("status %s", got)
	}
	expectCode(t, b.topUp("R-2", good, "1.00"), "2003800")
	b.wallet(good, money.Rupiah(1))
}

// What never reached the books binds nobody.
func TestReplayLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.behave(sandbox.Target{Ref: "R-1"}, "server_error", 1)
	expectCode(t, b.topUp("R-1", good, "1.00"), "5003801")
	if got := b.inquire("R-1").statusOf(); got != "4043901" {
		t.Errorf("status %s", got)
	}
	expectCode(t, b.topUp("R-1", good, "2.00"), "2003800")
	b.wallet(good, money.Rupiah(2))
}

// Ten identical top-ups at once: one payment, and one answer for all.
func TestIdenticalTopUpsInParallel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 10
	answers := make([]heard, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		r := request(topUpPath, topUpBody("R-1", good, "7.00"))
		wg.Go(func() {
			<-start
			answers[i] = b.do(r)
		})
	}
	close(start)
	wg.Wait()
	for _, h := range answers {
		expectCode(t, h, "2003800")
		if h.body != answers[0].body {
			t.Errorf("one got %s, another %s", h.body, answers[0].body)
		}
	}
	b.wallet(good, money.Rupiah(7))
	if st := b.books(); len(st.Credits) != 1 || st.Transactions[0].Sends != n || st.Opening.Sub(st.Deposit) != money.Rupiah(8) {
		t.Errorf("books %+v", st)
	}
}
