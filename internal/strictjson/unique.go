package strictjson

import (
	"bytes"
	"encoding/json"
	"slices"
)

// UniqueNames reports whether b is a JSON document in which no object, at any depth, has a name twice. Escapes in names are
// resolved first. Two readers of a name that is there twice may see two values.
func UniqueNames(b []byte) bool {
	if !json.Valid(b) {
		return false
	}
	t := tokens(b)
	return t.unique(t.next())
}

// unique looks at the value that begins with token.
func (t *tokens) unique(token []byte) bool {
	switch token[0] {
	case '[':
		for {
			if token = t.next(); token[0] == ']' {
				return true
			}
			if !t.unique(token) {
				return false
			}
		}
	case '{':
		names := make([][]byte, 0, 16) // as many as DANA's largest answers have
		for {
			if token = t.next(); token[0] == '}' {
				break
			}
			name := token[1 : len(token)-1]
			if bytes.IndexByte(name, '\\') >= 0 {
				resolved, err := unquote(token)
				if err != nil { // half a character: it may be read as another name
					return false
				}
				name = []byte(resolved)
			}
			names = append(names, name)
			if !t.unique(t.next()) {
				return false
			}
		}
		slices.SortFunc(names, bytes.Compare)
		for i := 1; i < len(names); i++ {
			if bytes.Equal(names[i-1], names[i]) {
				return false
			}
		}
	}
	return true
}
