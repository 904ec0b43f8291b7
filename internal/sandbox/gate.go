package sandbox

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
)

// maxBody bounds every request body. The largest honest one is about 6 KiB.
const maxBody = 64 << 10

// SNAP service codes, the middle two digits of a responseCode.
const (
	accountInquiry = "37"
	topUpService   = "38"
	statusService  = "39"
)

// api is one SNAP API: the last element of its path, its service code, and what answers
// a request that has passed the gate.
type api struct {
	name    string
	service string
	answer  func(b *body) (reply, Answer)
}

// mandatoryHeaders are looked at in this order; the first absent one is named.
var mandatoryHeaders = []string{"X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"}

// snap puts the checks common to all SNAP APIs before a, in the order that DANA's
// sandbox shows: headers present, signature, then the body.
//
// Not enforced, because DANA's own SDKs would fail it: the length of CHANNEL-ID, the
// age of X-TIMESTAMP, digits-only X-EXTERNAL-ID.
func (s *Sandbox) snap(a api) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		refused := s.arrived(a.name)
		refuse := func(cause, suffix string) { s.deliver(w, r, newReply(a.service, cause, suffix), Normal) }

		for _, h := range mandatoryHeaders {
			if r.Header.Get(h) == "" {
				refuse(missingField, " "+h)
				return
			}
		}
		if readErr != nil {
			refuse(badRequest, "")
			return
		}
		if refused || r.Header.Get("X-PARTNER-ID") != s.cfg.PartnerID {
			refuse(unauthorized, " Unknown Client")
			return
		}
		if !s.signed(r, raw) {
			refuse(unauthorized, " Invalid Signature")
			return
		}
		b, ok := readBody(raw)
		if !ok {
			refuse(badRequest, "")
			return
		}
		b.check(validDate(r.Header.Get("X-TIMESTAMP")), "X-TIMESTAMP")
		b.check(len(r.Header.Get("X-EXTERNAL-ID")) <= 36, "X-EXTERNAL-ID")
		rep, how := a.answer(b)
		s.deliver(w, r, rep, how)
	}
}

// arrived counts a request and tells whether the partner's credentials are refused just now.
func (s *Sandbox) arrived(name string) (refused bool) {
	b, _ := s.open()
	defer s.mu.Unlock()
	b.requests[name]++
	return b.refusing
}

// signed verifies X-SIGNATURE over METHOD:path:hash:timestamp, where hash is the lower-case
// hex SHA-256 of the body as it came or without its insignificant white space: DANA's SDKs
// sign the compact form, and some of them send another.
func (s *Sandbox) signed(r *http.Request, raw []byte) bool {
	signature := r.Header.Get("X-SIGNATURE")
	verify := func(b []byte) bool {
		sum := sha256.Sum256(b)
		return s.verify(r.Method+":"+r.URL.RequestURI()+":"+hex.EncodeToString(sum[:])+":"+r.Header.Get("X-TIMESTAMP"), signature)
	}
	if verify(raw) {
		return true
	}
	var compact bytes.Buffer
	return json.Compact(&compact, raw) == nil && verify(compact.Bytes())
}

// verify checks a base64 RSA PKCS#1 v1.5 SHA-256 signature of the merchant.
func (s *Sandbox) verify(text, signature string) bool {
	sig, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(text))
	return rsa.VerifyPKCS1v15(s.cfg.PublicKey, crypto.SHA256, sum[:], sig) == nil
}
