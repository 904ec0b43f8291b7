package batch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
)

const clash = `ref %q: line %d has it with other content; give each payout a reference of its own`

func TestTwins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, p := range []salur.Payout{{Ref: "T", Customer: "62811742234", Amount: salur.Rupiah(1)}, {Ref: "K", Customer: "62811742234", Amount: salur.Rupiah(1)}} {
		if _, err := b.client.Enqueue(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	taken := func(line int) string {
		return fmt.Sprintf("%d T refused queued ref \"T\": the reference exists with other content; nothing was changed, give a new payout a reference of its own (see ledger show T)\n", line)
	}
	clashes := func(line, other int, ref, state string) string {
		return fmt.Sprintf("%d %s refused %s "+clash+"\n", line, ref, state, ref, other)
	}
	for name, tc := range map[string]struct{ rows, want string }{
		"same again":                     {"A,62811742234,1\nA,62811742234,1.00\n", "2 A skipped \n3 A duplicate \n"},
		"other content":                  {"A,62811742234,1\nB,62811742234,1\nA,62811742234,2\nA,62811742234,1\nA,62811742234,3\n", clashes(2, 4, "A", "") + "3 B skipped \n" + clashes(4, 2, "A", "") + clashes(5, 4, "A", "") + clashes(6, 2, "A", "")},
		"on record":                      {"K,62811742234,1\nK,62811742234,1\n", "2 K duplicate queued\n3 K duplicate queued\n"},
		"on record, other content":       {"T,62811742234,2\nT,62811742234,2\n", taken(2) + taken(3)},
		"all of it":                      {"T,62811742234,1\nT,62811742234,2\nT,62811742234,2\nT,62811742234,1\n", clashes(2, 3, "T", "queued") + clashes(3, 2, "T", "queued") + clashes(4, 2, "T", "queued") + clashes(5, 3, "T", "queued")},
		"a conflict behind a clash":      {"A,62811742234,1\nA,62811742234,2\nT,62811742234,2\nT,62811742234,2\n", clashes(2, 3, "A", "") + clashes(3, 2, "A", "") + taken(4) + taken(5)},
		"a repeated conflict in a clash": {"T,62811742234,2\nT,62811742234,2\nT,62811742234,1\n", clashes(2, 4, "T", "queued") + clashes(3, 4, "T", "queued") + clashes(4, 2, "T", "queued")},
		"bad beside good":                {"A,62811742234,1\nA,62811742234,x\nA,62811742234,1\n", "2 A skipped \n3  refused  amount \"x\": use digits with at most two decimals and no separators, such as 10000 or 10000.50 (at most 16 before the point)\n4 A duplicate \n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.check(b.open("p.csv", header+tc.rows))
			if diff := cmp.Diff(tc.want, b.show(p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Any file, whatever its references' hashes are: what is accepted is what a model says that has the whole file
// in memory.
func TestPropertyAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		if err := b.rdb.FlushAll(t.Context()).Err(); err != nil {
			rt.Fatal(err)
		}
		type payout struct {
			ref   string
			cents int64
		}
		one := rapid.Custom(func(rt *rapid.T) payout {
			return payout{fmt.Sprintf("R%d", rapid.IntRange(0, 30).Draw(rt, "ref")), rapid.Int64Range(1, 2).Draw(rt, "cents")}
		})
		before := map[string]int64{} // on record
		for _, p := range rapid.SliceOfN(one, 0, 8).Draw(rt, "before") {
			if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: p.ref, Customer: "62811742234", Amount: salur.Cents(p.cents)}); err == nil {
				before[p.ref] = p.cents
			}
		}
		all := rapid.SliceOfN(one, 0, 40).Draw(rt, "rows")
		text := header
		contents := map[string]map[int64]bool{} // of each reference in the file
		bad := 0
		for _, p := range all {
			if rapid.IntRange(0, 19).Draw(rt, "bad") == 0 {
				text += p.ref + ",0811,1\n"
				bad++
			}
			text += fmt.Sprintf("%s,62811742234,0.0%d\n", p.ref, p.cents)
			if contents[p.ref] == nil {
				contents[p.ref] = map[int64]bool{}
			}
			contents[p.ref][p.cents] = true
		}
		want := map[string]int64{} // by reference, in cents
		good, fresh := Sum{}, Sum{}
		for _, p := range all {
			known, on := before[p.ref]
			if len(contents[p.ref]) > 1 || on && known != p.cents {
				bad++
				continue
			}
			if _, again := want[p.ref]; !again {
				want[p.ref] = p.cents
				good.add(&entry{cents: p.cents}, 1)
				if !on {
					fresh.add(&entry{cents: p.cents}, 1)
				}
			}
		}
		for ref, cents := range before {
			want[ref] = cents
		}

		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.csv", n))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			rt.Fatal(err)
		}
		f, err := Open(t.Context(), nil, path, "")
		if err != nil {
			rt.Fatal(err)
		}
		defer f.Close()
		bits := rapid.SampledFrom([]uint64{0, 1, 7, ^uint64(0)}).Draw(rt, "bits of the hash")
		p, err := check(t.Context(), b.client, f, nil, func(ref string) uint64 {
			sum := uint64(0)
			for _, c := range []byte(ref) {
				sum = sum*31 + uint64(c)
			}
			return sum & bits
		})
		if err != nil {
			rt.Fatal(err)
		}
		if tally := p.Tally(); tally.Good != good || tally.Refused != bad || tally.Rows != tally.Good.Payouts+tally.Repeated+tally.Refused {
			rt.Fatalf("%+v, want %v good and %d refused of\n%s", tally, good, bad, text)
		}
		if err := p.Accept(t.Context(), true, func(Row) error { return nil }); err != nil {
			rt.Fatal(err)
		}
		if tally := p.Tally(); tally.Accepted != fresh || tally.New.Payouts != 0 {
			rt.Fatalf("%+v, want %v accepted of\n%s", tally, fresh, text)
		}
		page, err := b.client.List(t.Context(), salur.Query{})
		if err != nil {
			rt.Fatal(err)
		}
		got := map[string]int64{}
		for _, tx := range page.Transactions {
			got[tx.Ref] = tx.Amount.Cents()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s\n%s", text, diff)
		}
	})
}

