package config_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

const needAll = config.NeedRedis | config.NeedDANA | config.NeedHTTP | config.NeedWorker | config.NeedBounds

// credentials are what a worker cannot start without.
var credentials = []string{"X_PARTNER_ID=2020", "ORIGIN=example.id", "PRIVATE_KEY=key-text"}

// sameKey compares public keys, of which there may be none, and amounts.
var sameKey = cmp.Options{
	cmp.Comparer(func(a, b *rsa.PublicKey) bool { return a == b || a != nil && b != nil && a.Equal(b) }),
	cmp.Comparer(func(a, b money.Amount) bool { return a == b }),
}

// danaKey is a public key as DANA hands it out, and its text.
var danaKey = sync.OnceValues(func() (*rsa.PublicKey, string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return &key.PublicKey, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
})

func write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func flags(t *testing.T, needs config.Need, args ...string) *pflag.FlagSet {
	t.Helper()
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	fs.String("ref", "other", "a flag of the program's own")
	config.AddFlags(fs, needs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return fs
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := config.Load(config.Options{Needs: needAll, Environ: credentials, Flags: flags(t, needAll)})
	if err != nil {
		t.Fatal(err)
	}
	delays := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 60 * time.Second}
	want := config.Config{
		RedisURL: "redis://127.0.0.1:6379/0",
		DANA: config.DANA{
			Env: config.Sandbox, Timeout: 8 * time.Second, PartnerID: "2020", Origin: "example.id",
			ChannelID: "95221", PrivateKey: "key-text", Signature: config.Asymmetric, Paths: config.PathsREST,
		},
		HTTP:   config.HTTP{Addr: "127.0.0.1:8080"},
		Notify: config.Notify{Path: "/v1.0/debit/emoney/transfer-bank/notify.htm"},
		Worker: config.Worker{
			Concurrency: 64, TopUpRetryDelays: delays, BankRetryDelays: delays[:3], NameMismatch: config.NameMismatchReview, InquiryDelays: delays, InquiryCutoff: 24 * time.Hour, ResendWindow: 24 * time.Hour,
			NotFoundConfirmations: 3, ResendLimit: 2, NotFoundAction: config.NotFoundResend,
			BreakerFailures: 5, BreakerOpenFor: 30 * time.Second, RateLimit: 0, BalanceInterval: time.Minute, ResumeWhenFunded: true,
			SweepInterval: 15 * time.Second, Retention: 720 * time.Hour, ReferenceMemory: 17520 * time.Hour,
		},
		Bounds: payout.Bounds{MaxTotal: money.Rupiah(1_000_000_000)},
	}
	if diff := cmp.Diff(want, got, sameKey); diff != "" {
		t.Error(diff)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	const file = "origin: yaml.id\nconcurrency: 2\ndana_timeout: 2s\ninquiry_delays: [2s, 3s]\n"
	for _, tc := range []struct {
		name    string
		file    string
		environ []string
		args    []string
		want    time.Duration
	}{
		{"default", "", nil, nil, 8 * time.Second},
		{"file over default", file, nil, nil, 2 * time.Second},
		{"the longest allowed", "", []string{"SALUR_DANA_TIMEOUT=60s"}, nil, time.Minute},
		{"environment over file", file, []string{"SALUR_DANA_TIMEOUT=3s"}, nil, 3 * time.Second},
		{"flag over environment", file, []string{"SALUR_DANA_TIMEOUT=3s"}, []string{"--dana-timeout=4s"}, 4 * time.Second},
		{"flag over file", file, nil, []string{"--dana-timeout=4s"}, 4 * time.Second},
		{"flag of the default's value over file", file, nil, []string{"--dana-timeout=8s"}, 8 * time.Second},
		{"empty variable is not set", file, []string{"SALUR_DANA_TIMEOUT="}, nil, 2 * time.Second},
		{"empty flag is not set", file, []string{"SALUR_DANA_TIMEOUT=3s"}, []string{"--dana-timeout="}, 3 * time.Second},
		{"empty YAML value is not set", "dana_timeout:\nchannel_id: ''\n", nil, nil, 8 * time.Second},
		{"last variable of a name counts", "", []string{"SALUR_DANA_TIMEOUT=3s", "SALUR_DANA_TIMEOUT=5s"}, nil, 5 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			environ := append([]string{"X_PARTNER_ID=2020", "ORIGIN=example.id", "PRIVATE_KEY=key-text"}, tc.environ...)
			if tc.file != "" {
				environ = append(environ, "SALUR_CONFIG="+write(t, "salur.yaml", tc.file))
			}
			got, err := config.Load(config.Options{
				Needs: config.NeedDANA, Environ: environ, Flags: flags(t, config.NeedDANA, tc.args...)})
			if err != nil {
				t.Fatal(err)
			}
			if got.DANA.Timeout != tc.want {
				t.Errorf("timeout %s, want %s", got.DANA.Timeout, tc.want)
			}
			if got.DANA.Origin != "example.id" || got.DANA.ChannelID != "95221" {
				t.Errorf("origin %q, channel id %q", got.DANA.Origin, got.DANA.ChannelID)
			}
		})
	}
}

