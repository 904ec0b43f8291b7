package config

import (
	"fmt"
	"io"
)

// Secret is a text that must not be seen: however it is printed, logged or encoded it
// reads "(secret)". Its content is string(s), which should be written only where it is
// used.
type Secret string

// String is "(secret)", or empty for an empty one so that a missing secret can be told.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

// Format answers every verb of package fmt, so that no verb gets round String.
func (s Secret) Format(f fmt.State, _ rune) {
	// The error is the printer's own and is reported by it.
	_, _ = io.WriteString(f, s.String())
}

// GoString is String: for code that asks for it by itself.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret in JSON, in YAML and in logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
