// Package csvfile writes CSV that people open in a spreadsheet. A cell may hold what anybody wrote into a reference,
// and a spreadsheet runs a cell that begins like a formula.
package csvfile

import (
	"io"
	"regexp"
	"strings"
)

// formula is where a cell would begin like a formula: at its start, or after a character that a spreadsheet may
// separate cells at. Which one that is depends on the country: in Indonesia it is the semicolon.
var formula = regexp.MustCompile(`(^|[,;|\t\r\n])([ ]*[=+\-@])`)

// Write writes one line with the cells in it. Every cell is quoted, so that a spreadsheet which separates at another
// character than the comma does not split it. A cell that would begin like a formula gets an apostrophe before it: the
// spreadsheets' own mark of a text.
func Write(w io.Writer, cells ...string) error {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteByte(',')
		}
		cell = formula.ReplaceAllString(cell, "${1}'${2}")
		if strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r") {
			cell = "'" + cell
		}
		line.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
	}
	line.WriteByte('\n')
	_, err := io.WriteString(w, line.String())
	return err
}
