// Package webhook posts a document to the merchant's URL, signed as Standard Webhooks
// (https://www.standardwebhooks.com) lays down. It makes one exchange and says how it went;
// when to post what, and whether again, is not for it to know.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	// Timeout is for one exchange, from the look-up of the name to the status.
	Timeout = 10 * time.Second
	// bodyLimit and bodyWait are how much of an answer's body is read and for how long, only so
	// that the connection can be used again: the status alone decides.
	bodyLimit = 4 << 10
	bodyWait  = time.Second
	// headerLimit bounds an answer's head.
	headerLimit = 16 << 10
)

// Config is where to post, and how.
type Config struct {
	URL     string   // as CheckURL takes it
	Secrets []string // each as CheckSecret takes it, the newest first: every one signs
	// AllowPrivate lets the URL lead to this machine and to private networks, and be http.
	AllowPrivate bool
	MaxConns     int // connections at once
	Now          func() time.Time
}

// Client posts to one URL. It is safe for use by several goroutines.
type Client struct {
	url     string
	signers []*standardwebhooks.Webhook
	now     func() time.Time
	http    *http.Client
}

// New is a client; its error names neither the URL nor a secret.
func New(cfg Config) (*Client, error) {
	if err := CheckURL(cfg.URL, cfg.AllowPrivate); err != nil {
		return nil, fmt.Errorf("webhook URL: %w", err)
	}
	if len(cfg.Secrets) == 0 {
		return nil, fmt.Errorf("webhook secret: %w", errSecret)
	}
	c := &Client{url: cfg.URL, now: cfg.Now}
	for _, s := range cfg.Secrets {
		if err := CheckSecret(s); err != nil {
			return nil, fmt.Errorf("webhook secret: %w", err)
		}
		signer, err := standardwebhooks.NewWebhook(s)
		if err != nil {
			return nil, fmt.Errorf("webhook secret: %w", errSecret) // the library's own would quote it
		}
		c.signers = append(c.signers, signer)
	}
	dialer := &net.Dialer{Timeout: Timeout}
	if !cfg.AllowPrivate {
		// It is asked with the address that is about to be dialled, after the name was looked
		// up: a name that is good now and private a moment later gets nowhere.
		dialer.Control = ssrf.New(ssrf.WithAnyPort()).Safe
	}
	c.http = &http.Client{
		// A redirect is an answer like any other that is not 2xx: what it leads to was never agreed on.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // one from the environment would dial in our place, unguarded
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxConnsPerHost:        cfg.MaxConns,
			MaxIdleConnsPerHost:    cfg.MaxConns,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: headerLimit,
		},
	}
	return c, nil
}

// Post posts a document under an id, which is the same whenever the document is posted. It ends
// with ctx, and after Timeout in any case.
func (c *Client) Post(ctx context.Context, id string, body []byte) Result {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return Result{Outcome: Unreachable} // the URL was checked: cannot happen
	}
	now := c.now()
	// Not Set: the names are written in small letters, as the standard has them.
	req.Header[standardwebhooks.HeaderWebhookID] = []string{id}
	req.Header[standardwebhooks.HeaderWebhookTimestamp] = []string{strconv.FormatInt(now.Unix(), 10)}
	req.Header[standardwebhooks.HeaderWebhookSignature] = []string{c.sign(id, now, body)}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Salur-Webhooks")
	answer, err := c.http.Do(req)
	if err != nil {
		return Result{Outcome: outcomeOf(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	stop := time.AfterFunc(bodyWait, cancel)
	defer stop.Stop()
	_, _ = io.CopyN(io.Discard, answer.Body, bodyLimit) // what it says, or that it breaks off, changes nothing
	r := Result{Outcome: Refused, Status: answer.StatusCode, RetryAfter: retryAfter(answer.Header.Get("Retry-After"), now)}
	if answer.StatusCode/100 == 2 {
		r.Outcome = Delivered
	}
	return r
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// sign is the signature by every secret, so that a receiver who knows one of them is served.
func (c *Client) sign(id string, at time.Time, body []byte) string {
	all := make([]string, len(c.signers))
	for i, s := range c.signers {
		all[i], _ = s.Sign(id, at, body) // an HMAC does not fail
	}
	return strings.Join(all, " ")
}
