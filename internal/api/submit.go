package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/intake"
)

// submit accepts one payout, or an array of them.
func (a *api) submit(c *call) (reply, error) {
	d, err := c.elements()
	if err != nil {
		return reply{}, err
	}
	if d.array {
		return a.submitMany(c, d)
	}
	body, err := d.only(c)
	if err != nil {
		return reply{}, err
	}
	p, err := intake.Object(body)
	if err != nil {
		return reply{}, &problem{kind: invalidFields, errors: faults(nil, err)}
	}
	c.count = 1
	results, err := a.accept(c, []salur.Payout{p})
	if err != nil {
		return reply{}, err
	}
	switch r := results[0]; {
	case errors.Is(r.Err, salur.ErrConflict):
		return reply{}, &problem{kind: conflict, errors: []fault{taken(nil, p.Ref)}}
	case errors.Is(r.Err, salur.ErrUnreadable):
		return reply{}, stored(r.Err)
	case errors.As(r.Err, new(*salur.InvalidError)):
		return reply{}, &problem{kind: invalidFields, errors: faults(nil, r.Err)}
	case r.Err != nil:
		return reply{}, unknown(results)
	default:
		c.header.Set("Location", "/v1/payouts/"+url.PathEscape(r.Ref))
		return reply{statusOf(results), r.Receipt}, nil
	}
}

// submitMany accepts all payouts of an array or none, as far as that can be known before: what somebody else does
// between the check and the acceptance is told for each payout.
func (a *api) submitMany(c *call, d *elements) (reply, error) {
	if err := a.large.enter(c); err != nil {
		_, _ = io.Copy(io.Discard, d.body)
		return reply{}, err
	}
	payouts, err := d.payouts(c)
	if err != nil {
		return reply{}, err
	}
	c.count = len(payouts)
	if err := a.check(c, payouts); err != nil {
		return reply{}, err
	}
	results, err := a.accept(c, payouts)
	if err != nil {
		return reply{}, err
	}
	late := false
	for _, r := range results {
		if r.Err != nil && !refused(r.Err) {
			return reply{}, unknown(results)
		}
		late = late || r.Err != nil
	}
	if late {
		return reply{}, &problem{kind: partlyAccepted, detail: "all were accepted but those with a problem in results", results: outcomes(results)}
	}
	return reply{statusOf(results), receipts(results)}, nil
}

// refused reports whether a payout is certain not to be accepted.
func refused(err error) bool {
	return errors.Is(err, salur.ErrConflict) || errors.Is(err, salur.ErrUnreadable) || errors.As(err, new(*salur.InvalidError))
}

// check refuses what is on record with other content, or beyond what is accepted at this time, before anything is accepted.
func (a *api) check(c *call, payouts []salur.Payout) error {
	ctx, cancel := context.WithTimeout(c.Context(), storeTime)
	defer cancel()
	results, err := a.payouts.Check(ctx, payouts)
	if err != nil {
		return stored(err)
	}
	var bad, invalid, unreadable []fault
	for i, r := range results {
		switch {
		case errors.Is(r.Err, salur.ErrConflict):
			bad = append(bad, taken(&i, r.Ref))
		case errors.Is(r.Err, salur.ErrUnreadable):
			unreadable = append(unreadable, fault{&i, "ref", r.Ref, r.Err.Error() + "; find out what became of its payout, and leave it out meanwhile"})
		case r.Err != nil:
			invalid = append(invalid, faults(&i, r.Err)...)
		}
	}
	switch {
	case len(invalid) > 0:
		return &problem{kind: invalidFields, errors: invalid}
	case len(unreadable) > 0:
		return &problem{kind: unreadableRecord, detail: "nothing was accepted", errors: unreadable}
	case len(bad) > 0:
		return &problem{kind: conflict, detail: "nothing was accepted", errors: bad}
	}
	return nil
}

// accept records payouts under the name of the key. What was begun is finished also when the client goes away, so that
// a retry of it meets no half.
func (a *api) accept(c *call, payouts []salur.Payout) ([]salur.Result, error) {
	if err := a.durable(c.Context()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), storeTime)
	defer cancel()
	results, err := a.payouts.As(c.key).EnqueueAll(ctx, payouts)
	if err != nil {
		return nil, stored(err)
	}
	return results, nil
}

// statusOf is 201 when a payout was recorded, and 200 when all of them had been before.
func statusOf(results []salur.Result) int {
	if slices.ContainsFunc(results, func(r salur.Result) bool { return !r.Duplicate }) {
		return http.StatusCreated
	}
	return http.StatusOK
}

func receipts(results []salur.Result) []salur.Receipt {
	all := make([]salur.Receipt, len(results))
	for i, r := range results {
		all[i] = r.Receipt
	}
	return all
}

// outcome is what became of one payout when not all were accepted: a receipt, or the type of a problem.
type outcome struct {
	Ref       string      `json:"ref"`
	State     salur.State `json:"state,omitempty"`
	Duplicate *bool       `json:"duplicate,omitempty"`
	Problem   string      `json:"problem,omitempty"`
}

func outcomes(results []salur.Result) []outcome {
	all := make([]outcome, len(results))
	for i, r := range results {
		all[i].Ref = r.Ref
		switch {
		case r.Err == nil:
			all[i].State, all[i].Duplicate = r.State, &r.Duplicate
		case errors.Is(r.Err, salur.ErrConflict):
			all[i].Problem = conflict.uri()
		case errors.Is(r.Err, salur.ErrUnreadable):
			all[i].Problem = unreadableRecord.uri()
		case refused(r.Err):
			all[i].Problem = invalidFields.uri()
		case errors.As(r.Err, new(*salur.RefusedError)):
			all[i].Problem = refusesWrites.uri()
		default:
			all[i].Problem = outcomeUnknown.uri()
		}
	}
	return all
}

// unknown is the answer when Redis failed while payouts were recorded: some may be on record, unless Redis has refused
// each of those that are not. To call one refused could
// make somebody pay under a new reference; asking for the same again is safe, and tells.
func unknown(results []salur.Result) error {
	p := &problem{kind: outcomeUnknown, detail: "make the same request again, with the same references; nobody is paid twice", retryAfter: soon, results: outcomes(results)}
	var refusal *salur.RefusedError
	certain := true
	for _, r := range results {
		if r.Err != nil && !refused(r.Err) {
			p.cause = r.Err
			certain = certain && errors.As(r.Err, &refusal)
		}
	}
	if certain && refusal != nil {
		p.kind, p.detail = refusesWrites, refusal.Error()
		if errors.Is(refusal, salur.ErrFull) {
			p.kind = full
		}
		if len(results) == 1 {
			p.results = nil // the problem says it all
		}
	}
	return p
}

func taken(index *int, ref string) fault {
	return fault{index, "ref", ref, "the reference exists with other content; give a new payout a reference of its own"}
}
