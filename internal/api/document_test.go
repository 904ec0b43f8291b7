package api

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"github.com/salur-id/salur"
	in "github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

func statusField(status int) zap.Field { return zap.Int("status", status) }

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	v, err := theDocument()
	if err != nil {
		t.Fatal(err)
	}
	validating.Lock()
	defer validating.Unlock()
	if good, wrong := v.ValidateDocument(); !good {
		for _, w := range wrong {
			t.Errorf("%s: %s %v", w.Message, w.Reason, w.SchemaValidationErrors)
		}
	}
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if a := b.call("GET", "/v1/openapi.yaml", "", "Authorization", ""); a.text != string(openapi) || a.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

type described struct {
	Paths map[string]map[string]struct {
		Security  *[]any                       `yaml:"security"`
		Responses map[string]map[string]string `yaml:"-"`
	} `yaml:"paths"`
	Components struct {
		Schemas map[string]struct {
			Enum       []string            `yaml:"enum"`
			Required   []string            `yaml:"required"`
			Properties map[string]property `yaml:"properties"`
		} `yaml:"schemas"`
	} `yaml:"components"`
}

type property struct {
	Enum  []any `yaml:"enum"`
	Items struct {
		Properties map[string]property `yaml:"properties"`
	} `yaml:"items"`
}

func describe(t *testing.T) (d described) {
	t.Helper()
	if err := yaml.Unmarshal(openapi, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Every route is in the document, and nothing else is; those without a key say so.
func TestDocumentHasTheRoutes(t *testing.T) {
	t.Parallel()
	want, got := map[string]bool{}, map[string]bool{}
	for _, r := range new(api).routes() {
		want[strings.Replace(r.pattern, "...", "", 1)] = r.open
	}
	for path, methods := range describe(t).Paths {
		for method, operation := range methods {
			got[strings.ToUpper(method)+" "+path] = operation.Security != nil && len(*operation.Security) == 0
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What can be one of several is the same in the document and in the code.
func TestDocumentHasTheValues(t *testing.T) {
	t.Parallel()
	s := describe(t).Components.Schemas
	var inCode, names []string
	for _, state := range statemachine.States {
		inCode = append(inCode, string(state))
	}
	for _, state := range states {
		names = append(names, string(state))
	}
	if diff := cmp.Diff(inCode, names); diff != "" {
		t.Errorf("states of a query: %s", diff)
	}
	if diff := cmp.Diff(inCode, s["State"].Enum); diff != "" {
		t.Errorf("states: %s", diff)
	}
	if diff := cmp.Diff([]string{string(salur.TopUp), string(salur.Bank)}, s["Kind"].Enum); diff != "" {
		t.Errorf("kinds: %s", diff)
	}
	var uris []any
	for _, k := range kinds {
		uris = append(uris, k.uri())
	}
	if diff := cmp.Diff(uris, s["Problem"].Properties["type"].Enum); diff != "" {
		t.Errorf("problems: %s", diff)
	}
	for name, typ := range map[string]reflect.Type{
		"Payout": reflect.TypeFor[in.Instruction](), "Transaction": reflect.TypeFor[salur.Transaction](),
		"Receipt": reflect.TypeFor[salur.Receipt](), "Problem": reflect.TypeFor[problemDocument](),
	} {
		if diff := cmp.Diff(fieldsOf(typ), slices.Sorted(maps.Keys(s[name].Properties))); diff != "" {
			t.Errorf("fields of %s: %s", name, diff)
		}
	}
}

func fieldsOf(typ reflect.Type) (names []string) {
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The page on HTTP has every type of problem with its status.
func TestProblemsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, k := range kinds {
		want = append(want, fmt.Sprintf("%s %d", k.name, k.status))
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([0-9]{3}) \\|").FindAllStringSubmatch(string(text), -1) {
		got = append(got, row[1]+" "+row[2])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Every type of problem has a page, and one name.
func TestProblemPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen := map[string]bool{}
	for _, k := range kinds {
		a := b.call("GET", k.uri(), "", "Authorization", "")
		if a.status != 200 || a.text != k.title+"\n\n"+k.means+"\n" || a.header.Get("Content-Type") != "text/plain; charset=utf-8" || seen[k.name] {
			t.Errorf("%s: %d %s", k.name, a.status, a.text)
		}
		seen[k.name] = true
	}
	b.refused(b.call("GET", "/problems/none", ""), noSuchPath)
}
