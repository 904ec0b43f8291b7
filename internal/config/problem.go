package config

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with the configuration.
type Problem struct {
	// Key is the setting as the user wrote it: SALUR_DANA_TIMEOUT, --dana-timeout, or
	// salur.yaml: dana_timeout.
	Key string
	// Value is what was written; empty when it is secret, too long to be meant, or missing.
	Value string
	// Fix says what is wrong and what to do about it.
	Fix string
}

// String is the problem in one line.
func (p Problem) String() string {
	if p.Value == "" {
		return p.Key + ": " + p.Fix
	}
	return fmt.Sprintf("%s %q: %s", p.Key, p.Value, p.Fix)
}

// Error is everything wrong with the configuration, never empty when returned.
type Error []Problem

// Error is one line per problem.
func (e Error) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
