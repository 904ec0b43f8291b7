package salur

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/ledger"
)

// A cursor is the creation of the last payout of a page, in milliseconds, and its reference. It
// is encoded, so that nobody comes to rely on its form.
func writeCursor(last ledger.Cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(last.CreatedAt.UnixMilli(), 10) + " " + last.Ref))
}

func readCursor(text string) (ledger.Cursor, error) {
	if text == "" {
		return ledger.Cursor{}, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	at, ref, _ := strings.Cut(string(decoded), " ")
	millis, notNumber := strconv.ParseInt(at, 10, 64)
	if err != nil || notNumber != nil || ref == "" {
		return ledger.Cursor{}, &InvalidError{Fields: []FieldError{{Field: "cursor", Value: text[:min(40, len(text))], Fix: "use the one that the page before gave, as it is, or none for the first page"}}}
	}
	return ledger.Cursor{CreatedAt: time.UnixMilli(millis), Ref: ref}, nil
}
