package danaclient

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/payout"
)

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for env, want := range map[string]string{
		"sandbox": "https://api.sandbox.dana.id", "SANDBOX": "https://api.sandbox.dana.id",
		"production": "https://api.saas.dana.id", "Production": "https://api.saas.dana.id", "PRODUCTION": "https://api.saas.dana.id",
		"": "", "prod": "", "live": "", "sandbox ": "", "https://api.saas.dana.id": "",
	} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			got, err := BaseURL(env)
			var bad payout.FieldError
			if got != want || (want == "") != errors.As(err, &bad) || bad.Value != "" && bad.Value != env {
				t.Errorf("BaseURL(%q) = %q, %v; want %q", env, got, err, want)
			}
		})
	}
}

func TestNewChecksEveryField(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*Config)
		want   string // the field named; empty when all is well
	}{
		"OK":                     {func(*Config) {}, ""},
		"no clock":               {func(c *Config) { c.Now = nil }, ""},
		"http for a sandbox":     {func(c *Config) { c.BaseURL = "http://127.0.0.1:9090" }, ""},
		"path prefix":            {func(c *Config) { c.BaseURL = "https://gw.example.id/dana/" }, ""},
		"no URL":                 {func(c *Config) { c.BaseURL = "" }, "BaseURL"},
		"no scheme":              {func(c *Config) { c.BaseURL = "api.saas.dana.id" }, "BaseURL"},
		"other scheme":           {func(c *Config) { c.BaseURL = "ftp://api.saas.dana.id" }, "BaseURL"},
		"no host":                {func(c *Config) { c.BaseURL = "https://:443" }, "BaseURL"},
		"with user":              {func(c *Config) { c.BaseURL = "https://me:hunter2@api.saas.dana.id" }, "BaseURL"},
		"unparsable, with user":  {func(c *Config) { c.BaseURL = "https://me:hunter2@host:%zz" }, "BaseURL"},
		"with query":             {func(c *Config) { c.BaseURL = "https://api.saas.dana.id?x=1" }, "BaseURL"},
		"with empty query":       {func(c *Config) { c.BaseURL = "https://api.saas.dana.id?" }, "BaseURL"},
		"with fragment":          {func(c *Config) { c.BaseURL = "https://api.saas.dana.id#x" }, "BaseURL"},
		"no partner":             {func(c *Config) { c.PartnerID = "" }, "PartnerID"},
		"partner too long":       {func(c *Config) { c.PartnerID = strings.Repeat("1", 37) }, "PartnerID"},
		"partner with newline":   {func(c *Config) { c.PartnerID = "2014\r\nX-Evil: 1" }, "PartnerID"},
		"no origin":              {func(c *Config) { c.Origin = "" }, "Origin"},
		"origin not ASCII":       {func(c *Config) { c.Origin = "tokó.id" }, "Origin"},
		"no channel":             {func(c *Config) { c.ChannelID = "" }, "ChannelID"},
		"channel too long":       {func(c *Config) { c.ChannelID = "952211" }, "ChannelID"},
		"no key":                 {func(c *Config) { c.Key = nil }, "Key"},
		"key of nothing":         {func(c *Config) { c.Key = new(rsa.PrivateKey) }, "Key"},
		"short key":              {func(c *Config) { c.Key = small }, "Key"},
		"no timeout":             {func(c *Config) { c.Timeout = 0 }, "Timeout"},
		"no connections allowed": {func(c *Config) { c.MaxConns = 0 }, "MaxConns"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig("https://api.sandbox.dana.id")
			test.change(&cfg)
			_, err := New(cfg)
			var bad payout.FieldError
			errors.As(err, &bad)
			if bad.Field != test.want || (err != nil) != (test.want != "") {
				t.Fatalf("error %v, want one about %q", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Count(err.Error(), "\n") > 0) {
				t.Errorf("error %q shows a secret or more than one line", err)
			}
		})
	}
}

func TestNewNamesAllBadFieldsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	if err == nil {
		t.Fatal("an empty configuration was accepted")
	}
	for _, field := range []string{"BaseURL", "PartnerID", "Origin", "ChannelID", "Key", "Timeout", "MaxConns"} {
		if !strings.Contains(err.Error(), field+" ") {
			t.Errorf("%q does not name %s", err, field)
		}
	}
}
