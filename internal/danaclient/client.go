package danaclient

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Client makes calls to DANA. It is safe for concurrent use; one serves a whole process,
// because it holds the connections.
type Client struct {
	cfg    Config
	base   *url.URL
	urls   map[API]string
	wire   http.RoundTripper
	tokens tokens
	macs   sync.Pool // of newMAC

	userAgent []string // the header's value
}

// New returns a client, or one error that names every bad field (payout.FieldError values,
// joined, one line each). It does not connect. Key text is in no error.
func New(cfg Config) (*Client, error) {
	base, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("DANA client configuration: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Dial == nil {
		// A dial outlives the call that asked for it, so it is bounded by itself.
		cfg.Dial = (&net.Dialer{Timeout: cfg.Timeout}).DialContext
	}
	c := &Client{cfg: cfg, base: base, urls: urls(base, cfg.LegacyPaths), wire: transport(cfg)}
	c.userAgent = []string{strings.TrimSuffix("salur/"+cfg.Version, "/")}
	c.tokens.c = c
	c.macs.New = func() any { return newMAC(cfg.ClientSecret) }
	return c, nil
}

// transport is used without an http.Client over it, which would follow redirects: one is not
// an answer to a payout, and would post the payout to a host and path that were not signed.
func transport(cfg Config) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            cfg.Dial,
		TLSHandshakeTimeout:    cfg.Timeout,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    cfg.MaxConns,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
		// All calls share one HTTP/2 connection. When it dies without a word, pings find out
		// within one exchange instead of every payout timing out until the kernel does.
		HTTP2: &http.HTTP2Config{SendPingTimeout: cfg.Timeout / 2, PingTimeout: cfg.Timeout / 2},
	}
}
