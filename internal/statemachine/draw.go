package statemachine

import (
	"fmt"
	"strings"
)

// Diagram draws the table as a Mermaid state diagram: one arrow per pair of states, with
// every event that takes it. docs/states.md shows it, and a test holds the two together.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> queued\n")
	for _, from := range States {
		for _, to := range States {
			if why := arrows(from, to); from != to && len(why) > 0 {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", from, to, strings.Join(why, "<br/>"))
			}
		}
	}
	for _, s := range States {
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}

func arrows(from, to State) []string {
	var why []string
	for _, r := range table[from] {
		if r.to == to {
			why = append(why, r.label())
		}
	}
	return why
}

func (r rule) label() string {
	if r.when.name == "" {
		return string(r.on)
	}
	return fmt.Sprintf("%s (%s)", r.on, r.when.name)
}

// Table writes the table as Markdown, one row per rule in the order they are tried.
func Table() string {
	var b strings.Builder
	b.WriteString("| while | event | if | then | do |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range States {
		for _, r := range table[s] {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s | `%s` | %s |\n", s, r.on, r.when.name, r.to, r.do.name)
		}
	}
	return b.String()
}
