package main

import (
	"encoding/json"
	"fmt"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/jakarta"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tasks"
)

func TestInquire(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		state sm.State
		says  string
	}{
		{sm.StatePending, "the answer may settle it"},
		{sm.StateReview, "the answer is recorded for the person who resolves it"},
		{sm.StateSucceeded, "only an answer that DANA has taken it back changes that"},
		{sm.StateFailed, "the answer is recorded and changes nothing"},
		{sm.StateRefunded, "the answer is recorded and changes nothing"},
	} {
		t.Run(string(tc.state), func(t *testing.T) {
			t.Parallel()
			b, ref := setup(t), string(tc.state)
			b.put(t, tc.state)
			before := time.Now()
			want := fmt.Sprintf("A worker asks DANA about %[1]s as soon as it can. It is %[1]s; %[2]s.\nSee the answer with: ledger show %[1]s\n", ref, tc.says)
			if diff := cmp.Diff(want, b.must(t, "inquire", ref)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			rec := b.get(t, ref)
			if rec.Tx.State != tc.state || rec.Tx.Next != sm.StepInquire || rec.Tx.DueAt.Before(before) || rec.Tx.DueAt.After(time.Now()) {
				t.Errorf("%s, next %s at %s", rec.Tx.State, rec.Tx.Next, rec.Tx.DueAt)
			}
			waiting, err := asynq.NewInspectorFromRedisClient(b.rdb).ListPendingTasks(tasks.QueueInquiry)
			if err != nil || len(waiting) != 1 || waiting[0].Type != tasks.TypeTopUpInquire || !strings.Contains(string(waiting[0].Payload), ref) {
				t.Errorf("the workers are told %v, %v", waiting, err)
			}
		})
	}
}

func TestInquireJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StateReview)
	out := b.must(t, "inquire", "review", "--json")
	want := fmt.Sprintf("{\"ref\":\"review\",\"state\":\"review\",\"nextActionAt\":%q}\n", jakarta.Format(b.get(t, "review").Tx.DueAt))
	if out != want {
		t.Errorf("prints %s, want %s", out, want)
	}
}

func TestInquireWhileSending(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, s := range []sm.State{sm.StateQueued, sm.StateProcessing} {
		b.put(t, s)
		before := b.get(t, string(s))
		b.refused(t, cli.Invalid, []string{"inquire", string(s)},
			"payout "+string(s)+" is "+string(s)+": there is nothing to ask yet, the worker is still sending it")
		if after := b.get(t, string(s)); after != before {
			t.Errorf("%s: became %+v", s, after)
		}
	}
}

// The wish is on record before the workers are told, so that it is late at worst.
func TestInquireUntold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StatePending)
	if err := b.rdb.Set(t.Context(), "asynq:{inquiry}:pending", "not a list", 0).Err(); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := b.run(t, "inquire", "pending")
	if code != cli.Done || !strings.HasPrefix(stdout, "A worker asks DANA") || !strings.Contains(stderr, "could not be told at once") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	due, err := b.ledger.Overdue(t.Context(), sm.StepInquire, time.Now(), 10)
	if err != nil || len(due) != 1 || due[0].Ref != "pending" {
		t.Errorf("due inquiries: %v, %v", due, err)
	}
}

// resolvable are the decisions that a person can take; all others are refused.
var resolvable = map[[2]sm.State]bool{
	{sm.StateReview, sm.StateSucceeded}:   true,
	{sm.StateReview, sm.StateFailed}:      true,
	{sm.StateReview, sm.StateRefunded}:    true,
	{sm.StateSucceeded, sm.StateRefunded}: true,
}

