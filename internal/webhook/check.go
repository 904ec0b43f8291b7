package webhook

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
)

const secretPrefix = "whsec_"

var (
	errURL    = errors.New("use an absolute https URL without user and fragment, such as https://example.com/salur")
	errHTTP   = errors.New("use https; http is for private networks alone, with SALUR_WEBHOOK_ALLOW_PRIVATE=true")
	errSecret = errors.New(`use whsec_ and the base64 of 24 to 64 random bytes, such as echo "whsec_$(openssl rand -base64 32)" prints, ` +
		"and commas or spaces between several")
)

// CheckURL tells what is wrong with a URL to post to, without quoting it: its path or query may
// hold a key.
func CheckURL(text string, allowPrivate bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Hostname() == "", u.User != nil, strings.Contains(text, "#"), u.Scheme != "https" && u.Scheme != "http":
		return errURL
	case u.Scheme == "http" && !allowPrivate:
		return errHTTP
	}
	return nil
}

// CheckSecret tells what is wrong with one secret, without quoting it. A text of somebody's own
// making is refused: it could be guessed, and receivers' libraries would read it as base64.
func CheckSecret(text string) error {
	encoded, prefixed := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !prefixed || err != nil || len(key) < 24 || len(key) > 64 || strings.ContainsAny(text, "\r\n") {
		return errSecret
	}
	return nil
}

// SplitSecrets are the secrets in a text, with commas or white space between them.
func SplitSecrets(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}
