package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// refs are the first words of the lines of a list for people, without its heading.
func refs(list string) string {
	var found []string
	for line := range strings.Lines(list) {
		if first := strings.Fields(line)[0]; first != "REF" {
			found = append(found, first)
		}
	}
	return strings.Join(found, " ")
}

func TestListSelects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	midnight := time.Date(2026, 2, 28, 17, 0, 0, 0, time.UTC) // as March begins in Jakarta
	for i, at := range []time.Time{midnight.Add(-time.Second), midnight, midnight.Add(time.Hour)} {
		b.create(t, payout.Instruction{Ref: fmt.Sprint("P", i), Customer: phone, Amount: "1"}, at)
	}
	b.happen(t, "P1", "", take)
	for _, tc := range []struct {
		name string
		args string
		want string
	}{
		{"All", "", "P2 P1 P0"},
		{"State", "--state processing", "P1"},
		{"SinceDay", "--since 2026-03-01", "P2 P1"},
		{"SinceTime", "--since 2026-03-01T00:00:01+07:00", "P2"},
		{"SinceTimeInUTC", "--since 2026-02-28T16:59:59Z", "P2 P1 P0"},
		{"UntilDay", "--until 2026-03-01", "P0"},
		{"Between", "--since 2026-03-01 --until 2026-02-28T18:00:00Z", "P1"},
		{"StateAndTime", "--state queued --since 2026-03-01", "P2"},
		{"WholeLimit", "--limit 4", "P2 P1 P0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := refs(b.must(t, append([]string{"list"}, strings.Fields(tc.args)...)...)); got != tc.want {
				t.Errorf("lists %q, want %q", got, tc.want)
			}
		})
	}
	t.Run("Limit", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := b.run(t, "list", "--limit", "2")
		if code != cli.Done || refs(stdout) != "P2 P1" || !strings.Contains(stderr, "newest 2 are listed and there are more") {
			t.Errorf("exit %d, lists %q, stderr %q", code, refs(stdout), stderr)
		}
	})
	t.Run("Nothing", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := b.run(t, "list", "--state", "review")
		if code != cli.Done || stdout != "" || stderr != "No payouts match.\n" {
			t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	})
}

func TestListDefaultLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 101 {
		b.create(t, payout.Instruction{Ref: fmt.Sprint("P", i), Customer: phone, Amount: "1"}, nine)
	}
	_, stdout, stderr := b.run(t, "list", "--json")
	if n := strings.Count(stdout, "\n"); n != 100 || !strings.Contains(stderr, "newest 100") {
		t.Errorf("%d lines, stderr %q", n, stderr)
	}
}

func TestListForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putPending(t)
	b.put(t, sm.StateFailed)
	wantJSON := `{"ref":"failed","kind":"topup","state":"failed","reason":"exceeds_limit","amount":{"value":"10000.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
		`"customer":"****234","danaReferenceNo":"","attempts":1,"inquiries":0,"resends":0,` +
		`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-01T09:00:02.000+07:00","nextActionAt":null}
{"ref":"PAY-1","kind":"topup","state":"pending","reason":"in_progress","amount":{"value":"10000.50","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},` +
		`"customer":"****234","danaReferenceNo":"2026030100001","attempts":1,"inquiries":2,"resends":0,` +
		`"createdAt":"2026-03-01T09:00:00.000+07:00","updatedAt":"2026-03-01T09:00:08.000+07:00","nextActionAt":"2026-03-01T09:00:18.000+07:00"}
`
	if diff := cmp.Diff(wantJSON, b.must(t, "list", "--json")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := `REF     STATE    REASON         AMOUNT        PAYEE    CREATED                        NEXT ACTION
failed  failed   exceeds_limit  IDR 10000.00  ****234  2026-03-01T09:00:00.000+07:00
PAY-1   pending  in_progress    IDR 10000.50  ****234  2026-03-01T09:00:00.000+07:00  2026-03-01T09:00:18.000+07:00
`
	if diff := cmp.Diff(want, b.must(t, "list")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A fee is in the list: what a payout takes from the deposit is its amount and its fee, as in the sums of stats.
func TestListFees(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, payout.Instruction{Ref: "NONE", Customer: phone, Amount: "1"}, nine)
	b.create(t, payout.Instruction{Ref: "FEE", Customer: phone, Amount: "1", Fee: "5000000"}, nine.Add(time.Second))
	want := `REF   STATE   REASON  AMOUNT    FEE             PAYEE    CREATED                        NEXT ACTION
FEE   queued          IDR 1.00  IDR 5000000.00  ****234  2026-03-01T09:00:01.000+07:00  2026-03-01T09:00:01.000+07:00
NONE  queued          IDR 1.00                  ****234  2026-03-01T09:00:00.000+07:00  2026-03-01T09:00:00.000+07:00
`
	if diff := cmp.Diff(want, b.must(t, "list")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Payouts of both kinds in one list.
func TestListBank(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putBanks(t)
	b.create(t, payout.Instruction{Ref: "TOP", Customer: phone, Amount: "1"}, nine.Add(2*time.Second))
	common := `"danaReferenceNo":"","attempts":0,"inquiries":0,"resends":0,"createdAt":"2026-03-01T09:00:0`
	wantJSON := `{"ref":"TOP","kind":"topup","state":"queued","reason":"","amount":{"value":"1.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},"customer":"****234",` +
		common + `2.000+07:00","updatedAt":"2026-03-01T09:00:02.000+07:00","nextActionAt":"2026-03-01T09:00:02.000+07:00"}
{"ref":"NEW","kind":"bank","state":"queued","reason":"","amount":{"value":"2.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},"customer":"****234","bankCode":"99999","account":"****",` +
		common + `1.000+07:00","updatedAt":"2026-03-01T09:00:01.000+07:00","nextActionAt":"2026-03-01T09:00:01.000+07:00"}
{"ref":"BANK","kind":"bank","state":"queued","reason":"","amount":{"value":"50000.00","currency":"IDR"},"fee":{"value":"0.00","currency":"IDR"},"customer":"****234","bankCode":"014","bank":"BCA","account":"****509",` +
		common + `0.000+07:00","updatedAt":"2026-03-01T09:00:00.000+07:00","nextActionAt":"2026-03-01T09:00:00.000+07:00"}
`
	if diff := cmp.Diff(wantJSON, b.must(t, "list", "--json")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := `REF   STATE   REASON  AMOUNT        PAYEE                 CREATED                        NEXT ACTION
TOP   queued          IDR 1.00      ****234               2026-03-01T09:00:02.000+07:00  2026-03-01T09:00:02.000+07:00
NEW   queued          IDR 2.00      bank 99999 ****       2026-03-01T09:00:01.000+07:00  2026-03-01T09:00:01.000+07:00
BANK  queued          IDR 50000.00  bank 014 BCA ****509  2026-03-01T09:00:00.000+07:00  2026-03-01T09:00:00.000+07:00
`
	if diff := cmp.Diff(want, b.must(t, "list")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.putPending(t)
	b.put(t, sm.StatePending)
	b.put(t, sm.StateReview)
	wantJSON := `{"state":"queued","count":0,"amount":{"value":"0.00","currency":"IDR"}}
{"state":"processing","count":0,"amount":{"value":"0.00","currency":"IDR"}}
{"state":"pending","count":2,"amount":{"value":"20000.50","currency":"IDR"}}
{"state":"review","count":1,"amount":{"value":"10000.00","currency":"IDR"}}
{"state":"succeeded","count":0,"amount":{"value":"0.00","currency":"IDR"}}
{"state":"failed","count":0,"amount":{"value":"0.00","currency":"IDR"}}
{"state":"refunded","count":0,"amount":{"value":"0.00","currency":"IDR"}}
`
	if diff := cmp.Diff(wantJSON, b.must(t, "stats", "--json")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := `STATE        PAYOUTS         IDR (with fees)
queued             0                    0.00
processing         0                    0.00
pending            2                20000.50
review             1                10000.00
succeeded          0                    0.00
failed             0                    0.00
refunded           0                    0.00
total              3                30000.50
`
	if diff := cmp.Diff(want, b.must(t, "stats")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := gate.HoldByPerson(t.Context(), b.rdb, "month end", "sari", nine); err != nil {
		t.Fatal(err)
	}
	holdForCause(t, b)
	want += `SENDING IS HELD by sari since 2026-03-01T09:00:00.000+07:00: month end
SENDING IS HELD by the system since 2026-03-01T09:05:00.000+07:00: insufficient_funds (DANA answered 4033814, payout PAY-1)
`
	if diff := cmp.Diff(want, b.must(t, "stats")); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
}

// Colour is for what waits for a person, and for nothing else.
func TestStatsColour(t *testing.T) {
	t.Parallel()
	held := []gate.Hold{{By: gate.ByPerson, Person: "sari", Reason: "why\x1b[2J", Since: nine}}
	for _, tc := range []struct {
		name   string
		stats  []ledger.Stat
		holds  []gate.Hold
		colour cli.Colour
		want   []string // the coloured lines
	}{
		{"Calm", []ledger.Stat{{State: sm.StateReview}, {State: sm.StateFailed, Count: 1}}, nil, true, nil},
		{"Review", []ledger.Stat{{State: sm.StateReview, Count: 1}}, nil, true,
			[]string{"\x1b[33mreview             1                    0.00\x1b[0m"}},
		{"Held", nil, held, true,
			[]string{"\x1b[31mSENDING IS HELD by sari since 2026-03-01T09:00:00.000+07:00: why [2J\x1b[0m"}},
		{"Off", []ledger.Stat{{State: sm.StateReview, Count: 1}}, held, false, nil},
	} {
		var got []string
		for line := range strings.Lines(tabulate(tc.stats, tc.holds, tc.colour)) {
			if strings.Contains(line, "\x1b") {
				got = append(got, strings.TrimSuffix(line, "\n"))
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
