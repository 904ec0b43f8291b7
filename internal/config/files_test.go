package config

import (
	"crypto/rsa"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/salur-id/salur/internal/money"
)

const needEverything = NeedRedis | NeedDANA | NeedHTTP | NeedWorker | NeedAPI | NeedBounds

var testCredentials = []string{"X_PARTNER_ID=2020", "ORIGIN=example.id", "PRIVATE_KEY=key-text",
	"SALUR_API_KEYS=payroll:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}

func sample(t *testing.T, name string) (path, text string) {
	t.Helper()
	path = filepath.Join("..", "..", "configs", name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(b)
}

// The sample file has every setting once, with its default, or commented out where there
// is none.
func TestSampleFileIsTheTable(t *testing.T) {
	t.Parallel()
	_, text := sample(t, "salur.yaml")
	var set map[string]string
	if err := yaml.Unmarshal([]byte(text), &set); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, s := range settings {
		if s.def != "" {
			want[s.key] = s.def
			continue
		}
		if n := len(regexp.MustCompile(`(?m)^# `+s.key+`:$`).FindAllString(text, -1)); n != 1 {
			t.Errorf("%s has no default and is commented out %d times, want once", s.key, n)
		}
	}
	if diff := cmp.Diff(want, set); diff != "" {
		t.Error(diff)
	}
}

func TestSampleFileChangesNothing(t *testing.T) {
	t.Parallel()
	path, _ := sample(t, "salur.yaml")
	without, err := Load(Options{Needs: needEverything, Environ: testCredentials})
	if err != nil {
		t.Fatal(err)
	}
	with, err := Load(Options{Needs: needEverything, Environ: append(slices.Clone(testCredentials), "SALUR_CONFIG="+path)})
	if err != nil {
		t.Fatal(err)
	}
	sameKey := cmp.Options{
		cmp.Comparer(func(a, b *rsa.PublicKey) bool { return a == b }), // none in both
		cmp.Comparer(func(a, b money.Amount) bool { return a == b }),
	}
	if diff := cmp.Diff(without, with, sameKey); diff != "" {
		t.Error(diff)
	}
}

func TestExampleFilesLoad(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{"production.yaml": Production, "local.yaml": Sandbox} {
		path, _ := sample(t, name)
		c, err := Load(Options{Needs: needEverything, Environ: append(slices.Clone(testCredentials), "SALUR_CONFIG="+path)})
		if err != nil || c.DANA.Env != env {
			t.Errorf("%s: environment %q, %v", name, c.DANA.Env, err)
		}
	}
}

// Every row can be found by its names, has a usage and takes its own default.
func TestTable(t *testing.T) {
	t.Parallel()
	names := map[string]bool{fileEnv: true}
	for _, s := range settings {
		for _, name := range []string{s.key, s.env} {
			if names[name] {
				t.Errorf("%s is there twice", name)
			}
			names[name] = true
		}
		if !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(s.key) || s.usage == "" || s.env == "" {
			t.Errorf("row %+v is not complete", s.key)
		}
		if strings.HasPrefix(s.env, prefix) && s.env != prefix+strings.ToUpper(s.key) {
			t.Errorf("%s is %s in the environment", s.key, s.env)
		}
		if s.def != "" {
			if fix := s.parse(new(Config), s.def); fix != "" {
				t.Errorf("%s refuses its own default: %s", s.key, fix)
			}
		}
	}
}

func FuzzYAML(f *testing.F) {
	for _, text := range []string{"origin: a\n", "a: &x [1]\nb: *x\n", "? [a]\n: b", "origin: {", "---\n---\n", "origin: ~\norigin: 1", "- a", "\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		y := yamlFile{path: "f"}
		layer, err := y.Unmarshal(text)
		if err != nil && layer != nil {
			t.Error("values beside an error")
		}
		for key, value := range layer {
			if e, ok := value.(entry); !ok || e.Text == "" || e.From != "f: "+key {
				t.Errorf("%s is %#v", key, value)
			}
		}
	})
}
