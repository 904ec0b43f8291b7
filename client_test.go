package salur_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/statemachine"
)

func topUp(ref string) salur.Payout {
	return salur.Payout{Ref: ref, Customer: "62811742234", Amount: salur.Rupiah(10_000)}
}

func toBank(ref string) salur.Payout {
	return salur.Payout{Kind: salur.Bank, Ref: ref, Customer: "62811742234", Amount: salur.Cents(5_000_050), BankCode: "014", Account: "2460888509"}
}

// worker lets things happen to payouts as a worker does.
type worker struct {
	t *testing.T
	l *ledger.Redis
}

func (w worker) takes(ref string) {
	w.happens(ref, func(ledger.Record) statemachine.Event {
		now := time.Now()
		return statemachine.Take(statemachine.Attempt{ExternalID: "ext-1", Owner: "w", StartedAt: now, Deadline: now.Add(time.Minute)})
	})
}

func (w worker) pays(ref string) {
	w.happens(ref, func(r ledger.Record) statemachine.Event {
		return statemachine.SendResult(r.Tx.Open, statemachine.Outcome{
			Kind: statemachine.Succeeded, Code: "2003800", ReferenceNo: "2026112100001", EchoRef: ref, EchoAmount: r.Payout.Amount,
		}, time.Now())
	})
}

// mistakes gives the payout to a person: the answer is another payment's.
func (w worker) mistakes(ref string) {
	w.happens(ref, func(r ledger.Record) statemachine.Event {
		return statemachine.SendResult(r.Tx.Open, statemachine.Outcome{
			Kind: statemachine.Succeeded, Code: "2003800", EchoRef: "OTHER", EchoAmount: r.Payout.Amount,
		}, time.Now())
	})
}

func (w worker) happens(ref string, ev func(ledger.Record) statemachine.Event) {
	w.t.Helper()
	_, _, err := ledger.Update(w.t.Context(), w.l, statemachine.DefaultPolicy(), ref, "", func(r ledger.Record) (statemachine.Event, bool) { return ev(r), true })
	if err != nil {
		w.t.Error(err)
	}
}

func each(t *testing.T, f func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client)) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		f(t, salur.New(rdb), worker{t, ledger.NewRedis(rdb)}, rdb)
	})
}

func TestEnqueue(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		ctx := t.Context()
		for _, p := range []salur.Payout{topUp("PAY-1"), toBank("BANK-1")} {
			first, err := c.As("payroll").Enqueue(ctx, p)
			if want := (salur.Receipt{Ref: p.Ref, State: salur.Queued}); err != nil || first != want {
				t.Fatalf("%+v, %v", first, err)
			}
		}
		if n := rdb.LLen(ctx, "asynq:{topup}:pending").Val() + 10*rdb.LLen(ctx, "asynq:{bank}:pending").Val(); n != 11 {
			t.Errorf("tasks: %d, want one in each queue", n)
		}
		w.takes("PAY-1")
		spelt := topUp("PAY-1")
		spelt.Kind, spelt.FundType = salur.TopUp, "AGENT_TOPUP_FOR_USER_SETTLE" // the defaults
		again, err := c.Enqueue(ctx, spelt)
		if want := (salur.Receipt{Ref: "PAY-1", State: salur.Processing, Duplicate: true}); err != nil || again != want {
			t.Errorf("again: %+v, %v", again, err)
		}
		other := topUp("PAY-1")
		other.Amount = salur.Rupiah(10_001)
		if got, err := c.Enqueue(ctx, other); !errors.Is(err, salur.ErrConflict) || errors.Is(err, salur.ErrUnavailable) {
			t.Errorf("other content: %+v, %v", got, err)
		}
		tx, err := c.Get(ctx, "PAY-1")
		if err != nil || tx.State != salur.Processing || tx.Amount != salur.Rupiah(10_000) || tx.Customer != "****234" || len(tx.History) != 2 ||
			tx.History[0].Detail != "by payroll" || tx.History[0].Event != "accepted" || tx.History[0].From != "" {
			t.Errorf("%+v, %v", tx, err)
		}
		if _, err := c.Get(ctx, "NONE"); !errors.Is(err, salur.ErrNotFound) {
			t.Errorf("get nothing: %v", err)
		}
	})
}

