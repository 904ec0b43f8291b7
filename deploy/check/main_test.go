// Package check holds what deploys Salur (the manifests, the image, the compose file, the unit) to the real types and tools.
// It is a module of its own, so that Salur does not carry them.
package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// root is the project's.
const root = "../.."

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tool skips a test that needs a program that is not here.
func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("needs %s", name)
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// settings are the environment variables that a program knows, by its own help.
func settings(t *testing.T, args ...string) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	help := programs(t) + "/" + args[0]
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z_]+)(?:, ([A-Z_]+))?  `).FindAllStringSubmatch(run(t, help, append(args[1:], "--help")...), -1) {
		known[m[1]] = true
	}
	if len(known) < 5 {
		t.Fatalf("the help of %v names %v", args, known)
	}
	return known
}

var built struct {
	once sync.Once
	dir  string
	out  []byte
	err  error
}

// programs builds the release's programs once, from a copy of the project, and returns the directory that the image copies.
func programs(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = copyOfProject(scratch); built.err == nil {
			built.out, built.err = release(built.dir, nil, "worker enqueue ledger sandbox")
		}
	})
	if built.err != nil {
		t.Fatalf("make release: %v\n%s", built.err, built.out)
	}
	return filepath.Join(built.dir, "dist/linux/amd64")
}

// scratch outlives the tests that share what is in it.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "salur-check")
	if err != nil {
		panic(err)
	}
	scratch = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
