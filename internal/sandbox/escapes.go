package sandbox

import (
	"encoding/json"
	"unicode/utf8"
)

// unescaped is a compact JSON document in which slashes and characters beyond ASCII are written plainly. All else stays as it
// came: it is what was signed by who escapes between signing and sending.
func unescaped(doc []byte) []byte {
	out := make([]byte, 0, len(doc))
	for i := 0; i < len(doc); {
		if doc[i] != '\\' {
			out = append(out, doc[i])
			i++
			continue
		}
		if doc[i+1] == '/' {
			out = append(out, '/')
			i += 2
			continue
		}
		n := 2
		if doc[i+1] == 'u' {
			n = 6
			if next := doc[i+6:]; len(next) >= 6 && next[0] == '\\' && next[1] == 'u' && surrogate(doc[i+2:]) {
				n = 12 // perhaps a surrogate pair
			}
			var s string
			if json.Unmarshal([]byte(`"`+string(doc[i:i+n])+`"`), &s) == nil && len(s) > 1 && s[0] >= utf8.RuneSelf {
				out = append(out, s...)
				i += n
				continue
			}
			n = 6
		}
		out = append(out, doc[i:i+n]...)
		i += n
	}
	return out
}

// surrogate: four hexadecimal digits from d800 to dfff.
func surrogate(digits []byte) bool {
	return digits[0]|0x20 == 'd' && (digits[1] >= '8' && digits[1] <= '9' || digits[1]|0x20 >= 'a' && digits[1]|0x20 <= 'f')
}
