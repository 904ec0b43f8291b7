package salur_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/salur-id/salur/internal/statemachine"
)

// Each reason and each event of the state machine is a constant of this package and a value of the OpenAPI document.
func TestReasonsAndEventsAreConstants(t *testing.T) {
	t.Parallel()
	var reasons, events []string
	for _, r := range statemachine.Reasons {
		reasons = append(reasons, string(r.Why))
	}
	for _, e := range statemachine.Events {
		events = append(events, string(e.Event))
	}
	constants := constantsOf(t, "reason.go")
	if diff := cmp.Diff(sorted(append(reasons, "")), sorted(constants["Reason"])); diff != "" {
		t.Errorf("constants of Reason (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sorted(events), sorted(constants["EventType"])); diff != "" {
		t.Errorf("constants of EventType (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile("internal/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Enum []string `yaml:"enum"`
			} `yaml:"schemas"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sorted(reasons), sorted(document.Components.Schemas["Reason"].Enum)); diff != "" {
		t.Errorf("OpenAPI's Reason (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sorted(events), sorted(document.Components.Schemas["EventType"].Enum)); diff != "" {
		t.Errorf("OpenAPI's EventType (-want +got):\n%s", diff)
	}
}

func sorted(values []string) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	return values
}

// constantsOf are the values of a file's constants by the name of their type.
func constantsOf(t *testing.T, file string) map[string][]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			name := spec.Type.(*ast.Ident).Name
			values[name] = append(values[name], value)
		}
		return true
	})
	return values
}
