package danaclient

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
)

// bodyHash is the lower-case hex SHA-256 that stands for the body in the string to sign.
func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// sign makes X-SIGNATURE by SNAP's asymmetric scheme: RSA PKCS#1 v1.5 with SHA-256, in
// base64, over method, path, body hash and X-TIMESTAMP. The path is the one on the wire,
// the body is the bytes on the wire.
func sign(key *rsa.PrivateKey, method, path, timestamp string, body []byte) (string, error) {
	sum := sha256.Sum256([]byte(method + ":" + path + ":" + bodyHash(body) + ":" + timestamp))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
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
