package sandbox

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// tokenName is the access token API as a target and in the state.
const tokenName = "access-token"

// token answers Access Token B2B (73): a token for symmetric signatures, for whoever signs
// asymmetrically.
func (s *Sandbox) token(w http.ResponseWriter, r *http.Request) {
	raw, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	entry, refused := s.arrived(r, tokenName)
	rep, how := s.tokenReply(r, raw, readErr, refused, &entry)
	s.conclude(w, r, entry, rep, how)
}

func (s *Sandbox) tokenReply(r *http.Request, raw []byte, readErr error, refused bool, entry *Request) (reply, Answer) {
	answer := func(cause, suffix string) (reply, Answer) { return newReply(tokenService, cause, suffix), Normal }
	for _, h := range []string{"X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE"} {
		if r.Header.Get(h) == "" {
			return answer(missingField, " "+h)
		}
	}
	stamp := r.Header.Get("X-TIMESTAMP")
	switch {
	case !validDate(stamp):
		return answer(fieldFormat, " X-TIMESTAMP")
	case refused || r.Header.Get("X-CLIENT-KEY") != s.cfg.PartnerID || s.cfg.ClientSecret == "":
		return answer(unauthorized, " Unknown Client")
	case !s.verify(s.cfg.PartnerID+"|"+stamp, r.Header.Get("X-SIGNATURE")):
		entry.Signature = "wrong"
		return answer(unauthorized, " Invalid Signature")
	}
	entry.Signature = "asymmetric"
	b, ok := readBody(raw)
	if readErr != nil || !ok {
		return answer(badRequest, "")
	}
	grant := b.must("grantType", 64)
	b.check(grant == "" || grant == "client_credentials", "grantType")
	if fault := b.fault(tokenService); fault != nil {
		return fault, Normal
	}
	token, how := s.newToken()
	return newReply(tokenService, successful, "").
		with("accessToken", token).
		with("tokenType", "Bearer").
		with("expiresIn", strconv.Itoa(int(s.cfg.TokenLife/time.Second))), how
}

func (s *Sandbox) newToken() (string, Answer) {
	b, now := s.open()
	defer s.mu.Unlock()
	b.dropTokens(now)
	token := newUUID()
	b.tokens[token] = now.Add(s.cfg.TokenLife)
	return token, b.nextAnswer(tokenService)
}

// dropTokens forgets the tokens that have ended.
func (b *books) dropTokens(now time.Time) {
	maps.DeleteFunc(b.tokens, func(_ string, end time.Time) bool { return !now.Before(end) })
}

func (s *Sandbox) validToken(token string) bool {
	b, now := s.open()
	defer s.mu.Unlock()
	return now.Before(b.tokens[token])
}

// verifyHMAC checks a base64 HMAC-SHA512 signature with the client secret.
func (s *Sandbox) verifyHMAC(text, signature string) bool {
	sig, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || s.cfg.ClientSecret == "" {
		return false
	}
	mac := hmac.New(sha512.New, []byte(s.cfg.ClientSecret))
	mac.Write([]byte(text))
	return hmac.Equal(sig, mac.Sum(nil))
}