// Every field arrives in the record, and a moment is the same one wherever it was told.
func TestEveryField(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		at := time.Date(2126, 12, 31, 17, 0, 0, 0, time.FixedZone("WIB", 7*3600))
		for _, tc := range []struct {
			p    salur.Payout
			want payout.Payout
		}{
			{
				salur.Payout{
					Ref: "PAY-1", Customer: "620000000000", CustomerID: "2166", Amount: salur.Rupiah(5), Fee: salur.Cents(150), Notes: "gift",
					FundType: "FUND", ChargeTarget: "DIVISION", Division: "D1", Validate: true, NotAfter: at,
				},
				payout.Payout{
					Kind: payout.TopUp, Ref: "PAY-1", Customer: "620000000000", CustomerID: "2166", Amount: money.Rupiah(5), Fee: money.FromCents(150), Notes: "gift",
					FundType: "FUND", ChargeTarget: "DIVISION", Division: "D1", Validate: true, NotAfter: at.UTC(),
				},
			},
			{
				salur.Payout{Kind: salur.Bank, Ref: "BANK-1", Customer: "62811742234", Amount: salur.Rupiah(5), BankCode: "014", Account: "0060888509", AccountName: "Budi"},
				payout.Payout{
					Kind: payout.Bank, Ref: "BANK-1", Customer: "62811742234", Amount: money.Rupiah(5), Fee: money.Rupiah(0), BankCode: "014", Account: "0060888509", AccountName: "Budi",
					FundType: payout.FundTypeBank,
				},
			},
		} {
			if _, err := c.Enqueue(t.Context(), tc.p); err != nil {
				t.Fatal(err)
			}
			rec, err := w.l.Get(t.Context(), tc.p.Ref)
			if err != nil || rec.Payout != tc.want {
				t.Errorf("%+v, %v\nwant %+v", rec.Payout, err, tc.want)
			}
			tc.p.NotAfter = tc.p.NotAfter.UTC()
			if r, err := c.Enqueue(t.Context(), tc.p); err != nil || !r.Duplicate {
				t.Errorf("again: %+v, %v", r, err)
			}
		}
	})
}

// A hundred at once with one reference: one is accepted, the others learn that it was.
func TestEnqueueAtOnce(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		var mu sync.Mutex
		count := map[bool]int{}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				r, err := c.Enqueue(t.Context(), topUp("PAY-1"))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				count[r.Duplicate]++
			})
		}
		wg.Wait()
		if count[false] != 1 || count[true] != 99 {
			t.Errorf("%d accepted, %d accepted before", count[false], count[true])
		}
		if n := rdb.LLen(t.Context(), "asynq:{topup}:pending").Val(); n != 1 {
			t.Errorf("%d tasks", n)
		}
	})
}

func TestEnqueueAllAndCheck(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		ctx := t.Context()
		if _, err := c.EnqueueAll(ctx, []salur.Payout{topUp("OLD"), topUp("TAKEN")}); err != nil {
			t.Fatal(err)
		}
		taken, bad := topUp("TAKEN"), topUp("BAD")
		taken.Notes, bad.Customer = "other", "0811742234"
		ps := []salur.Payout{topUp("NEW"), topUp("OLD"), bad, taken, toBank("BANK")}
		show := func(results []salur.Result, err error) string {
			var b strings.Builder
			for _, r := range results {
				fmt.Fprintln(&b, r.Ref, r.State, r.Duplicate, r.Err)
			}
			if err != nil {
				b.WriteString(err.Error())
			}
			return b.String()
		}
		const before = `NEW  false <nil>
OLD queued true <nil>
BAD  false customer "****234": write it with 62 in place of the first 0, beginning with 628
TAKEN queued false the reference exists with other content
BANK  false <nil>
`
		if diff := cmp.Diff(before, show(c.Check(ctx, ps))); diff != "" {
			t.Error(diff)
		}
		if found, err := c.GetMany(ctx, []string{"NEW", "OLD", "BANK"}); err != nil || len(found) != 1 || found["OLD"].State != salur.Queued {
			t.Errorf("the check left %v, %v", found, err)
		}
		const accepted = `NEW queued false <nil>
OLD queued true <nil>
BAD  false customer "****234": write it with 62 in place of the first 0, beginning with 628
TAKEN queued false the reference exists with other content
BANK queued false <nil>
`
		if diff := cmp.Diff(accepted, show(c.EnqueueAll(ctx, ps))); diff != "" {
			t.Error(diff)
		}
		totals, err := c.Stats(ctx)
		if err != nil || totals[0].State != salur.Queued || totals[0].Count != 4 || totals[0].Sum != salur.Cents(3*1_000_000+5_000_050) {
			t.Errorf("%+v, %v", totals, err)
		}
	})
}

