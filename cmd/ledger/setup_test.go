package main

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func TestMain(m *testing.M) {
	logging.Disable() // as main does
	goleak.VerifyTestMain(m,
		// go-redis ends its pool's goroutines after Close has returned.
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).checkMinIdleConns"),
	)
}

// The payees of the tests, as no output may show them.
const (
	phone      = "62811742234"
	customerID = "216610000000000000042"
)

// nine is nine o'clock in Jakarta.
var nine = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

type testBundle struct {
	environ []string
	rdb     *redis.Client
	ledger  ledger.Ledger
}

func setup(t *testing.T) testBundle {
	t.Helper()
	return over(redistest.Start(t))
}

// over is the program over this Redis.
func over(server *redistest.Server) testBundle {
	rdb := server.Client()
	return testBundle{[]string{"REDIS_URL=redis://" + server.Addr()}, rdb, ledger.NewRedis(rdb)}
}

// run runs the program and returns its exit code and what it printed.
func (b testBundle) run(t *testing.T, args ...string) (code cli.Code, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = cli.Code(cli.Main(t.Context(), newCommand(b.environ), args, nil, &out, &errs))
	return code, out.String(), errs.String()
}

// must runs the program, which must succeed and say nothing on stderr.
func (b testBundle) must(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := b.run(t, args...)
	if code != cli.Done || stderr != "" {
		t.Fatalf("%q: exit %d, stderr %q", args, code, stderr)
	}
	return stdout
}

// refused runs the program, which must exit with code, print nothing, and say one line
// that holds every text of says.
func (b testBundle) refused(t *testing.T, code cli.Code, args []string, says ...string) {
	t.Helper()
	got, stdout, stderr := b.run(t, args...)
	if got != code || stdout != "" || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%q: exit %d, stdout %q, stderr %q; want exit %d and one line", args, got, stdout, stderr, code)
	}
	for _, want := range says {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q: stderr %q does not say %q", args, stderr, want)
		}
	}
}

func (b testBundle) create(t *testing.T, in payout.Instruction, at time.Time) {
	t.Helper()
	p, err := in.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if _, created, err := b.ledger.Create(t.Context(), p, at); err != nil || !created {
		t.Fatalf("create %s: %t, %v", in.Ref, created, err)
	}
}

func (b testBundle) happen(t *testing.T, ref, answer string, make func(ledger.Record) sm.Event) {
	t.Helper()
	_, _, err := ledger.Update(t.Context(), b.ledger, sm.DefaultPolicy(), ref, answer,
		func(r ledger.Record) (sm.Event, bool) { return make(r), true })
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
}

func take(ledger.Record) sm.Event {
	return sm.Take(sm.Attempt{ExternalID: "ext-1", Owner: "w1", StartedAt: nine.Add(time.Second), Deadline: nine.Add(12 * time.Second)})
}

func sends(o sm.Outcome) func(ledger.Record) sm.Event {
	return func(r ledger.Record) sm.Event { return sm.SendResult(r.Tx.Open, o, nine.Add(2*time.Second)) }
}

func inquires(o sm.Outcome, id string, after time.Duration) func(ledger.Record) sm.Event {
	return func(r ledger.Record) sm.Event { return sm.InquiryResult(r.Tx.Inquiries+1, id, o, nine.Add(after)) }
}

// put makes a payout of 10,000 rupiah and brings it into the state. Its reference is
// the state's name.
func (b testBundle) put(t *testing.T, s sm.State) {
	t.Helper()
	ref := string(s)
	b.create(t, payout.Instruction{Ref: ref, Customer: phone, Amount: "10000"}, nine)
	paid := sm.Outcome{Kind: sm.Succeeded, Code: "2003800", ReferenceNo: "2026030100001", EchoRef: ref, EchoAmount: money.Rupiah(10000)}
	foreign := paid
	foreign.EchoAmount = money.Rupiah(1)
	unclear := sm.Outcome{Kind: sm.AskStatus, Why: "general_error", Code: "5003800"}
	way := map[sm.State][]func(ledger.Record) sm.Event{
		sm.StateQueued:     nil,
		sm.StateProcessing: {take},
		sm.StatePending:    {take, sends(unclear)},
		sm.StateReview:     {take, sends(foreign)},
		sm.StateSucceeded:  {take, sends(paid)},
		sm.StateFailed:     {take, sends(sm.Outcome{Kind: sm.Refused, Why: "exceeds_limit", Code: "4033802"})},
		sm.StateRefunded:   {take, sends(unclear), inquires(sm.Outcome{Kind: sm.Refunded, Code: "2003900", Status: "04"}, "ext-2", 3*time.Second)},
	}
	for _, ev := range way[s] {
		b.happen(t, ref, "", ev)
	}
	if got := b.get(t, ref).Tx.State; got != s {
		t.Fatalf("the way to %s ends in %s", s, got)
	}
}

func (b testBundle) putAll(t *testing.T) {
	t.Helper()
	for _, s := range sm.States {
		b.put(t, s)
	}
}

func (b testBundle) get(t *testing.T, ref string) ledger.Record {
	t.Helper()
	rec, err := b.ledger.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
