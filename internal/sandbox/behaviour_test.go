package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

func (b *testBundle) behave(to sandbox.Target, preset string, times int) {
	b.t.Helper()
	behaviour, ok := sandbox.Preset(preset, times)
	if !ok {
		b.t.Fatalf("no preset %s", preset)
	}
	if err := b.SetBehaviour(to, behaviour); err != nil {
		b.t.Fatal(err)
	}
}

// answer is what a send got to hear, in one word.
func (h heard) answer() string {
	if h.fields == nil && !h.closed {
		return strings.TrimSpace(http.StatusText(h.status) + " " + firstWord(h.body))
	}
	return h.code()
}

func firstWord(s string) string {
	if len(s) > 6 {
		return s[:6]
	}
	return s
}

// Each built-in number: what two sends and four inquiries hear in turn, and whether money moved
// after the first send and at the end. A line that hangs takes exactly the configured time.
func TestPresets(t *testing.T) {
	t.Parallel()
	const half, page, none = `OK {"addi`, "Bad Gateway <html>", "OK"
	type row struct {
		sends     string // separated by |
		hangs     int
		paidFirst bool
		inquiries string
		paid      bool
	}
	want := map[string]row{
		"pay_and_hang":            {"closed|2003800", 1, true, "00|00|00|00", true},
		"hang_unpaid":             {"closed|2003800", 1, false, "00|00|00|00", true},
		"pay_and_drop":            {"closed|2003800", 0, true, "00|00|00|00", true},
		"drop_unpaid":             {"closed|2003800", 0, false, "00|00|00|00", true},
		"pay_late":                {"closed|closed", 2, true, "00|00|00|00", true}, // 30 s of hanging are more than 20
		"html_paid":               {page + "|2003800", 0, true, "00|00|00|00", true},
		"html_unpaid":             {page + "|2003800", 0, false, "00|00|00|00", true},
		"half_json_paid":          {half + "|2003800", 0, true, "00|00|00|00", true},
		"half_json_unpaid":        {`OK {"amou` + "|2003800", 0, false, "00|00|00|00", true},
		"empty_paid":              {none + "|2003800", 0, true, "00|00|00|00", true},
		"empty_unpaid":            {none + "|2003800", 0, false, "00|00|00|00", true},
		"throttle":                {"4293800|2003800", 0, false, "00|00|00|00", true},
		"server_error":            {"5003801|5003801", 0, false, "4043901|4043901|4043901|4043901", false},
		"in_progress":             {"2023800|2023800", 0, false, "02|02|00|00", true},
		"in_progress_then_failed": {"2023800|2023800", 0, false, "03|03|06|06", false},
		"not_found":               {"closed|closed", 0, true, "4043901|4043901|4043901|00", true},
		"refuse_after_paid":       {"closed|4033802", 0, true, "00|00|00|00", true},
		"foreign_ref":             {"2003800|2003800", 0, true, "00|00|00|00", true},
		"foreign_amount":          {"2003800|2003800", 0, true, "00|00|00|00", true},
		"status_error":            {"2023800|2023800", 0, false, "5003901|5003901|00|00", true},
		"status_html":             {"2023800|2023800", 0, false, "unreadable 502|unreadable 502|00|00", true},
		"refund":                  {"2003800|2003800", 0, true, "04|04|04|04", false},
		"cancelled":               {"2023800|2023800", 0, false, "05|05|05|05", false},
	}
	for _, n := range sandbox.Numbers() {
		if n.Preset == "" {
			continue
		}
		t.Run(n.Preset, func(t *testing.T) {
			t.Parallel()
			w, ok := want[n.Preset]
			if !ok {
				t.Fatal("no row for this preset")
			}
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				start := time.Now()
				var sends, inquiries []string
				for i := range 2 {
					sends = append(sends, b.topUp("R-1", n.Customer, "10.00").answer())
					if i == 0 {
						b.wallet(n.Customer, paid(w.paidFirst))
					}
				}
				if took := time.Since(start); took != time.Duration(w.hangs)*hang {
					t.Errorf("took %s", took)
				}
				for range 4 {
					inquiries = append(inquiries, b.inquire("R-1").statusOf())
				}
				if got := strings.Join(sends, "|"); got != w.sends {
					t.Errorf("sends heard %s, want %s", got, w.sends)
				}
				if got := strings.Join(inquiries, "|"); got != w.inquiries {
					t.Errorf("inquiries heard %s, want %s", got, w.inquiries)
				}
				b.wallet(n.Customer, paid(w.paid))

				// A second reference of the same customer begins the script anew.
				if got := b.topUp("R-2", n.Customer, "10.00").answer(); got != sends[0] {
					t.Errorf("the second reference heard %s, want %s", got, sends[0])
				}
				b.books()
			})
		})
	}
}

