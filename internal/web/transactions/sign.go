package transactions

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// goodFor is how many hours a form can be sent after its page was made.
const goodFor = 24

// signer proves that a form was made by this page for whoever knows the password: another site can have a
// browser send its login along, but cannot read the proof.
//
// There is no session to bind it to, for basic auth has none. So the proof is bound to the password, the act, the payout and
// the hour, and any worker behind the same address can check it.
type signer []byte

func newSigner(secret string) signer {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("salur: forms of the page of transactions"))
	return mac.Sum(nil)
}

func (s signer) proof(now time.Time, act, ref string) string {
	return s.at(now.Unix()/3600, act, ref)
}

func (s signer) at(hour int64, act, ref string) string {
	mac := hmac.New(sha256.New, s)
	fmt.Fprintf(mac, "%d %q %q", hour, act, ref)
	return fmt.Sprintf("%d.%s", hour, hex.EncodeToString(mac.Sum(nil)))
}

func (s signer) proves(proof string, now time.Time, act, ref string) bool {
	text, _, _ := strings.Cut(proof, ".")
	hour, err := strconv.ParseInt(text, 10, 64)
	old := now.Unix()/3600 - hour
	// Another worker's clock may be an hour ahead at the turn of the hour.
	return err == nil && old >= -1 && old <= goodFor && hmac.Equal([]byte(proof), []byte(s.at(hour, act, ref)))
}
