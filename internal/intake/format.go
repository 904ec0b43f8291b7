package intake

import (
	"bytes"
	"slices"
)

// FormatError is a file that is neither CSV nor JSONL, whatever its name says: what it is, and how to make a text of it.
type FormatError string

// Error is one line.
func (e FormatError) Error() string { return string(e) }

// What a file may be instead.
const (
	ErrUTF16    FormatError = "the file is UTF-16; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
	errWorkbook FormatError = "the file is an Excel workbook (or another zip archive), whatever its name says; open it and save it as CSV UTF-8"
	errOldExcel FormatError = "the file is an old Excel workbook, whatever its name says; open it and save it as CSV UTF-8"
	errPacked   FormatError = "the file is compressed; unpack it first (gunzip, unxz, bunzip2, unzstd)"
	errPDF      FormatError = "the file is a PDF; export the payouts as CSV UTF-8"
	errMarkup   FormatError = "the file is HTML or XML, as some programs write for Excel; open it in a spreadsheet and save it as CSV UTF-8"
	errCR       FormatError = "the lines of the file end with a carriage return alone (old Macintosh); save it as CSV UTF-8, with LF or CRLF line ends"
)

// signatures are what other formats begin with.
var signatures = []struct {
	start string
	is    FormatError
}{
	{"\xff\xfe", ErrUTF16}, {"\xfe\xff", ErrUTF16},
	{"PK\x03\x04", errWorkbook}, {"PK\x05\x06", errWorkbook}, {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", errOldExcel},
	{"\x1f\x8b", errPacked}, {"\xfd7zXZ\x00", errPacked}, {"BZh", errPacked}, {"\x28\xb5\x2f\xfd", errPacked}, {"%PDF-", errPDF}, {"<", errMarkup},
}

// notText is the error of a file that begins so and is no text with lines, else nil.
func notText(start []byte) error {
	for _, s := range signatures {
		if bytes.HasPrefix(start, []byte(s.start)) {
			return s.is
		}
	}
	switch cr := bytes.IndexByte(start, '\r'); {
	case slices.Contains(start[:min(len(start), 2)], 0): // half of every plain letter of UTF-16
		return ErrUTF16
	case cr >= 0 && !bytes.Contains(start, []byte("\n")) && cr < len(start)-1:
		return errCR
	}
	return nil
}