// Every bad field is named, and nothing is recorded.
func TestEnqueueInvalid(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		bad := salur.Payout{Kind: salur.Bank, Ref: "with space", Customer: "0811742234", Amount: salur.Cents(-5), Notes: "x", NotAfter: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}
		_, err := c.Enqueue(t.Context(), bad)
		var invalid *salur.InvalidError
		if !errors.As(err, &invalid) {
			t.Fatal(err)
		}
		var fields []string
		for _, f := range invalid.Fields {
			fields = append(fields, f.Field)
			if f.Fix == "" {
				t.Errorf("no fix for %s", f.Field)
			}
		}
		if want := []string{"ref", "customer", "bankCode", "account", "notes", "amount", "notAfter"}; !slices.Equal(fields, want) {
			t.Errorf("%v, want %v", fields, want)
		}
		if errors.Is(err, salur.ErrUnavailable) || bad.Check() == nil || topUp("GOOD").Check() != nil {
			t.Error("Check and Enqueue differ")
		}
		if keys := rdb.Keys(t.Context(), "*").Val(); len(keys) != 0 {
			t.Errorf("it left %v", keys)
		}
	})
}

func TestWait(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		ctx := t.Context()
		if _, err := c.Wait(ctx, "NONE"); !errors.Is(err, salur.ErrNotFound) {
			t.Errorf("nothing to wait for: %v", err)
		}
		for ref, ends := range map[string]func(string){"PAY-1": w.pays, "PAY-2": w.mistakes} {
			if _, err := c.Enqueue(ctx, topUp(ref)); err != nil {
				t.Fatal(err)
			}
			short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			if _, err := c.Wait(short, ref); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, salur.ErrUnavailable) {
				t.Errorf("it has not ended: %v", err)
			}
			cancel()
			var tx salur.Transaction
			var err error
			var wg sync.WaitGroup
			wg.Go(func() { tx, err = c.Wait(ctx, ref) })
			w.takes(ref)
			ends(ref)
			wg.Wait()
			want := salur.Succeeded
			if ref == "PAY-2" {
				want = salur.Review
			}
			if err != nil || tx.State != want || len(tx.History) != 3 || tx.NextActionAt != nil {
				t.Errorf("%+v, %v", tx, err)
			}
		}
	})
}

