package transactions

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/statemachine"
)

// perPage is how many payouts a page of the list has.
const perPage = 50

type list struct {
	State, Since, Until string // as typed
	Bad                 []problem
	Rows                []listRow
	Unreadable          []string
	Next, First         string // addresses; First of a page that is not the first
}

type listRow struct {
	salur.Transaction
	Payee string
	Due   time.Time // zero when nothing is scheduled
}

// problem is a value that cannot be used.
type problem struct{ Field, Value, Fix string }

func (s *site) list(r *http.Request) (page, error) {
	v := r.URL.Query()
	l := list{State: v.Get("state"), Since: strings.TrimSpace(v.Get("since")), Until: strings.TrimSpace(v.Get("until"))}
	q := salur.Query{State: salur.State(l.State), Limit: perPage, Cursor: v.Get("cursor")}
	q.Since, q.Until = l.period()
	if l.State != "" && !slices.Contains(statemachine.States, statemachine.State(l.State)) {
		l.wrong("state", l.State, "choose one of the states")
	}
	if len(l.Bad) > 0 {
		return page{status: http.StatusBadRequest, template: "list", Title: "Payouts", Data: l}, nil
	}
	found, err := s.payouts.List(r.Context(), q)
	var invalid *salur.InvalidError
	switch {
	case errors.As(err, &invalid):
		for _, f := range invalid.Fields {
			l.wrong(f.Field, f.Value, f.Fix)
		}
		return page{status: http.StatusBadRequest, template: "list", Title: "Payouts", Data: l}, nil
	case err != nil:
		return page{}, err
	}
	l.Unreadable = found.Unreadable
	for _, tx := range found.Transactions {
		row := listRow{Transaction: tx, Payee: payee(tx)}
		if tx.NextActionAt != nil {
			row.Due = tx.NextActionAt.Time
		}
		l.Rows = append(l.Rows, row)
	}
	if found.Next != "" {
		l.Next = l.address(found.Next)
	}
	if q.Cursor != "" {
		l.First = l.address("")
	}
	return page{template: "list", Title: "Payouts", Data: l}, nil
}

func (l *list) wrong(field, value, fix string) {
	l.Bad = append(l.Bad, problem{field, short(value), fix})
}

// period reads since and until.
func (l *list) period() (since, until time.Time) {
	read := func(field, text string) time.Time {
		t, ok := parseTime(text)
		if !ok {
			l.wrong(field, text, "use a day, such as 2026-12-31, a day and time of Jakarta, such as 2026-12-31 17:00, or RFC 3339")
		}
		return t
	}
	since, until = read("since", l.Since), read("until", l.Until)
	if len(l.Bad) == 0 && !until.IsZero() && !since.Before(until) {
		l.wrong("until", l.Until, "it must be later than since")
	}
	return since, until
}

// parseTime reads a time as it is typed; no text is the zero time. A day begins at Jakarta's midnight.
func parseTime(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, jakarta.Zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (l *list) address(cursor string) string {
	q := url.Values{}
	for name, value := range map[string]string{"state": l.State, "since": l.Since, "until": l.Until, "cursor": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return Path + "list?" + q.Encode()
}

// short is the beginning of a value that is repeated in an error.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
