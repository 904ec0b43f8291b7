package main

import (
	"strings"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
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
	switch {
	case strings.TrimSpace(text) == "":
		return refuse("--%s %q: is required; write 1 to 200 printable characters", flag, "")
	case len([]rune(text)) > 200, plain(text) != text:
		return refuse("--%s %.40q: use at most 200 printable characters, on one line", flag, text)
	}
	return nil
}
