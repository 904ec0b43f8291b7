package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/redistest"
)

// What the file holds is told before anything is accepted, also where it is refused.
func TestBatchTellsFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct{ rows, want string }{
		{"A1,628123450001,100\n", "checked 1 row: 1 new (IDR 100.00)"},
		{"A1,628123450001,100\nA2,628123450001,1\nA2,628123450001,1\nX,08,1\n", "checked 4 rows: 1 new (IDR 1.00), 1 already queued (IDR 100.00), 1 repeated, 1 refused"},
	} {
		b.run(t.Context(), "ref,customer,amount\n"+tt.rows, "batch", "-", "--format", "csv")
		if b.checked != tt.want {
			t.Errorf("%q, want %q", b.checked, tt.want)
		}
	}
	b.hides(t, "628123450001")
}

// What is often a mistake is said before anything is accepted, in a dry run and else, and no more when all of it is on record.
func TestBatchWarns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "p.csv", "ref,customer,amount\nA1,628123450001,1.5\na1,628123450002,1000\nA2,628123450001,1001.5\n")
	const want = `amounts: least IDR 1.50 (line 2), greatest IDR 1001.50 (line 4)
warning: 2 payouts not in whole rupiah: line 2 (IDR 1.50), line 4 (IDR 1001.50)
warning: 1 payout with the look of a row of totals: line 4 (its amount is that of all others together)
warning: 1 payout with a reference that differs from an earlier one in upper and lower case only, so that both are paid: line 3 (as line 2)
warning: 1 payout to a payee of an earlier row: line 4 (as line 2)
`
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--dry-run"}, want}, {[]string{"--dry-run", "--json"}, want}, {nil, want}, {nil, ""},
	} {
		if _, errs, code := b.run(t.Context(), "", append([]string{"batch", path}, tt.args...)...); code != cli.Done || b.warned != tt.want {
			t.Errorf("%v: exit %d, %q\n%s", tt.args, code, errs, b.warned)
		}
	}
	b.hides(t, "628123450001", "628123450002")
}

func TestBatchExpectations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "p.csv", goodCSV)
	for _, tt := range []struct {
		args []string
		err  string
	}{
		{[]string{"--expect-count", "2"}, "enqueue: expected 2 payouts, found 3 good ones; nothing was accepted\n"},
		{[]string{"--expect-count", "0", "--dry-run"}, "enqueue: expected 0 payouts, found 3 good ones; nothing was accepted\n"},
		{[]string{"--expect-total", "600"}, "enqueue: expected IDR 600.00, found IDR 600.50 in good payouts; nothing was accepted\n"},
		{[]string{"--expect-total", "600,50"}, "enqueue: --expect-total \"600,50\": use digits with at most two decimals and no separators, such as 4750000.50\n"},
		{[]string{"--out", "p.txt"}, "enqueue: --out \"p.txt\": use a name that ends in .csv or .jsonl\n"},
		{[]string{"--out", path}, fmt.Sprintf("enqueue: --out %q: is the file of payouts; use another name\n", path)},
	} {
		out, errs, code := b.run(t.Context(), "", append([]string{"batch", path}, tt.args...)...)
		if code != cli.Invalid || errs != tt.err || strings.Contains(out, "3 accepted") || b.size(t) != 0 {
			t.Errorf("%v: exit %d, %q, %q, %d keys", tt.args, code, out, errs, b.size(t))
		}
	}
	// The same holds when the file is run again: what was accepted before counts.
	for range 2 {
		if _, errs, code := b.run(t.Context(), "", "batch", path, "--expect-count", "3", "--expect-total", "600.5"); code != cli.Done {
			t.Errorf("exit %d, %q", code, errs)
		}
	}
}

// A file that may be cut off is refused whole; the total, or a line end, says that it is not.
func TestBatchCutOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "p.csv", "ref,customer,amount\nA1,628123450001,1500000\nA2,628123450002,150")
	for _, tt := range []struct {
		args     []string
		code     cli.Code
		accepted int64
		says     string
	}{
		{nil, cli.Invalid, 0, "line 3: the file ends in this row"},
		{[]string{"--dry-run"}, cli.Invalid, 0, "line 3: the file ends in this row"},
		{[]string{"--expect-count", "2"}, cli.Invalid, 0, "line 3: the file ends in this row"},
		{[]string{"--expect-total", "3000000"}, cli.Invalid, 0, "expected IDR 3000000.00, found IDR 1500150.00"},
		{[]string{"--continue-on-error"}, cli.Invalid, 1, "line 3: the file ends in this row"},
		{[]string{"--expect-total", "1500150"}, cli.Done, 2, ""},
		{nil, cli.Done, 2, ""}, // it is on record now
	} {
		_, errs, code := b.run(t.Context(), "", append([]string{"batch", path}, tt.args...)...)
		if held := b.rdb.LLen(t.Context(), "asynq:{topup}:pending").Val(); code != tt.code || held != tt.accepted || !strings.Contains(errs, tt.says) {
			t.Errorf("%v: exit %d, %d accepted, %q", tt.args, code, held, errs)
		}
	}
}

