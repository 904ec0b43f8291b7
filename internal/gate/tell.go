package gate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/statemachine"
)

// ByPersonAlone reports whether nothing lifts the hold but a person who resumes. Holds that a probe looks at, and those for want of
// money, lift themselves; fundedByPerson says that those for want of money do not (Config.PersonResumes).
func (h Hold) ByPersonAlone(fundedByPerson bool) bool {
	switch h.Cause {
	case HoldsLost, StoreLost, Unreadable, RefusedAlike:
		return true
	case LowBalance, statemachine.InsufficientFunds:
		return fundedByPerson
	}
	return h.By == ByPerson || h.limited()
}

// SinceText is since when the hold is in force, as format writes it; the time of one that cannot be read is not known.
func (h Hold) SinceText(format func(time.Time) string) string {
	if h.Since.IsZero() {
		return "an unknown time"
	}
	return format(h.Since)
}

// Pause is one of the sends by an API of DANA, because it answered 429.
type Pause struct {
	API   string
	Until time.Time // then one send goes first; in the past, it is under way or nothing has been sent since
}

// String is one line for people.
func (p Pause) String() string {
	return fmt.Sprintf("DANA answers 429 (too many requests): sends by %s pause until %s, then one goes first", p.API, jakarta.Stamp(p.Until))
}

// ReadPauses returns the pauses of those of the APIs that have one.
func ReadPauses(ctx context.Context, rdb redis.UniversalClient, apis ...string) ([]Pause, error) {
	var pauses []Pause
	for _, api := range apis {
		fields, err := rdb.HGetAll(ctx, throttlePrefix+api).Result() // a right that readers have
		if err != nil {
			return nil, fmt.Errorf("read the pause of the sends by %s: %w", api, err)
		}
		if ms, err := strconv.ParseInt(fields["until"], 10, 64); err == nil { // else there is none, or it was damaged: the next send mends it
			pauses = append(pauses, Pause{api, time.UnixMilli(ms)})
		}
	}
	slices.SortFunc(pauses, func(a, b Pause) int { return a.Until.Compare(b.Until) })
	return pauses, nil
}
