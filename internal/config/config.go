// Package config reads what a program was told: flags, then environment, then a YAML
// file, then defaults. One table (settings.go) names every setting; everything else
// here works from that table.
package config

import (
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

// Config is every setting, read and checked. A section that a program did not ask for
// (Options.Needs) is left zero. It may be printed: its secrets print as "(secret)".
type Config struct {
	// RedisURL is secret because it may carry a password; RedisName is its printable form.
	RedisURL Secret
	DANA     DANA
	HTTP     HTTP
	Notify   Notify
	Webhook  Webhook
	Worker   Worker
	API      API
	Bounds   payout.Bounds // of what is accepted; MaxTotal is never zero
	Log      Log
}

// The two DANAs that DANA_ENV can name.
const (
	Sandbox    = "sandbox"
	Production = "production"
)

// DANA is whom to talk to, and as whom.
type DANA struct {
	Env string // Sandbox or Production
	// BaseURL replaces the host that Env stands for; empty when it was not set. It has no
	// slash at its end.
	BaseURL string
	// Timeout is for one HTTP exchange.
	Timeout time.Duration

	PartnerID string // X-PARTNER-ID, DANA's client id of the merchant
	Origin    string // header ORIGIN
	ChannelID string // header CHANNEL-ID
	// PrivateKey is the text of the RSA key as it was written, from PRIVATE_KEY or from the
	// file that PRIVATE_KEY_PATH names. It has not been parsed.
	PrivateKey     Secret
	PrivateKeyPath string // that file; empty for PRIVATE_KEY
	// MerchantID, ClientID and ClientSecret are for DANA's open API, and optional; with
	// symmetric signatures ClientSecret is there.
	MerchantID   string
	ClientID     string
	ClientSecret Secret
	Signature    string // Asymmetric or Symmetric
	Paths        string // PathsREST or PathsHTM
	AuditFile    string // empty for no audit record
	AuditWhole   bool   // bodies and signatures stay in it as they are; never in production
	// PublicKey is DANA's, which verifies its balances and its notifies; nil when it is not given.
	PublicKey *rsa.PublicKey
	// NeedNotify asks DANA to notify the ends of transfers to banks: Notify.Addr is set.
	NeedNotify bool
}

// KeyName is what the private key was given by, for errors about it.
func (d DANA) KeyName() string {
	if d.PrivateKeyPath != "" {
		return fmt.Sprintf("PRIVATE_KEY_PATH %q", d.PrivateKeyPath)
	}
	return "PRIVATE_KEY"
}

// How requests are signed, and by which paths the balance APIs are called.
const (
	Asymmetric = "asymmetric"
	Symmetric  = "symmetric"
	PathsREST  = "rest"
	PathsHTM   = "htm"
)

// HTTP is the worker's own server. UIUser and UIPassword are both set or both empty.
type HTTP struct {
	Addr       string // host:port
	UIUser     string
	UIPassword Secret
}

// Notify is the worker's listener for DANA's bank notify.
type Notify struct {
	Addr string // host:port; empty for none
	Path string // that DANA calls and signs
	// Key is DANA's, by which notifies are verified; never nil when Addr is set.
	Key *rsa.PublicKey
}

// Webhook is where outcomes are posted. URL and Secrets are both set or both empty.
type Webhook struct {
	URL     Secret   // secret because its path or query may hold a key
	Secrets []Secret // the newest first
	// AllowPrivate lets the URL lead to this machine and to private networks, and be http.
	AllowPrivate bool
}

// What is done when validation finds that the holder of a bank account has another name.
const (
	NameMismatchReview = "review" // leave it to a person
	NameMismatchFailed = "failed" // fail the payout unsent
	NameMismatchOff    = "off"    // pay it: names are not compared
)

// What is done when DANA has answered "not found" NotFoundConfirmations times in a row.
const (
	NotFoundResend = "resend" // send the same reference again
	NotFoundFailed = "failed" // book it as failed, as DANA's own table reads it
	NotFoundReview = "review" // leave it to a person
)

// Worker is how payouts are sent and followed up.
type Worker struct {
	Concurrency           int
	TopUpRetryDelays      []time.Duration // before retry 1..n; never empty
	BankRetryDelays       []time.Duration // the same of a transfer to a bank; never empty
	NameMismatch          string          // NameMismatchReview, NameMismatchFailed or NameMismatchOff
	InquiryDelays         []time.Duration // before inquiry 1..n, the last one repeats; never empty
	InquiryCutoff         time.Duration
	ResendWindow          time.Duration // how old an attempt of unknown outcome may be to be sent again
	NotFoundConfirmations int
	ResendLimit           int
	NotFoundAction        string // NotFoundResend, NotFoundFailed or NotFoundReview
	AfterLoss             bool   // Redis may have forgotten attempts
	BreakerFailures       int
	BreakerOpenFor        time.Duration
	RateLimit             int           // requests per second over all workers; 0 for no limit
	BalanceInterval       time.Duration // 0 for not watching the merchant's balance
	LowWater              money.Amount  // zero for none, as with the limits
	ResumeWhenFunded      bool
	LimitPayout           money.Amount
	LimitCustomerDay      money.Amount
	LimitMinute           money.Amount
	SweepInterval         time.Duration
	Retention             time.Duration
	ReferenceMemory       time.Duration // how long after its retention a payout's reference is remembered
}

// WatchesBalance reports whether the merchant's balance is to be asked for now and then.
func (c Config) WatchesBalance() bool {
	return c.Worker.BalanceInterval > 0 && c.DANA.MerchantID != "" && c.DANA.ClientSecret != ""
}

// API is the HTTP intake.
type API struct {
	Keys      []APIKey // never empty; names and hashes are each there once
	RateLimit int      // requests per second and key over all instances; 0 for no limit
}

// APIKey is who may use the HTTP intake. The key itself is nowhere, only its hash.
type APIKey struct {
	Name string
	Hash [sha256.Size]byte
}

// Log is how the program logs.
type Log struct {
	Level zapcore.Level
	// Format is "json" or "console"; empty chooses console on a terminal and json elsewhere.
	Format string
}
