package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/operate"
)

// moment reads the time that a flag names: RFC 3339, or a day, which begins at Jakarta's
// midnight. An empty text is no time.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, jakarta.Zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, refuse("--%s %.40q: use RFC 3339, such as 2026-12-31T17:00:00+07:00, or a day, such as 2026-12-31", flag, text)
}

// sentence checks a text that a person puts on record.
func sentence(flag, text string) error {
	if wrong := operate.Check(text); wrong != "" {
		return refuse("--%s %.40q: %s", flag, strings.TrimSpace(text), wrong)
	}
	return nil
}

// addReason adds a reason that may be left out.
func addReason(c *cobra.Command, reason *string) {
	c.Flags().StringVar(reason, "reason", "", "why, at most 200 characters")
}

// remark checks such a reason.
func remark(reason string) error {
	if reason == "" {
		return nil
	}
	return sentence("reason", reason)
}
