package statemachine

import (
	"os"
	"strings"
	"testing"
)

// The drawing in the docs is the table's.
func TestDocsShowTheTable(t *testing.T) {
	t.Parallel()
	shows(t, "states.md", map[string]string{"diagram": "```mermaid\n" + Diagram() + "```\n", "table": Table()})
}

func TestDocsShowReasonsAndEvents(t *testing.T) {
	t.Parallel()
	shows(t, "reasons.md", map[string]string{"reasons": ReasonTable(), "events": EventTable()})
}

// shows holds a document to what stands between its marks, or with -update writes it there.
func shows(t *testing.T, document string, parts map[string]string) {
	t.Helper()
	path := "../../docs/" + document
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(raw)
	for mark, content := range parts {
		want = between(t, want, mark, content)
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(raw) {
		t.Errorf("docs/%s does not show what is in the code; run: make docs", document)
	}
}

func between(t *testing.T, page, mark, content string) string {
	t.Helper()
	before, rest, ok := strings.Cut(page, "<!-- "+mark+" -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- /"+mark+" -->\n")
	if !ok || !ok2 {
		t.Fatalf("a document lost its %s markers", mark)
	}
	return before + "<!-- " + mark + " -->\n" + content + "<!-- /" + mark + " -->\n" + after
}
