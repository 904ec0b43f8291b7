package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/salur-id/salur/internal/config"
)

// What programs write for people, or into a log that people look at, never has a character that commands a terminal, and JSON
// keeps its values.
func TestTextsDoNotCommandTheTerminal(t *testing.T) {
	t.Parallel()
	const text = "a\u009b31mb\u001b[1mc\u0085\u007f caf\u00e9 \U0001f4b8"
	var out bytes.Buffer
	calm := func(what string) string {
		t.Helper()
		s := out.String()
		out.Reset()
		if strings.ContainsAny(s, "\u009b\u001b\u0085\u007f") || !strings.Contains(s, `\u009b31mb`) || !strings.Contains(s, "caf\u00e9 \U0001f4b8") {
			t.Errorf("%s: %q", what, s)
		}
		return s
	}
	for _, format := range []string{"json", "console"} {
		NewLogger(config.Log{Level: zapcore.InfoLevel, Format: format}, &out).Info("request", zap.String("ref", text), zap.Error(errors.New(text)))
		line := calm(format)
		var entry struct{ Ref string }
		if format == "json" && (json.Unmarshal([]byte(line), &entry) != nil || entry.Ref != text) {
			t.Errorf("%q became %q", text, entry.Ref)
		}
	}
	if err := PrintJSON(&out, map[string]string{"name": text}); err != nil {
		t.Fatal(err)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(calm("JSON")), &back); err != nil || back["name"] != text {
		t.Errorf("%q, %v", back["name"], err)
	}
	root := &cobra.Command{Use: "program", RunE: func(*cobra.Command, []string) error { return errors.New(text) }}
	Main(context.Background(), root, nil, nil, nil, &out)
	calm("an error")
}
