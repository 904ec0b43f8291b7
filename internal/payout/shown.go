package payout

import (
	"regexp"
	"strings"
)

// Shown is a reference, an amount or another value that is not personal, as an error names it: as it was written, clipped to
// 40 bytes. What may be a phone number that was put into the wrong field is masked.
func Shown(s string) string {
	if maybePhone.MatchString(bare(s)) {
		return Mask(s)
	}
	return clip(s)
}

// maybePhone is an Indonesian phone number: 62, 0 and 8, or the 8 alone that a spreadsheet leaves of 08, and 10 to 15 digits.
// Other digits before or behind it make another number of it.
var maybePhone = regexp.MustCompile(`(?:^|[^0-9])(?:62[0-9]{8,13}|08[0-9]{8,13}|8[1-9][0-9]{7,10})(?:$|[^0-9])`)

// shownAmount is an amount, as Shown. One with more figures than any amount has may be an account number.
func shownAmount(s string) string {
	whole := bare(decimals.ReplaceAllString(s, ""))
	if maybePhone.MatchString(whole) || tooLong.MatchString(whole) {
		return Mask(s)
	}
	return clip(s)
}

var (
	decimals = regexp.MustCompile(`[.,][0-9]{1,2}$`)
	tooLong  = regexp.MustCompile(`[0-9]{17}`)
)

// clip keeps an error line short whatever was typed.
func clip(s string) string {
	if len(s) <= 40 {
		return s
	}
	return strings.ToValidUTF8(s[:40], "") + "…"
}
