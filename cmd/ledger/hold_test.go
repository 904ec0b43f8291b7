package main

import (
	"encoding/json"
	"fmt"
	"os/user"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// holdForCause makes a hold by the system, five minutes past nine.
func holdForCause(t *testing.T, b testBundle) {
	t.Helper()
	g := gate.New(gate.Config{Redis: b.rdb, BreakerFailures: 1, BreakerOpenFor: time.Second,
		Now: func() time.Time { return nine.Add(5 * time.Minute) }})
	first, err := g.Hold(t.Context(), gate.Hold{Cause: sm.InsufficientFunds, Reason: "DANA answered 4033814", Ref: "PAY-1"})
	if err != nil || !first {
		t.Fatalf("hold: %t, %v", first, err)
	}
}

func (b testBundle) holds(t *testing.T) []gate.Hold {
	t.Helper()
	holds, err := gate.ReadHolds(t.Context(), b.rdb)
	if err != nil {
		t.Fatal(err)
	}
	return holds
}

func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	b.must(t, "hold", "--reason", "first")
	out := b.must(t, "hold", "--reason", "month end")
	held := b.holds(t)
	if len(held) != 1 || held[0].By != gate.ByPerson || held[0].Reason != "month end" || held[0].Person != me.Username {
		t.Fatalf("the workers see %+v", held)
	}
	since := jakarta.Stamp(held[0].Since)
	if want := fmt.Sprintf("Sending is held by %s since %s: month end.\nStart it again with: ledger resume\n", me.Username, since); out != want {
		t.Errorf("hold prints %q, want %q", out, want)
	}
	if age := time.Since(held[0].Since); age < 0 || age > time.Minute {
		t.Errorf("held since %s", since)
	}
	holdForCause(t, b)
	want := "Lifted the hold by the system since 2026-03-01T09:05:00.000+07:00: insufficient_funds (DANA answered 4033814, payout PAY-1).\n" +
		fmt.Sprintf("Lifted the hold by %s since %s: month end.\n", me.Username, since) +
		"All workers send again within a second.\n"
	if diff := cmp.Diff(want, b.must(t, "resume")); diff != "" {
		t.Errorf("resume (-want +got):\n%s", diff)
	}
	if held := b.holds(t); len(held) != 0 {
		t.Errorf("after resume the workers see %+v", held)
	}
	if out := b.must(t, "resume"); out != "Nothing was held.\n" {
		t.Errorf("a second resume prints %q", out)
	}
}

func TestHoldAndResumeJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	out := b.must(t, "hold", "--json", "--reason", `say "stop"`)
	me, err := json.Marshal(b.holds(t)[0].Person)
	if err != nil {
		t.Fatal(err)
	}
	since := jakarta.Stamp(b.holds(t)[0].Since)
	mine := fmt.Sprintf(`{"by":"person","cause":"","reason":"say \"stop\"","person":%s,"ref":"","since":%q}`, me, since)
	if diff := cmp.Diff(mine+"\n", out); diff != "" {
		t.Errorf("hold (-want +got):\n%s", diff)
	}
	holdForCause(t, b)
	want := `{"lifted":[{"by":"system","cause":"insufficient_funds","reason":"DANA answered 4033814","person":"","ref":"PAY-1","since":"2026-03-01T09:05:00.000+07:00"},` + mine + "]}\n"
	if diff := cmp.Diff(want, b.must(t, "resume", "--json")); diff != "" {
		t.Errorf("resume (-want +got):\n%s", diff)
	}
	if out := b.must(t, "resume", "--json"); out != "{\"lifted\":[]}\n" {
		t.Errorf("a second resume prints %q", out)
	}
}

// A replica refuses the write for certain, and so it is reported.
func TestWriteThatAReplicaRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		says string
	}{
		{commands[4], "the decision is not on record: this Redis is a replica"},
		{commands[5], "sending is not held: this Redis is a replica"},
		{commands[6], "nothing was lifted: this Redis is a replica"},
	} {
		t.Run(tc.args[0], func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			b := over(server)
			b.put(t, sm.StateReview)
			holdForCause(t, b)
			server.Refuse("READONLY")
			b.refused(t, cli.Unreachable, tc.args, tc.says)
		})
	}
}

// When the answer to a write is lost, nobody claims to know what became of it.
func TestWriteOfUnknownEnd(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		code cli.Code
		says string
	}{
		{commands[4], cli.Unreachable, "it is not known whether the decision is on record, see ledger show"},
		{commands[5], cli.Unreachable, "it is not known whether sending is held, so hold again"},
		{commands[6], cli.Unreachable, "it is not known whether sending goes on, see ledger stats"},
	} {
		t.Run(tc.args[0], func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.put(t, sm.StateReview)
			holdForCause(t, b)
			b.through(loseScripts(t, b.rdb.Options().Addr)).refused(t, tc.code, tc.args, tc.says)
		})
	}
}
