package payout

import (
	"regexp"
	"strings"
	"unicode"
)

// What people write most often in place of a value has a fix of its own: the one change that mends it. No fix repeats
// the value, for it may be personal.

var (
	decimalComma = regexp.MustCompile(`^[0-9]+,[0-9]{1,2}$`)
	thousands    = regexp.MustCompile(`^[0-9]{1,3}(?:[., ][0-9]{3})+(?:[.,][0-9]{1,2})?$`)
	currencyMark = regexp.MustCompile(`(?i)^(?:rp\.?|idr)\s*[0-9]|[0-9]\s*(?:rp|idr)$`)
	phoneMarks   = strings.NewReplacer("-", "", ".", "", "(", "", ")", "")
)

// mendedBy is the first of the changes that gives a good value, or otherwise when none does.
func mendedBy(value, otherwise string, good func(string) bool, changes ...change) string {
	for _, c := range changes {
		if mended := c.mend(value); mended != value && good(mended) {
			return c.say
		}
	}
	return otherwise
}

type change struct {
	say  string
	mend func(string) string
}

func withoutSpaces(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func bare(s string) string { return phoneMarks.Replace(withoutSpaces(s)) }

// customerFix is how to mend a phone number.
func customerFix(customer, otherwise string) string {
	withCountry := func(s string) string {
		if s, found := strings.CutPrefix(s, "0"); found {
			return "62" + s
		}
		return s
	}
	return mendedBy(customer, otherwise, validCustomer,
		change{"leave out the spaces", withoutSpaces},
		change{"write it without the +, beginning with 628", func(s string) string { return strings.TrimPrefix(s, "+") }},
		change{"write it with 62 in place of the first 0, beginning with 628", withCountry},
		change{"write it with 62 before it, beginning with 628", func(s string) string { return "62" + s }},
		change{"write digits alone, beginning with 628", func(s string) string { return withCountry(strings.TrimPrefix(bare(s), "+")) }},
		change{"write digits alone, beginning with 628 and without a 0 behind the 62", func(s string) string {
			return strings.Replace(strings.TrimPrefix(bare(s), "+"), "620", "62", 1)
		}})
}

// accountFix is how to mend an account number.
func accountFix(account, otherwise string) string {
	good := func(s string) bool { return s != "" && len(s) <= 32 && isDigits(s) }
	return mendedBy(account, otherwise, good,
		change{"leave out the spaces", withoutSpaces}, change{"write digits alone, without the separators", bare})
}

// amountFix is how to mend an amount that cannot be read.
func amountFix(amount, otherwise string) string {
	trimmed := strings.TrimSpace(amount)
	switch {
	case decimalComma.MatchString(trimmed):
		return "write the decimals after a point in place of the comma, such as 10000.50"
	case thousands.MatchString(trimmed):
		return "leave out the separators of thousands: write digits, such as 10000, or 10000.50 with decimals"
	case currencyMark.MatchString(trimmed):
		return "leave out the currency: write digits alone, such as 10000"
	case trimmed != amount:
		return "leave out the spaces"
	}
	return otherwise
}

// textFix is how to mend a text that is too long or has what is not printable.
func textFix(text, otherwise string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "leave out line breaks and other control characters"
	}
	return otherwise
}
