package ledger_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func (b bundle) bank(t *testing.T, ref string) payout.Payout {
	t.Helper()
	p, err := payout.Instruction{Kind: "bank", Ref: ref, Customer: "62811742234", Amount: "5", BankCode: "014", Account: "2460888509"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Many payouts, more than one run of the script takes, of both kinds: each has its own answer in its
// own place, whatever becomes of the others.
func TestCreateMany(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		b.create(t, "OLD", "7")
		b.create(t, "TAKEN", "7")
		var ps []payout.Payout
		var want []string
		add := func(p payout.Payout, becomes string) { ps, want = append(ps, p), append(want, becomes) }
		for i := range 150 {
			add(b.payout(t, "PAY-"+strconv.Itoa(i), strconv.Itoa(i+1)), "new")
			if i%3 == 0 {
				add(b.bank(t, "BANK-"+strconv.Itoa(i)), "new")
			}
		}
		add(b.payout(t, "OLD", "7"), "old")
		add(b.payout(t, "TAKEN", "8"), "conflict")
		add(b.payout(t, "PAY-3", "4"), "old")      // twice in one call
		add(b.payout(t, "PAY-4", "4"), "conflict") // and with other content

		add(b.payout(t, "PAIR", "7"), "new") // two in one run of the script
		add(b.payout(t, "PAIR", "8"), "conflict")
		for i, c := range b.ledger.CreateMany(t.Context(), ps, "payroll", b.now) {
			got := "new"
			switch {
			case errors.Is(c.Err, ledger.ErrConflict):
				got = "conflict"
			case c.Err != nil:
				t.Fatalf("%s: %v", ps[i].Ref, c.Err)
			case !c.New:
				got = "old"
			}
			if got != want[i] || c.Record.Payout.Ref != ps[i].Ref || (got != "conflict") != (c.Record.Payout == ps[i]) {
				t.Errorf("%s became %s (%+v), want %s", ps[i].Ref, got, c.Record.Payout, want[i])
			}
			if got == "new" {
				if read, err := b.ledger.Get(t.Context(), ps[i].Ref); err != nil || read != c.Record {
					t.Fatalf("read back %+v, %v\nwant %+v", read, err, c.Record)
				}
			}
		}
		stats, err := b.ledger.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if q := stats[0]; q.Count != 203 || q.Cents != (150*151/2+50*5+21)*100 {
			t.Errorf("queued: %d payouts, %d cents", q.Count, q.Cents)
		}
		if n := b.rdb.XLen(t.Context(), "salur:{topup}:events").Val(); n != 203 {
			t.Errorf("%d events for 203 payouts", n)
		}
		for kind, n := range map[payout.Kind]int{payout.TopUp: 153, payout.Bank: 50} {
			wakes, err := b.ledger.Overdue(t.Context(), kind, sm.StepSend, b.now, 1000)
			if err != nil || len(wakes) != n {
				t.Errorf("%d of kind %s are due, want %d: %v", len(wakes), kind, n, err)
			}
		}
	})
}

// Who handed a payout over stands in its history, which has a first line before anything else happens.
func TestCreateManyNames(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		b.ledger.CreateMany(t.Context(), []payout.Payout{b.payout(t, "PAY-1", "1")}, "payroll", b.now)
		b.create(t, "PAY-2", "1")
		b.happen(t, "PAY-1", b.take)
		for ref, want := range map[string]string{"PAY-1": "by payroll", "PAY-2": ""} {
			history, err := b.ledger.History(t.Context(), ref)
			if err != nil || history[0].Entry != (sm.Entry{At: b.now, To: sm.StateQueued, Event: "accepted", Detail: want}) {
				t.Errorf("%s: %+v, %v", ref, history, err)
			}
		}
	})
}

// A sum beyond all money stops nobody: nothing rests on it.
func TestCreateManyBeyondAllMoney(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client() // the embedded one counts beyond 64 bits
	b := bundle{ledger: ledger.NewRedis(rdb), rdb: rdb, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	most := money.FromCents(999999999999999999) // ten of these are too many for 64 bits
	var ps []payout.Payout
	for i := range 12 {
		p := b.payout(t, fmt.Sprint("PAY-", i), "1")
		p.Amount = most // no intake takes it
		ps = append(ps, p)
	}
	good := 0
	for i, c := range b.ledger.CreateMany(t.Context(), ps, "", b.now) {
		_, err := b.ledger.Get(t.Context(), ps[i].Ref)
		if c.Err == nil {
			good++
		}
		if (c.Err == nil) != (err == nil) || c.Err != nil && !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: answered %v, on record %v", ps[i].Ref, c.Err, err)
		}
	}
	if events := b.rdb.XLen(t.Context(), "salur:{topup}:events").Val(); good != 12 || events != 12 {
		t.Errorf("%d accepted, %d events; want 12", good, events)
	}
}

// A Redis that has forgotten the script (a restart, a failover) is taught it again.
func TestCreateManyTeachesTheScript(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		b.create(t, "PAY-1", "1")
		if err := b.rdb.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		ps := []payout.Payout{b.payout(t, "PAY-2", "1"), b.bank(t, "BANK-2")}
		for _, c := range b.ledger.CreateMany(t.Context(), ps, "", b.now) {
			if c.Err != nil || !c.New {
				t.Errorf("%s: new %t, %v", c.Record.Payout.Ref, c.New, c.Err)
			}
		}
	})
}

// Pages of a list have every payout once, though a batch was accepted in one millisecond, and
// while more are accepted meanwhile.
func TestListInPages(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		want := map[string]bool{}
		for i := range 5 {
			var ps []payout.Payout
			for j := range 7 {
				ref := fmt.Sprintf("PAY-%d-%d", i, j)
				want[ref] = true
				ps = append(ps, b.payout(t, ref, "1"))
			}
			b.ledger.CreateMany(t.Context(), ps, "", b.now.Add(time.Duration(i)*time.Millisecond))
		}
		for ref := range want {
			if len(ref)%2 == 0 || ref > "PAY-2-4" { // some in another state
				b.happen(t, ref, b.take)
			}
		}
		for _, limit := range []int{1, 3, 7, 100} {
			var q ledger.Query
			q.Limit = limit
			seen := map[string]bool{}
			var last ledger.Record
			for {
				page, err := b.ledger.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, rec := range page {
					if seen[rec.Payout.Ref] {
						t.Errorf("limit %d: %s is listed twice", limit, rec.Payout.Ref)
					}
					seen[rec.Payout.Ref] = true
					if !last.CreatedAt.IsZero() && rec.CreatedAt.After(last.CreatedAt) {
						t.Errorf("limit %d: %s is newer than what was listed before it", limit, rec.Payout.Ref)
					}
					last = rec
				}
				if len(page) < limit {
					break
				}
				q.After = ledger.Cursor{CreatedAt: last.CreatedAt, Ref: last.Payout.Ref}
				b.create(t, fmt.Sprintf("NEW-%d-%d", limit, len(seen)), "1") // newer than all that was listed
				if b.now = b.now.Add(time.Second); len(seen) > 200 {
					t.Fatal("the list does not end")
				}
			}
			for ref := range want {
				if !seen[ref] {
					t.Errorf("limit %d: %s is not listed", limit, ref)
				}
			}
		}
	})
}
