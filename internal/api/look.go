package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/salur-id/salur"
)

// A page of a list has at most mostListed payouts, and listed when no limit is asked for.
const (
	listed     = 100
	mostListed = 1000
)

// states are all that a payout can be in.
var states = []salur.State{
	salur.Queued, salur.Processing, salur.Pending, salur.Review, salur.Succeeded, salur.Failed, salur.Refunded,
}

// show is one payout with its history.
func (a *api) show(c *call) (reply, error) {
	// The mux takes the rest of the path, because it has no other way to take a reference that is one slash.
	if rest := strings.TrimPrefix(c.URL.EscapedPath(), "/v1/payouts/"); strings.Contains(rest, "/") {
		return reply{}, &problem{kind: noSuchPath, detail: "write / in a reference as %2F"}
	}
	ctx, cancel := context.WithTimeout(c.Context(), storeTime)
	defer cancel()
	tx, err := a.payouts.Get(ctx, c.PathValue("ref"))
	if err != nil {
		return reply{}, stored(err)
	}
	return ok(tx), nil
}

// list is a page of payouts, the newest first.
func (a *api) list(c *call) (reply, error) {
	q, bad := readQuery(c.URL.RawQuery)
	if len(bad) > 0 {
		return reply{}, &problem{kind: invalidQuery, errors: bad}
	}
	if q.Limit > listed {
		if err := a.large.enter(c); err != nil {
			return reply{}, err
		}
	}
	ctx, cancel := context.WithTimeout(c.Context(), storeTime)
	defer cancel()
	found, err := a.payouts.List(ctx, q)
	var invalid *salur.InvalidError
	switch {
	case errors.As(err, &invalid):
		return reply{}, &problem{kind: invalidQuery, errors: faults(nil, err)}
	case err != nil:
		return reply{}, stored(err)
	}
	return ok(found), nil
}

// readQuery reads the parameters of a list. A name that is not known would else be a filter that is not in force.
func readQuery(raw string) (salur.Query, []fault) {
	q := salur.Query{Limit: listed}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, []fault{{Fix: "write name=value, with & between them, percent-encoded"}}
	}
	var bad []fault
	wrong := func(name, value, fix string) { bad = append(bad, fault{nil, name, fmt.Sprintf("%.40s", value), fix}) }
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		if len(values[name]) > 1 {
			wrong(name, value, "is there more than once; keep one")
			continue
		}
		var err error
		switch name {
		case "state":
			if q.State = salur.State(value); !slices.Contains(states, q.State) {
				wrong(name, value, "use queued, processing, pending, review, succeeded, failed or refunded")
			}
		case "since":
			if q.Since, err = time.Parse(time.RFC3339, value); err != nil {
				wrong(name, value, fixTime)
			}
		case "until":
			if q.Until, err = time.Parse(time.RFC3339, value); err != nil {
				wrong(name, value, fixTime)
			}
		case "limit":
			if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 1 || q.Limit > mostListed {
				wrong(name, value, fmt.Sprintf("use a whole number from 1 to %d", mostListed))
			}
		case "cursor":
			q.Cursor = value
		default:
			wrong("", name, "there is no such parameter; use state, since, until, limit and cursor")
		}
	}
	return q, bad
}

const fixTime = "use RFC 3339, such as 2026-12-31T17:00:00+07:00, with the + as %2B"
