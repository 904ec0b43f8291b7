package statemachine

import (
	"os"
	"strings"
	"testing"
)

const page = "../../docs/states.md"

// The drawing in the docs is the table's.
func TestDocsShowTheTable(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := between(t, string(raw), "diagram", "```mermaid\n"+Diagram()+"```\n")
	want = between(t, want, "table", Table())
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(raw) {
		t.Error("docs/states.md does not show the table; run: go test ./internal/statemachine -update")
	}
}

func between(t *testing.T, page, mark, content string) string {
	t.Helper()
	before, rest, ok := strings.Cut(page, "<!-- "+mark+" -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- /"+mark+" -->\n")
	if !ok || !ok2 {
		t.Fatalf("docs/states.md lost its %s markers", mark)
	}
	return before + "<!-- " + mark + " -->\n" + content + "<!-- /" + mark + " -->\n" + after
}