func paid(yes bool) money.Amount {
	if yes {
		return money.Rupiah(10)
	}
	return money.Rupiah(0)
}

func TestForeignEcho(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.behave(sandbox.Target{Ref: "R-1"}, "foreign_ref", 1)
	h := b.topUp("R-1", good, "10.00")
	expectField(t, h, "partnerReferenceNo", "NOT-R-1")
	expectField(t, h, "amount.value", "10.00")
	expectField(t, b.topUp("R-1", good, "10.00"), "partnerReferenceNo", "R-1")

	b.behave(sandbox.Target{Ref: "R-2"}, "foreign_amount", 1)
	h = b.topUp("R-2", good, "10.00")
	expectField(t, h, "partnerReferenceNo", "R-2")
	expectField(t, h, "amount.value", "11.00")
	expectField(t, b.topUp("R-2", good, "10.00"), "amount.value", "10.00")

	if err := b.SetBehaviour(sandbox.Target{Ref: "R-2"}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.ForeignRef}}}); err != nil {
		t.Fatal(err)
	}
	expectField(t, b.inquire("R-2"), "originalPartnerReferenceNo", "NOT-R-2")
}

// A late payment is not found until it has moved, a resend in between pays at most once,
// and what arrives late is held to the books of that moment.
func TestPayLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		late := sandbox.Behaviour{Sends: []sandbox.Send{{Times: 1, Pay: sandbox.PayLate, DelayMillis: 20_000, Answer: sandbox.Drop}}}
		for _, ref := range []string{"R-1", "R-2", "R-3"} {
			if err := b.SetBehaviour(sandbox.Target{Ref: ref}, late); err != nil {
				t.Fatal(err)
			}
			expectCode(t, b.topUp(ref, good, "10.00"), "closed")
		}
		sent := time.Now()
		time.Sleep(20*time.Second - time.Nanosecond)
		for _, tx := range b.books().Transactions {
			if tx.Status != "07" {
				t.Errorf("%s is %s before its time", tx.Ref, tx.Status)
			}
		}
		expectCode(t, b.inquire("R-1"), "4043901")
		expectCode(t, b.topUp("R-2", good, "10.00"), "2003800")
		if err := b.SetDeposit(money.Rupiah(11)); err != nil { // for one more top-up with its fee
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for ref, want := range map[string]string{"R-1": "00", "R-2": "00", "R-3": "06"} {
			if got := b.inquire(ref).statusOf(); got != want {
				t.Errorf("%s is %s, want %s", ref, got, want)
			}
		}
		b.wallet(good, money.Rupiah(20))
		if at := b.books().Credits[1].At; !at.Equal(sent.Add(20 * time.Second)) {
			t.Errorf("booked at %s", at)
		}
	})
}

// A payment in progress is held to the books of the moment when it settles; without Then it never does.
func TestPending(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.behave(sandbox.Target{Ref: "R-1"}, "in_progress", 1)
	b.behave(sandbox.Target{Ref: "R-2"}, "in_progress", 0)
	for _, ref := range []string{"R-1", "R-2"} {
		expectCode(t, b.topUp(ref, good, "10.00"), "2023800")
		expectCode(t, b.topUp(ref, good, "11.00"), "4043818")
	}
	if err := b.SetDeposit(money.Rupiah(5)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"02", "06", "06"} {
		if got := b.inquire("R-1").statusOf(); got != want {
			t.Errorf("R-1 is %s, want %s", got, want)
		}
		if got := b.inquire("R-2").statusOf(); got != "02" {
			t.Errorf("R-2 is %s, want 02", got)
		}
	}
	expectCode(t, b.topUp("R-1", good, "10.00"), "5003800")

	forever := sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending}}}
	if err := b.SetBehaviour(sandbox.Target{Ref: "R-3"}, forever); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.topUp("R-3", good, "1.00"), "2023800")
	for range 3 {
		if got := b.inquire("R-3").statusOf(); got != "02" {
			t.Errorf("R-3 is %s", got)
		}
	}
	b.wallet(good, money.Rupiah(0))
}

