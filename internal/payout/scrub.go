package payout

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Scrubber hides what is personal about one payout in texts that anybody may have written: an answer of any form, a reason
// that a person gave. What it looks for it finds in any case, in the usual escapes of HTML, JSON and URLs, with other white space
// between words, with separators between digits, and broken off at the end of the text. It cannot find what the payout does not say, such as the holder's name
// as a bank has it. The zero Scrubber hides nothing.
type Scrubber struct{ known []known }

type known struct {
	text *regexp.Regexp
	mask string
}

// Scrubber is one for this payout: its phone number, customer id, account number, account name and notes.
func (p Payout) Scrubber() Scrubber {
	var s Scrubber
	hide := func(text, mask string) {
		if len([]rune(text)) >= least {
			s.known = append(s.known, known{regexp.MustCompile(`(?i)` + pattern(text)), mask})
		}
	}
	if p.Customer != ByCustomerID {
		hide(p.Customer, Mask(p.Customer))
		hide(strings.TrimPrefix(p.Customer, "62"), "****") // as 0811… or +62 811…
	}
	hide(p.CustomerID, Mask(p.CustomerID))
	hide(p.Account, Mask(p.Account))
	hide(strings.TrimSpace(p.AccountName), "****")
	hide(strings.TrimSpace(p.Notes), "****")
	return s
}

// Clean is text with what is known hidden.
func (s Scrubber) Clean(text string) string {
	for _, k := range s.known {
		text = k.text.ReplaceAllLiteralString(text, k.mask)
	}
	return text
}

const (
	least     = 3 // characters: less would hide half of the text, and names nobody
	gap       = `(?:\s|&nbsp;|&#160;|&#xa0;|\x{a0}|\\u0020|\\u00a0|\\n|\\t|\+|%20|%0a)+`
	separator = `(?:[-. ]|&nbsp;|%20)?`
)

// pattern is a regular expression of the ways in which a text may be written, or begin at the end.
func pattern(text string) string {
	characters := written(text)
	if len(characters) < least {
		return strings.Join(characters, "")
	}
	cut := strings.Join(characters[:least], "")
	for _, c := range characters[least:] {
		cut += `(?:` + c
	}
	return strings.Join(characters, "") + `|` + cut + strings.Repeat(`)?`, len(characters)-least) + `$`
}

// written are the ways in which each character may be written; white space together is one.
func written(text string) (characters []string) {
	runes := []rune(text)
	for i, r := range runes {
		digit := r >= '0' && r <= '9'
		switch {
		case unicode.IsSpace(r):
			if i == 0 || !unicode.IsSpace(runes[i-1]) {
				characters = append(characters, gap)
			}
			continue
		case digit || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			characters = append(characters, string(r))
		default:
			ways := []string{string(r), html.EscapeString(string(r)), url.QueryEscape(string(r)), url.PathEscape(string(r)),
				fmt.Sprintf("&#%d;", r), fmt.Sprintf("&#x%x;", r), fmt.Sprintf(`\u%04x`, r), `\` + string(r)}
			if r == '\'' {
				ways = append(ways, "&apos;")
			}
			if r == '"' {
				ways = append(ways, "&quot;")
			}
			for j, way := range ways {
				ways[j] = regexp.QuoteMeta(way)
			}
			characters = append(characters, `(?:`+strings.Join(ways, "|")+`)`)
		}
		if digit && i+1 < len(runes) && runes[i+1] >= '0' && runes[i+1] <= '9' {
			characters[len(characters)-1] += separator
		}
	}
	return characters
}
