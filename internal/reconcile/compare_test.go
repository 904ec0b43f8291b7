package reconcile_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/reconcile"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// short is the differences as text.
func short(r reconcile.Result) (list []string) {
	for _, d := range r.Differences {
		list = append(list, fmt.Sprintf("%s %s %s %d %d %s:%d", d.Class, d.Ref, d.State, d.There, d.Here, d.File, d.Line))
	}
	return list
}

// Each class, alone: what is on record, what the report says, and what is told.
func TestClasses(t *testing.T) {
	t.Parallel()
	const a = 1_000_050
	paid, back := line("R", a, 55500, noon), line("R", -a, -55500, noon.Add(time.Hour))
	for name, tc := range map[string]struct {
		state sm.State // empty: not on record
		fee   string
		ended time.Time // noon if zero
		rows  string
		want  string
		do    string
	}{
		"Agree":               {state: sm.StateSucceeded, rows: paid},
		"AgreeUncharged":      {state: sm.StateSucceeded, rows: line("R", a, 0, noon)},
		"AgreeRefunded":       {state: sm.StateRefunded, rows: paid + back},
		"AgreeRefundedBefore": {state: sm.StateRefunded, rows: back},
		"AgreeRefundedLater":  {state: sm.StateRefunded, ended: noon.AddDate(0, 0, 3), rows: paid},
		"AgreePendingFailed":  {state: sm.StateFailed, rows: line("R", -a, 0, noon)},
		"AgreeFailed":         {state: sm.StateFailed, rows: ""},
		"AgreeOpen":           {state: sm.StatePending, rows: ""},
		"AgreeFee":            {state: sm.StateSucceeded, fee: "555", rows: paid},
		"AgreeOtherZone":      {state: sm.StateSucceeded, rows: line("R", a, 55500, noon.Add(9*time.Hour))},
		"PaidTwice":           {state: sm.StateSucceeded, rows: paid + paid, want: "repeated R succeeded 2000100 1000050 report-1.csv:2", do: "ledger hold"},
		"PaidTwiceUnknown":    {rows: paid + paid, want: "repeated R  2000100 0 report-1.csv:2"},
		"PaidBackPaid":        {state: sm.StateSucceeded, rows: paid + back + paid, want: "repeated R succeeded 1000050 1000050 report-1.csv:2"},
		"BackTwice":           {state: sm.StateRefunded, rows: paid + back + back, want: "repeated R refunded -1000050 0 report-1.csv:2"},
		"PaidAgain":           {state: sm.StateSucceeded, ended: noon.AddDate(0, 0, -2), rows: paid, want: "paid_again R succeeded 1000050 0 report-1.csv:2", do: "ledger hold"},
		"Unknown":             {rows: paid, want: "unknown R  1000050 0 report-1.csv:2", do: "ask DANA"},
		"UnknownBack":         {rows: back, want: "unknown R  -1000050 0 report-1.csv:2"},
		"Forgotten":           {rows: line("R", a, 0, today.AddDate(0, -2, 0)), want: "forgotten R  1000050 0 report-1.csv:2", do: "export"},
		"Failed":              {state: sm.StateFailed, rows: paid, want: "paid_but_failed R failed 1000050 0 report-1.csv:2", do: "do not pay it in another way"},
		"FailedPaidBack":      {state: sm.StateFailed, rows: paid + back},
		"Queued":              {state: sm.StateQueued, rows: paid, want: "paid_not_succeeded R queued 1000050 0 report-1.csv:2", do: "ledger inquire R"},
		"Processing":          {state: sm.StateProcessing, rows: paid, want: "paid_not_succeeded R processing 1000050 0 report-1.csv:2", do: "ledger inquire R"},
		"Pending":             {state: sm.StatePending, rows: paid, want: "paid_not_succeeded R pending 1000050 0 report-1.csv:2", do: "ledger inquire R"},
		"Review":              {state: sm.StateReview, rows: paid, want: "paid_not_succeeded R review 1000050 0 report-1.csv:2", do: "ledger resolve R --as succeeded"},
		"TakenBack":           {state: sm.StateSucceeded, rows: paid + back, want: "taken_back R succeeded 0 1000050 report-1.csv:2", do: "ledger inquire R"},
		"TakenBackLater":      {state: sm.StateSucceeded, rows: back, want: "taken_back R succeeded -1000050 0 report-1.csv:2", do: "ledger inquire R"},
		"TakenBackReview":     {state: sm.StateReview, rows: back, want: "taken_back R review -1000050 0 report-1.csv:2", do: "ledger resolve R --as refunded"},
		"TakenBackPending":    {state: sm.StatePending, rows: paid + back, want: "taken_back R pending 0 0 report-1.csv:2", do: "ledger inquire R"},
		"NotTakenBack":        {state: sm.StateRefunded, rows: paid, want: "not_taken_back R refunded 1000050 0 report-1.csv:2", do: "ledger evidence R"},
		"NotInReport":         {state: sm.StateSucceeded, want: "not_in_report R succeeded 0 1000050 :0", do: "ledger inquire R"},
		"OtherAmount":         {state: sm.StateSucceeded, rows: line("R", a+1, 0, noon), want: "other_amount R succeeded 1000051 1000050 report-1.csv:2", do: "ledger evidence R"},
		"OtherAmountBack":     {state: sm.StateRefunded, rows: paid + line("R", -a+1, 0, noon), want: "other_amount R refunded 1 0 report-1.csv:2"},
		"OtherFee":            {state: sm.StateSucceeded, fee: "554.99", rows: paid, want: "other_fee R succeeded 1000050 1000050 report-1.csv:2"},
		"NotAddingUp":         {state: sm.StateSucceeded, rows: strings.Replace(paid, ",10555.50,", ",10555.51,", 1), want: "other_fee R succeeded 1000050 1000050 report-1.csv:2"},
		"RefundedUnseen":      {state: sm.StateRefunded, want: "next_report R refunded 0 0 :0"},
		"EdgeAtEnd":           {state: sm.StateSucceeded, ended: day.Until.Add(-10 * time.Minute), want: "next_report R succeeded 0 0 :0", do: "before and after"},
		"OverMidnight":        {state: sm.StateSucceeded, ended: day.Until.Add(time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.put("OLD", 100, "", sm.StateFailed, today.AddDate(0, -1, 0), today.AddDate(0, -1, 0)) // what is kept goes back to here
			b.put("GOOD", 700, "", sm.StateSucceeded, noon, noon)
			if tc.ended.IsZero() {
				tc.ended = noon.Add(time.Second)
			}
			accepted := tc.ended.Add(-time.Second)
			if tc.ended.After(noon.Add(time.Second)) {
				accepted = noon
			}
			if tc.state != "" {
				b.put("R", a, tc.fee, tc.state, accepted, tc.ended)
			}
			result := b.compare(day, tc.rows+line("GOOD", 700, 0, noon))
			got := short(result)
			var want []string
			if tc.want != "" {
				want = []string{tc.want}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			if len(got) > 0 && !strings.Contains(result.Differences[0].Do, tc.do) {
				t.Errorf("to do: %q, want %q", result.Differences[0].Do, tc.do)
			}
			alarms := 1
			if tc.want == "" || strings.HasPrefix(tc.want, "next_report") {
				alarms = 0
			}
			if result.Count() != alarms {
				t.Errorf("%d differences", result.Count())
			}
		})
	}
}

// Nobody who is on the safe side of an edge goes unnoticed, and what ended outside of the period is not looked for.
func TestEdges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for ref, at := range map[string][2]time.Duration{ // accepted and ended, after midnight
		"before": {-time.Hour, -time.Second}, "over-midnight": {-time.Hour, time.Hour}, "first-minutes": {14 * time.Minute, 16 * time.Minute},
		"first-safe": {15 * time.Minute, 16 * time.Minute}, "last-safe": {time.Hour, 24*time.Hour - 15*time.Minute - time.Second},
		"last-minutes": {time.Hour, 24*time.Hour - 15*time.Minute}, "next-day": {time.Hour, 24 * time.Hour},
	} {
		b.put(ref, 100, "", sm.StateSucceeded, today.Add(at[0]), today.Add(at[1]))
	}
	var got []string
	for _, d := range b.compare(day).Differences {
		got = append(got, string(d.Class)+" "+d.Ref)
	}
	if diff := cmp.Diff([]string{
		"not_in_report first-safe", "not_in_report last-safe", "next_report first-minutes", "next_report last-minutes", "next_report over-midnight",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// With the reports of both days the edge between them is none.
	got = nil
	for _, d := range b.compare(reconcile.Period{Since: today.AddDate(0, 0, -1), Until: day.Until}).Differences {
		got = append(got, string(d.Class)+" "+d.Ref)
	}
	if !slices.Contains(got, "not_in_report over-midnight") || !slices.Contains(got, "not_in_report before") {
		t.Errorf("with the day before: %q", got)
	}
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	on := func(days ...int) (rows string) {
		for i, d := range days {
			rows += line(fmt.Sprint("R", i), 100, 0, noon.AddDate(0, 0, d))
		}
		return rows
	}
	for name, tc := range map[string]struct {
		files       []string
		since, days int
		want        string
	}{
		"OneDay":      {files: []string{on(0, 0)}, days: 1},
		"Strays":      {files: []string{on(-30, 0, 0, 1)}, days: 1},
		"Tie":         {files: []string{on(1, 0)}, days: 1},
		"SeveralDays": {files: []string{on(2, 2), on(0), on(1, 1, 0)}, days: 3},
		"Midnight":    {files: []string{line("R", 100, 0, today)}, days: 1},
		"JustBefore":  {files: []string{line("R", 100, 0, today.Add(-time.Second))}, since: -1, days: 1},
		"Gap":         {files: []string{on(0), on(2)}, want: "no report is of 2026-03-02;"},
		"NoRows":      {files: []string{""}, want: "say which it is of with --since and --until"},
	} {
		p, err := report(t, tc.files...).Period()
		if tc.want != "" {
			var period reconcile.PeriodError
			if !errors.As(err, &period) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		since := today.AddDate(0, 0, tc.since)
		if err != nil || !p.Since.Equal(since) || !p.Until.Equal(since.AddDate(0, 0, tc.days)) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

// A reference that is in two reports is seen when they are read together, and the same report is not read twice.
func TestSeveralReports(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("R", 100, "", sm.StateSucceeded, noon, noon)
	two := []string{line("R", 100, 0, noon), line("R", 100, 0, noon.Add(20*time.Hour))}
	got := short(b.compare(day, two...))
	if diff := cmp.Diff([]string{"repeated R succeeded 200 100 report-1.csv:2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r := report(t, two[0])
	if err := r.Read("again.csv", strings.NewReader(header+two[0])); !errors.Is(err, reconcile.ErrTwice) || !strings.HasPrefix(err.Error(), "again.csv: ") {
		t.Errorf("%v", err)
	}
}

// Bad rows are told of, a line each, and nothing is compared.
func TestBadRows(t *testing.T) {
	t.Parallel()
	r := &reconcile.Report{}
	var text strings.Builder
	text.WriteString(header)
	for i := range 105 {
		text.WriteString(line(fmt.Sprint("R", i), 0, 0, noon))
		text.WriteString(line(fmt.Sprint("G", i), 1, 0, noon))
	}
	err := r.Read("x.csv", strings.NewReader(text.String()))
	var bad *reconcile.BadRows
	if !errors.As(err, &bad) || bad.Total != 105 {
		t.Fatal(err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 101 || lines[0] != `x.csv: line 2: FUND_AMOUNT "0.00": is no movement of money` ||
		lines[100] != "x.csv: 105 rows cannot be read, so that nothing was reconciled" {
		t.Errorf("%d lines: %q … %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

// A record that cannot be read is not taken for one that is not there.
func TestUnreadableRecordIsNamed(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	b := testBundle{t, ledger.NewRedis(rdb)}
	b.put("R", 100, "", sm.StateSucceeded, noon, noon)
	if err := rdb.Set(t.Context(), "salur:{topup}:tx:R", "rubbish", 0).Err(); err != nil {
		t.Fatal(err)
	}
	got := b.compare(day, line("R", 100, 0, noon))
	if len(got.Differences) != 1 || !strings.Contains(got.Differences[0].Detail, "cannot be read") {
		t.Errorf("%+v", got.Differences)
	}
}