// An empty file and a header alone are refused alike, unless that was expected.
func TestBatchWithoutPayouts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{file(t, "p.csv", ""), file(t, "p.csv", "ref,customer,amount\n"), file(t, "p.jsonl", "")} {
		const says = "enqueue: the file has no payouts; nothing was accepted (where that is right, say --expect-count 0)\n"
		if _, errs, code := b.run(t.Context(), "", "batch", path); code != cli.Invalid || errs != says {
			t.Errorf("exit %d, %q", code, errs)
		}
		if _, errs, code := b.run(t.Context(), "", "batch", path, "--expect-count", "0", "--wait"); code != cli.Done {
			t.Errorf("exit %d, %q", code, errs)
		}
	}
}

func TestBatchOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "p.csv", goodCSV+"X,0812345,1\n")
	results := filepath.Join(t.TempDir(), "results.csv")
	for _, tt := range []struct {
		args []string
		want string
		code cli.Code
	}{
		{nil, `"2","A1","skipped","","",""` + "\n", cli.Invalid},
		{[]string{"--dry-run"}, `"2","A1","skipped","","",""` + "\n", cli.Invalid},
		{[]string{"--dry-run", "--continue-on-error"}, `"2","A1","accepted","","",""` + "\n", cli.Invalid},
		{[]string{"--continue-on-error"}, `"2","A1","accepted","queued","",""` + "\n", cli.Invalid},
		{[]string{"--continue-on-error"}, `"2","A1","duplicate","queued","",""` + "\n", cli.Invalid},
	} {
		_, errs, code := b.run(t.Context(), "", append([]string{"batch", path, "--out", results}, tt.args...)...)
		text, err := os.ReadFile(results)
		if err != nil || code != tt.code || !strings.Contains(string(text), tt.want) || strings.Count(string(text), "\n") != 5 {
			t.Errorf("%v: exit %d, %q, %v\n%s", tt.args, code, errs, err, text)
		}
		if strings.Contains(string(text), "62812345") {
			t.Error("a phone number is in the results")
		}
	}
}

// Of a million bad rows a person is told of some.
func TestBatchTellsSomeOfManyRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := "ref,customer,amount\n" + strings.Repeat("X,0812345,1\n", 2*toldAtMost)
	out, errs, code := b.run(t.Context(), in, "batch", "-", "--format", "csv")
	if code != cli.Invalid || strings.Count(errs, "line ") != toldAtMost || !strings.Contains(errs, "more refused rows are not told here; --out") || out != "0 accepted (IDR 0.00), 0 accepted before, 200 refused\n" {
		t.Errorf("exit %d, %q, %d lines\n%.3000s", code, out, strings.Count(errs, "\n"), errs)
	}
	if out, _, _ := b.run(t.Context(), in, "batch", "-", "--format", "csv", "--json"); strings.Count(out, `"error"`) != 2*toldAtMost {
		t.Errorf("%d documents", strings.Count(out, "\n"))
	}
}

// The built program is killed at random points, and interrupted, and run again: each payout is on record and
// in the queue exactly once.
func TestBatchKilled(t *testing.T) {
	t.Parallel()
	const n = 20_000
	program := build(t)
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "everysec")
	rdb := server.Client()
	path := file(t, "p.csv", string(rows(n)))
	run := func(stop os.Signal, at int64) (string, error) {
		cmd := exec.Command(program, "batch", path)
		cmd.Env = []string{"REDIS_URL=redis://" + server.Addr(), "TMPDIR=" + t.TempDir()}
		var errs strings.Builder
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case err := <-ended:
				tick.Stop()
				return errs.String(), err
			case <-tick.C:
				if held := rdb.LLen(t.Context(), "asynq:{topup}:pending").Val(); stop != nil && held >= at {
					_ = cmd.Process.Signal(stop)
					stop = nil
				}
			}
		}
	}
	stops := 0
	for _, signal := range []os.Signal{syscall.SIGKILL, syscall.SIGKILL, os.Interrupt, syscall.SIGKILL, syscall.SIGTERM} {
		before := rdb.LLen(t.Context(), "asynq:{topup}:pending").Val()
		said, err := run(signal, before+1+rand.Int64N(3000))
		if err == nil {
			continue // too late
		}
		stops++
		if signal != syscall.SIGKILL && (!strings.Contains(said, "interrupted after ") || !strings.Contains(said, "run the same file again")) {
			t.Errorf("%v: %q", signal, said)
		}
	}
	if said, err := run(nil, 0); err != nil {
		t.Fatal(err, said)
	}
	if stops < 3 {
		t.Errorf("only %d of 5 runs were stopped", stops)
	}
	b := &bundle{rdb: rdb, url: "redis://" + server.Addr()}
	b.run(t.Context(), "", "batch", path, "--dry-run")
	var cents int64
	for i := range int64(n) {
		cents += (10_000+i%90_000)*100 + 50
	}
	if want := fmt.Sprintf("checked %d rows: %d already queued (IDR %d.%02d)", n, n, cents/100, cents%100); b.checked != want {
		t.Errorf("%q, want %q", b.checked, want)
	}
	// A kill between record and wake-up leaves some to the sweeper; none is there twice.
	waiting := rdb.LRange(t.Context(), "asynq:{topup}:pending", 0, -1).Val()
	once := map[string]bool{}
	for _, id := range waiting {
		once[id] = true
	}
	if len(once) != len(waiting) || len(waiting) > n || len(waiting) < n-stops*2_000 {
		t.Errorf("%d tasks wait, %d of them different", len(waiting), len(once))
	}
}
