package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/jakarta"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
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
			waiting, err := asynq.NewInspectorFromRedisClient(b.rdb).ListPendingTasks(wakeup.QueueInquiry)
			if err != nil || len(waiting) != 1 || waiting[0].Type != wakeup.TypeTopUpInquire || !strings.Contains(string(waiting[0].Payload), ref) {
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
	want := fmt.Sprintf("{\"ref\":\"review\",\"state\":\"review\",\"nextActionAt\":%q}\n", jakarta.Stamp(b.get(t, "review").Tx.DueAt))
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
	due, err := b.ledger.Overdue(t.Context(), "topup", sm.StepInquire, time.Now(), 10)
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
	sm.StateSucceeded:  "as refunded",
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
