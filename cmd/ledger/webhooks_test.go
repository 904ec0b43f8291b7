package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// giveUp makes a payout for each state, whose outcomes the webhook could not be told.
func (b testBundle) giveUp(t *testing.T, states ...sm.State) *ledger.Outbox {
	t.Helper()
	outbox := ledger.NewOutbox(b.rdb)
	after, _, err := outbox.Read(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		b.put(t, s)
	}
	events, err := b.ledger.(*ledger.Redis).Events(t.Context(), after, 1000, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbox.Put(t.Context(), after, events, nine); err != nil {
		t.Fatal(err)
	}
	f := ledger.Failure{Tries: 17, Since: nine, Error: "refused", Status: 503}
	for i, s := range states {
		for more := true; more; {
			d, _, err := outbox.Take(t.Context(), string(s), "w", nine.Add(time.Second), nine.Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if more, err = outbox.GiveUp(t.Context(), d, f, nine.Add(time.Duration(i)*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return outbox
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if code, stdout, stderr := b.run(t, "webhooks"); code != cli.Done || stdout != "" || stderr != "Nothing was given up.\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	outbox := b.giveUp(t, sm.StateFailed, sm.StateRefunded)

	_, stdout, _ := b.run(t, "webhooks")
	if diff := cmp.Diff(`REF       STATE     HAPPENED                       FAILING SINCE                  GIVEN UP                       ATTEMPTS  LAST ERROR
failed    failed    2026-03-01T09:00:02.000+07:00  2026-03-01T09:00:00.000+07:00  2026-03-01T09:00:00.000+07:00  17        refused 503
refunded  pending   2026-03-01T09:00:02.000+07:00  2026-03-01T09:00:00.000+07:00  2026-03-01T09:00:00.001+07:00  17        refused 503
refunded  refunded  2026-03-01T09:00:03.000+07:00  2026-03-01T09:00:00.000+07:00  2026-03-01T09:00:00.001+07:00  17        refused 503
`, stdout); diff != "" {
		t.Error(diff)
	}
	code, stdout, stderr := b.run(t, "webhooks", "--limit", "1", "--json")
	if code != cli.Done || strings.Count(stdout, "\n") != 1 || stderr != "Only those of 1 payouts are listed and there are more; raise --limit.\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	id := stdout[strings.Index(stdout, `"id":"`)+6:]
	id = id[:strings.Index(id, `"`)]
	want := `{"ref":"failed","id":"` + id + `","state":"failed","at":"2026-03-01T09:00:02.000+07:00","since":"2026-03-01T09:00:00.000+07:00","gaveUpAt":"2026-03-01T09:00:00.000+07:00","attempts":17,"error":"refused","status":503}` + "\n"
	if stdout != want || !eventID.MatchString(id) {
		t.Errorf("got  %swant %s", stdout, want)
	}

	b.refused(t, cli.Invalid, []string{"webhooks", "--limit", "0"}, "--limit 0: use 1 or more")
	b.refused(t, cli.Invalid, []string{"webhooks", "resend"}, "resend: give either a payout's reference or --all")
	b.refused(t, cli.Invalid, []string{"webhooks", "resend", "failed", "--all"}, "resend: give either a payout's reference or --all")
	b.refused(t, cli.NotFound, []string{"webhooks", "resend", "NONE"}, `ref "NONE": nothing of it was given up`)

	if out := b.must(t, "webhooks", "resend", "refunded"); out != "refunded: 2 to be delivered again\n" {
		t.Error(out)
	}
	if n := b.rdb.LLen(t.Context(), "asynq:{notify}:pending").Val(); n != 1 {
		t.Errorf("%d wake-ups for one payout", n)
	}
	d, _, err := outbox.Take(t.Context(), "refunded", "w", time.Now(), time.Now().Add(time.Minute))
	if err != nil || d.Event.To != sm.StatePending || d.Tries != 0 || !d.Failing.IsZero() {
		t.Errorf("%+v, %v; want the older of the two, with all its patience", d, err)
	}
	if out := b.must(t, "webhooks", "resend", "--all", "--json"); out != `{"ref":"failed","outcomes":1}`+"\n" {
		t.Error(out)
	}
	if out := b.must(t, "webhooks", "resend", "--all"); out != "" {
		t.Errorf("nothing is left, but it says %q", out)
	}
}
