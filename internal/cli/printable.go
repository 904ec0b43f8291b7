package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// printable writes control characters as JSON escapes, \u009b, so that no text of somebody else's (a path, a name, an answer)
// commands the terminal on which it is read. encoding/json and zap escape those below space and no others, and U+009B begins a command
// just as ESC [ does. Line feeds and tabs pass. Each Write must end with a whole character.
type printable struct{ to io.Writer }

func (p printable) Write(b []byte) (int, error) {
	if _, err := io.WriteString(p.to, escaped(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

func escaped(s string) string {
	commands := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if !strings.ContainsFunc(s, commands) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if commands(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
