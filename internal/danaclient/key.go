package danaclient

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Why a private key is refused. The texts are fixed: nothing of the key is ever in an error.
var (
	ErrKeyMissing = errors.New("the private key is empty")
	// ErrKeyMarkers: dashes, but no whole pair of markers of a kind that can hold the key.
	ErrKeyMarkers = errors.New("use both lines BEGIN/END PRIVATE KEY or BEGIN/END RSA PRIVATE KEY (not a public, encrypted, EC or OpenSSH key), or the bare base64 without any")
	// ErrKeyFormat: what stands between the markers is not a PKCS#8 or PKCS#1 key in base64.
	ErrKeyFormat = errors.New("not an unencrypted PKCS#8 or PKCS#1 key in base64; copy it again, whole")
	ErrKeyType   = errors.New("not an RSA key; DANA signs with RSA")
	ErrKeySize   = errors.New("shorter than 2048 bits; make one with openssl genrsa 2048 and register its public half with DANA")
)

// minKeyBits is what DANA asks of a merchant's key.
const minKeyBits = 2048

func checkSize(key *rsa.PrivateKey) error {
	if key.N.BitLen() < minKeyBits {
		return ErrKeySize
	}
	return nil
}

// ParsePrivateKey reads an RSA private key in any form in which it is handed around: PKCS#8
// or PKCS#1, PEM or bare base64, with newlines of any sort, with \n spelt out (once or twice over), with spaces
// instead, on one line, in quotes, as UTF-16, in base64 as a whole. It returns one of the ErrKey errors.
func ParsePrivateKey(text string) (*rsa.PrivateKey, error) {
	text = unpacked(compact(text))
	if text == "" {
		return nil, ErrKeyMissing
	}
	if strings.Contains(text, "--") {
		var whole bool
		if text, whole = betweenMarkers(text, "PRIVATEKEY-----", "RSAPRIVATEKEY-----"); !whole {
			return nil, ErrKeyMarkers
		}
	}
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, ErrKeyFormat
	}
	key, err := parseDER(der)
	if err != nil {
		return nil, err
	}
	if err := checkSize(key); err != nil {
		return nil, err
	}
	return key, nil
}

// ErrPublicKey: not an RSA public key of at least 2048 bits.
var ErrPublicKey = errors.New("public key: not an RSA key of at least 2048 bits in PEM or bare base64 (BEGIN PUBLIC KEY or BEGIN RSA PUBLIC KEY)")

// ParsePublicKey reads an RSA public key in any of the forms that ParsePrivateKey takes:
// DANA's own, by which its notifies are verified. It returns ErrKeyMissing or ErrPublicKey.
func ParsePublicKey(text string) (*rsa.PublicKey, error) {
	text = unpacked(compact(text))
	if text == "" {
		return nil, ErrKeyMissing
	}
	if strings.Contains(text, "--") {
		var whole bool
		if text, whole = betweenMarkers(text, "PUBLICKEY-----", "RSAPUBLICKEY-----"); !whole {
			return nil, ErrPublicKey
		}
	}
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, ErrPublicKey
	}
	key, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		parsed, _ := x509.ParsePKIXPublicKey(der)
		key, _ = parsed.(*rsa.PublicKey)
	}
	if key == nil || key.N.BitLen() < minKeyBits {
		return nil, ErrPublicKey
	}
	return key, nil
}

// compact brings every form to one: no white space, no spelt-out newlines, no quotes, no byte order mark, none of the zeros
// of UTF-16. None of them is part of base64.
func compact(text string) string {
	text = strings.NewReplacer(`\r`, "", `\n`, "").Replace(text)
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("\"'`\\\ufeff\x00", r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
}

// unpacked is the PEM that a compacted text is the base64 of, or the text itself: DER has no dashes in front.
func unpacked(text string) string {
	inner, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || !strings.HasPrefix(compact(string(inner)), "-----BEGIN") {
		return text
	}
	return compact(string(inner))
}

// betweenMarkers finds the base64 between a pair of markers, in compacted text.
func betweenMarkers(text string, kinds ...string) (string, bool) {
	for _, kind := range kinds {
		_, rest, begun := strings.Cut(text, "-----BEGIN"+kind)
		body, _, ended := strings.Cut(rest, "-----END"+kind)
		if begun && ended {
			return body, true
		}
	}
	return "", false
}

// parseDER tries both encodings whatever the marker said: PKCS#1 under a PKCS#8 marker is
// common. The errors of x509 are not passed on, for they may quote bytes of the key.
func parseDER(der []byte) (*rsa.PrivateKey, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key, nil
		}
		return nil, ErrKeyType
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return nil, ErrKeyFormat
}
