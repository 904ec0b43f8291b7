package payout

import (
	"slices"
	"strings"
	"unicode"
)

// titles stand before a name and are no part of it: forms of address, religious and academic
// titles, and the legal forms of companies, as Indonesian banks write them.
var titles = []string{
	"BPK", "BAPAK", "IBU", "SDR", "SDRI", "SAUDARA", "SAUDARI", "TN", "TUAN", "NY", "NYONYA", "NN", "NONA", "MR", "MRS", "MS",
	"H", "HJ", "HAJI", "HAJJAH", "DR", "DRS", "DRA", "DRG", "IR", "PROF", "PT", "CV", "UD", "PD", "FA", "YAYASAN", "KOPERASI",
}

// SameName tells whether two names of an account's holder may be one person's: case, spaces,
// punctuation and titles before the name are forgiven, nothing else. A side without a letter or digit gives no name, and is
// the same as nothing.
func SameName(a, b string) bool {
	x := bareName(a)
	return x != "" && x == bareName(b)
}

// IsName tells whether s has anything that SameName could compare: "****" has not.
func IsName(s string) bool { return bareName(s) != "" }

// bareName is a name in capitals without titles, spaces and punctuation.
func bareName(s string) string {
	words := strings.FieldsFunc(strings.ToUpper(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for len(words) > 1 && slices.Contains(titles, words[0]) { // a name that is a title is a name
		words = words[1:]
	}
	return strings.Join(words, "")
}
