package metrics

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/redistest"
)

// described is one metric, as the page or the code has it.
type described struct {
	kind, unit, over, help string
	labels                 []string
}

// page reads the tables of docs/metrics.md: metrics, and the values of their labels.
func page(t *testing.T) (metrics map[string]described, values map[string]map[string][]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	metrics, values = map[string]described{}, map[string]map[string][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		name := strings.Trim(cells[0], "`")
		switch {
		case !strings.HasPrefix(cells[0], "`salur_"):
		case len(cells) == 6:
			if _, twice := metrics[name]; twice {
				t.Errorf("%s is on the page twice", name)
			}
			metrics[name] = described{cells[1], cells[3], cells[4], cells[5], ticked(cells[2])}
		case len(cells) == 3:
			if values[name] == nil {
				values[name] = map[string][]string{}
			}
			list := ticked(cells[2])
			if strings.HasPrefix(cells[2], "empty") {
				list = append([]string{""}, list...)
			}
			values[name][strings.Trim(cells[1], "`")] = list
		}
	}
	return metrics, values
}

var tick = regexp.MustCompile("`([^`]*)`")

func ticked(cell string) (all []string) {
	for _, m := range tick.FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

// everything is a registry with all metrics of a worker, each with a value.
func everything(t *testing.T) *prometheus.Registry {
	t.Helper()
	rdb := redistest.Start(t, "--appendonly", "yes").Client()
	for _, queue := range []string{"topup", "PAY-628123450001", "PAY-628123450002"} {
		rdb.SAdd(t.Context(), "asynq:queues", queue)
	}
	m := New()
	m.Registry.MustRegister(
		NewBooks(ledger.NewRedis(rdb), rdb, time.Now, zap.NewNop()), NewRedis(rdb), NewOutbox(ledger.NewOutbox(rdb), time.Now, zap.NewNop()))
	const personal = "PAY-628123450001"
	m.Build("devel", "go")
	m.Exchange(personal, personal, time.Second)
	m.Transition(personal, "failed", time.Now())
	m.Find(personal)
	m.Notify(personal)
	m.Webhook(personal)
	m.Hold(personal, personal, true)
	m.Breakers(func() map[string]string { return map[string]string{personal: "open", personal + "2": "closed"} })
	m.Balance(money.Rupiah(5), time.Now())
	m.LowWater(money.Rupiah(5))
	m.ClockOffset(time.Second)
	return m.Registry
}

var (
	descName   = regexp.MustCompile(`fqName: "(salur_[^"]*)", help: "((?:[^"\\]|\\.)*)"`)
	descLabels = regexp.MustCompile(`variableLabels: \{([^}]*)\}`)
)

// The page has each metric of the code and no other, with its type, labels, help and all values that
// its labels can have, whatever text the metric is given.
func TestPage(t *testing.T) {
	t.Parallel()
	registry := everything(t)
	onPage, values := page(t)

	code := map[string]described{}
	descs := make(chan *prometheus.Desc, 1000)
	registry.Describe(descs)
	close(descs)
	for d := range descs {
		if m := descName.FindStringSubmatch(d.String()); m != nil {
			var names []string
			if l := descLabels.FindStringSubmatch(d.String())[1]; l != "" {
				names = strings.Split(l, ",")
			}
			code[m[1]] = described{help: m[2], labels: names}
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		name := f.GetName()
		d, ours := code[name]
		if !ours {
			if strings.HasPrefix(name, "salur_") {
				t.Errorf("%s is gathered and not described", name)
			}
			continue
		}
		d.kind = strings.ToLower(f.GetType().String())
		code[name] = d
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				allowed := append([]string{other}, values[name][l.GetName()]...)
				if name != "salur_build_info" && !slices.Contains(allowed, l.GetValue()) {
					t.Errorf("%s has %s=%q, which the page does not list", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
	for name, want := range code {
		got, ok := onPage[name]
		if want.kind == "" {
			t.Errorf("%s has no value in this test, so that its type is not known", name)
		}
		want.unit, want.over = got.unit, got.over
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\non the page %+v\nin the code %+v", name, got, want)
		}
		if summed := want.kind == "counter" || want.kind == "histogram"; summed != (got.over == "sum") {
			t.Errorf("%s is a %s: over workers it cannot be %q", name, want.kind, got.over)
		}
		for suffix, unit := range map[string]string{"_timestamp_seconds": "Unix seconds", "_age_seconds": "seconds", "_rupiah": "rupiah", "_bytes": "bytes"} {
			if strings.HasSuffix(name, suffix) && got.unit != unit {
				t.Errorf("%s has the unit %q on the page", name, got.unit)
			}
		}
		for i, label := range want.labels {
			if name == "salur_build_info" {
				continue
			}
			if len(labels[name]) != len(want.labels) {
				t.Errorf("%s has a label without a bound", name)
			} else if l := labels[name][i]; l.name != label || !slices.Equal(l.values, values[name][label]) {
				t.Errorf("%s, label %s: on the page %q, in the code %q", name, label, values[name][label], l.values)
			}
		}
	}
	for name := range onPage {
		if _, ok := code[name]; !ok {
			t.Errorf("%s is on the page alone", name)
		}
	}
	for name, of := range values {
		for label := range of {
			if !slices.Contains(code[name].labels, label) {
				t.Errorf("the page lists values of %s, label %s, which is not there", name, label)
			}
		}
	}
}

// Prometheus's own tool finds nothing to say against names and types.
func TestPromtoolCheckMetrics(t *testing.T) {
	t.Parallel()
	tool := promtool(t)
	served := httptest.NewRecorder()
	promhttp.HandlerFor(everything(t), promhttp.HandlerOpts{}).ServeHTTP(served, httptest.NewRequest("GET", "/metrics", nil))
	var text strings.Builder
	for line := range strings.Lines(served.Body.String()) {
		if strings.Contains(line, "salur_") {
			text.WriteString(line)
		}
	}
	if text.Len() == 0 {
		t.Fatalf("nothing was served: %d", served.Code)
	}
	cmd := exec.CommandContext(t.Context(), tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text.String())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func promtool(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("needs promtool (make setup installs it)")
	}
	return tool
}

// What the code calls its APIs, outcomes of webhooks, finds and notifies is in the lists: else it would
// show as other.
func TestListsAreWhole(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		dir, typ string
		list     []string
	}{
		"APIs":     {"../danaclient", "API", apis},
		"webhooks": {"../webhook", "Outcome", labels["salur_webhook_attempts_total"][0].values},
	} {
		if got := constants(t, c.dir, c.typ); !slices.Equal(got, slices.Sorted(slices.Values(c.list))) {
			t.Errorf("%s: the code has %q, the list %q", what, got, c.list)
		}
	}
	for metric, call := range map[string]string{
		"salur_sweeper_finds_total": `(?:Metrics\.Find\(|s\.happen\(ctx, rec\.Payout, )"([^"]*)"`,
		"salur_notifies_total":      `\.Notify\("([^"]*)"\)`,
	} {
		found := map[string]bool{}
		for _, dir := range []string{"../tasks", "../courier", "../../cmd/worker"} {
			for _, file := range sources(t, dir) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range regexp.MustCompile(call).FindAllStringSubmatch(string(text), -1) {
					found[m[1]] = true
				}
			}
		}
		for v := range found {
			if !slices.Contains(labels[metric][0].values, v) {
				t.Errorf("%s: %q is not in the list", metric, v)
			}
		}
		if len(found) != len(labels[metric][0].values) {
			t.Errorf("%s: the code tells %v of %q", metric, found, labels[metric][0].values)
		}
	}
}

func sources(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

// constants are the texts of all constants of a type in a directory, sorted.
func constants(t *testing.T, dir, typ string) (all []string) {
	t.Helper()
	for _, file := range sources(t, dir) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) == 0 {
				return true
			}
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typ {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					all = append(all, strings.Trim(lit.Value, `"`))
				}
			}
			return true
		})
	}
	slices.Sort(all)
	return all
}
