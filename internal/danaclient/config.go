package danaclient

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/payout"
)

// Config is what a client needs. The fields up to Key, Timeout and MaxConns are
// required.
type Config struct {
	// BaseURL is scheme, host and perhaps a path prefix, which is then part of the signed
	// path. Plain http is for a sandbox on one's own machine or network.
	BaseURL string
	// PartnerID is the client id that DANA gave (X-PARTNER-ID, at most 36 characters).
	PartnerID string
	// Origin is the merchant's domain (ORIGIN).
	Origin string
	// ChannelID is the header CHANNEL-ID, at most 5 characters; DANA's samples say 95221.
	ChannelID string
	// Version is what this program was built from, in one word. It stands in the User-Agent of every request, as
	// salur/VERSION; empty for salur alone.
	Version string
	// Key signs every request: RSA of at least 2048 bits.
	Key *rsa.PrivateKey
	// Signature is how requests are signed; Symmetric needs ClientSecret.
	Signature Signature
	// ClientSecret, ClientID (PartnerID when empty) and MerchantID are what Balance needs.
	ClientSecret, ClientID, MerchantID string
	// DANAKey is DANA's public key for this environment (ParsePublicKey): then Balance believes
	// only answers that it has signed. Nil for taking TLS's word.
	DANAKey *rsa.PublicKey
	// Audit is given a record of every exchange, tokens and balances included; nil for none. It
	// is called in the exchange's own time, so it must be quick.
	Audit func(AuditRecord)
	// AuditWhole leaves bodies and signatures in those records as they are, but for tokens and the client secret, so that the
	// signatures can be checked again. It is for DANA's sandbox, where the data are samples.
	AuditWhole bool
	// LegacyPaths calls the three balance APIs by the paths that DANA used until May 2026
	// (/v1.0/emoney/….htm) instead of /rest/v1.0/emoney/….
	LegacyPaths bool
	// NeedNotify asks DANA to notify the end of a transfer to a bank (NewNotifyHandler); it
	// then answers the transfer with 2024300. It stands in the body: a change between two
	// attempts of one payout may look like other content to DANA.
	NeedNotify bool
	// Timeout bounds one exchange from dialling to the last byte of the answer. DANA
	// expects its own answers within 8 s.
	Timeout time.Duration
	// MaxConns is how many idle connections are kept for the next call: as many as calls
	// are made at once.
	MaxConns int
	// Dial opens the connections to BaseURL's host, or to a proxy before it; nil is TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Now is the clock of X-TIMESTAMP and of Exchange.Duration; nil is time.Now.
	Now func() time.Time
}

// BaseURL is DANA's host for an environment, sandbox or production in any case. Anything
// else is a payout.FieldError: an empty or misspelt name must not choose where money goes.
func BaseURL(env string) (string, error) {
	switch strings.ToLower(env) {
	case "sandbox":
		return "https://api.sandbox.dana.id", nil
	case "production":
		return "https://api.saas.dana.id", nil
	}
	return "", payout.FieldError{Field: "environment", Value: env, Fix: "use sandbox or production"}
}

// check returns the base URL, or one payout.FieldError per bad field, joined.
func (cfg Config) check() (*url.URL, error) {
	var bad []error
	wrong := func(field, value, fix string) {
		bad = append(bad, payout.FieldError{Field: field, Value: value, Fix: fix})
	}
	header := func(field, value, shown string, most int) {
		if value == "" || len(value) > most || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
			wrong(field, shown, fmt.Sprintf("use 1 to %d printable ASCII characters without spaces", most))
		}
	}

	base, err := url.Parse(cfg.BaseURL)
	switch {
	case err != nil: // what cannot be taken apart may hold a password
		wrong("BaseURL", payout.Mask(cfg.BaseURL), "not a URL; use https://host or https://host/prefix")
	case base.Scheme != "https" && base.Scheme != "http", base.Hostname() == "",
		base.User != nil, base.RawQuery != "", base.ForceQuery, base.Fragment != "":
		wrong("BaseURL", base.Redacted(), "use https://host or https://host/prefix, with no user, query or fragment")
	}
	header("PartnerID", cfg.PartnerID, payout.Mask(cfg.PartnerID), 36)
	header("Origin", cfg.Origin, cfg.Origin, 255)
	header("ChannelID", cfg.ChannelID, cfg.ChannelID, 5)
	if cfg.Version != "" {
		header("Version", cfg.Version, cfg.Version, 64)
	}
	switch {
	case cfg.Key == nil || cfg.Key.N == nil:
		wrong("Key", "", "give the RSA private key whose public half is registered with DANA")
	case checkSize(cfg.Key) != nil:
		wrong("Key", strconv.Itoa(cfg.Key.N.BitLen())+" bits", checkSize(cfg.Key).Error())
	}
	if cfg.Signature == Symmetric && cfg.ClientSecret == "" {
		wrong("ClientSecret", "", "symmetric signatures need the client secret that DANA gave")
	}
	if cfg.Timeout <= 0 {
		wrong("Timeout", cfg.Timeout.String(), "must be more than zero, such as 8s")
	}
	if cfg.MaxConns < 1 {
		wrong("MaxConns", strconv.Itoa(cfg.MaxConns), "must be at least 1")
	}
	return base, errors.Join(bad...)
}