// A refund gives amount and fee back; a pending payment may be paid and taken back in one.
func TestRefundBooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.behave(sandbox.Target{Ref: "R-1"}, "refund", 0)
	expectCode(t, b.topUp("R-1", good, "10.00"), "2003800")
	if st := b.books(); st.Opening.Sub(st.Deposit) != money.Rupiah(11) {
		t.Errorf("deposit %s", st.Deposit)
	}
	expectField(t, b.inquire("R-1"), "latestTransactionStatus", "04")
	expectCode(t, b.topUp("R-1", good, "10.00"), "2003800")

	pending := sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "04"}}}
	if err := b.SetBehaviour(sandbox.Target{Ref: "R-2"}, pending); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.topUp("R-2", good, "10.00"), "2023800")
	expectField(t, b.inquire("R-2"), "latestTransactionStatus", "04")

	st := b.books()
	if st.Deposit != st.Opening || len(st.Credits) != 2 || st.Credits[0].RefundedAt.IsZero() {
		t.Errorf("books %+v", st)
	}
	b.wallet(good, money.Rupiah(0))

	// What was refused in the first place has nothing to give back.
	b.behave(sandbox.Target{Ref: "R-3"}, "refund", 0)
	expectCode(t, b.topUp("R-3", good, "21000000.00"), "4033802")
	expectField(t, b.inquire("R-3"), "latestTransactionStatus", "06")
}

// The behaviour of a reference wins over its customer's, that over the built-in one, and
// a behaviour that is set again begins again.
func TestWhichBehaviour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const number = "628999000003" // pay_and_drop
	expectCode(t, b.topUp("R-1", number, "1.00"), "closed")
	b.behave(sandbox.Target{Customer: number}, "throttle", 1)
	expectCode(t, b.topUp("R-2", number, "1.00"), "4293800")
	expectCode(t, b.topUp("R-2", number, "1.00"), "2003800")
	b.behave(sandbox.Target{Ref: "R-3"}, "server_error", 1)
	expectCode(t, b.topUp("R-3", number, "1.00"), "5003801")
	b.behave(sandbox.Target{Ref: "R-3"}, "server_error", 1)
	expectCode(t, b.topUp("R-3", number, "1.00"), "5003801")
	expectCode(t, b.topUp("R-3", number, "1.00"), "2003800")
	if err := b.SetBehaviour(sandbox.Target{Customer: number}, sandbox.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.topUp("R-4", number, "1.00"), "2003800")
	b.wallet(number, money.Rupiah(4))

	// An inquiry may misbehave about a reference that was never sent.
	if err := b.SetBehaviour(sandbox.Target{Ref: "R-5"}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Times: 1, Answer: "5003901"}}}); err != nil {
		t.Fatal(err)
	}
	expectCode(t, b.inquire("R-5"), "5003901")
	expectCode(t, b.inquire("R-5"), "4043901")
}

func TestCredentialsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.RefuseCredentials(true)
	expectCode(t, b.topUp("R-1", good, "1.00"), "4013800")
	expectCode(t, b.inquire("R-1"), "4013900")
	expectCode(t, b.account(good, "1.00"), "4013700")
	b.RefuseCredentials(false)
	expectCode(t, b.topUp("R-1", good, "1.00"), "2003800")
}

// On a real line: dropped and hanging requests end with an error and no answer; the hang ends when the
// client goes away and when the sandbox closes.
func TestLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	srv := httptest.NewServer(b)
	defer srv.Close()
	client := srv.Client()
	send := func(ctx context.Context, ref, customer string) error {
		r := request(topUpPath, topUpBody(ref, customer, "1.00")).WithContext(ctx)
		r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", srv.Listener.Addr().String()
		resp, err := client.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := send(t.Context(), "R-1", "628999000003"); !errors.Is(err, io.EOF) {
		t.Errorf("a dropped line gave %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { gone <- send(ctx, "R-2", "628999000001") }()
	b.awaitCredits(2)
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("going away gave %v", err)
	}

	go func() { gone <- send(t.Context(), "R-3", "628999000001") }()
	b.awaitCredits(3)
	b.Close()
	if err := <-gone; !errors.Is(err, io.EOF) {
		t.Errorf("closing gave %v", err)
	}
	b.books()
}

// awaitCredits returns when the books show n payments: the request that made the last one is
// past its booking then.
func (b *testBundle) awaitCredits(n int) {
	b.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for len(b.State().Credits) < n {
		if time.Now().After(deadline) {
			b.t.Fatalf("%d credits never came", n)
		}
		time.Sleep(time.Millisecond)
	}
}
