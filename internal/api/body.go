package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// largest is the most bytes of a body: a thousand payouts with every field at its longest take two MiB.
const largest = 4 << 20

// body reads a body that is one JSON document.
func (c *call) body() ([]byte, error) {
	mediaType, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, &problem{kind: unsupportedMediaType, detail: "send Content-Type: application/json"}
	}
	if coding := c.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, &problem{kind: unsupportedMediaType, detail: "send the body uncompressed, without Content-Encoding"}
	}
	b, err := io.ReadAll(http.MaxBytesReader(nil, c.Body, largest))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		c.header.Set("Connection", "close") // the rest of it is not read
		return nil, &problem{kind: tooLarge, detail: "send fewer payouts at once"}
	case err != nil:
		return nil, &problem{kind: invalidJSON, detail: "the body did not come to its end"}
	case bytes.HasPrefix(b, []byte("\x1f\x8b")):
		return nil, &problem{kind: invalidJSON, detail: "it is compressed with gzip; send it uncompressed"}
	case !utf8.Valid(b) || !json.Valid(b):
		return nil, &problem{kind: invalidJSON, detail: `write one JSON document in UTF-8, such as {"ref":"A-1","customer":"62811742234","amount":"10000"}`}
	}
	return bytes.TrimSpace(b), nil
}
