package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/salur-id/salur/internal/config"
)

// terminal is a file that is a terminal.
func terminal(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func regularFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestColour(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		stdout  io.Writer
		environ []string
		want    Colour
	}{
		{"terminal", terminal(t), []string{"TERM=xterm"}, true},
		{"terminal, NO_COLOR", terminal(t), []string{"TERM=xterm", "NO_COLOR=1"}, false},
		{"terminal, empty NO_COLOR", terminal(t), []string{"NO_COLOR="}, true},
		{"terminal, another variable", terminal(t), []string{"NO_COLOR_AT_ALL=1"}, true},
		{"file", regularFile(t), nil, false},
		{"no file", new(bytes.Buffer), nil, false},
	} {
		if got := ColourFor(tc.stdout, tc.environ); got != tc.want {
			t.Errorf("%s: %t, want %t", tc.name, got, tc.want)
		}
	}
	if got := Colour(true).Green("a") + Colour(true).Yellow("b") + Colour(true).Red("c"); got != "\x1b[32ma\x1b[0m\x1b[33mb\x1b[0m\x1b[31mc\x1b[0m" {
		t.Errorf("on: %q", got)
	}
	if got := Colour(false).Green("a") + Colour(false).Yellow("b") + Colour(false).Red("c"); got != "abc" {
		t.Errorf("off: %q", got)
	}
}

func TestPrintJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := PrintJSON(&out, map[string]string{"a": "<b>\n"}); err != nil || out.String() != `{"a":"<b>\n"}`+"\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	r, w := io.Pipe()
	r.Close()
	if err := PrintJSON(w, 1); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a closed pipe gives %v", err)
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		format string
		json   bool
	}{{"", true}, {"json", true}, {"console", false}} {
		var out bytes.Buffer
		log := NewLogger(config.Log{Level: zapcore.WarnLevel, Format: tc.format}, &out)
		log.Info("not this")
		log.Warn("this", zap.String("ref", "A-1"))
		if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "A-1") || json.Valid(out.Bytes()) != tc.json {
			t.Errorf("format %q: %s", tc.format, out.String())
		}
	}
}

func TestLogFormatOnATerminal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		format string
		stderr io.Writer
		want   bool
	}{
		{"", terminal(t), true},
		{"console", terminal(t), true},
		{"json", terminal(t), false},
		{"", regularFile(t), false},
		{"console", regularFile(t), true},
	} {
		if got := forPeople(tc.format, tc.stderr); got != tc.want {
			t.Errorf("format %q on %T: %t, want %t", tc.format, tc.stderr, got, tc.want)
		}
	}
}
