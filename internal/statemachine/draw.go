package statemachine

import (
	"fmt"
	"slices"
	"strings"
)

// Diagram draws the table as a Mermaid state diagram: one arrow per pair of states, with
// every event that takes it. docs/states.md shows it, and a test holds the two together.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> queued\n")
	for _, e := range Edges() {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", e.From, e.To, strings.Join(arrows(e.From, e.To), "<br/>"))
	}
	for _, s := range States {
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}

// Edge is a pair of different states that some rule leads from one to the other.
type Edge struct{ From, To State }

// Edges lists them in the order of the states.
func Edges() []Edge {
	var edges []Edge
	for _, from := range States {
		for _, to := range States {
			if from != to && slices.ContainsFunc(table[from], func(r rule) bool { return r.to == to }) {
				edges = append(edges, Edge{from, to})
			}
		}
	}
	return edges
}

// arrows are the reasons to go from one state to another, short enough for an arrow: what
// holds for every trigger of the state is left out, and a condition that several triggers
// share stands for them all. The table has every rule in full.
func arrows(from, to State) []string {
	var why []string
	triggers := map[string]int{}
	for _, r := range table[from] {
		if r.to == to {
			triggers[r.when.name]++
		}
	}
	for _, r := range table[from] {
		label := string(r.on)
		switch {
		case r.to != to:
			continue
		case r.when.name == "" || r.when.name == current.name:
		case triggers[r.when.name] > 1:
			label = r.when.name
		default:
			label = fmt.Sprintf("%s (%s)", r.on, r.when.name)
		}
		if !slices.Contains(why, label) {
			why = append(why, label)
		}
	}
	return why
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