// Every field of a payout tells two contents apart.
func TestContentIsOfEveryField(t *testing.T) {
	t.Parallel()
	base := salur.Payout{NotAfter: time.Unix(0, 0).UTC()}
	seen := map[[16]byte]string{contentOf(intake.Row{Payout: base}): "nothing", {}: "a bad row"}
	add := func(name string, p salur.Payout) {
		sum := contentOf(intake.Row{Payout: p})
		if other, ok := seen[sum]; ok {
			t.Errorf("%s is the same content as %s", name, other)
		}
		seen[sum] = name
	}
	for i := range reflect.TypeFor[salur.Payout]().NumField() {
		p := base
		name := reflect.TypeFor[salur.Payout]().Field(i).Name
		switch field := reflect.ValueOf(&p).Elem().Field(i).Addr().Interface().(type) {
		case *string:
			*field = "x"
		case *salur.Kind:
			*field = "x"
		case *salur.Amount:
			*field = salur.Cents(1)
		case *bool:
			*field = true
		case *time.Time:
			*field = time.Unix(1, 0).UTC()
			add(name, p)
			*field = time.Unix(0, 1).UTC()
		default:
			t.Fatalf("%s is of a kind that the content does not have", name)
		}
		add(name+"…", p)
	}
	add("a shifted text", salur.Payout{Ref: "xx", NotAfter: base.NotAfter})
}