func TestConfigFileFlagWins(t *testing.T) {
	t.Parallel()
	one, two := write(t, "one.yaml", "log_level: warn"), write(t, "two.yaml", "log_level: debug")
	got, err := config.Load(config.Options{Environ: []string{"SALUR_CONFIG=" + one}, Flags: flags(t, 0, "--config", two)})
	if err != nil || got.Log.Level.String() != "debug" {
		t.Errorf("level %s, %v", got.Log.Level, err)
	}
}

func TestEveryValue(t *testing.T) {
	t.Parallel()
	private := write(t, "key.pem", "from file\n")
	key, keyText := danaKey()
	got, err := config.Load(config.Options{Needs: needAll, Environ: []string{
		"REDIS_URL=rediss://h:1/2", "DANA_ENV=PRODUCTION", "DANA_BASE_URL=HTTPS://api.example.id/x/",
		"SALUR_DANA_TIMEOUT=100ms", "X_PARTNER_ID=p", "PRIVATE_KEY_PATH=" + private, "ORIGIN=o",
		"CHANNEL_ID=c", "MERCHANT_ID=m", "CLIENT_ID=ci", "CLIENT_SECRET=cs", "SALUR_SIGNATURE=Symmetric", "SALUR_DANA_PATHS=HTM", "SALUR_AUDIT_FILE=/var/log/dana audit.jsonl", "SALUR_AUDIT_WHOLE=false",
		"SALUR_HTTP_ADDR=:0", "SALUR_UI_USER=u", "SALUR_UI_PASSWORD=pw", "SALUR_CONCURRENCY=10000",
		"SALUR_NOTIFY_ADDR=127.0.0.1:0", "SALUR_NOTIFY_PATH=/dana/v1.0/notify.htm", "DANA_PUBLIC_KEY_PATH=" + write(t, "dana.pem", keyText),
		"SALUR_BANK_RETRY_DELAYS=2s,3s", "SALUR_NAME_MISMATCH=OFF", "SALUR_TOPUP_RETRY_DELAYS=1s", "SALUR_INQUIRY_DELAYS=1ms, 24h", "SALUR_INQUIRY_CUTOFF=1ns", "SALUR_RESEND_WINDOW=2ns",
		"SALUR_NOT_FOUND_CONFIRMATIONS=1", "SALUR_RESEND_LIMIT=0", "SALUR_NOT_FOUND_ACTION=failed", "SALUR_AFTER_LOSS=true",
		"SALUR_BREAKER_FAILURES=1", "SALUR_BREAKER_OPEN_FOR=1ms", "SALUR_RATE_LIMIT=7", "SALUR_BALANCE_INTERVAL=1s", "SALUR_LOW_WATER=1000000", "SALUR_RESUME_WHEN_FUNDED=false",
		"SALUR_LIMIT_PAYOUT=5000000.50", "SALUR_LIMIT_CUSTOMER_DAY=0.01", "SALUR_LIMIT_MINUTE=90071992547409.91", "SALUR_SWEEP_INTERVAL=1s",
		"SALUR_MAX_AMOUNT=1000000000000", "SALUR_LIMIT_FEE=2500.5",
		"SALUR_RETENTION=1h", "SALUR_REFERENCE_MEMORY=2h", "SALUR_LOG_LEVEL=error", "SALUR_LOG_FORMAT=console",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		RedisURL: "rediss://h:1/2",
		DANA: config.DANA{
			Env: config.Production, BaseURL: "https://api.example.id/x", Timeout: 100 * time.Millisecond,
			PartnerID: "p", Origin: "o", ChannelID: "c", PrivateKey: "from file\n", PrivateKeyPath: private,
			MerchantID: "m", ClientID: "ci", ClientSecret: "cs",
			Signature: config.Symmetric, Paths: config.PathsHTM, AuditFile: "/var/log/dana audit.jsonl", PublicKey: key, NeedNotify: true,
		},
		HTTP:   config.HTTP{Addr: ":0", UIUser: "u", UIPassword: "pw"},
		Notify: config.Notify{Addr: "127.0.0.1:0", Path: "/dana/v1.0/notify.htm", Key: key},
		Worker: config.Worker{
			Concurrency: 10000, TopUpRetryDelays: []time.Duration{time.Second},
			BankRetryDelays: []time.Duration{2 * time.Second, 3 * time.Second}, NameMismatch: config.NameMismatchOff,
			InquiryDelays: []time.Duration{time.Millisecond, 24 * time.Hour}, InquiryCutoff: 1, ResendWindow: 2,
			NotFoundConfirmations: 1, NotFoundAction: config.NotFoundFailed, AfterLoss: true, BreakerFailures: 1,
			BreakerOpenFor: time.Millisecond, RateLimit: 7, SweepInterval: time.Second, Retention: time.Hour, ReferenceMemory: 2 * time.Hour,
			BalanceInterval: time.Second, LowWater: money.Rupiah(1000000),
			LimitPayout: money.FromCents(500000050), LimitCustomerDay: money.FromCents(1), LimitMinute: money.FromCents(1<<53 - 1),
		},
		Bounds: payout.Bounds{MaxTotal: payout.Most, MaxFee: money.FromCents(250050)},
		Log:    config.Log{Level: 2, Format: "console"},
	}
	if diff := cmp.Diff(want, got, sameKey); diff != "" {
		t.Error(diff)
	}
}

// The public key is taken in the forms that a private key is, and from the file as well.
func TestPublicKey(t *testing.T) {
	t.Parallel()
	key, text := danaKey()
	for _, pair := range []string{
		"DANA_PUBLIC_KEY=" + text, "DANA_PUBLIC_KEY=" + strings.ReplaceAll(text, "\n", `\n`),
		"SALUR_CONFIG=" + write(t, "salur.yaml", "dana_public_key: |\n  "+strings.ReplaceAll(text, "\n", "\n  ")),
	} {
		got, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3], "SALUR_NOTIFY_ADDR=:0", pair)})
		if err != nil || got.Notify.Key == nil || !got.Notify.Key.Equal(key) || !got.DANA.NeedNotify {
			t.Errorf("%q: %v", pair, err)
		}
	}
	// A key alone, as the sandbox exports it, switches nothing on.
	got, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3], "DANA_PUBLIC_KEY="+text)})
	if err != nil || got.Notify.Addr != "" || got.DANA.NeedNotify {
		t.Errorf("%+v, %v", got.Notify, err)
	}
}

func TestYAMLValuesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	file := write(t, "salur.yaml", "x_partner_id: 2016100000000000000001\nchannel_id: 00123\nclient_id: 1_0\n"+
		"origin: example.id\nprivate_key: |\n  -----BEGIN\n  two\n")
	got, err := config.Load(config.Options{Needs: config.NeedCredentials, Environ: []string{"SALUR_CONFIG=" + file}})
	if err != nil {
		t.Fatal(err)
	}
	want := config.DANA{PartnerID: "2016100000000000000001", ChannelID: "00123", ClientID: "1_0",
		Origin: "example.id", PrivateKey: "-----BEGIN\ntwo", Signature: config.Asymmetric, Paths: config.PathsREST}
	if diff := cmp.Diff(want, got.DANA, sameKey); diff != "" {
		t.Error(diff)
	}
}

// ENV is many programs' own. It decides nothing where DANA's environment is set, and real money never.
func TestWhichDANA(t *testing.T) {
	t.Parallel()
	file := write(t, "production.yaml", "dana_env: production")
	for _, test := range []struct {
		environ, args []string
		want          string
	}{
		{nil, nil, config.Sandbox},
		{[]string{"ENV=sandbox"}, nil, config.Sandbox},
		{[]string{"ENV=SANDBOX", "DANA_ENV="}, nil, config.Sandbox},
		{[]string{"ENV=production", "DANA_ENV=sandbox"}, nil, config.Sandbox},
		{[]string{"ENV=staging", "DANA_ENV=sandbox"}, nil, config.Sandbox},
		{[]string{"ENV=sandbox", "DANA_ENV=Production"}, nil, config.Production},
		{[]string{"ENV=test", "DANA_ENV=production"}, nil, config.Production},
		{[]string{"ENV=sandbox", "SALUR_CONFIG=" + file}, nil, config.Production},
		{[]string{"ENV=production"}, []string{"--dana-env=sandbox"}, config.Sandbox},
		{[]string{"ENV=production"}, nil, ""},
		{[]string{"ENV=PRODUCTION", "DANA_ENV="}, nil, ""},
		{[]string{"ENV=staging"}, nil, ""},
	} {
		got, err := config.Load(config.Options{Needs: config.NeedTarget, Environ: test.environ, Flags: flags(t, config.NeedTarget, test.args...)})
		if got.DANA.Env != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%v %v: %q, %v; want %q", test.environ, test.args, got.DANA.Env, err, test.want)
		}
	}
}

