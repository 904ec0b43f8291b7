package main

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// commands is every command with arguments that are right for a payout in review.
var commands = [][]string{
	{"show", "review"},
	{"list"},
	{"stats"},
	{"inquire", "review"},
	{"resolve", "review", "--as", "failed", "--reason", "seen in the portal", "--by", "Sari"},
	{"hold", "--reason", "month end"},
	{"resume"},
	{"webhooks"},
	{"cancel", "queued", "--reason", "the wrong month", "--by", "Sari"},
	{"reconcile", "testdata/settlement.csv"},
	{"export"},
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
		{"UnknownCommand", []string{"exports"}, "unknown command"},
		{"ShowNothing", []string{"show"}, "takes one argument: ledger "},
		{"ListArgument", []string{"list", "x"}, `takes no arguments`},
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
			b.refused(t, cli.Invalid, tc.args, tc.says)
		})
	}
	if _, _, stderr := b.run(t, "resolve", "review"); strings.Count(stderr, "\n") != 3 {
		t.Errorf("stderr %q, want a line for each of --as, --reason, --by", stderr)
	}
	if got := b.get(t, "review").Tx.State; got != sm.StateReview {
		t.Errorf("bad usage changed the payout to %s", got)
	}
	if held := b.holds(t); len(held) != 0 {
		t.Errorf("bad usage holds: %+v", held)
	}
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
		b.giveUp(t, sm.StateReview)
		b.put(t, sm.StateQueued)
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
