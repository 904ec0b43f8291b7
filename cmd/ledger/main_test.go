package main

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func TestMain(m *testing.M) {
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
	server := redistest.Start(t)
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

// commands is every command with arguments that are right for a payout in review.
var commands = [][]string{
	{"show", "review"},
	{"list"},
	{"stats"},
	{"inquire", "review"},
	{"resolve", "review", "--as", "failed", "--reason", "seen in the portal", "--by", "Sari"},
	{"hold", "--reason", "month end"},
	{"resume"},
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b := testBundle{environ: []string{"REDIS_URL=redis://user:hunter2@" + addr}}
	for _, args := range commands {
		b.refused(t, cli.Unreachable, args, "ledger: REDIS_URL "+addr+"/0 cannot be reached: ")
		if _, _, stderr := b.run(t, args...); strings.Contains(stderr, "hunter2") {
			t.Errorf("%q tells the password: %s", args, stderr)
		}
	}
}

func TestNoSuchPayout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, args := range [][]string{
		{"show", "NONE"},
		{"show", "NONE", "--json"},
		{"inquire", "NONE"},
		{"resolve", "NONE", "--as", "failed", "--reason", "r", "--by", "b"},
	} {
		b.refused(t, cli.NotFound, args, `ref "NONE": no payout with this reference`)
	}
}

func TestBadUsage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StateReview)
	resolve := func(as, reason, by string) []string {
		return []string{"resolve", "review", "--as", as, "--reason", reason, "--by", by}
	}
	long := strings.Repeat("é", 201)
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"NoCommand", nil, "choose a command"},
		{"UnknownCommand", []string{"export"}, "unknown command"},
		{"ShowNothing", []string{"show"}, "accepts 1 arg"},
		{"ListArgument", []string{"list", "x"}, `"x"`},
		{"UnknownState", []string{"list", "--state", "done"}, `--state "done": use one of queued, processing, pending, review, succeeded, failed, refunded`},
		{"Since", []string{"list", "--since", "yesterday"}, `--since "yesterday": use RFC 3339`},
		{"Until", []string{"list", "--until", "2026-13-01"}, `--until "2026-13-01": use RFC 3339`},
		{"UntilBeforeSince", []string{"list", "--since", "2026-03-01", "--until", "2026-03-01"}, `--until "2026-03-01": must be later than --since`},
		{"LimitZero", []string{"list", "--limit", "0"}, "--limit 0: use 1 or more"},
		{"LimitText", []string{"list", "--limit", "all"}, `"all"`},
		{"AsMissing", resolve("", "r", "b"), `--as "": use succeeded, failed or refunded`},
		{"AsOpenState", resolve("pending", "r", "b"), `--as "pending": use succeeded, failed or refunded`},
		{"ReasonMissing", []string{"resolve", "review", "--as", "failed", "--by", "b"}, `--reason "": is required`},
		{"ReasonBlank", resolve("failed", " \t", "b"), `--reason "": is required`},
		{"ReasonLong", resolve("failed", long, "b"), "at most 200 printable characters"},
		{"ReasonLines", resolve("failed", "one\ntwo", "b"), `--reason "one\ntwo": use at most`},
		{"ReasonEscape", resolve("failed", "\x1b[31m", "b"), `--reason "\x1b[31m": use at most`},
		{"ReasonNotUTF8", resolve("failed", "\xff", "b"), `--reason "\xff": use at most`},
		{"ByMissing", []string{"resolve", "review", "--as", "failed", "--reason", "r"}, `--by "": is required`},
		{"ByLong", resolve("failed", "r", long), "--by"},
		{"HoldReasonMissing", []string{"hold"}, `--reason "": is required`},
		{"HoldReasonLong", []string{"hold", "--reason", long}, "at most 200 printable characters"},
		{"UnknownFlag", []string{"stats", "--since", "2026-03-01"}, "unknown flag"},
		{"BadRedisURL", []string{"stats", "--redis-url", "localhost"}, "--redis-url"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b.refused(t, cli.Invalid, tc.args, tc.says)
		})
	}
	t.Run("EveryProblemAtOnce", func(t *testing.T) {
		t.Parallel()
		if _, _, stderr := b.run(t, "resolve", "review"); strings.Count(stderr, "\n") != 3 {
			t.Errorf("stderr %q, want a line for each of --as, --reason, --by", stderr)
		}
	})
	t.Cleanup(func() {
		if rec, err := b.ledger.Get(t.Context(), "review"); err == nil && rec.Tx.State != sm.StateReview {
			t.Errorf("bad usage changed the payout to %s", rec.Tx.State)
		}
	})
}

// Neither a phone number nor a customer id is ever shown whole, in no state, by no command.
func TestPayeesAreMasked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putAll(t)
	b.create(t, payout.Instruction{Ref: "BY-ID", Customer: payout.ByCustomerID, CustomerID: customerID, Amount: "1"}, nine)
	all := append([][]string{{"show", "BY-ID"}, {"show", "NONE"}, {"inquire", "queued"}}, commands...)
	for _, s := range sm.States {
		all = append(all, []string{"show", string(s)})
	}
	said := ""
	for _, args := range all {
		for _, form := range [][]string{args, append([]string{"--json"}, args...)} {
			_, stdout, stderr := b.run(t, form...)
			said += stdout + stderr
			for _, secret := range []string{phone, customerID} {
				if strings.Contains(stdout+stderr, secret) {
					t.Errorf("%q shows %s:\n%s%s", form, secret, stdout, stderr)
				}
			}
		}
	}
	for _, masked := range []string{payout.Mask(phone), payout.Mask(customerID)} {
		if !strings.Contains(said, masked) {
			t.Errorf("nothing shows %s", masked)
		}
	}
}

type closedPipe struct{}

var errClosed = errors.New("closed pipe")

func (closedPipe) Write([]byte) (int, error) { return 0, errClosed }

// What could not be printed is not done, for the script that reads it.
func TestStdoutFails(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"--json=false", "--json"} {
		b := setup(t)
		b.put(t, sm.StateReview)
		for _, args := range commands {
			var stderr strings.Builder
			code := cli.Main(t.Context(), newCommand(b.environ), append([]string{form}, args...), nil, closedPipe{}, &stderr)
			if code != int(cli.Internal) || !strings.Contains(stderr.String(), errClosed.Error()) {
				t.Errorf("%q %s: exit %d, stderr %q", args, form, code, stderr.String())
			}
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	help := testBundle{}.must(t, "--help")
	for _, args := range commands {
		if !strings.Contains(help, "\n  "+args[0]+" ") {
			t.Errorf("the help does not list %s", args[0])
		}
		if own := (testBundle{}).must(t, args[0], "--help"); !strings.Contains(own, "Usage:\n  ledger "+args[0]) {
			t.Errorf("help of %s: %s", args[0], own)
		}
	}
	if strings.Contains(help, "X_PARTNER_ID") {
		t.Error("the help asks for credentials, which ledger does not need")
	}
}
