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
	"strings"
)

// maxBody bounds every request body. The largest honest one is about 6 KiB.
const maxBody = 64 << 10

// SNAP service codes, the middle two digits of a responseCode.
const (
	accountInquiry     = "37"
	topUpService       = "38"
	statusService      = "39"
	bankInquiryService = "42"
	transferService    = "43"
	bankStatusService  = "00"
	tokenService       = "73"
)

// api is one SNAP API: its service code, and what answers a request that has passed the gate.
type api struct {
	service string
	answer  func(b *body) (reply, Answer)
}

// mandatoryHeaders are looked at in this order; the first absent one is named.
var mandatoryHeaders = []string{"X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"}

// snap puts the checks common to all SNAP APIs before a, in the order that DANA's
// sandbox shows: headers present, signature, then the body.
//
// Never enforced, because no page of DANA's says it: the age of X-TIMESTAMP, digits-only X-EXTERNAL-ID. What its pages say and
// its own SDKs or fixtures break is enforced in strict mode alone (strict.go).
func (s *Sandbox) snap(a api) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		entry, refused := s.arrived(r, apiOf[a.service])
		b, ok := readBody(raw)
		entry.Ref = b.ref()
		refuse := func(cause, suffix string) {
			rep := newReply(a.service, cause, suffix)
			if a.service == bankInquiryService { // which repeats it in every answer
				rep.with("partnerReferenceNo", entry.Ref)
			}
			s.conclude(w, r, entry, rep, Normal)
		}
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
		if s.cfg.Strict {
			if cause, suffix := strictly(r); cause != "" {
				refuse(cause, suffix)
				return
			}
		}
		if refused || r.Header.Get("X-PARTNER-ID") != s.cfg.PartnerID {
			refuse(unauthorized, " Unknown Client")
			return
		}
		cause := ""
		if entry.Signature, cause = s.signed(r, raw); cause == unauthorized {
			refuse(cause, " Invalid Signature")
			return
		} else if cause != "" {
			refuse(cause, "")
			return
		}
		if s.cfg.Strict && s.reused(entry.ExternalID) {
			refuse(reusedID, "")
			return
		}
		if !ok {
			refuse(badRequest, "")
			return
		}
		b.strict, b.token = s.cfg.Strict, bearer(r.Header.Get("Authorization-Customer"))
		b.check(validDate(r.Header.Get("X-TIMESTAMP")), "X-TIMESTAMP")
		b.check(len(r.Header.Get("X-EXTERNAL-ID")) <= 36, "X-EXTERNAL-ID")
		rep, how := a.answer(b)
		s.conclude(w, r, entry, rep, how)
	}
}

// signed verifies X-SIGNATURE, symmetrically when there is an Authorization header, over the
// body as it came or without its insignificant white space: DANA's SDKs sign the compact form,
// and some of them send another. cause is empty when it verifies.
func (s *Sandbox) signed(r *http.Request, raw []byte) (scheme, cause string) {
	bodies := [][]byte{raw}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) == nil {
		bodies = append(bodies, compact.Bytes())
		if s.cfg.EscapedBodies {
			bodies = append(bodies, unescaped(compact.Bytes()))
		}
	}
	authorization := r.Header.Get("Authorization")
	symmetric := authorization != ""
	token, bearer := strings.CutPrefix(authorization, "Bearer ")
	if symmetric && (!bearer || !s.validToken(token)) {
		return "wrong", invalidToken
	}
	signature, stamp := r.Header.Get("X-SIGNATURE"), r.Header.Get("X-TIMESTAMP")
	for _, body := range bodies {
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:])
		switch {
		case symmetric && s.verifyHMAC(r.Method+":"+r.URL.RequestURI()+":"+token+":"+hash+":"+stamp, signature):
			return "symmetric", ""
		case !symmetric && s.verify(r.Method+":"+r.URL.RequestURI()+":"+hash+":"+stamp, signature):
			return "asymmetric", ""
		}
	}
	return "wrong", unauthorized
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
