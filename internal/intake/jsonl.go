package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/payout"
)

// longestLine bounds one JSONL line, in bytes. A payout needs a few hundred.
const longestLine = 1 << 20

var (
	bom        = []byte("\xef\xbb\xbf") // what some editors put before UTF-8
	errTooLong = fmt.Errorf("longer than %d bytes; write one payout per line", longestLine)
	errUTF8    = errors.New("not UTF-8; save the file as UTF-8")
	errObject  = errors.New(`not one JSON object; write a payout per line, such as {"ref":"A-1","customer":"62811742234","amount":"10000"}`)
)

// readJSONL yields every line that is not blank.
func readJSONL(lines *bufio.Reader, yield func(Row, error) bool) error {
	var buffer []byte
	for number := 1; ; number++ {
		line, err := readLine(lines, buffer[:0])
		buffer = line
		var r Row
		switch line = bytes.TrimSpace(line); {
		case errors.Is(err, errTooLong):
			r, err = Row{Line: number, Err: errTooLong}, nil
		case err != nil && !errors.Is(err, io.EOF):
			return fmt.Errorf("reading payouts: %w", err)
		case len(line) > 0:
			if in, bad := decode(line); bad != nil {
				r = Row{Line: number, Err: bad}
			} else {
				r = row(number, in)
			}
		}
		if r.Line > 0 && !yield(r, nil) {
			return errEnough
		}
		if err != nil {
			return nil
		}
	}
}

// readLine appends a line to the buffer, and reads past the rest of one that is errTooLong. The
// last line comes with io.EOF.
func readLine(r *bufio.Reader, line []byte) ([]byte, error) {
	long := false
	for {
		part, err := r.ReadSlice('\n')
		long = long || len(line)+len(part) > longestLine
		if !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long && (err == nil || errors.Is(err, io.EOF)):
			return line, errTooLong // the end of the file, if it is that, is met again by the next call
		default:
			return line, err
		}
	}
}

// decode reads one object by hand, because encoding/json takes the last of two equal
// keys, any case of a key, and something after the object. Errors do not quote values.
func decode(line []byte) (in payout.Instruction, err error) {
	if !utf8.Valid(line) {
		return in, errUTF8
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return in, errObject
	}
	fields := reflect.ValueOf(&in).Elem()
	given := make([]bool, len(fieldNames))
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return in, errObject
		}
		name := token.(string) // the decoder lets nothing else be a key
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return in, errObject
		}
		i := slices.Index(fieldNames, name)
		if i < 0 {
			return in, errors.New("field " + unknownField(name))
		}
		if given[i] {
			return in, fmt.Errorf("field %q is there twice; keep one", name)
		}
		given[i] = true
		if string(value) == "null" { // not given
			continue
		}
		if json.Unmarshal(value, fields.Field(i).Addr().Interface()) != nil {
			if fields.Field(i).Kind() == reflect.Bool {
				return in, fmt.Errorf("%s: use true or false without quotes", name)
			}
			return in, fmt.Errorf("%s: use a text in double quotes", name)
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return in, errObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return in, errObject
	}
	return in, nil
}
