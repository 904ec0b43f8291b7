package metrics

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	prometheusDir = "../../deploy/prometheus/"
	runbooksDir   = "../../docs/runbooks/"
	dashboard     = "../../deploy/grafana/salur.json"
	runbooksURL   = "https://github.com/salur-id/salur/blob/main/docs/runbooks/"
)

type rule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

func rules(t *testing.T) (alerts map[string]rule, records []string) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	read(t, prometheusDir+"salur.rules.yml", yaml.Unmarshal, &file)
	alerts = map[string]rule{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				records = append(records, r.Record)
				alerts[r.Record] = r
				continue
			}
			if _, twice := alerts[r.Alert]; twice {
				t.Errorf("%s is there twice", r.Alert)
			}
			alerts[r.Alert] = r
		}
	}
	return alerts, records
}

func read(t *testing.T, file string, decode func([]byte, any) error, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = decode(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// Every alert says how loud it is, what is the matter and what to do, and names only what the workers tell.
func TestRules(t *testing.T) {
	t.Parallel()
	all, records := rules(t)
	check := exprChecker(t, records)
	for name, r := range all {
		check(t, name, r.Expr)
		if r.Record != "" {
			continue
		}
		if !strings.HasPrefix(name, "Salur") {
			t.Errorf("%s: alerts begin with Salur", name)
		}
		if s := r.Labels["severity"]; s != "page" && s != "ticket" {
			t.Errorf("%s: severity %q", name, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s has no summary or no description", name)
		}
		if got, want := r.Annotations["runbook_url"], runbooksURL+name+".md"; got != want {
			t.Errorf("%s: runbook_url %s, want %s", name, got, want)
		}
	}
}

var (
	selector = regexp.MustCompile(`\bsalur[_:][a-z_:]+(?:\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"`)
)

// exprChecker holds an expression to docs/metrics.md: its metrics, their labels and the values of those.
func exprChecker(t *testing.T, records []string) func(t *testing.T, where, expr string) {
	onPage, values := page(t)
	return func(t *testing.T, where, expr string) {
		t.Helper()
		for _, s := range selector.FindAllString(expr, -1) {
			name, matchers, _ := strings.Cut(s, "{")
			if slices.Contains(records, name) {
				continue
			}
			m, known := onPage[name]
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				if h := onPage[strings.TrimSuffix(name, part)]; !known && h.kind == "histogram" {
					m, known, name = h, true, strings.TrimSuffix(name, part)
				}
			}
			if !known {
				t.Errorf("%s: there is no metric %s", where, name)
				continue
			}
			for _, lv := range matcher.FindAllStringSubmatch(matchers, -1) {
				label := lv[1]
				if label == "job" || label == "instance" {
					continue
				}
				if !slices.Contains(m.labels, label) {
					t.Errorf("%s: %s has no label %s", where, name, label)
				}
				for v := range strings.SplitSeq(lv[2], "|") {
					if v != other && name != "salur_build_info" && !slices.Contains(values[name][label], v) {
						t.Errorf("%s: %s is never %s=%q", where, name, label, v)
					}
				}
			}
		}
	}
}

// Prometheus takes the rules, and they fire and stay silent as the tests beside them say. Each
// alert fires in one of them, and stays silent in one that has what it looks at.
func TestPromtoolRules(t *testing.T) {
	t.Parallel()
	run(t, promtool(t), "check", "rules", prometheusDir+"salur.rules.yml")
	run(t, promtool(t), "test", "rules", prometheusDir+"salur.rules.test.yml")
}

func run(t *testing.T, tool string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestEveryAlertIsTested(t *testing.T) {
	t.Parallel()
	var file struct {
		Tests []struct {
			Name   string
			Series []struct{ Series string } `yaml:"input_series"`
			Exprs  []struct {
				Expr    string
				Samples []struct{ Labels string } `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		}
	}
	read(t, prometheusDir+"salur.rules.test.yml", yaml.Unmarshal, &file)
	alerts, records := rules(t)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		given := ""
		for _, s := range test.Series {
			given += s.Series + "\n"
		}
		for _, e := range test.Exprs {
			if e.Expr != `count by (alertname) (ALERTS{alertstate="firing"})` {
				t.Errorf("%s: %s does not tell all alerts that fire", test.Name, e.Expr)
			}
			expected := ""
			for _, s := range e.Samples {
				expected += s.Labels
			}
			for name, r := range alerts {
				first := regexp.MustCompile(`\b(salur_\w+|up|process_start_time_seconds)\b`).FindString(r.Expr)
				for _, record := range records {
					if strings.Contains(r.Expr, record) {
						first = "salur_balance_rupiah"
					}
				}
				if strings.Contains(expected, fmt.Sprintf("%q", name)) {
					fires[name] = true
				} else if strings.Contains(given, first+"{") {
					silent[name] = true
				}
			}
		}
	}
	for name, r := range alerts {
		if r.Record == "" && (!fires[name] || !silent[name]) {
			t.Errorf("%s: fires in a test: %v, silent in one: %v", name, fires[name], silent[name])
		}
	}
}

// Each alert has a page, each page an alert, and a page names only what exists.
func TestRunbooks(t *testing.T) {
	t.Parallel()
	alerts, records := rules(t)
	for _, r := range records {
		delete(alerts, r)
	}
	onPage, _ := page(t)
	index := text(t, runbooksDir+"README.md")
	settings := ""
	for _, f := range sources(t, "../config") {
		settings += text(t, f)
	}
	files, err := filepath.Glob(runbooksDir + "*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		body := text(t, file)
		commandsExist(t, name, body)
		for _, m := range regexp.MustCompile(`\bsalur_[a-z_]+`).FindAllString(body, -1) {
			if _, ok := onPage[m]; !ok {
				t.Errorf("%s names the metric %s, which is not there", name, m)
			}
		}
		for _, s := range regexp.MustCompile(`\bSALUR_[A-Z_]+`).FindAllString(body, -1) {
			if !strings.Contains(settings, `"`+s+`"`) {
				t.Errorf("%s names the setting %s, which is not there", name, s)
			}
		}
		for _, l := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(body, -1) {
			if _, err := os.Stat(filepath.Join(runbooksDir, l[1])); err != nil {
				t.Errorf("%s leads to %s: %v", name, l[1], err)
			}
		}
		if name == "README" {
			continue
		}
		pages[name] = true
		r, ok := alerts[name]
		if !ok {
			t.Errorf("%s is no alert", name)
		}
		if loud := map[string]string{"page": "\n**Page**", "ticket": "\n**Ticket**"}[r.Labels["severity"]]; !strings.HasPrefix(body, "# "+name+"\n") || !strings.Contains(body, loud) {
			t.Errorf("%s does not begin with its name and %q", name, loud)
		}
		at := 0
		for _, heading := range []string{"\n## What it means\n", "\n## Look first\n", "\n## Do\n", "\n## Do not\n", "\n## Over when\n"} {
			i := strings.Index(body, heading)
			if i < at {
				t.Errorf("%s: no %q, or not in its place", name, heading)
			}
			at = i
		}
		if !strings.Contains(index, "("+name+".md)") {
			t.Errorf("%s is not in the index", name)
		}
	}
	for name := range alerts {
		if !pages[name] {
			t.Errorf("%s has no page", name)
		}
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var (
	command = regexp.MustCompile("(?m)(?:`|^\\s*)(?:bin/)?(ledger|worker|enqueue) ([a-z-]+)([^`\n|]*)")
	use     = regexp.MustCompile(`Use:\s+"([a-z-]+)`)
	flag    = regexp.MustCompile(`--([a-z-]+)`)
)

// commandsExist holds the commands in backticks, and those that begin a line of code, to the programs.
func commandsExist(t *testing.T, page, body string) {
	t.Helper()
	for _, m := range command.FindAllStringSubmatch(body, -1) {
		code := ""
		for _, f := range sources(t, "../../cmd/"+m[1]) {
			code += text(t, f)
		}
		found := slices.ContainsFunc(use.FindAllStringSubmatch(code, -1), func(u []string) bool { return u[1] == m[2] })
		if !found {
			t.Errorf("%s: there is no %s %s", page, m[1], m[2])
		}
		for _, f := range flag.FindAllStringSubmatch(m[3], -1) {
			if !strings.Contains(code, `"`+f[1]+`"`) {
				t.Errorf("%s: %s %s has no --%s", page, m[1], m[2], f[1])
			}
		}
	}
}

// The dashboard is what Grafana imports, and shows only what there is.
func TestDashboard(t *testing.T) {
	t.Parallel()
	type source struct{ Type, UID string }
	type target struct {
		RefID, Expr string
		Datasource  source
	}
	var d struct {
		ID            any
		UID, Title    string
		SchemaVersion int
		Templating    struct{ List []struct{ Name, Type string } }
		Annotations   struct{ List []target }
		Panels        []struct {
			ID          int
			Type, Title string
			Datasource  source
			GridPos     struct{ X, Y, W, H int }
			Targets     []target
		}
	}
	read(t, dashboard, json.Unmarshal, &d)
	for _, uid := range regexp.MustCompile(`"datasource": \{[^}]*"uid": "([^"]*)"`).FindAllStringSubmatch(text(t, dashboard), -1) {
		if uid[1] != "${datasource}" {
			t.Errorf("a datasource of one Grafana alone: %s", uid[1])
		}
	}
	if d.ID != nil || d.UID == "" || d.Title == "" || d.SchemaVersion < 36 {
		t.Errorf("id %v, uid %q, title %q, schemaVersion %d", d.ID, d.UID, d.Title, d.SchemaVersion)
	}
	variables := map[string]bool{"__rate_interval": true}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
	}
	if first := d.Templating.List[0]; first.Type != "datasource" || first.Name != "datasource" {
		t.Errorf("the first variable is %+v", first)
	}
	_, records := rules(t)
	check := exprChecker(t, records)
	ids, taken := map[int]bool{}, map[[2]int]string{}
	exprs := map[string]string{}
	ask := func(where string, q target) {
		if q.Datasource != (source{"prometheus", "${datasource}"}) {
			t.Errorf("%s asks %+v", where, q.Datasource)
		}
		check(t, where, q.Expr)
		for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(q.Expr, -1) {
			if !variables[v[1]] {
				t.Errorf("%s: there is no variable %s", where, v[1])
			}
		}
		exprs[where+" "+q.RefID] = strings.NewReplacer("$__rate_interval", "5m", "$job", "salur").Replace(q.Expr)
	}
	for _, q := range d.Annotations.List {
		ask("annotation", q)
	}
	for _, p := range d.Panels {
		where, g := fmt.Sprintf("panel %d, %s", p.ID, p.Title), p.GridPos
		if p.ID < 1 || ids[p.ID] || p.Title == "" {
			t.Errorf("%s: its id is not its own, or it has no title", where)
		}
		ids[p.ID] = true
		if g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > 24 {
			t.Errorf("%s is at %+v", where, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if o := taken[[2]int{x, y}]; o != "" {
					t.Fatalf("%s lies on %s", where, o)
				}
				taken[[2]int{x, y}] = where
			}
		}
		if (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("%s: a %s with %d queries", where, p.Type, len(p.Targets))
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if refs[q.RefID] || q.RefID == "" || p.Datasource != q.Datasource {
				t.Errorf("%s: query %q", where, q.RefID)
			}
			refs[q.RefID] = true
			ask(where, q)
		}
	}
	if len(exprs) < 30 {
		t.Errorf("only %d queries were read", len(exprs))
	}

	// Each query as a rule, for Prometheus's own parser.
	group := map[string]any{"name": "dashboard"}
	var asRules []map[string]string
	for i, where := range slices.Sorted(maps.Keys(exprs)) {
		asRules = append(asRules, map[string]string{"record": fmt.Sprintf("query:%d", i), "expr": exprs[where]})
	}
	group["rules"] = asRules
	asFile, err := yaml.Marshal(map[string]any{"groups": []any{group}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, asFile, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, promtool(t), "check", "rules", file)
}
