package strictjson

import (
	"strings"
	"testing"
)

func TestUniqueNames(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]bool{
		`{}`:                          true,
		` {"a":1,"A":2,"b":{"a":1}} `: true, // another case is another name
		`{"a":{"x":1},"b":[{"x":1},{"x":2}],"c":"a\"b","d":null,"e":-1.5e3}`: true,
		`[]`:                               true,
		`"text"`:                           true,
		`{"a":1,"a":1}`:                    false,
		`{"a":1,"b":2,"\u0061":3}`:         false,
		`{"a":{"b":1,"c":2,"b":3}}`:        false,
		`{"a":[1,[{"b":1,"b":2}]]}`:        false,
		`{"a":[{"b":[]},{"c":{}}],"a":""}`: false,
		`{"a\ud800":1}`:                    false, // half a character
		`{"a":1`:                           false,
		`{"a":1}{"b":1}`:                   false,
		``:                                 false,
	} {
		if got := UniqueNames([]byte(doc)); got != want {
			t.Errorf("%s: %v", doc, got)
		}
	}
	if deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000); !UniqueNames([]byte(deep)) {
		t.Error("deep nesting is not read")
	}
}
