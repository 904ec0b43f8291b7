package batch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	sm "github.com/salur-id/salur/internal/statemachine"
)

func (b *testBundle) results(p *Plan, name string, dryRun bool) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, []byte("an older one"), 0o600); err != nil {
		b.Fatal(err)
	}
	r, err := CreateResults(path, p.file)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Discard()
	if before, err := os.ReadFile(path); err != nil || string(before) != "an older one" {
		b.Errorf("before it is complete there is %q, %v", before, err)
	}
	if err := r.Write(b.Context(), p, dryRun); err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		b.Errorf("left behind: %v, %v", left, err)
	}
	return string(text)
}

func TestResults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for ref, rupiah := range map[string]int64{"K": 3, "T": 1} {
		if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: ref, Customer: "62811742234", Amount: salur.Rupiah(rupiah)}); err != nil {
			t.Fatal(err)
		}
	}
	f := b.open("p.csv", header+"A;=1,62811742234,1\nB,62811742234,2\nB,62811742234,2\nK,62811742234,3\nT,62811742234,4\nX,0811,\"1,5\"\n")
	f.Rules.RefsAsWritten = true // what begins with = is refused otherwise
	p := b.check(f)
	const refused = `"6","T","refused","queued","","ref ""T"": the reference exists with other content; nothing was changed, give a new payout a reference of its own (see ledger show T)"` + "\n" +
		`"7","","refused","","","customer ""****"": use 628 and 6 to 12 more digits, such as 62811742234; amount ""1,5"": write the decimals after a point in place of the comma, such as 10000.50"` + "\n"
	const columns = `"line","ref","result","state","reason","error"` + "\n"
	for _, tc := range []struct {
		dryRun bool
		want   string
	}{
		{false, columns + "\"2\",\"A;'=1\",\"skipped\",\"\",\"\",\"\"\n\"3\",\"B\",\"skipped\",\"\",\"\",\"\"\n\"4\",\"B\",\"duplicate\",\"\",\"\",\"\"\n\"5\",\"K\",\"duplicate\",\"queued\",\"\",\"\"\n" + refused},
		{true, columns + "\"2\",\"A;'=1\",\"accepted\",\"\",\"\",\"\"\n\"3\",\"B\",\"accepted\",\"\",\"\",\"\"\n\"4\",\"B\",\"duplicate\",\"\",\"\",\"\"\n\"5\",\"K\",\"duplicate\",\"queued\",\"\",\"\"\n" + refused},
	} {
		if diff := cmp.Diff(tc.want, b.results(p, "out.csv", tc.dryRun)); diff != "" {
			t.Error(diff)
		}
	}
	if err := p.Accept(t.Context(), true, nothing); err != nil {
		t.Fatal(err)
	}
	b.end("B", sm.Outcome{Kind: sm.Refused, Why: "do_not_honor"})
	want := columns + "\"2\",\"A;'=1\",\"accepted\",\"queued\",\"\",\"\"\n\"3\",\"B\",\"accepted\",\"failed\",\"do_not_honor\",\"\"\n\"4\",\"B\",\"duplicate\",\"failed\",\"do_not_honor\",\"\"\n\"5\",\"K\",\"duplicate\",\"queued\",\"\",\"\"\n" + refused
	if diff := cmp.Diff(want, b.results(p, "out.csv", false)); diff != "" {
		t.Error(diff)
	}
	got := b.results(p, "out.jsonl", false)
	wantJSON := `{"line":2,"ref":"A;=1","result":"accepted","state":"queued","reason":"","error":""}` + "\n" +
		`{"line":3,"ref":"B","result":"accepted","state":"failed","reason":"do_not_honor","error":""}` + "\n"
	if !strings.HasPrefix(got, wantJSON) || strings.Count(got, "\n") != 6 {
		t.Error(got)
	}
}

func TestResultsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.open("p.csv", payroll(1))
	dir := filepath.Dir(f.name)
	if err := os.Symlink(f.name, filepath.Join(dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "dir.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{f.name, filepath.Join(dir, "link.csv"), filepath.Join(dir, "dir.csv"), filepath.Join(dir, "out.txt"), filepath.Join(dir, "none", "out.csv")} {
		if _, err := CreateResults(name, f); cli.CodeOf(err) != cli.Invalid || !strings.HasPrefix(err.Error(), "--out") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := CreateResults(filepath.Join(dir, "out.csv"), f)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := r.file.Stat(); err != nil || info.Mode().Perm() != 0o600 || !strings.HasSuffix(r.file.Name(), ".partial") {
		t.Errorf("%v, %v", info, err)
	}
	p := b.check(f)
	b.server.Kill()
	if err := p.Accept(t.Context(), false, nothing); cli.CodeOf(err) != cli.Unreachable {
		t.Error(err)
	}
	p.table.at(0).verdict = Accepted
	if err := r.Write(t.Context(), p, false); cli.CodeOf(err) != cli.Unreachable || !strings.Contains(err.Error(), "was not written") {
		t.Errorf("%v", err)
	}
	r.Discard()
	if left, err := filepath.Glob(filepath.Join(dir, "*out.csv*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
