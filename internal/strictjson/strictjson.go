// Package strictjson reads JSON objects that carry instructions, and takes nothing but what is meant: the names in their
// exact case, each name once, no other names, the right JSON types. encoding/json takes any case of a name and the last of
// two equal names, so that two readers of one document may see two amounts.
//
// Objects are flat: a field is a text, a number, or true or false. No error repeats a value, which may be personal.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/nearest"
)

// What a document can be instead of one JSON object.
var (
	ErrUTF8      = errors.New("not UTF-8")
	ErrSyntax    = errors.New("not one JSON document")
	ErrNotObject = errors.New("not one JSON object")
)

// LengthError is a document that is longer than allowed.
type LengthError struct{ Most int } // bytes

// Error names the bound.
func (e *LengthError) Error() string {
	return fmt.Sprintf("longer than %d bytes; a payout needs a few hundred", e.Most)
}

// FieldError is one field that cannot be taken: unknown, there twice, or of another JSON type.
type FieldError struct {
	Field string // as it is written, but without the digits of a name that no field has
	Fix   string
}

// Error is one line.
func (e *FieldError) Error() string { return fmt.Sprintf("%q: %s", e.Field, e.Fix) }

// Decoder reads objects into structs of type T. It is safe for use by several goroutines.
type Decoder[T any] struct {
	names  []string
	fields []field
	most   int
}

type field struct {
	index []int
	kind  kind
}

// kind is a JSON type, and how to write it.
type kind string

const (
	text   kind = "use a text in double quotes"
	digits kind = "use a text in double quotes, or a number"
	number kind = "use a whole number without quotes"
	truth  kind = "use true or false without quotes"
)

// Number is a text of digits, which may be written as a JSON number too. It is kept digit by digit, so that nothing is
// rounded on the way in.
type Number string

// New is a decoder into T, a struct whose fields, embedded ones included, are named by their json tags. Their types are
// string, Number, int and bool. A document has at most so many bytes.
func New[T any](most int) *Decoder[T] {
	d := &Decoder[T]{most: most}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		d.names = append(d.names, name)
		d.fields = append(d.fields, field{f.Index, kindOf(f.Type)})
	}
	return d
}

func kindOf(t reflect.Type) kind {
	switch {
	case t == reflect.TypeFor[Number]():
		return digits
	case t.Kind() == reflect.String:
		return text
	case t.Kind() == reflect.Bool:
		return truth
	case t.Kind() == reflect.Int:
		return number
	}
	panic("strictjson: no field can be a " + t.String())
}

// Names are the fields in their order.
func (d *Decoder[T]) Names() []string { return slices.Clone(d.names) }

// Decode reads one object and nothing behind it. A field that is null is not given. The errors are a *FieldError,
// *LengthError, ErrUTF8, ErrSyntax and ErrNotObject.
func (d *Decoder[T]) Decode(b []byte) (v T, err error) {
	switch b = bytes.TrimSpace(b); {
	case len(b) > d.most:
		return v, &LengthError{d.most}
	case !utf8.Valid(b):
		return v, ErrUTF8
	case !json.Valid(b):
		return v, ErrSyntax
	case b[0] != '{':
		return v, ErrNotObject
	}
	var read T
	into, given := reflect.ValueOf(&read).Elem(), make([]bool, len(d.names))
	for rest := tokens(b[1:]); ; {
		token := rest.next()
		if token[0] == '}' {
			return read, nil
		}
		name, err := unquote(token)
		if err != nil {
			return v, ErrSyntax
		}
		i := slices.Index(d.names, name)
		switch {
		case i < 0:
			return v, d.unknown(name)
		case given[i]:
			return v, &FieldError{name, "is there twice; keep one"}
		}
		given[i] = true
		if fix := d.fields[i].set(into, rest.next()); fix != "" {
			return v, &FieldError{name, fix}
		}
	}
}

// set writes a value into its field, or tells how to write it.
func (f field) set(into reflect.Value, token []byte) (fix string) {
	at := into.FieldByIndex(f.index)
	switch first := token[0]; {
	case first == 'n': // null: not given
	case first == '"' && (f.kind == text || f.kind == digits):
		s, err := unquote(token)
		if err != nil {
			return "write the character itself; a \\u escape of it is half"
		}
		at.SetString(s)
	case (first == '-' || first >= '0' && first <= '9') && f.kind == digits:
		at.SetString(string(token))
	case (first == 't' || first == 'f') && f.kind == truth:
		at.SetBool(first == 't')
	default:
		n, err := strconv.Atoi(string(token))
		if f.kind != number || err != nil {
			return string(f.kind)
		}
		at.SetInt(int64(n))
	}
	return ""
}

// unknown is what to say of a name that no field has. It is shown without its digits: it may be somebody's number, for
// want of the name before it.
func (d *Decoder[T]) unknown(name string) error {
	for _, known := range d.names {
		if strings.EqualFold(known, name) {
			return &FieldError{name, fmt.Sprintf("write it %q", known)}
		}
	}
	shown := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '*'
		}
		return r
	}, fmt.Sprintf("%.40s", name))
	if near, ok := nearest.Name(name, d.names); ok {
		return &FieldError{shown, fmt.Sprintf("does not exist; did you mean %q?", near)}
	}
	return &FieldError{shown, "does not exist; use " + strings.Join(d.names, ", ")}
}

// tokens are what is left of a document that is known to be valid JSON: where what is there already says where a value
// ends, commas and colons say nothing more.
type tokens []byte

// next is a text with its quotes, a bracket, or a number or word.
func (t *tokens) next() []byte {
	b := bytes.TrimLeft(*t, " \t\r\n,:")
	end := 1
	switch b[0] {
	case '"':
		for ; b[end] != '"'; end++ {
			if b[end] == '\\' {
				end++
			}
		}
		end++
	case '{', '}', '[', ']':
	default:
		if end = bytes.IndexAny(b, " \t\r\n,:{}[]\""); end < 0 {
			end = len(b)
		}
	}
	*t = b[end:]
	return b[:end]
}

var errHalf = errors.New("half of a surrogate pair")

// unquote is the text that a JSON text stands for. encoding/json makes U+FFFD of half a surrogate pair, so that two texts
// become one; that is an error here.
func unquote(token []byte) (s string, err error) {
	if !bytes.ContainsRune(token, '\\') {
		return string(token[1 : len(token)-1]), nil
	}
	for i := 0; i < len(token); i++ {
		if token[i] != '\\' {
			continue
		}
		if i++; token[i] != 'u' || !utf16.IsSurrogate(unit(token[i+1:])) {
			continue
		}
		second := token[i+5:]
		if !bytes.HasPrefix(second, []byte(`\u`)) || utf16.DecodeRune(unit(token[i+1:]), unit(second[2:])) == utf8.RuneError {
			return "", errHalf
		}
		i += 10
	}
	err = json.Unmarshal(token, &s)
	return s, err
}

// unit is the four hexadecimal digits that a text begins with.
func unit(digits []byte) rune {
	n, _ := strconv.ParseUint(string(digits[:4]), 16, 16) // valid JSON has them
	return rune(n)
}