// ENV that says production is one mistake, whatever else the settings are.
func TestENVAloneIsOneMistake(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Options{Needs: config.NeedTarget, Environ: []string{"ENV=production", "DANA_BASE_URL=http://127.0.0.1:8090"},
		Flags: flags(t, config.NeedTarget)})
	if want := `ENV "production": can only say sandbox; set DANA_ENV to sandbox or production, which decides`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// A program is not held up by values that it does not use, only by names that do not exist.
func TestUnneededIsNotChecked(t *testing.T) {
	t.Parallel()
	environ := []string{"SALUR_DANA_TIMEOUT=x", "DANA_ENV=x", "ENV=y", "PRIVATE_KEY=a", "PRIVATE_KEY_PATH=/nowhere", "SALUR_UI_USER=u"}
	got, err := config.Load(config.Options{Needs: config.NeedRedis, Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Config{RedisURL: "redis://127.0.0.1:6379/0"}, got, sameKey); diff != "" {
		t.Error(diff)
	}
}

func TestErrorIsTyped(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Options{Environ: []string{"SALUR_LOG_LEVEL=loud"}})
	var problems config.Error
	if !errors.As(err, &problems) {
		t.Fatalf("%T is no config.Error", err)
	}
	want := config.Error{{Key: "SALUR_LOG_LEVEL", Value: "loud", Fix: "use debug, info, warn or error"}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

// usages are the flags as --help would have them if it had them.
func usages(set *pflag.FlagSet) string {
	set.VisitAll(func(f *pflag.Flag) { f.Hidden = false })
	return set.FlagUsages()
}

// A --help has each setting once, and the name of its flag follows from the variable's by one rule, which is in it.
func TestHelpHasEachSettingOnce(t *testing.T) {
	t.Parallel()
	set := flags(t, needAll)
	help := config.Help(needAll) + set.FlagUsages()
	if !strings.Contains(help, "\nEach but the secrets has a flag, named like it without SALUR_, in small letters with dashes: --log-level is SALUR_LOG_LEVEL.\n") {
		t.Errorf("no rule:\n%s", help)
	}
	variable := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z_]+) +(.*)`).FindAllStringSubmatch(help, -1) {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(m[1], "SALUR_")), "_", "-")
		if variable[name] = true; strings.Count(help, m[2]) != 1 && m[1] != "SALUR_CONFIG" {
			t.Errorf("%q is there %d times", m[2], strings.Count(help, m[2]))
		}
	}
	set.VisitAll(func(f *pflag.Flag) {
		if !variable[f.Name] && f.Name != "ref" { // the program's own
			t.Errorf("--%s has no variable of its name", f.Name)
		}
	})
	if len(variable) < 40 {
		t.Errorf("%d settings", len(variable))
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	usage := usages(flags(t, needAll))
	for _, want := range []string{"--config", "--redis-url", "--dana-timeout", "SALUR_DANA_TIMEOUT", `(default "8s")`, "--private-key-path"} {
		if !strings.Contains(usage, want) {
			t.Errorf("flags lack %s", want)
		}
	}
	for _, secret := range []string{"--private-key ", "--dana-public-key ", "--client-secret", "--ui-password", "--webhook-url", "--webhook-secret", "--api-keys"} {
		if strings.Contains(usage, secret) {
			t.Errorf("%s is a flag", secret)
		}
	}
	if usage := usages(flags(t, config.NeedRedis)); strings.Contains(usage, "dana") {
		t.Errorf("a program without DANA has its flags:\n%s", usage)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	help := config.Help(config.NeedTarget)
	for _, want := range []string{"SALUR_CONFIG", "ENV may say sandbox", "SALUR_DANA_TIMEOUT             one HTTP exchange with DANA (default 8s)", "SALUR_LOG_LEVEL"} {
		if !strings.Contains(help, want) {
			t.Errorf("help lacks %q", want)
		}
	}
	if strings.Contains(help, "REDIS_URL") {
		t.Error("help names what the program does not use")
	}
	if !strings.Contains(config.Help(config.NeedDANA), "ORIGIN                         origin domain, as registered with DANA (required)") {
		t.Error("help does not say what is required")
	}
}

// A file that becomes a variable has a line end, whatever the setting: it is not part of the value, and a value that is nothing else is none.
func TestLineEndsBehindValues(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n", "\n\n"} {
		environ := []string{"REDIS_URL=redis://:pw@h:1/0", "X_PARTNER_ID=p", "ORIGIN=o", "PRIVATE_KEY=k", "MERCHANT_ID=m", "CLIENT_SECRET=cs", "SALUR_UI_USER=u", "SALUR_UI_PASSWORD=p w",
			"SALUR_CONCURRENCY=7", "SALUR_WEBHOOK_URL=https://a.example/x", "SALUR_WEBHOOK_SECRET=" + whsec}
		want, err := config.Load(config.Options{Needs: config.NeedWorker | config.NeedRedis | config.NeedDANA | config.NeedHTTP, Environ: environ})
		if err != nil {
			t.Fatal(err)
		}
		for i := range environ {
			environ[i] += end
		}
		got, err := config.Load(config.Options{Needs: config.NeedWorker | config.NeedRedis | config.NeedDANA | config.NeedHTTP, Environ: append(environ, "CLIENT_ID="+end)})
		if diff := cmp.Diff(fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got)); err != nil || diff != "" || string(got.DANA.ClientSecret) != "cs" || string(got.HTTP.UIPassword) != "p w" {
			t.Errorf("%q: %v %s", end, err, diff)
		}
	}
}
