package intake

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/salur-id/salur/internal/payout"
)

// months are the names and abbreviations of months that spreadsheets read, in English and in Indonesian.
const months = `jan(?:uary|uari)?|feb(?:ruary|ruari)?|mar(?:ch|et)?|apr(?:il)?|may|mei|june?|juni|july?|juli|` +
	`aug(?:ust)?|agu(?:s|stus)?|agt|ags|sept?(?:ember)?|oct(?:ober)?|okt(?:ober)?|nov(?:ember)?|nop(?:ember)?|dec(?:ember)?|des(?:ember)?`

var (
	onlyDigits    = regexp.MustCompile(`^[0-9]+$`)
	exponent      = regexp.MustCompile(`^[0-9]*[.,]?[0-9]+[.,]?[eE][+-]?[0-9]+$`)
	decorated     = regexp.MustCompile(`(?i)^\(?(?:rp\.?|idr|\$)?[0-9.,]*[0-9][0-9.,]*(?:%|\$|rp|idr)?\)?$`) // 1.5, 1,000, Rp500, 5%, (5)
	clock         = regexp.MustCompile(`(?i)^[0-9]+(?::[0-9.,]+){1,2}(?:am?|pm?)?$|^[0-9]{1,2}[ap]m?$`)
	numericDate   = regexp.MustCompile(`(?i)^([0-9]+)[-/.]([0-9]+)(?:[-/.]([0-9]+))?(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?$`)
	monthDate     = regexp.MustCompile(`(?i)^(?:[0-9]+[-/.,]?){0,2}(?:` + months + `)(?:[-/.,]?[0-9]+){0,2}$`)
	oneDigit      = regexp.MustCompile(`[0-9]`)
	truth         = regexp.MustCompile(`(?i)^(?:true|false|benar|salah)$`)
	sheetsError   = regexp.MustCompile(`^#(?:#+|N/A|[A-Z0/]+[!?])$`)
	longestNumber = 15 // digits that a spreadsheet keeps of a number
)

// rewritten tells what a spreadsheet does to a reference when it opens a CSV file and saves it again; empty when it leaves it
// alone. Excel, LibreOffice and Google Sheets are meant, each with the settings of English and of Indonesian. A rewritten
// reference is another payout, and its payee is paid again.
func rewritten(ref string) string {
	switch {
	case ref == "":
		return ""
	case onlyDigits.MatchString(ref):
		switch {
		case len(ref) > longestNumber:
			return "keeps 15 digits of a number and makes the others zeros"
		case len(ref) > 1 && ref[0] == '0':
			return "drops the leading zeros of a number"
		}
		return ""
	case exponent.MatchString(ref):
		return "reads it as a number with an exponent"
	case strings.ContainsRune("+-=@'", rune(ref[0])):
		return "reads what begins with " + ref[:1] + " as a formula or a mark of its own"
	case truth.MatchString(ref):
		return "reads it as true or false"
	case sheetsError.MatchString(ref):
		return "writes this in place of a formula that it cannot compute"
	case clock.MatchString(ref):
		return "reads it as a time"
	case isNumericDate(ref), monthDate.MatchString(ref) && oneDigit.MatchString(ref):
		return "reads it as a date"
	case decorated.MatchString(ref):
		return "reads it as a number"
	}
	return ""
}

// isNumericDate reports whether two or three numbers can be a date: one of them is a month.
func isNumericDate(ref string) bool {
	for _, part := range numericDate.FindStringSubmatch(ref) {
		if n, err := strconv.Atoi(part); err == nil && n >= 1 && n <= 12 {
			return true
		}
	}
	return false
}

// checkRef is the error of a reference that a spreadsheet would rewrite, nil for another.
func checkRef(ref string) error {
	what := rewritten(ref)
	if what == "" || scientific.MatchString(ref) { // of that parse speaks, with the other numbers of the row
		return nil
	}
	return payout.InvalidError{{Field: "ref", Value: payout.Shown(ref), Fix: "a spreadsheet " + what + ", and a file that it saved would pay again; " +
		"put a letter before it, such as P1, or give --refs-as-written when it is meant so"}}
}
