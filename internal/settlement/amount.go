package settlement

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/salur-id/salur/internal/payout"
)

// amount is how DANA writes one. 6000.0, 0.0 and -50 are all in its samples. They are what Java makes of
// a floating-point number, and Java writes ten million as 1.0E7: without a sign in the exponent, and exact.
var amount = regexp.MustCompile(`^(-?)([0-9]+)(?:\.([0-9]+))?(?:E([0-9]{1,2}))?$`)

// mangled is what a spreadsheet makes of a long number: 6.28117E+10. Its digits are lost.
var mangled = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE]\+[0-9]+$`)

// maxWhole is the most digits before the point, as money has it.
const maxWhole = 16

// cents reads an amount without ever making a floating-point number of it.
func cents(text string) (int64, bool) {
	parts := amount.FindStringSubmatch(text)
	if parts == nil || len(text) > 40 {
		return 0, false
	}
	whole, fraction := parts[2], parts[3]
	if parts[4] != "" {
		shift, err := strconv.Atoi(parts[4])
		if err != nil || shift > maxWhole {
			return 0, false
		}
		fraction += strings.Repeat("0", shift)
		whole, fraction = whole+fraction[:shift], fraction[shift:]
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(whole) > maxWhole || len(fraction) > 2 {
		return 0, false
	}
	n, err := strconv.ParseInt(parts[1]+whole+(fraction + "00")[:2], 10, 64)
	return n, err == nil
}

// show is a cell for a message. In a file that is no report it might be somebody's number.
func show(cell string) string {
	if longDigits.MatchString(cell) {
		cell = payout.Mask(cell)
	}
	return fmt.Sprintf("%.40q", cell)
}

var longDigits = regexp.MustCompile(`[0-9]{9}`)
