package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/salur-id/salur/internal/operate"
)

// align writes rows as lines of aligned columns.
func align(rows [][]string) string {
	var padded, lines strings.Builder // which take everything
	w := tabwriter.NewWriter(&padded, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = operate.Plain(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	_ = w.Flush()
	for line := range strings.Lines(padded.String()) {
		fmt.Fprintln(&lines, strings.TrimRight(line, " \n"))
	}
	return lines.String()
}
