package intake

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

var (
	groupFirst = regexp.MustCompile(`^[0-9]{1,3}$`)
	groupNext  = regexp.MustCompile(`^[0-9]{3}(?:\.[0-9]{1,2})?$`)
	wholeOnly  = regexp.MustCompile(`^[0-9]+$`)
	twoDigits  = regexp.MustCompile(`^[0-9]{2}$`)
)

// splitNumber is the error of a row where a number with separators seems to stand in more than one cell: 1,500,000 under
// amount,fee,notes would be IDR 1 with a fee of 500, and 1750000,50 a fee of 50.
func splitNumber(columns []int, cells []string) error {
	name := func(at int) string {
		if columns[at] == unnamed {
			return ""
		}
		return fieldNames[columns[at]]
	}
	for at := range columns[:len(columns)-1] {
		if name(at) != "amount" && name(at) != "fee" {
			continue
		}
		rest := cells[at+1:]
		end := slices.IndexFunc(rest, func(cell string) bool { return !groupNext.MatchString(cell) })
		if end < 0 {
			end = len(rest)
		}
		next := name(at + 1)
		switch {
		case groupFirst.MatchString(cells[at]) && end > 0 && (end > 1 || next != "bankCode"): // which has three digits
			return fmt.Errorf("%s and the next %d cells together look like one number with separators of thousands; "+
				"write it without separators, or with its decimals when it is meant so (500.00)", name(at), end)
		case next == "fee" && wholeOnly.MatchString(cells[at]) && twoDigits.MatchString(cells[at+1]):
			return errors.New("amount and fee together look like one number with a decimal comma; " +
				"write the decimals of the amount after a point, and a fee with its own (50.00)")
		}
	}
	return nil
}
