package config

import (
	"math"
	"time"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/money"
)

// Need is a set of settings that a program uses together.
type Need uint8

// What a program can ask for. Logging belongs to every program and is not asked for.
const (
	NeedRedis       Need = 1 << iota // where the ledger and the queues are
	NeedTarget                       // which DANA, and how long to wait for it
	NeedCredentials                  // who the merchant is
	NeedHTTP                         // the worker's own servers
	NeedWorker                       // how payouts are sent and followed up
	NeedAPI                          // the HTTP intake
	NeedBounds                       // which payouts are accepted

	NeedDANA = NeedTarget | NeedCredentials

	everyProgram Need = 0
)

// secrecy is how much of a setting's value may be seen.
type secrecy uint8

const (
	open   secrecy = iota
	hidden         // may carry a password: never in a message
	secret         // hidden, and not a flag either: other users of the machine can read flags
)

// setting is one row of the table.
type setting struct {
	key      string // in YAML; its flag is the same with dashes
	env      string // its variable
	need     Need
	def      string // as it would be written; empty for none
	usage    string
	secrecy  secrecy
	required bool
	hint     string // how to come by one that is required
	parse    parser
}

// settings is the one table of settings: help, environment, YAML, flags and the check of
// the sample file all come from it.
var settings = []setting{
	{key: "redis_url", env: "REDIS_URL", need: NeedRedis, def: "redis://127.0.0.1:6379/0", secrecy: hidden,
		usage: "redis://, redis-sentinel:// or a comma-separated redis-cluster:// list; rediss… for TLS",
		parse: redisURL},

	{key: "dana_env", env: "DANA_ENV", need: NeedTarget, def: Sandbox,
		usage: "sandbox or production; where it is not set, ENV may say sandbox",
		parse: oneOf(func(c *Config) *string { return &c.DANA.Env }, Sandbox, Production)},
	{key: "dana_base_url", env: "DANA_BASE_URL", need: NeedTarget,
		usage: "replaces the host that DANA_ENV selects (tests, the local sandbox)",
		parse: baseURL},
	{key: "dana_timeout", env: "SALUR_DANA_TIMEOUT", need: NeedTarget, def: "8s",
		usage: "one HTTP exchange with DANA",
		parse: duration(func(c *Config) *time.Duration { return &c.DANA.Timeout }, 100*time.Millisecond, time.Minute)},

	{key: "x_partner_id", env: "X_PARTNER_ID", need: NeedCredentials, required: true,
		usage: "DANA client id",
		parse: word(func(c *Config) *string { return &c.DANA.PartnerID })},
	{key: "private_key", env: "PRIVATE_KEY", need: NeedCredentials, secrecy: secret,
		usage: `RSA private key: PKCS#1 or PKCS#8, as PEM, PEM with \n escapes, or bare base64`,
		parse: privateKey},
	{key: "private_key_path", env: "PRIVATE_KEY_PATH", need: NeedCredentials,
		usage: "file with the RSA private key, instead of PRIVATE_KEY",
		parse: keyFile},
	{key: "origin", env: "ORIGIN", need: NeedCredentials, required: true,
		usage: "origin domain, as registered with DANA",
		parse: word(func(c *Config) *string { return &c.DANA.Origin })},
	{key: "channel_id", env: "CHANNEL_ID", need: NeedCredentials, def: "95221",
		usage: "header CHANNEL-ID",
		parse: word(func(c *Config) *string { return &c.DANA.ChannelID })},
	{key: "merchant_id", env: "MERCHANT_ID", need: NeedCredentials,
		usage: "merchant id, for the balance check",
		parse: word(func(c *Config) *string { return &c.DANA.MerchantID })},
	{key: "client_id", env: "CLIENT_ID", need: NeedCredentials,
		usage: "open API client id, for the balance check; X_PARTNER_ID when not set",
		parse: word(func(c *Config) *string { return &c.DANA.ClientID })},
	{key: "client_secret", env: "CLIENT_SECRET", need: NeedCredentials, secrecy: secret,
		usage: "client secret, for the balance check and for symmetric signatures",
		parse: secretWord(func(c *Config) *Secret { return &c.DANA.ClientSecret })},
	{key: "signature", env: "SALUR_SIGNATURE", need: NeedCredentials, def: "asymmetric",
		usage: "how requests are signed: asymmetric or symmetric (needs CLIENT_SECRET)",
		parse: oneOf(func(c *Config) *string { return &c.DANA.Signature }, Asymmetric, Symmetric)},
	{key: "dana_paths", env: "SALUR_DANA_PATHS", need: NeedCredentials, def: "rest",
		usage: "paths of the balance APIs: rest, or htm for those that DANA used until May 2026",
		parse: oneOf(func(c *Config) *string { return &c.DANA.Paths }, PathsREST, PathsHTM)},
	{key: "audit_file", env: "SALUR_AUDIT_FILE", need: NeedCredentials,
		usage: "file to append every exchange with DANA to, masked, one JSON document per line; none when not set",
		parse: anyText(func(c *Config) *string { return &c.DANA.AuditFile })},
	{key: "audit_whole", env: "SALUR_AUDIT_WHOLE", need: NeedCredentials, def: "false",
		usage: "true keeps bodies and signatures whole in the audit file; for DANA's sandbox alone",
		parse: yes(func(c *Config) *bool { return &c.DANA.AuditWhole })},

	{key: "http_addr", env: "SALUR_HTTP_ADDR", need: NeedHTTP, def: "127.0.0.1:8080",
		usage: "address for health, metrics and the web UI",
		parse: hostPort(func(c *Config) *string { return &c.HTTP.Addr })},
	{key: "ui_user", env: "SALUR_UI_USER", need: NeedHTTP,
		usage: "user of the web UI; without user and password it is read-only and on loopback only",
		parse: word(func(c *Config) *string { return &c.HTTP.UIUser })},
	{key: "ui_password", env: "SALUR_UI_PASSWORD", need: NeedHTTP, secrecy: secret,
		usage: "password of the web UI",
		parse: secretLine(func(c *Config) *Secret { return &c.HTTP.UIPassword })},

	{key: "notify_addr", env: "SALUR_NOTIFY_ADDR", need: NeedHTTP,
		usage: "address for DANA's bank notify, a listener of its own; DANA is not asked to notify when not set",
		parse: notifyAddr},
	{key: "notify_path", env: "SALUR_NOTIFY_PATH", need: NeedHTTP, def: danaclient.NotifyPath,
		usage: "path that DANA calls and signs",
		parse: notifyPath},
	{key: "dana_public_key", env: "DANA_PUBLIC_KEY", need: NeedHTTP | NeedCredentials, secrecy: secret,
		usage: "DANA's RSA public key, which verifies notifies and balances; needed with SALUR_NOTIFY_ADDR",
		parse: publicKey},
	{key: "dana_public_key_path", env: "DANA_PUBLIC_KEY_PATH", need: NeedHTTP | NeedCredentials,
		usage: "file with DANA's RSA public key, instead of DANA_PUBLIC_KEY",
		parse: publicKeyFile},

	{key: "concurrency", env: "SALUR_CONCURRENCY", need: NeedWorker, def: "64",
		usage: "tasks executed at once by this worker",
		parse: whole(func(c *Config) *int { return &c.Worker.Concurrency }, 1, 10000)},
	{key: "topup_retry_delays", env: "SALUR_TOPUP_RETRY_DELAYS", need: NeedWorker, def: "5s,10s,20s,40s,60s",
		usage: "waits before retry 1..n of a top-up; as many retries as waits",
		parse: durations(func(c *Config) *[]time.Duration { return &c.Worker.TopUpRetryDelays })},
	{key: "bank_retry_delays", env: "SALUR_BANK_RETRY_DELAYS", need: NeedWorker, def: "5s,10s,20s",
		usage: "waits before retry 1..n of a transfer to a bank; as many retries as waits",
		parse: durations(func(c *Config) *[]time.Duration { return &c.Worker.BankRetryDelays })},
	{key: "name_mismatch", env: "SALUR_NAME_MISMATCH", need: NeedWorker, def: NameMismatchReview,
		usage: "when --validate finds that a bank account's holder has another name: review, failed or off",
		parse: oneOf(func(c *Config) *string { return &c.Worker.NameMismatch }, NameMismatchReview, NameMismatchFailed, NameMismatchOff)},
	{key: "inquiry_delays", env: "SALUR_INQUIRY_DELAYS", need: NeedWorker, def: "5s,10s,20s,40s,60s",
		usage: "waits before inquiry 1..n of a pending transaction; the last one repeats",
		parse: durations(func(c *Config) *[]time.Duration { return &c.Worker.InquiryDelays })},
	{key: "inquiry_cutoff", env: "SALUR_INQUIRY_CUTOFF", need: NeedWorker, def: "24h",
		usage: "how long a pending transaction is followed up before it goes to review",
		parse: duration(func(c *Config) *time.Duration { return &c.Worker.InquiryCutoff }, 1, math.MaxInt64)},
	{key: "resend_window", env: "SALUR_RESEND_WINDOW", need: NeedWorker, def: "24h",
		usage: "how old an attempt of unknown outcome may be to be sent again; an older one is only asked about",
		parse: duration(func(c *Config) *time.Duration { return &c.Worker.ResendWindow }, 1, math.MaxInt64)},
	{key: "not_found_confirmations", env: "SALUR_NOT_FOUND_CONFIRMATIONS", need: NeedWorker, def: "3",
		usage: `consecutive "not found" answers before the same reference is sent again`,
		parse: whole(func(c *Config) *int { return &c.Worker.NotFoundConfirmations }, 1, math.MaxInt32)},
	{key: "resend_limit", env: "SALUR_RESEND_LIMIT", need: NeedWorker, def: "2",
		usage: "how often a reference may be sent again before it goes to review",
		parse: whole(func(c *Config) *int { return &c.Worker.ResendLimit }, 0, math.MaxInt32)},
	{key: "not_found_action", env: "SALUR_NOT_FOUND_ACTION", need: NeedWorker, def: NotFoundResend,
		usage: "after the confirmations: resend, failed (DANA's own reading) or review",
		parse: oneOf(func(c *Config) *string { return &c.Worker.NotFoundAction }, NotFoundResend, NotFoundFailed, NotFoundReview)},
	{key: "after_loss", env: "SALUR_AFTER_LOSS", need: NeedWorker, def: "false",
		usage: "true after Redis lost payouts or attempts: a refusal is believed only when DANA was asked",
		parse: yes(func(c *Config) *bool { return &c.Worker.AfterLoss })},
	{key: "breaker_failures", env: "SALUR_BREAKER_FAILURES", need: NeedWorker, def: "5",
		usage: "consecutive faults of DANA that open the breaker",
		parse: whole(func(c *Config) *int { return &c.Worker.BreakerFailures }, 1, math.MaxInt32)},
	{key: "breaker_open_for", env: "SALUR_BREAKER_OPEN_FOR", need: NeedWorker, def: "30s",
		usage: "how long the breaker stays open",
		parse: duration(func(c *Config) *time.Duration { return &c.Worker.BreakerOpenFor }, 1, math.MaxInt64)},
	{key: "rate_limit", env: "SALUR_RATE_LIMIT", need: NeedWorker, def: "0",
		usage: "requests per second to DANA over all workers; 0 for no limit",
		parse: whole(func(c *Config) *int { return &c.Worker.RateLimit }, 0, math.MaxInt32)},
	{key: "balance_interval", env: "SALUR_BALANCE_INTERVAL", need: NeedWorker, def: "1m",
		usage: "how often the merchant's balance is read with MERCHANT_ID and CLIENT_SECRET set; 0 for never",
		parse: interval(func(c *Config) *time.Duration { return &c.Worker.BalanceInterval })},
	{key: "low_water", env: "SALUR_LOW_WATER", need: NeedWorker, def: "0",
		usage: "a balance below it, in IDR, holds all sending; 0 for none",
		parse: amount(func(c *Config) *money.Amount { return &c.Worker.LowWater })},
	{key: "resume_when_funded", env: "SALUR_RESUME_WHEN_FUNDED", need: NeedWorker, def: "true",
		usage: "false leaves a hold for want of money to a person",
		parse: yes(func(c *Config) *bool { return &c.Worker.ResumeWhenFunded })},
	{key: "max_amount", env: "SALUR_MAX_AMOUNT", need: NeedBounds, def: "1000000000.00",
		usage: "the most that one payout may take from the deposit, fee included, in IDR; more is not accepted",
		parse: maxAmount},
	{key: "limit_fee", env: "SALUR_LIMIT_FEE", need: NeedBounds, def: "0",
		usage: "a payout with a greater fee, in IDR, is not accepted; 0 for no limit",
		parse: amount(func(c *Config) *money.Amount { return &c.Bounds.MaxFee })},
	{key: "limit_payout", env: "SALUR_LIMIT_PAYOUT", need: NeedWorker, def: "0",
		usage: "a payout of more than this, in IDR, holds all sending; 0 for no limit",
		parse: amount(func(c *Config) *money.Amount { return &c.Worker.LimitPayout })},
	{key: "limit_customer_day", env: "SALUR_LIMIT_CUSTOMER_DAY", need: NeedWorker, def: "0",
		usage: "more than this to one customer on one day in Jakarta, in IDR, holds all sending; 0 for no limit",
		parse: amount(func(c *Config) *money.Amount { return &c.Worker.LimitCustomerDay })},
	{key: "limit_minute", env: "SALUR_LIMIT_MINUTE", need: NeedWorker, def: "0",
		usage: "more than this within any minute by all workers, in IDR, holds all sending; 0 for no limit",
		parse: amount(func(c *Config) *money.Amount { return &c.Worker.LimitMinute })},
	{key: "sweep_interval", env: "SALUR_SWEEP_INTERVAL", need: NeedWorker, def: "15s",
		usage: "how often lost follow-ups are looked for",
		parse: duration(func(c *Config) *time.Duration { return &c.Worker.SweepInterval }, 1, math.MaxInt64)},
	{key: "retention", env: "SALUR_RETENTION", need: NeedWorker, def: "720h",
		usage: "how long finished transactions stay in the ledger",
		parse: duration(func(c *Config) *time.Duration { return &c.Worker.Retention }, time.Hour, math.MaxInt64)},
	{key: "reference_memory", env: "SALUR_REFERENCE_MEMORY", need: NeedWorker, def: "17520h",
		usage: "how long after that their references are remembered; handed over again, they pay nobody",
		parse: duration(func(c *Config) *time.Duration { return &c.Worker.ReferenceMemory }, time.Hour, math.MaxInt64)},

	{key: "webhook_url", env: "SALUR_WEBHOOK_URL", need: NeedWorker, secrecy: secret,
		usage: "where outcomes are posted, https; nothing is posted when not set",
		parse: webhookURL},
	{key: "webhook_secret", env: "SALUR_WEBHOOK_SECRET", need: NeedWorker, secrecy: secret,
		usage: "signs what is posted: whsec_ and base64; several with commas between them, the newest first",
		parse: webhookSecret},
	{key: "webhook_allow_private", env: "SALUR_WEBHOOK_ALLOW_PRIVATE", need: NeedWorker, def: "false",
		usage: "true lets the webhook lead to private networks and be http",
		parse: yes(func(c *Config) *bool { return &c.Webhook.AllowPrivate })},

	{key: "api_keys", env: "SALUR_API_KEYS", need: NeedAPI, secrecy: secret, required: true, hint: howToMakeAKey,
		usage: "keys of the HTTP intake, comma-separated name:sha256hex",
		parse: apiKeys},
	{key: "api_rate_limit", env: "SALUR_API_RATE_LIMIT", need: NeedAPI, def: "100",
		usage: "requests per second to the HTTP intake that each key may make, over all instances; 0 for no limit",
		parse: whole(func(c *Config) *int { return &c.API.RateLimit }, 0, math.MaxInt32)},

	{key: "log_level", env: "SALUR_LOG_LEVEL", need: everyProgram, def: "info",
		usage: "debug, info, warn or error",
		parse: logLevel},
	{key: "log_format", env: "SALUR_LOG_FORMAT", need: everyProgram,
		usage: "json or console; when not set, console on a terminal and json elsewhere",
		parse: oneOf(func(c *Config) *string { return &c.Log.Format }, "json", "console")},
}

// wantedBy reports whether a program with these needs uses the setting.
func (s setting) wantedBy(needs Need) bool { return s.need == everyProgram || s.need&needs != 0 }
