package danaclient

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"

	"github.com/salur-id/salur/internal/payout"
)

// maxRaw is how much of an unclear answer is kept, in bytes: what a person needs to see
// what it was, and little enough for a ledger entry.
const maxRaw = 4 << 10

var (
	digitRun = regexp.MustCompile(`[0-9]{9,}`)
	// personal is a JSON member that names the payee or is a secret; its text may be cut off
	// at the end.
	personal = regexp.MustCompile(`(?is)("(?:customername|customerid|beneficiaryaccountname|beneficiaryaccountnumber|notes|accesstoken|clientsecret)"\s*:\s*)(?:"(?:[^"\\]|\\.)*\\?"?|[0-9]+)`)
)

// secrets are those of them that are a secret.
var secrets = regexp.MustCompile(`(?is)("(?:accesstoken|clientsecret)"\s*:\s*)(?:"(?:[^"\\]|\\.)*\\?"?|[0-9]+)`)

// hideSecrets hides secrets and leaves all else as it is, byte for byte.
func hideSecrets(b []byte) []byte { return secrets.ReplaceAll(b, []byte(`$1"****"`)) }

// mask hides what may name the payee (names, customerId, account numbers, and any run of
// nine or more digits that begins like an Indonesian phone number: 62, 08, 8), and secrets.
func mask(b []byte) []byte {
	if !bytes.ContainsAny(b, `"0123456789`) {
		return b // as most messages are
	}
	b = personal.ReplaceAll(b, []byte(`$1"****"`))
	return digitRun.ReplaceAllFunc(b, func(run []byte) []byte {
		for _, start := range []string{"62", "08", "8"} {
			if bytes.HasPrefix(run, []byte(start)) {
				return []byte(payout.Mask(string(run)))
			}
		}
		return run
	})
}

// Mask hides in a text what answers and audit records hide: names, account numbers and secrets in JSON, and digits
// that look like a phone number.
func Mask(text string) string { return string(mask([]byte(text))) }

// hide masks a text about p. What p says of its payee is found in any text, a web page included, where mask alone finds
// only what looks like a phone number or has its name in JSON beside it.
func hide(b []byte, p payout.Payout) []byte {
	if plain(b) {
		return b
	}
	return mask([]byte(p.Scrubber().Clean(string(b))))
}

// plain is a message of DANA's that most answers have, and that needs no looking into.
func plain(b []byte) bool {
	return len(b) == 0 || string(b) == "Successful" || string(b) == "Success" || string(b) == "Request In Progress"
}

// keep is the part of an unclear answer about p that goes on record. What is personal is hidden before it is cut, so that a
// cut cannot turn a phone number into digits that look like none.
func keep(answer []byte, p payout.Payout) []byte {
	b := hide(answer, p)
	return b[:min(len(b), maxRaw)]
}

// hideInError hides the same in the text of an error, which may quote the answer. It stays the error that it is.
func hideInError(err error, p payout.Payout) error {
	text := err.Error()
	if shown := string(hide([]byte(text), p)); shown != text {
		return hiddenError{shown, err}
	}
	return err
}

type hiddenError struct {
	text string
	err  error
}

func (e hiddenError) Error() string { return e.text }
func (e hiddenError) Unwrap() error { return e.err }

// clean makes a text from outside fit for logs, terminals and records: at most n runes (an
// ellipsis tells that there were more), no control characters.
func clean(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