// What a file takes from the deposit is its amounts and its fees.
func TestTotalsCountFees(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.check(b.open("p.csv", "ref,customer,amount,fee\nA,62811742234,1,5000000\nA,62811742234,1,5000000\nB,62811742234,1,7000000.50\nC,62811742234,1,\n"))
	total, amounts := salur.Cents(1200000350), salur.Rupiah(3)
	if err := p.Unexpected(Expect{Total: &total}); err != nil {
		t.Error(err)
	}
	const found = "IDR 12000003.50, of which fees IDR 12000000.50"
	if err := p.Unexpected(Expect{Total: &amounts}); err == nil || err.Error() != "expected IDR 3.00, found "+found+" in good payouts; nothing was accepted" {
		t.Error(err)
	}
	if line := p.Tally().String(); line != "3 new ("+found+"), 1 repeated" {
		t.Error(line)
	}
	if err := p.Accept(t.Context(), false, func(Row) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := p.Tally().Accepted; got != (Sum{3, total, salur.Cents(1200000050)}) || got.Money() != found {
		t.Errorf("accepted %+v", got)
	}
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: "K", Customer: "62811742234", Amount: salur.Cents(50)}); err != nil {
		t.Fatal(err)
	}
	p := b.check(b.open("p.csv", header+"A,62811742234,1\nA,62811742234,1\nK,62811742234,0.50\nX,0811,7\n"))
	count := func(n int64) *int64 { return &n }
	amount := func(cents int64) *salur.Amount { a := salur.Cents(cents); return &a }
	for _, tc := range []struct {
		want Expect
		err  string
	}{
		{Expect{}, ""},
		{Expect{count(2), amount(150)}, ""},
		{Expect{Count: count(3)}, "expected 3 payouts, found 2 good ones; nothing was accepted"},
		{Expect{Total: amount(151)}, "expected IDR 1.51, found IDR 1.50 in good payouts; nothing was accepted"},
		{Expect{count(0), amount(0)}, "expected 0 payouts, found 2 good ones; nothing was accepted\nexpected IDR 0.00, found IDR 1.50 in good payouts; nothing was accepted"},
	} {
		err := p.Unexpected(tc.want)
		if (err == nil) != (tc.err == "") || err != nil && (err.Error() != tc.err || cli.CodeOf(err) != cli.Invalid) {
			t.Errorf("%+v: %v", tc.want, err)
		}
	}
	p = b.check(b.open("p.csv", header+strings.Repeat("A,62811742234,1.50\n", 20)))
	if err := p.Unexpected(Expect{count(1), amount(150)}); err != nil {
		t.Errorf("repetitions were added up: %v", err)
	}
}

func TestTallyForPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: "K", Customer: "62811742234", Amount: salur.Cents(50)}); err != nil {
		t.Fatal(err)
	}
	for rows, want := range map[string]string{
		"": "no payouts",
		"A,62811742234,1\nB,62811742234,2\nA,62811742234,1\nK,62811742234,0.50\nX,0811,7\n": "2 new (IDR 3.00), 1 already queued (IDR 0.50), 1 repeated, 1 refused",
	} {
		if got := b.check(b.open("p.csv", header+rows)).Tally().String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A file that cannot be read as one accepts nothing, and is the user's mistake.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, text := range []string{"ref,customer\n", "\xff\xfer\x00", header + "A,62811742234,\"1" + strings.Repeat("\n", 2<<20)} {
		if p, err := Check(t.Context(), b.client, b.open("p.csv", text), nil); cli.CodeOf(err) != cli.Invalid || p != nil || !strings.Contains(err.Error(), "nothing was accepted") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	b.server.Kill()
	if _, err := Check(t.Context(), b.client, b.open("p.csv", payroll(2000)), nil); cli.CodeOf(err) != cli.Unreachable || !errors.Is(err, salur.ErrUnavailable) {
		t.Errorf("Redis away: %v", err)
	}
}

// Memory while and after a large file is checked: the entries and no rows. A row kept would be three times as much.
func TestMemory(t *testing.T) {
	b := setup(t)
	const n = 100_000
	f := b.open("p.csv", payroll(n))
	runtime.GC()
	var start, now runtime.MemStats
	runtime.ReadMemStats(&start)
	most, read := uint64(0), 0
	p, err := Check(t.Context(), b.client, f, writerFunc(func(chunk []byte) (int, error) {
		if read += len(chunk); read > 1<<19 { // every half megabyte of the file
			read = 0
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc-min(now.HeapAlloc, start.HeapAlloc))
		}
		return len(chunk), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&now)
	kept := now.HeapAlloc - min(now.HeapAlloc, start.HeapAlloc)
	const bound, aside = 66 * (n + slab), 6 << 20 // bytes: of the rows, and of what is under way whatever their number
	if kept > bound+2<<20 || most > bound+aside {
		t.Errorf("%d rows: %d bytes kept, at most %d in use", n, kept, most)
	}
	if good := p.Tally().Good; good.Payouts != n {
		t.Errorf("%v", good)
	}
	runtime.KeepAlive(p)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
