package danaclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/statemachine"
)

// APIToken is Access Token B2B, service 73; only symmetric signatures need it.
const APIToken API = "access-token"

const (
	tokenPath    = "/v1.0/access-token/b2b.htm"
	tokenCode    = "2007300"
	tokenService = "73"
)

// whyNoToken: the token could not be had, and the request could not be signed without.
const whyNoToken statemachine.Why = "no_token"

var errNoToken = errors.New("access token")

// tokens keeps the B2B access token: fetched once for all who need it, and renewed before
// it ends.
type tokens struct {
	c        *Client
	fetching singleflight.Group

	mu      sync.Mutex
	token   string
	renewAt time.Time
}

// get is a token to sign with, or the exchange that could not begin for want of one.
//
// Nothing of the caller's request was sent then, whatever became of the token's own: that
// is proven, for the request did not exist yet.
func (t *tokens) get(ctx context.Context) (string, *Exchange) {
	if token := t.current(); token != "" {
		return token, nil
	}
	fetched := t.fetching.DoChan("", func() (any, error) {
		if token := t.current(); token != "" { // another fetch ended just now
			return tokenResult{token: token}, nil
		}
		// Not the context of the caller who happens to be first: others wait for it too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.c.cfg.Timeout)
		defer cancel()
		return t.tracedFetch(ctx), nil
	})
	select {
	case <-ctx.Done():
		x := notSent(whyNoToken, fmt.Errorf("waiting for the %w: %w", errNoToken, ctx.Err()))
		x.Fault = errors.Is(ctx.Err(), context.DeadlineExceeded)
		return "", &x
	case r := <-fetched:
		got := r.Val.(tokenResult)
		return got.token, got.failed
	}
}

func (t *tokens) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.c.cfg.Now().Before(t.renewAt) {
		return t.token
	}
	return ""
}

// drop forgets a token that DANA refused, unless it has been renewed since.
func (t *tokens) drop(refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == refused {
		t.token, t.renewAt = "", time.Time{}
	}
}

type tokenResult struct {
	token  string
	failed *Exchange
}

// tracedFetch is fetch with a span, in the trace of the caller who happens to be first.
func (t *tokens) tracedFetch(ctx context.Context) tokenResult {
	ctx, end := t.c.span(ctx, APIToken, t.c.base.JoinPath(tokenPath).String(), "")
	r := t.fetch(ctx)
	x := Exchange{Outcome: statemachine.Outcome{Kind: statemachine.Succeeded}}
	if r.failed != nil {
		x = *r.failed
	}
	end(x)
	return r
}

// fetch asks DANA for a token (SNAP, Access Token B2B).
func (t *tokens) fetch(ctx context.Context) tokenResult {
	asked := t.c.cfg.Now()
	payload := []byte(`{"grantType":"client_credentials","additionalInfo":{}}`)
	ctx, connected := traced(ctx)
	req, err := t.c.tokenRequest(ctx, asked, payload)
	if err != nil {
		x := notSent(whyNotBuilt, fmt.Errorf("%w: %w", errNoToken, err))
		return tokenResult{failed: &x}
	}
	r := t.c.roundTrip(req, connected, service{api: APIToken}, payload)
	if r.err != nil {
		x := notSent(whyNoToken, fmt.Errorf("%w: %w", errNoToken, r.err))
		x.Fault = true
		return tokenResult{failed: &x}
	}
	token, life, failed := readToken(r)
	if failed != nil {
		return tokenResult{failed: failed}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// Renewed when a fifth of its life is left, a minute at most: a request that is under way
	// must not outlive its token, and no clock agrees with another to the second.
	t.token, t.renewAt = token, asked.Add(life-min(life/5, time.Minute))
	return tokenResult{token: token}
}

func (c *Client) tokenRequest(ctx context.Context, now time.Time, payload []byte) (*http.Request, error) {
	req, err := c.post(ctx, c.base.JoinPath(tokenPath).String(), payload)
	if err != nil {
		return nil, err
	}
	timestamp := jakarta.Format(now)
	signature, err := signRSA(c.cfg.Key, c.cfg.PartnerID+"|"+timestamp)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-TIMESTAMP", timestamp)
	req.Header.Set("X-CLIENT-KEY", c.cfg.PartnerID)
	req.Header.Set("X-SIGNATURE", signature)
	return req, nil
}

// readToken reads the answer. Its text is in no error, for it may hold the token.
func readToken(r reply) (token string, life time.Duration, failed *Exchange) {
	f, _ := document(r.answer) // what is no JSON object has no code
	code := text(f["responseCode"])
	ours := len(code) == 7 && isDigits(code) && code[3:5] == tokenService
	seconds, err := strconv.ParseUint(text(f["expiresIn"]), 10, 31)
	token = text(f["accessToken"])
	if ours && code == tokenCode && r.status/100 == 2 && err == nil && seconds > 0 && validToken(token) {
		return token, time.Duration(seconds) * time.Second, nil
	}
	x := notSent(whyNoToken, fmt.Errorf("%w: DANA answered HTTP %d, code %q", errNoToken, r.status, clean(code, 7)))
	switch {
	case !ours:
		x.Fault = true
	case code[:3] == "429":
	case code[0] == '4' && (r.status/100 == 2 || strconv.Itoa(r.status) == code[:3]):
		x.Outcome = statemachine.Outcome{Kind: statemachine.Denied, Why: statemachine.CredentialsRefused, Code: code}
	default:
		x.Fault = true
	}
	x.HTTPStatus = r.status
	return "", 0, &x
}

// validToken: what can stand in a header, at most 2048 characters (SNAP).
func validToken(s string) bool {
	if s == "" || len(s) > 2048 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// tokenRefused reports whether DANA refused the token rather than the caller: 401xx01
// (invalid) or 401xx03 (not found).
func tokenRefused(o statemachine.Outcome) bool {
	return o.Kind == statemachine.Denied && len(o.Code) == 7 && o.Code[:3] == "401" && (o.Code[5:] == "01" || o.Code[5:] == "03")
}
