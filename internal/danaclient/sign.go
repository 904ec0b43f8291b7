package danaclient

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math/big"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
)

// bodyHash is the lower-case hex SHA-256 that stands for the body in the string to sign.
func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Signature is how requests are signed.
type Signature uint8

// The signatures of SNAP.
const (
	// Asymmetric signs with the merchant's RSA key.
	Asymmetric Signature = iota
	// Symmetric signs with the client secret and a token that is fetched for it (B2B access
	// token).
	Symmetric
)

// sign makes X-SIGNATURE by SNAP's asymmetric scheme: RSA PKCS#1 v1.5 with SHA-256, in
// base64, over method, path, body hash and X-TIMESTAMP. The path is the one on the wire,
// the body is the bytes on the wire.
func sign(key *rsa.PrivateKey, method, path, timestamp string, body []byte) (string, error) {
	return signRSA(key, method+":"+path+":"+bodyHash(body)+":"+timestamp)
}

// newMAC is what signSymmetric signs with: HMAC-SHA512 with the client secret.
func newMAC(secret string) hash.Hash { return hmac.New(sha512.New, []byte(secret)) }

// signSymmetric makes X-SIGNATURE by SNAP's symmetric scheme: HMAC-SHA512 with the client
// secret, in base64, over the same and the token. The mac is used again and again, one call
// at a time.
func signSymmetric(mac hash.Hash, method, path, token, timestamp string, body []byte) string {
	mac.Reset()
	mac.Write([]byte(method + ":" + path + ":" + token + ":" + bodyHash(body) + ":" + timestamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signRSA is RSA PKCS#1 v1.5 with SHA-256, in base64.
func signRSA(key *rsa.PrivateKey, text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

// signedByDANA verifies DANA's signature of a JSON document, as it came or without
// insignificant white space: DANA signs the compact form, and does not say which it sends.
func signedByDANA(key *rsa.PublicKey, document []byte, signature string, text func(document []byte) []byte) bool {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	verify := func(document []byte) bool {
		sum := sha256.Sum256(text(document))
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) == nil
	}
	if verify(document) {
		return true
	}
	var compact bytes.Buffer
	return json.Compact(&compact, document) == nil && verify(compact.Bytes())
}

// externalIDs is how many X-EXTERNAL-IDs one second has: 22 random digits.
var externalIDs = new(big.Int).Exp(big.NewInt(10), big.NewInt(22), nil)

// NewExternalID is a fresh X-EXTERNAL-ID: 36 digits, the Jakarta second and 22 random ones.
// SNAP wants a numeric string that is unique within the day; every attempt needs its own.
func NewExternalID(now time.Time) string {
	n, err := rand.Int(rand.Reader, externalIDs)
	if err != nil { // crypto/rand ends the program rather than fail
		panic(err)
	}
	return fmt.Sprintf("%s%022d", now.In(jakarta.Zone).Format("20060102150405"), n)
}
