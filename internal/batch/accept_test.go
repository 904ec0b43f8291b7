package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
)

func nothing(Row) error { return nil }

func TestAccept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 3*atOnce + 7
	f := b.open("p.csv", payroll(n)+"PAY-000001,62811742234,1.50\nBAD,0811,1\n")
	p := b.check(f)
	last := 0
	got := map[string]int{}
	if err := p.Accept(t.Context(), true, func(r Row) error {
		if r.Line <= last {
			t.Errorf("line %d after line %d", r.Line, last)
		}
		last = r.Line
		got[word(r.Verdict, false)+" "+string(r.State)]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"accepted queued": n, "duplicate queued": 1, "refused ": 1}, got); diff != "" {
		t.Error(diff)
	}
	if held := b.holds(); held != n {
		t.Errorf("%d payouts are held", held)
	}
	if tally := p.Tally(); tally.Accepted != (Sum{Payouts: n, Amount: salur.Cents(n * 150)}) || tally.Before != 1 || tally.Refused != 1 || tally.New.Payouts != 0 {
		t.Errorf("%+v", tally)
	}
	// Once more it is all on record.
	p = b.check(f)
	if err := p.Accept(t.Context(), true, nothing); err != nil {
		t.Fatal(err)
	}
	if tally := p.Tally(); tally.Accepted.Payouts != 0 || tally.Known[salur.Queued] != (Sum{Payouts: n, Amount: salur.Cents(n * 150)}) || b.holds() != n {
		t.Errorf("%+v", tally)
	}
}

// A row of a later pass that was not checked is never accepted, however the file was changed.
func TestChangedFile(t *testing.T) {
	t.Parallel()
	const n = 6 * atOnce
	original := payroll(n)
	at := strings.Index(original, "PAY-002600")
	for name, tc := range map[string]struct {
		content string
		line    int
		most    int // accepted
	}{
		"a row":              {original[:at] + "ALT-002600" + original[at+10:], 2602, 2600},
		"an amount":          {original[:at] + "PAY-002600,62811742234,9.50" + original[at+27:], 2602, 2600},
		"a row that is bad":  {original[:at] + "PAY-002600,62811742234,x.50" + original[at+27:], 2602, 2600},
		"a row added":        {original + "NEW,62811742234,1\n", n + 2, n},
		"rows taken away":    {original[:at], 0, 2600},
		"two rows exchanged": {original[:at] + original[at+28:at+56] + original[at:at+28] + original[at+56:], 2602, 2600},
		"another header":     {strings.Replace(original, "customer", "customex", 1), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			f := b.open("p.csv", original)
			p := b.check(f)
			if err := os.WriteFile(f.name, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := p.Accept(t.Context(), true, nothing)
			var changed *ChangedError
			if !errors.As(err, &changed) || cli.CodeOf(err) != cli.Invalid || changed.Line != 0 || b.holds() != 0 {
				t.Errorf("touched: %v, %d accepted", err, b.holds())
			}
			// Not even the clock and the size tell.
			info, err := os.Stat(f.name)
			if err != nil {
				t.Fatal(err)
			}
			f.size, f.changed = info.Size(), info.ModTime()
			err = p.Accept(t.Context(), true, nothing)
			if !errors.As(err, &changed) || cli.CodeOf(err) != cli.Invalid || changed.Line != tc.line {
				t.Errorf("%v", err)
			}
			if held := b.holds(); held != tc.most-tc.most%atOnce { // the parts before the first row that differs
				t.Errorf("%d accepted", held)
			}
			for _, ref := range []string{"ALT-002600", "NEW"} {
				if _, err := b.client.Get(t.Context(), ref); !errors.Is(err, salur.ErrNotFound) {
					t.Errorf("%s: %v", ref, err)
				}
			}
		})
	}
}

// The reference of a row is used by somebody else after the check.
func TestLateConflict(t *testing.T) {
	t.Parallel()
	for _, carryOn := range []bool{false, true} {
		b := setup(t)
		p := b.check(b.open("p.csv", payroll(10*atOnce)))
		if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: "PAY-000700", Customer: "62811742234", Amount: salur.Cents(149)}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: "PAY-000701", Customer: "62811742234", Amount: salur.Cents(150)}); err != nil {
			t.Fatal(err)
		}
		told := map[string]Row{}
		err := p.Accept(t.Context(), carryOn, func(r Row) error { told[r.Ref] = r; return nil })
		if r := told["PAY-000700"]; !errors.Is(r.Err, salur.ErrConflict) || r.Verdict != Conflict {
			t.Errorf("%+v", r)
		}
		if r := told["PAY-000701"]; r.Verdict != Known || r.State != salur.Queued {
			t.Errorf("%+v", r)
		}
		tally := p.Tally()
		if tally.Refused != 1 || tally.Invalid != 0 || cli.CodeOf(tally.Refusal(false)) != cli.Conflict {
			t.Errorf("%+v", tally)
		}
		if carryOn && (err != nil || tally.Accepted.Payouts != 10*atOnce-2) {
			t.Errorf("carrying on: %v, %+v", err, tally)
		}
		if !carryOn && (cli.CodeOf(err) != cli.Conflict || !strings.Contains(err.Error(), "stopped at line 702;") || tally.Accepted.Payouts < 2*atOnce-2 || tally.New.Payouts == 0) {
			t.Errorf("stopping: %v, %+v", err, tally)
		}
		if tally.Accepted.Payouts != len(told)-2 {
			t.Errorf("%d accepted, %d told", tally.Accepted.Payouts, len(told))
		}
	}
}

