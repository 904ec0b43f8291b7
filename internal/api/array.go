package api

import (
	"errors"
	"fmt"
	"io"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/strictjson"
)

// most is how many payouts an array may have.
const most = 1000

// payouts reads an array and reports everything that is wrong with it. What is beyond the most that an array may have is not decoded.
func (d *elements) payouts(c *call) ([]salur.Payout, error) {
	var payouts []salur.Payout
	var bad []fault
	first := map[string]int{}
	for i := 0; ; i++ {
		element, err := d.next(c)
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.As(err, new(*strictjson.LengthError)) { // nothing behind it can be read
			bad = append(bad, faults(&i, err)...)
			return nil, &problem{kind: invalidFields, errors: bad}
		}
		switch {
		case err != nil:
			return nil, err
		case i == most:
			return nil, d.failed(c, errTooMany)
		}
		p, err := intake.Object(element)
		if err != nil {
			bad = append(bad, faults(&i, err)...)
		}
		payouts = append(payouts, p)
		if err != nil {
			continue
		}
		// The same payout twice is one, and the second a duplicate. What differs under one reference is a mistake,
		// and which of the two is meant is not known.
		if before, seen := first[p.Ref]; !seen {
			first[p.Ref] = i
		} else if payouts[before] != p {
			bad = append(bad, fault{&i, "ref", p.Ref, fmt.Sprintf("item %d has this reference with other content; give each payout a reference of its own", before)})
		}
	}
	switch {
	case len(payouts) == 0:
		return nil, &problem{kind: invalidCount, detail: "it has none"}
	case len(bad) > 0:
		return nil, &problem{kind: invalidFields, errors: bad}
	}
	return payouts, nil
}
