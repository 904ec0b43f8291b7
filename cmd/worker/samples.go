package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

const (
	sampleEvery  = 250 * time.Millisecond
	summaryEvery = time.Second
	plainEvery   = 5 * time.Second // where nothing can be redrawn
)

// demonstration submits sample payouts and shows how they fare.
type demonstration struct {
	system *system
	dana   *sandbox.Sandbox
	out    io.Writer

	made  int
	drawn int // lines of the last summary on a terminal
}

func (d *demonstration) run(ctx context.Context) error {
	samples := time.NewTicker(sampleEvery)
	defer samples.Stop()
	every := plainEvery
	if cli.IsTerminal(d.out) {
		every = summaryEvery
	}
	summary := time.NewTicker(every)
	defer summary.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			fmt.Fprintln(d.out, "\nStopping; the demo's data is gone.")
			return nil
		case <-samples.C:
			err = d.submit(ctx)
		case <-summary.C:
			err = d.show(ctx)
		}
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
}

// submit hands over the next sample. Every second one is a good customer; between them come
// the customer numbers with a meaning, each once at first and then now and then. Every fourth
// pays to a bank account.
func (d *demonstration) submit(ctx context.Context) error {
	special := sandbox.Numbers()
	customer, name := fmt.Sprintf("6281%08d", rand.IntN(100_000_000)), "good"
	i := d.made / 2
	if i >= len(special) && i%5 == 0 {
		i = rand.IntN(len(special))
	}
	if d.made%2 == 0 && i < len(special) {
		customer = special[i].Customer
		if name = special[i].Preset; name == "" {
			name = "dana"
		}
	}
	in := payout.Instruction{Customer: customer}
	if d.made%4 == 1 {
		in.Kind, in.BankCode, in.Account = string(payout.Bank), "014", customer
		name = "bank"
	}
	d.made++
	amount := money.Rupiah(10_000 + 500*rand.Int64N(480))
	in.Ref, in.Amount = fmt.Sprintf("DEMO-%04d-%s", d.made, name), payout.Number(amount.Value())
	p, err := in.Parse()
	if err != nil {
		return err
	}
	rec, _, err := wakeup.Submit(ctx, d.system.ledger, d.system.queue, p, time.Now())
	if err == nil && name == "refund" {
		go d.askLater(ctx, rec.Payout.Ref)
	}
	return err
}

// askLater is a person who asks DANA about a payout that succeeded: DANA has taken it back.
func (d *demonstration) askLater(ctx context.Context, ref string) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(5 * time.Second):
	}
	rec, dec, err := ledger.Update(ctx, d.system.ledger, statemachine.Policy{}, ref, "", func(ledger.Record) (statemachine.Event, bool) {
		return statemachine.AskNow("the demo", "", time.Now()), true
	})
	if err == nil && !dec.Ignored {
		_ = d.system.queue.Wake(ctx, rec) // else the sweeper does
	}
}

// show prints one row per state, in place on a terminal.
func (d *demonstration) show(ctx context.Context) error {
	stats, err := d.system.ledger.Stats(ctx)
	if err != nil {
		return err
	}
	books := d.dana.State()
	credited := money.Rupiah(0)
	for _, c := range books.Credits {
		credited = credited.Add(c.Amount)
	}
	verdict := "no reference credited twice"
	if err := books.Check(); err != nil {
		verdict = "WRONG: " + err.Error()
	}
	if cli.IsTerminal(d.out) && d.drawn > 0 {
		fmt.Fprintf(d.out, "\x1b[%dA\x1b[J", d.drawn)
	}
	d.drawn = 0
	line := func(format string, args ...any) {
		fmt.Fprintf(d.out, format+"\n", args...)
		d.drawn++
	}
	line("%-12s %8s %18s", "state", "payouts", "IDR")
	for _, s := range stats {
		line("%-12s %8d %18s", s.State, s.Count, money.FromCents(s.Cents).Value())
	}
	for api, state := range d.system.gate.Status().Breakers {
		if state != "closed" {
			line("%s: the circuit breaker is %s after faults in a row; payouts wait", api, state)
		}
	}
	line("DANA's books: %d credits, IDR %s, %s", len(books.Credits), credited.Value(), verdict)
	if !cli.IsTerminal(d.out) {
		line("")
	}
	return nil
}