func TestList(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		ctx := t.Context()
		var ps []salur.Payout
		for i := range 25 {
			ps = append(ps, topUp(fmt.Sprintf("PAY-%02d", i)))
		}
		if _, err := c.EnqueueAll(ctx, ps); err != nil {
			t.Fatal(err)
		}
		w.takes("PAY-07")
		pages, seen := 0, []string{}
		for q := (salur.Query{State: salur.Queued, Limit: 10}); ; pages++ {
			page, err := c.List(ctx, q)
			if err != nil || len(page.Transactions) > 10 {
				t.Fatalf("%d, %v", len(page.Transactions), err)
			}
			for _, tx := range page.Transactions {
				seen = append(seen, tx.Ref)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		slices.Sort(seen)
		if pages != 2 || len(seen) != 24 || len(slices.Compact(seen)) != 24 || slices.Contains(seen, "PAY-07") {
			t.Errorf("%d more pages, %d payouts: %v", pages, len(seen), seen)
		}
		if page, err := c.List(ctx, salur.Query{}); err != nil || len(page.Transactions) != 25 || page.Next != "" {
			t.Errorf("all: %d, %q, %v", len(page.Transactions), page.Next, err)
		}
		if page, err := c.List(ctx, salur.Query{Until: time.Now().Add(-time.Hour)}); err != nil || len(page.Transactions) != 0 {
			t.Errorf("before: %d, %v", len(page.Transactions), err)
		}
		for _, cursor := range []string{"x", "MTIz", "!!!!"} {
			var invalid *salur.InvalidError
			if _, err := c.List(ctx, salur.Query{Cursor: cursor}); !errors.As(err, &invalid) || invalid.Fields[0].Field != "cursor" {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
	})
}

// A Redis that is nearly full takes no more, and says so before it is full.
func TestFull(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory", "20mb", "--maxmemory-policy", "noeviction")
	rdb := server.Client()
	c := salur.New(rdb)
	refused := -1
	for i := range 200 {
		ps := make([]salur.Payout, 200)
		for j := range ps {
			ps[j] = topUp(fmt.Sprintf("PAY-%d-%d", i, j))
		}
		results, err := c.EnqueueAll(t.Context(), ps)
		if err != nil {
			if !errors.Is(err, salur.ErrFull) || !errors.Is(err, salur.ErrUnavailable) || results != nil {
				t.Fatalf("%v, %v", results, err)
			}
			refused = i
			break
		}
		for _, r := range results {
			if r.Err != nil {
				t.Fatalf("%s after %d: Redis refused by itself: %v", r.Ref, i*200, r.Err)
			}
		}
	}
	if refused < 10 {
		t.Fatalf("refused at part %d", refused)
	}
	if _, err := c.Get(t.Context(), "PAY-0-0"); err != nil {
		t.Errorf("a full Redis still tells: %v", err)
	}
	w := worker{t, ledger.NewRedis(rdb)}
	for i := range 200 { // what is under way has room to end
		w.takes(fmt.Sprintf("PAY-0-%d", i))
		w.pays(fmt.Sprintf("PAY-0-%d", i))
	}
	for memory, want := range map[string]error{"3mb": salur.ErrFull, "100mb": nil} {
		if err := rdb.ConfigSet(t.Context(), "maxmemory", memory).Err(); err != nil {
			t.Fatal(err)
		}
		// Redis is asked again within a second or two, by whoever goes on.
		_, err := c.Enqueue(t.Context(), topUp("ONE-MORE"))
		for deadline := time.Now().Add(10 * time.Second); !errors.Is(err, want) && time.Now().Before(deadline); {
			time.Sleep(50 * time.Millisecond)
			_, err = c.Enqueue(t.Context(), topUp("ONE-MORE"))
		}
		if !errors.Is(err, want) {
			t.Errorf("with %s: %v", memory, err)
		}
	}
}

// While Redis is away every call says so, in time, and goes on when it is back.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	c := salur.New(server.Client())
	if _, err := c.Enqueue(t.Context(), topUp("PAY-1")); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	for name, call := range map[string]func() error{
		"Enqueue":   func() error { _, err := c.Enqueue(t.Context(), topUp("PAY-2")); return err },
		"Check":     func() error { _, err := c.Check(t.Context(), []salur.Payout{topUp("PAY-2")}); return err },
		"Get":       func() error { _, err := c.Get(t.Context(), "PAY-1"); return err },
		"GetMany":   func() error { _, err := c.GetMany(t.Context(), []string{"PAY-1"}); return err },
		"List":      func() error { _, err := c.List(t.Context(), salur.Query{}); return err },
		"Stats":     func() error { _, err := c.Stats(t.Context()); return err },
		"Room":      func() error { _, err := c.Room(t.Context()); return err },
		"Wait":      func() error { _, err := c.Wait(t.Context(), "PAY-1"); return err },
		"LastEvent": func() error { _, err := c.LastEvent(t.Context()); return err },
		"Watch": func() error {
			for _, err := range c.Watch(t.Context(), "") {
				return err
			}
			return nil
		},
		"Subscribe": func() error {
			return c.Subscribe(t.Context(), "g", func(context.Context, salur.Event) error { return nil })
		},
	} {
		// Enqueue believes Redis's room for a second, and so may learn from the write itself.
		err := call()
		if name == "Enqueue" && err == nil {
			t.Errorf("%s: accepted without Redis", name)
		}
		if !errors.Is(err, salur.ErrUnavailable) || errors.Is(err, salur.ErrFull) || errors.Is(err, salur.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.Restart()
	r, err := c.Enqueue(t.Context(), topUp("PAY-1"))
	for deadline := time.Now().Add(10 * time.Second); errors.Is(err, salur.ErrUnavailable) && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond) // go-redis itself looks once a second whether Redis is back
		r, err = c.Enqueue(t.Context(), topUp("PAY-1"))
	}
	if err != nil || !r.Duplicate {
		t.Errorf("%+v, %v", r, err)
	}
}

// The JSON of a transaction, to the letter: others read it.
func TestTransactionJSON(t *testing.T) {
	each(t, func(t *testing.T, c *salur.Client, w worker, rdb *redis.Client) {
		if _, err := c.Enqueue(t.Context(), toBank("BANK-1")); err != nil {
			t.Fatal(err)
		}
		tx, err := c.Get(t.Context(), "BANK-1")
		if err != nil {
			t.Fatal(err)
		}
		at := salur.Time{Time: time.Date(2026, 11, 21, 2, 30, 0, 5e6, time.UTC)}
		tx.CreatedAt, tx.UpdatedAt, tx.NextActionAt, tx.History[0].At = at, at, &at, at
		b, err := json.Marshal(tx)
		const when = `"2026-11-21T09:30:00.005+07:00"`
		want := `{"ref":"BANK-1","kind":"bank","state":"queued","reason":"","amount":{"value":"50000.50","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},"customer":"****234",` +
			`"bankCode":"014","bank":"BCA","account":"****509","danaReferenceNo":"","attempts":0,"inquiries":0,"resends":0,` +
			`"createdAt":` + when + `,"updatedAt":` + when + `,"nextActionAt":` + when + `,` +
			`"history":[{"at":` + when + `,"from":"","to":"queued","event":"accepted","detail":"","responseCode":"","externalId":""}]}`
		if diff := cmp.Diff(want, string(b)); err != nil || diff != "" {
			t.Error(err, diff)
		}
		var back salur.Transaction
		if err := json.Unmarshal(b, &back); err != nil || back.Amount != tx.Amount || !back.CreatedAt.Equal(at.Time) {
			t.Errorf("read back %+v, %v", back, err)
		}
	})
}

// An amount that no payout may have, an overflow above all, is refused before anything is on record.
func TestNoOverflow(t *testing.T) {
	t.Parallel()
	const most = "must be at most 1000000000000.00"
	for _, tt := range []struct{ amount, fee salur.Amount }{
		{salur.Rupiah(184467440737095517), salur.Amount{}}, {salur.Rupiah(1e16), salur.Amount{}}, {salur.Cents(math.MaxInt64), salur.Cents(math.MaxInt64)},
		{salur.Rupiah(1), salur.Rupiah(184467440737095517)}, {salur.Rupiah(1_000_000_000_000), salur.Cents(1)},
	} {
		p := topUp("PAY-1")
		p.Amount, p.Fee = tt.amount, tt.fee
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), most) {
			t.Errorf("%v and %v: %v", tt.amount, tt.fee, err)
		}
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	a, err := salur.ParseAmount("10000.5")
	if err != nil || a != salur.Cents(1_000_050) || a.Cents() != 1_000_050 || a.Value() != "10000.50" || a.String() != "IDR 10000.50" {
		t.Errorf("%v, %v", a, err)
	}
	var invalid *salur.InvalidError
	for _, text := range []string{"", "1,000", "1.000.000", "-1", "1e3", "0.001"} {
		if _, err := salur.ParseAmount(text); !errors.As(err, &invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if b, err := json.Marshal(salur.Rupiah(-3)); err != nil || string(b) != `{"value":"-3.00","currency":"IDR"}` {
		t.Errorf("%s, %v", b, err)
	}
	if err := json.Unmarshal([]byte(`{"value":"1.00","currency":"USD"}`), &a); err == nil {
		t.Error("dollars were read as rupiah")
	}
}

// Of a payout that is forgotten it is still known how it ended: "not found" alone could be read as leave to pay it again.
func TestForgottenPayoutTellsHowItEnded(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	rdb := redistest.Start(t).Client()
	client, store := salur.New(rdb), ledger.NewRedis(rdb)
	if _, err := client.Enqueue(ctx, salur.Payout{Ref: "OLD", Customer: "62811742234", Amount: salur.Rupiah(10)}); err != nil {
		t.Fatal(err)
	}
	_, _, err := ledger.Update(ctx, store, statemachine.DefaultPolicy(), "OLD", "", func(ledger.Record) (statemachine.Event, bool) {
		return statemachine.Cancel("Sari", "paid in cash", time.Now()), true
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := store.Purge(ctx, time.Now().Add(time.Hour), 10); n != 1 || err != nil {
		t.Fatalf("forgot %d, %v", n, err)
	}
	if _, err := client.Get(ctx, "OLD"); !errors.Is(err, salur.ErrNotFound) || !strings.Contains(err.Error(), "it ended as failed") {
		t.Errorf("%v", err)
	}
	if _, err := client.Get(ctx, "NEVER"); err != salur.ErrNotFound {
		t.Errorf("%v", err)
	}
}
