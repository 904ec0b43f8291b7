// Package nearest finds what a mistyped name was probably meant to be.
package nearest

import "strings"

// Name is the known name closest to word, upper and lower case being the same, and
// whether one is close enough to suggest: at most a third of its letters are wrong.
// Of equally close names the first is taken.
func Name(word string, known []string) (string, bool) {
	best, found := "", false
	least := len(word)/3 + 1
	for _, name := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(name), least); d < least {
			best, least, found = name, d, true
		}
	}
	return best, found
}

// distance is the number of bytes to insert, delete or replace, or of neighbours to swap, to turn a into b (optimal string
// alignment), or limit when it is certainly not below limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, row[j]+1, last[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
