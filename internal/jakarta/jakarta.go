// Package jakarta is the one time zone of DANA's API: a fixed +07:00, independent of
// the machine's zone and of whether it has a zone database (West Indonesia has no
// daylight saving).
package jakarta

import "time"

// Zone is Western Indonesia Time.
var Zone = time.FixedZone("WIB", 7*60*60)

// Layout is the 25-character form of X-TIMESTAMP and of every date in DANA's bodies.
const Layout = "2006-01-02T15:04:05-07:00"

// Format writes t as DANA reads it: 2026-11-21T09:30:00+07:00.
func Format(t time.Time) string { return t.In(Zone).Format(Layout) }

// Stamp writes t for people and JSON, with milliseconds, so that schedules can be seen in it:
// 2026-11-21T09:30:00.000+07:00.
func Stamp(t time.Time) string { return t.In(Zone).Format("2006-01-02T15:04:05.000-07:00") }
