package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/strictjson"
)

const (
	// largest is the most bytes of a body: a thousand payouts with every field at its longest take two MiB.
	largest = 4 << 20
	// longestElement bounds how much of one element is read, white space around it included. payout.Decode refuses less.
	longestElement = 2 * payout.LargestDocument
)

// elements are a body that is one JSON document, read element by element: what is in memory is one of them, whatever is sent.
type elements struct {
	body    io.Reader
	bound   *bounded
	dec     *json.Decoder
	array   bool
	begun   bool
	element json.RawMessage
}

// elements begins to read a body.
func (c *call) elements() (*elements, error) {
	mediaType, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, &problem{kind: unsupportedMediaType, detail: "send Content-Type: application/json"}
	}
	if coding := strings.Join(c.Header.Values("Content-Encoding"), ","); coding != "" && !strings.EqualFold(coding, "identity") {
		c.header.Set("Accept-Encoding", "identity") // RFC 9110, 15.5.16
		return nil, &problem{kind: unsupportedMediaType, detail: "send the body as it is, without Content-Encoding (compression)"}
	}
	d := &elements{body: http.MaxBytesReader(nil, c.Body, largest)}
	text := bufio.NewReader(d.body)
	first, err := afterSpace(text)
	if err != nil {
		return nil, d.failed(c, err)
	}
	d.array = first == '['
	d.bound = &bounded{from: text, left: longestElement}
	d.dec = json.NewDecoder(d.bound)
	if d.array {
		_, err = d.dec.Token()
	}
	return d, err
}

// next is the next element of an array, or the one value that the document is. It is good until the next call. At the end of the
// document it is io.EOF; any other error ends it too, and is a problem or a *strictjson.LengthError.
func (d *elements) next(c *call) ([]byte, error) {
	d.bound.left = longestElement
	if d.array && d.dec.More() || !d.array && !d.begun {
		d.begun = true
		if err := d.dec.Decode(&d.element); err != nil {
			return nil, d.failed(c, err)
		}
		if !utf8.Valid(d.element) {
			return nil, d.failed(c, strictjson.ErrUTF8)
		}
		return d.element, nil
	}
	if d.array {
		if _, err := d.dec.Token(); err != nil { // the bracket that ends it
			return nil, d.failed(c, err)
		}
	}
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, d.failed(c, err)
	}
	return nil, io.EOF
}

// failed is the problem that an error of reading is. What is left of the body is read to nowhere: a client that still sends would
// not see the answer.
func (d *elements) failed(c *call, err error) error {
	_, unread := io.Copy(io.Discard, d.body)
	switch {
	case errors.As(unread, new(*http.MaxBytesError)):
		c.header.Set("Connection", "close") // the rest of it is not read
		return &problem{kind: tooLarge, detail: "send fewer payouts at once"}
	case unread != nil:
		return &problem{kind: invalidJSON, detail: "the body did not come to its end"}
	case errors.Is(err, errTooMany):
		return &problem{kind: invalidCount, detail: fmt.Sprintf("it has more than %d", most)}
	case errors.Is(err, errBeyond):
		return &strictjson.LengthError{Most: payout.LargestDocument}
	}
	return &problem{kind: invalidJSON, detail: `write one JSON document in UTF-8, such as {"ref":"A-1","customer":"62811742234","amount":"10000"}`}
}

// object is the body's one value.
func (c *call) object() ([]byte, error) {
	d, err := c.elements()
	switch {
	case err != nil:
		return nil, err
	case d.array:
		_, _ = io.Copy(io.Discard, d.body)
		return nil, &problem{kind: invalidFields, errors: faults(nil, intake.ErrNotObject)}
	}
	return d.only(c)
}

// only is the one value of a document that is no array.
func (d *elements) only(c *call) ([]byte, error) {
	value, err := d.next(c)
	if errors.As(err, new(*strictjson.LengthError)) {
		err = &problem{kind: invalidFields, errors: faults(nil, err)}
	}
	if err != nil {
		return nil, err
	}
	value = bytes.Clone(value)
	if _, err := d.next(c); !errors.Is(err, io.EOF) {
		return nil, err
	}
	return value, nil
}

// afterSpace is the first byte that is no white space of JSON; it is still to be read.
func afterSpace(r *bufio.Reader) (byte, error) {
	for {
		c, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, r.UnreadByte()
		}
	}
}

// bounded ends an element that is too long.
type bounded struct {
	from io.Reader
	left int // bytes that the present element may still take
}

// What ends the reading of a body that may be good JSON.
var (
	errBeyond  = errors.New("beyond an element's length")
	errTooMany = errors.New("beyond the elements of an array")
)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBeyond
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
