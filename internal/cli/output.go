package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"

	"github.com/salur-id/salur/internal/config"
)

// IsTerminal reports whether w is a person's screen.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Columns is how wide a screen is; 80 for what is none or does not tell.
func Columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

// PrintJSON writes v as one line of JSON.
func PrintJSON(w io.Writer, v any) error {
	e := json.NewEncoder(printable{w})
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	return nil
}

// Colour tells whether to colour texts for people.
type Colour bool

// ColourFor is on when stdout is a terminal and the environment has no NO_COLOR
// (https://no-color.org; an empty variable counts as not set).
func ColourFor(stdout io.Writer, environ []string) Colour {
	refused := slices.ContainsFunc(environ, func(pair string) bool {
		return strings.HasPrefix(pair, "NO_COLOR=") && pair != "NO_COLOR="
	})
	return Colour(IsTerminal(stdout) && !refused)
}

// Green is for what went well.
func (c Colour) Green(s string) string { return c.paint("32", s) }

// Yellow is for what is not settled.
func (c Colour) Yellow(s string) string { return c.paint("33", s) }

// Red is for what went wrong.
func (c Colour) Red(s string) string { return c.paint("31", s) }

func (c Colour) paint(code, s string) string {
	if !c {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// NewLogger logs to stderr at the level and in the format of the configuration.
func NewLogger(l config.Log, stderr io.Writer) *zap.Logger {
	fields := zap.NewProductionEncoderConfig()
	fields.EncodeTime = zapcore.ISO8601TimeEncoder
	fields.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(fields)
	if forPeople(l.Format, stderr) {
		encoder = zapcore.NewConsoleEncoder(fields)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(printable{stderr})), l.Level))
}

// forPeople reports whether to log lines that people read; when nothing was asked for,
// that is on a terminal.
func forPeople(format string, stderr io.Writer) bool {
	return format == "console" || format == "" && IsTerminal(stderr)
}
