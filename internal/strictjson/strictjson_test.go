package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/strictjson"
)

type inner struct {
	Ref    string            `json:"ref"`
	Amount strictjson.Number `json:"amount,omitempty"`
	Check  bool              `json:"validate"`
}

type outer struct {
	V int `json:"v"`
	inner
}

var decoder = strictjson.New[outer](200)

func TestDecode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]outer{
		`{}`: {},
		` { "v" : 1 , "ref" : "A" , "amount" : 10000.50 , "validate" : true } `: {1, inner{"A", "10000.50", true}},
		`{"amount":"1e5","ref":"a\"b\\\\"}`:                                     {0, inner{`a"b\\`, "1e5", false}},
		`{"amount":-1}`:                                                         {0, inner{"", "-1", false}},
		`{"amount":9007199254740993.01}`:                                        {0, inner{"", "9007199254740993.01", false}},
		`{"\u0072ef":"\ud83d\ude00"}`:                                           {0, inner{"\U0001F600", "", false}},
		`{"ref":"\\ud83d"}`:                                                     {0, inner{`\ud83d`, "", false}},
		`{"ref":null,"amount":null,"validate":null}`:                            {},
		`{"ref":",:{}[]"}`:                                                      {0, inner{",:{}[]", "", false}},
		"{\"ref\":\"A\"}" + strings.Repeat("\n", 1000):                          {0, inner{"A", "", false}},
		`{"ref":"` + strings.Repeat("x", 200-10) + `"}`:                         {0, inner{strings.Repeat("x", 190), "", false}},
	} {
		if got, err := decoder.Decode([]byte(in)); err != nil || got != want {
			t.Errorf("%s\n got %+v, %v\nwant %+v", in, got, err, want)
		}
	}
}

// Whatever two readers of a document could read differently is refused, and the field is named.
func TestRefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"amount":"10","AMOUNT":"77000"}`:  `"AMOUNT": write it "amount"`,
		`{"Ref":"A"}`:                       `"Ref": write it "ref"`,
		`{"V":1}`:                           `"V": write it "v"`,
		"{\"validate\":true,\"\u017f\":1}":  `"ſ": does not exist; use v, ref, amount, validate`,
		`{"amount":"10","amount":"77000"}`:  `"amount": is there twice; keep one`,
		`{"amount":"10","\u0061mount":"9"}`: `"amount": is there twice; keep one`,
		`{"amount":"10","amount":null}`:     `"amount": is there twice; keep one`,
		`{"amuont":1}`:                      `"amuont": does not exist; did you mean "amount"?`,
		`{"phone":"62811742234"}`:           `"phone": does not exist; use v, ref, amount, validate`,
		`{"62811742234":1}`:                 `"***********": does not exist; use v, ref, amount, validate`,
		`{"ref":62811742234}`:               `"ref": use a text in double quotes`,
		`{"ref":{"a":"62811742234"}}`:       `"ref": use a text in double quotes`,
		`{"ref":["62811742234"]}`:           `"ref": use a text in double quotes`,
		`{"amount":true}`:                   `"amount": use a text in double quotes, or a number`,
		`{"amount":{"value":"1"}}`:          `"amount": use a text in double quotes, or a number`,
		`{"validate":"true"}`:               `"validate": use true or false without quotes`,
		`{"validate":1}`:                    `"validate": use true or false without quotes`,
		`{"v":"1"}`:                         `"v": use a whole number without quotes`,
		`{"v":1.0}`:                         `"v": use a whole number without quotes`,
		`{"v":99999999999999999999}`:        `"v": use a whole number without quotes`,
		`{"v":true}`:                        `"v": use a whole number without quotes`,
		`{"ref":"\ud83d"}`:                  `"ref": write the character itself; a \u escape of it is half`,
		`{"ref":"\ude00\ud83d"}`:            `"ref": write the character itself; a \u escape of it is half`,
		`{"ref":"\\ufffd\ud83d\\u"}`:        `"ref": write the character itself; a \u escape of it is half`,
		`{"ref":"A"}{}`:                     "not one JSON document",
		`{"ref":"A",}`:                      "not one JSON document",
		`{"ref":"A"`:                        "not one JSON document",
		`{"ref":"A" "v":1}`:                 "not one JSON document",
		`{"v":01}`:                          "not one JSON document",
		``:                                  "not one JSON document",
		`[{"ref":"A"}]`:                     "not one JSON object",
		`"A"`:                               "not one JSON object",
		`null`:                              "not one JSON object",
		"{\"ref\":\"caf\xe9\"}":             "not UTF-8",
		`{"ref":"` + strings.Repeat("x", 191) + `"}`: "longer than 200 bytes; a payout needs a few hundred",
	} {
		if got, err := decoder.Decode([]byte(in)); err == nil || err.Error() != want || got != (outer{}) {
			t.Errorf("%s\n got %+v, %v\nwant %s", in, got, err, want)
		}
	}
}

// What is taken is what encoding/json reads too, when it is asked to be as strict as it can.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"v":1,"ref":"A","amount":1.5,"validate":true}`, `{"ref":"\ud83d\ude00\\"}`, `{"amount":"1","amount":2}`, `{"ref":"\u00`, "{\"ref\":\"\xff\"}", "[[[["} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decoder.Decode(b)
		if err != nil {
			var field *strictjson.FieldError
			if errors.As(err, &field) && (strings.ContainsAny(field.Error(), "\n\r") || !utf8.ValidString(field.Field)) {
				t.Errorf("%q", err)
			}
			return
		}
		var fields map[string]any
		if err := json.Unmarshal(b, &fields); err != nil {
			t.Fatalf("%q was read as %+v: %v", b, got, err)
		}
		if ref, ok := fields["ref"].(string); ok && ref != got.Ref || fields["validate"] == true != got.Check {
			t.Errorf("%q was read as %+v", b, got)
		}
	})
}