// instead is what the refusal advises.
var instead = map[sm.State]string{
	sm.StateQueued:     "the worker is still sending it",
	sm.StateProcessing: "the worker is still sending it",
	sm.StatePending:    "ledger inquire pending",
	sm.StateSucceeded:  "--as refunded",
	sm.StateFailed:     "ledger inquire failed",
	sm.StateRefunded:   "ledger inquire refunded",
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, as := range []sm.State{sm.StateSucceeded, sm.StateFailed, sm.StateRefunded} {
		t.Run("As_"+string(as), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.putAll(t)
			for _, from := range sm.States {
				ref := string(from)
				args := []string{"resolve", ref, "--as", string(as), "--reason", "seen in the portal", "--by", "Sari"}
				before := b.get(t, ref)
				if !resolvable[[2]sm.State{from, as}] {
					b.refused(t, cli.Invalid, args, "payout "+ref+" is "+ref+": ", instead[from])
					if after := b.get(t, ref); after != before {
						t.Errorf("%s as %s: refused, but became %+v", from, as, after)
					}
					continue
				}
				want := fmt.Sprintf("%s: %s → %s, by Sari: seen in the portal\n", ref, from, as)
				if out := b.must(t, args...); out != want {
					t.Errorf("%s as %s: prints %q, want %q", from, as, out, want)
				}
				after := b.get(t, ref)
				if after.Tx.State != as || after.Tx.Reason != "resolved" || after.Tx.Next != sm.StepNone ||
					after.Last.Event != sm.Resolved || after.Last.Detail != "by Sari: seen in the portal" {
					t.Errorf("%s as %s: on record is %+v", from, as, after)
				}
			}
		})
	}
}

func TestResolveJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StateReview)
	// The longest texts that are taken, counted in characters and not in bytes.
	long := strings.Repeat("é", 200)
	out := b.must(t, "resolve", "review", "--json", "--as", "succeeded", "--reason", long, "--by", long)
	if out != `{"ref":"review","state":"succeeded"}`+"\n" {
		t.Errorf("prints %s", out)
	}
}

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
	since := jakarta.Format(held[0].Since)
	if want := fmt.Sprintf("Sending is held by %s since %s: month end.\nStart it again with: ledger resume\n", me.Username, since); out != want {
		t.Errorf("hold prints %q, want %q", out, want)
	}
	if age := time.Since(held[0].Since); age < 0 || age > time.Minute {
		t.Errorf("held since %s", since)
	}
	holdForCause(t, b)
	want := "Lifted the hold by the system since 2026-03-01T09:05:00+07:00: insufficient_funds (DANA answered 4033814, payout PAY-1).\n" +
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
	since := jakarta.Format(b.holds(t)[0].Since)
	mine := fmt.Sprintf(`{"by":"person","cause":"","reason":"say \"stop\"","person":%s,"ref":"","since":%q}`, me, since)
	if diff := cmp.Diff(mine+"\n", out); diff != "" {
		t.Errorf("hold (-want +got):\n%s", diff)
	}
	holdForCause(t, b)
	want := `{"lifted":[{"by":"system","cause":"insufficient_funds","reason":"DANA answered 4033814","person":"","ref":"PAY-1","since":"2026-03-01T09:05:00+07:00"},` + mine + "]}\n"
	if diff := cmp.Diff(want, b.must(t, "resume", "--json")); diff != "" {
		t.Errorf("resume (-want +got):\n%s", diff)
	}
	if out := b.must(t, "resume", "--json"); out != "{\"lifted\":[]}\n" {
		t.Errorf("a second resume prints %q", out)
	}
}

// When Redis fails after it has answered, nobody claims to know what became of the write.
func TestWriteOfUnknownEnd(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		says string
	}{
		{commands[4], "it is not known whether the decision is on record, see ledger show"},
		{commands[5], "it is not known whether sending is held, so hold again"},
		{commands[6], "it is not known whether sending goes on, see ledger stats"},
	} {
		t.Run(tc.args[0], func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.put(t, sm.StateReview)
			// A replica answers PING and reads, and refuses writes.
			if err := b.rdb.SlaveOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
				t.Fatal(err)
			}
			b.refused(t, cli.Unreachable, tc.args, tc.says)
		})
	}
}
