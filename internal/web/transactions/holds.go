package transactions

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/gate"
)

// logOnHolds is how many entries of the log the page of holds shows.
const logOnHolds = 50

type holdsView struct {
	Holds        []holdRow
	Log          []changeRow
	Hold, Resume form
}

// holdRow is a hold for people. It is shown by what it says of itself, so that a cause that is new here needs nothing.
type holdRow struct {
	Who, Cause, Reason, Ref string
	Since                   time.Time
	Age                     string
	Person                  bool
	Probes                  int
	NextProbe               time.Time
}

type changeRow struct {
	At         time.Time
	Lifted     bool
	Holds      []holdRow
	By, Reason string // who lifted them and why
}

func (s *site) holds(r *http.Request) (page, error) {
	return s.holdsPage(r.Context(), form{})
}

// holdsPage is the page with a form that was sent and has to be mended, if there is one.
func (s *site) holdsPage(ctx context.Context, sent form) (page, error) {
	holds, log, err := s.readHolds(ctx, logOnHolds)
	if err != nil {
		return page{}, err
	}
	v := holdsView{Holds: holds, Log: log, Hold: s.form(actHold, "", sent), Resume: s.form(actResume, "", sent)}
	return page{template: "holds", Title: "Holds", Data: v}, nil
}

func (s *site) readHolds(ctx context.Context, entries int) ([]holdRow, []changeRow, error) {
	holds, err := gate.ReadHolds(ctx, s.Redis)
	if err != nil {
		return nil, nil, err
	}
	log, err := gate.Log(ctx, s.Redis, entries)
	if err != nil {
		return nil, nil, err
	}
	changes := make([]changeRow, len(log))
	for i, c := range log {
		changes[i] = changeRow{At: c.At, Lifted: len(c.Lifted) > 0, Holds: s.holdRows(append(c.Held, c.Lifted...)), By: c.Person, Reason: c.Reason}
		if c.Person == "" {
			changes[i].By = "a probe, which found the cause gone"
		}
	}
	return s.holdRows(holds), changes, nil
}

func (s *site) holdRows(holds []gate.Hold) []holdRow {
	rows := make([]holdRow, len(holds))
	for i, h := range holds {
		rows[i] = holdRow{
			Who: "the system", Cause: strings.ReplaceAll(string(h.Cause), "_", " "), Reason: h.Reason, Ref: h.Ref,
			Since: h.Since, Age: age(s.Now().Sub(h.Since)), Person: h.By == gate.ByPerson, Probes: h.Probes, NextProbe: h.NextProbe,
		}
		if rows[i].Person {
			rows[i].Who = h.Person
		}
	}
	return rows
}
