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
// punctuation and titles before the name are forgiven, nothing else. A name that one side does not
// tell contradicts nothing.
func SameName(a, b string) bool {
	x, y := bareName(a), bareName(b)
	return x == "" || y == "" || x == y
}

// bareName is a name in capitals without titles, spaces and punctuation.
func bareName(s string) string {
	words := strings.FieldsFunc(strings.ToUpper(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for len(words) > 1 && slices.Contains(titles, words[0]) { // a name that is a title is a name
		words = words[1:]
	}
	return strings.Join(words, "")
}
