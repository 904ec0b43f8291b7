package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/sandbox"
)

func tokenRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, tokenPath, strings.NewReader(body))
	r.Header.Set("X-TIMESTAMP", timestamp)
	r.Header.Set("X-CLIENT-KEY", "partner")
	r.Header.Set("X-SIGNATURE", sign("partner|"+timestamp))
	return r
}

const grant = `{"grantType":"client_credentials","additionalInfo":{}}`

// symmetric is request, signed with the token.
func symmetric(path, body, token string) *http.Request {
	r := request(path, body)
	sum := sha256.Sum256([]byte(body))
	mac := hmac.New(sha512.New, []byte("s3cret"))
	mac.Write([]byte("POST:" + path + ":" + token + ":" + hex.EncodeToString(sum[:]) + ":" + timestamp))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-SIGNATURE", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r
}

func TestSymmetricSignature(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 2, 30, 0, 0, time.UTC)
	b := setupAt(t, func() time.Time { return now })
	h := b.do(tokenRequest(grant))
	expectCode(t, h, "2007300")
	expectField(t, h, "tokenType", "Bearer")
	expectField(t, h, "expiresIn", "900")
	token, _ := h.fields["accessToken"].(string)
	pay := func(ref string) *http.Request { return symmetric(topUpPath, topUpBody(ref, good, "1.00"), token) }
	expectCode(t, b.do(pay("R-1")), "2003800")

	forged := pay("R-2")
	forged.Header.Set("X-SIGNATURE", base64.StdEncoding.EncodeToString(make([]byte, 64)))
	expectCode(t, b.do(forged), "4013800")
	bySignature := request(topUpPath, topUpBody("R-2", good, "1.00")) // a good asymmetric one does not do with a token
	bySignature.Header.Set("Authorization", "Bearer "+token)
	expectCode(t, b.do(bySignature), "4013800")
	h = b.do(symmetric(topUpPath, topUpBody("R-2", good, "1.00"), "made up"))
	expectCode(t, h, "4013801")
	expectField(t, h, "responseMessage", "Invalid Token (B2B)")

	for _, other := range []string{"Basic " + token, "bearer" + token, token, "Bearer "} { // a header is a wish for symmetric
		r := pay("R-2")
		r.Header.Set("Authorization", other)
		expectCode(t, b.do(r), "4013801")
	}
	if n := b.State().Tokens; n != 1 {
		t.Errorf("%d tokens", n)
	}

	now = now.Add(900 * time.Second)
	expectCode(t, b.do(pay("R-3")), "4013801")
	if n := b.State().Tokens; n != 0 {
		t.Errorf("%d tokens after they have ended", n)
	}
	h = b.do(tokenRequest(grant))
	token, _ = h.fields["accessToken"].(string)
	expectCode(t, b.do(pay("R-3")), "2003800")
	b.RevokeTokens()
	expectCode(t, b.do(pay("R-4")), "4013801")
	if n := len(b.books().Credits); n != 2 {
		t.Errorf("%d credits", n)
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body   string
		change func(*http.Request)
		want   string
	}{
		"no timestamp":      {grant, func(r *http.Request) { r.Header.Del("X-TIMESTAMP") }, "4007302 Invalid Mandatory Field X-TIMESTAMP"},
		"no client":         {grant, func(r *http.Request) { r.Header.Del("X-CLIENT-KEY") }, "4007302 Invalid Mandatory Field X-CLIENT-KEY"},
		"no signature":      {grant, func(r *http.Request) { r.Header.Del("X-SIGNATURE") }, "4007302 Invalid Mandatory Field X-SIGNATURE"},
		"timestamp in UTC":  {grant, func(r *http.Request) { r.Header.Set("X-TIMESTAMP", "2026-11-21T02:30:00Z") }, "4007301 Invalid Field Format X-TIMESTAMP"},
		"another client":    {grant, func(r *http.Request) { r.Header.Set("X-CLIENT-KEY", "other") }, "4017300 Unauthorized. Unknown Client"},
		"another signature": {grant, func(r *http.Request) { r.Header.Set("X-SIGNATURE", sign("partner")) }, "4017300 Unauthorized. Invalid Signature"},
		"no body":           {"", nil, "4007300 Bad Request"},
		"no grant":          {"{}", nil, "4007302 Invalid Mandatory Field grantType"},
		"another grant":     {`{"grantType":"password"}`, nil, "4007301 Invalid Field Format grantType"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := tokenRequest(tc.body)
			if tc.change != nil {
				tc.change(r)
			}
			h := b.do(r)
			if got := h.code() + " " + h.fields["responseMessage"].(string); got != tc.want || h.fields["accessToken"] != nil {
				t.Errorf("%s, want %s", h.body, tc.want)
			}
		})
	}
	t.Run("no client secret", func(t *testing.T) {
		t.Parallel()
		b := setupWith(t, func(c *sandbox.Config) { c.ClientSecret = "" })
		expectCode(t, b.do(tokenRequest(grant)), "4017300")
	})
}
