package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/strictjson"
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

// decode reads one object. The errors are one line and do not quote values.
func decode(line []byte) (payout.Instruction, error) {
	in, err := payout.Decode(line)
	switch {
	case errors.Is(err, strictjson.ErrUTF8):
		err = errUTF8
	case errors.Is(err, strictjson.ErrSyntax), errors.Is(err, strictjson.ErrNotObject):
		err = errObject
	}
	return in, err
}