// What a caller says to a row ends it, and what was under way is done and counted.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 20 * atOnce
	f := b.open("p.csv", payroll(n))
	p := b.check(f)
	ctx, stop := context.WithCancel(t.Context())
	told := 0
	err := p.Accept(ctx, false, func(Row) error {
		if told++; told == atOnce+1 {
			stop()
		}
		return nil
	})
	want := fmt.Sprintf("interrupted after %d of %d rows; run the same file again to go on, nobody is paid twice", told, n)
	if err == nil || err.Error() != want || told == n || b.holds() != told || p.Tally().Accepted.Payouts != told {
		t.Errorf("%v; %d told, %d held", err, told, b.holds())
	}
	p = b.check(f)
	if err := p.Accept(t.Context(), false, nothing); err != nil || p.Tally().Accepted.Payouts != n-told || b.holds() != n {
		t.Errorf("again: %v, %+v", err, p.Tally())
	}
	full := errors.New("disk full")
	p = b.check(b.open("q.csv", strings.ReplaceAll(payroll(n), "PAY", "PAX")))
	if err := p.Accept(t.Context(), false, func(Row) error { return full }); !errors.Is(err, full) || p.Tally().New.Payouts == 0 {
		t.Errorf("%v, %+v", err, p.Tally())
	}
	if _, err := Check(ctx, b.client, f, nil); err == nil || err.Error() != "interrupted while checking; nothing was accepted" {
		t.Errorf("interrupted while checking: %v", err)
	}
}

// Redis is killed in the midst of a file and comes back: the same file again brings each payout once.
func TestRedisKilled(t *testing.T) {
	t.Parallel()
	b := setup(t, "--appendonly", "yes", "--appendfsync", "always")
	const n = 20 * atOnce
	f := b.open("p.csv", payroll(n))
	for try := 1; ; try++ {
		p := b.check(f)
		told := 0
		err := p.Accept(t.Context(), false, func(Row) error {
			if told++; told == 3*atOnce && try < 4 {
				b.server.Kill()
			}
			return nil
		})
		if err == nil {
			break
		}
		if cli.CodeOf(err) != cli.Unreachable || !strings.Contains(err.Error(), "stopped at line ") || !strings.Contains(err.Error(), "run the same file again to go on, nobody is paid twice") {
			t.Fatalf("try %d: %v", try, err)
		}
		if try > 4 {
			t.Fatal(err)
		}
		b.server.Restart()
		b.client = salur.New(b.server.Client()) // as the program run again has
	}
	totals, err := b.client.Stats(t.Context())
	if err != nil || totals[0].Count != n || totals[0].Sum != salur.Cents(n*150) {
		t.Errorf("%+v, %v", totals, err)
	}
}

func TestNoRoom(t *testing.T) {
	t.Parallel()
	b := setup(t, "--maxmemory", "12mb")
	const n = 20_000
	p := b.check(b.open("p.csv", payroll(n)))
	err := p.Room(t.Context())
	if !errors.Is(err, salur.ErrFull) || cli.CodeOf(err) != cli.Unreachable || !strings.Contains(err.Error(), "the file has 20000 new ones") {
		t.Errorf("%v", err)
	}
	err = p.Accept(t.Context(), false, nothing)
	if !errors.Is(err, salur.ErrFull) || cli.CodeOf(err) != cli.Unreachable || !strings.Contains(err.Error(), "stopped at line ") {
		t.Errorf("%v", err)
	}
	if held := b.holds(); held != p.Tally().Accepted.Payouts || held == 0 || held == n {
		t.Errorf("%d held, %+v", held, p.Tally())
	}
	if err := b.check(b.open("q.csv", payroll(3))).Room(t.Context()); err != nil && b.holds() > 3 {
		t.Logf("all three are on record: %v", err)
	}
	roomy := setup(t)
	if err := roomy.check(roomy.open("p.csv", payroll(n))).Room(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
}

// Input that can be read once is copied to a file without a name, so that nothing stays behind.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	f, err := Open(t.Context(), strings.NewReader(payroll(3)), "-", "csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	if info, err := f.file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for range 2 {
		n := 0
		for _, err := range f.rows(writerFunc(func(p []byte) (int, error) { return len(p), nil })) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		if n != 3 {
			t.Errorf("%d rows", n)
		}
	}
	for _, name := range []string{dir + "/none.csv", "p.txt", "-", dir} {
		if _, err := Open(t.Context(), nil, name, ""); cli.CodeOf(err) != cli.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(t.Context(), nil, dir, "csv"); cli.CodeOf(err) != cli.Invalid || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: %v", err)
	}
	broken := errors.New("pipe broken")
	if _, err := Open(t.Context(), readerFunc(func([]byte) (int, error) { return 0, broken }), "-", "csv"); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	reading, end := make(chan struct{}), make(chan struct{})
	go func() { <-reading; stop() }()
	_, err = Open(ctx, readerFunc(func([]byte) (int, error) { close(reading); <-end; return 0, broken }), "-", "csv")
	close(end)
	if err == nil || !strings.Contains(err.Error(), "interrupted while reading; nothing was accepted") {
		t.Errorf("%v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
