package check

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// scaledObject holds a document to KEDA's own CustomResourceDefinition, which is in testdata (v2.21.0, Apache-2.0): KEDA's Go types
// would bring in 800 packages. As an API server does it with strict validation, a field that the schema does not name is an error.
func scaledObject(t *testing.T, doc []byte) map[string]any {
	t.Helper()
	object, err := validate(t, doc)
	if err != nil {
		t.Errorf("not a ScaledObject: %v", err)
	}
	return object
}

func validate(t *testing.T, doc []byte) (map[string]any, error) {
	t.Helper()
	text, err := os.ReadFile("testdata/keda.sh_scaledobjects.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string `json:"name"`
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &crd); err != nil || crd.Spec.Versions[0].Name != "v1alpha1" {
		t.Fatalf("%v %+v", err, crd)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	schema["properties"].(map[string]any)["metadata"] = map[string]any{} // the API server's own
	closeObjects(schema)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("crd.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("crd.json")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any), compiled.Validate(v)
}

// closeObjects forbids, all the way down, fields that the schema does not name.
func closeObjects(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if s["properties"] != nil && s["additionalProperties"] == nil && s["x-kubernetes-preserve-unknown-fields"] == nil {
			s["additionalProperties"] = false
		}
		for _, part := range s {
			closeObjects(part)
		}
	case []any:
		for _, part := range s {
			closeObjects(part)
		}
	}
}

func dig(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(map[string]any)[p]
		case int:
			v = v.([]any)[p]
		}
	}
	return v
}

// What is scaled exists and has no number of its own, which each kubectl apply would set again.
func TestScaled(t *testing.T) {
	t.Parallel()
	c := readCluster(t)
	spec := c.scaled["worker"].(map[string]any)["spec"]
	d := c.deployments[dig(t, spec, "scaleTargetRef", "name").(string)]
	if d == nil || d.Spec.Replicas != nil {
		t.Errorf("%+v", d)
	}
	if _, err := validate(t, []byte("spec:\n  scaleTargetRef: {name: worker}\n  triggers: []\n  pollingIntervall: 3\n")); err == nil {
		t.Error("a misspelt field passes")
	}
}

// The query counts what waits for a worker: once, however many workers tell it, and nothing while sending is held or
// a breaker is open.
func TestScalingQuery(t *testing.T) {
	t.Parallel()
	tool(t, "promtool")
	object := scaledObject(t, []byte(text(t, "deploy/kubernetes/autoscaling.yaml")))
	query := dig(t, object, "spec", "triggers", 0, "metadata", "query").(string)
	rules, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "g", "rules": []any{map[string]any{"record": "scale", "expr": query}}}}})
	if err != nil {
		t.Fatal(err)
	}
	series := func(s ...string) (all []any) {
		for _, one := range s {
			name, values, _ := strings.Cut(one, " ")
			all = append(all, map[string]any{"series": name, "values": values + "x10"})
		}
		return all
	}
	waiting := []string{
		`salur_queue_tasks{instance="a",queue="topup",state="pending"} 500`, `salur_queue_tasks{instance="b",queue="topup",state="pending"} 480`,
		`salur_queue_tasks{instance="a",queue="bank",state="pending"} 100`, `salur_queue_tasks{instance="b",queue="bank",state="pending"} 100`,
		`salur_queue_tasks{instance="a",queue="notify",state="pending"} 9000`, `salur_queue_tasks{instance="a",queue="topup",state="scheduled"} 9000`,
	}
	var tests []any
	for name, tc := range map[string]struct {
		more []string
		want int
	}{
		"waiting":             {nil, 600},
		"held by one's word":  {[]string{`salur_hold{instance="b",by="person",cause=""} 1`}, 0},
		"DANA is away":        {[]string{`salur_breaker_state{instance="a",api="topup"} 0`, `salur_breaker_state{instance="b",api="topup"} 2`}, 0},
		"DANA is back":        {[]string{`salur_breaker_state{instance="b",api="topup"} 0`}, 600},
		"the receiver's away": {[]string{`salur_breaker_state{instance="b",api="webhook"} 2`}, 600},
	} {
		tests = append(tests, map[string]any{
			"name": name, "interval": "1m", "input_series": series(append(tc.more, waiting...)...),
			"promql_expr_test": []any{map[string]any{"expr": "scale", "eval_time": "5m", "exp_samples": []any{map[string]any{"labels": "scale", "value": tc.want}}}},
		})
	}
	dir := t.TempDir()
	cases, err := yaml.Marshal(map[string]any{"rule_files": []string{"rules.yaml"}, "evaluation_interval": "1m", "tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"rules.yaml": rules, "tests.yaml": cases} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "promtool", "test", "rules", filepath.Join(dir, "tests.yaml"))
}
