package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/config"
)

func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	want := []config.APIKey{{Name: "payroll", Hash: sha256.Sum256([]byte("one"))}, {Name: "Refunds_2.b-c", Hash: sha256.Sum256([]byte("two"))}}
	text := "payroll:" + hash("one") + ", Refunds_2.b-c:" + strings.ToUpper(hash("two"))
	yaml := write(t, "salur.yaml", fmt.Sprintf("api_keys: [payroll:%s, Refunds_2.b-c:%s]\napi_rate_limit: 7\n", hash("one"), hash("two")))
	for _, environ := range [][]string{{"SALUR_API_KEYS=" + text, "SALUR_API_RATE_LIMIT=7"}, {"SALUR_CONFIG=" + yaml}} {
		c, err := config.Load(config.Options{Needs: config.NeedAPI, Environ: environ})
		if diff := cmp.Diff(config.API{Keys: want, RateLimit: 7}, c.API); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	if flag := flags(t, config.NeedAPI).Lookup("api-keys"); flag != nil {
		t.Error("keys can be given by a flag, which everybody on the machine can read")
	}
}

func TestRefusedAPIKeys(t *testing.T) {
	t.Parallel()
	const (
		noName = "SALUR_API_KEYS: entry %d has no good name; use name:sha256hex, the name 1 to 64 letters, digits and ._-"
		noHash = "SALUR_API_KEYS: entry %d has no hash; write the key's SHA-256 behind the name, 64 hexadecimal digits (make a key with: openssl rand -hex 32, and its hash with: printf %%s KEY | sha256sum)"
	)
	for _, tc := range []struct {
		name, value, want string
	}{
		{"Required", "", "SALUR_API_KEYS: is required; set it in the environment, or api_keys in the configuration file; make a key with: openssl rand -hex 32, and its hash with: printf %s KEY | sha256sum"},
		{"NoName", hash("hunter2"), fmt.Sprintf(noName, 1)},
		{"EmptyName", ":" + hash("hunter2"), fmt.Sprintf(noName, 1)},
		{"NameTooLong", strings.Repeat("n", 65) + ":" + hash("hunter2"), fmt.Sprintf(noName, 1)},
		{"NameWithSpace", "a b:" + hash("hunter2"), fmt.Sprintf(noName, 1)},
		{"EmptyEntry", "a:" + hash("hunter2") + ",", fmt.Sprintf(noName, 2)},
		{"TheKeyItself", "a:hunter2", fmt.Sprintf(noHash, 1)},
		{"ShortHash", "a:" + hash("hunter2")[2:], fmt.Sprintf(noHash, 1)},
		{"LongHash", "a:" + hash("hunter2") + "00", fmt.Sprintf(noHash, 1)},
		{"NoHex", "b:" + hash("other") + ",a:g" + hash("hunter2")[1:], fmt.Sprintf(noHash, 2)},
		{"HashOfNothing", "a:" + hash(""), "SALUR_API_KEYS: entry 1 has the hash of nothing: the key was empty when it was hashed; make a key with: openssl rand -hex 32, and its hash with: printf %s KEY | sha256sum"},
		{"NameTwice", "a:" + hash("one") + ",a:" + hash("two"), "SALUR_API_KEYS: entry 2 has the name of an earlier one; give each key a name of its own"},
		{"HashTwice", "a:" + hash("one") + ",b:" + hash("one"), "SALUR_API_KEYS: entry 2 has the hash of an earlier one; give each name a key of its own"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Options{Needs: config.NeedAPI, Environ: []string{"SALUR_API_KEYS=" + tc.value}})
			if err == nil || err.Error() != tc.want {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
		})
	}
	_, err := config.Load(config.Options{Needs: config.NeedAPI, Environ: []string{"SALUR_API_KEYS=a:" + hash("a"), "SALUR_API_RATE_LIMIT=-1"}})
	if err == nil || err.Error() != `SALUR_API_RATE_LIMIT "-1": use a whole number, 0 or more` {
		t.Error(err)
	}
}

// A program that can do without DANA starts when nothing of DANA is set, and not when half of it is.
func TestMayLack(t *testing.T) {
	t.Parallel()
	load := func(environ ...string) (config.Config, error) {
		return config.Load(config.Options{Needs: config.NeedRedis | config.NeedDANA, MayLack: config.NeedCredentials, Environ: environ})
	}
	if c, err := load("DANA_ENV=production"); err != nil || c.DANA.PartnerID != "" || c.DANA.ChannelID != "" || c.DANA.Env != config.Production {
		t.Errorf("nothing is set: %+v, %v", c.DANA, err)
	}
	if c, err := load(credentials...); err != nil || c.DANA.PartnerID != "2020" || c.DANA.ChannelID != "95221" {
		t.Errorf("everything is set: %+v, %v", c.DANA, err)
	}
	for _, half := range []string{"X_PARTNER_ID=2020", "PRIVATE_KEY=k", "MERCHANT_ID=2", "CHANNEL_ID=1"} {
		if _, err := load(half); err == nil || !strings.Contains(err.Error(), "ORIGIN: is required") {
			t.Errorf("%s alone: %v", half, err)
		}
	}
	if _, err := config.Load(config.Options{Needs: config.NeedDANA, Environ: nil}); err == nil {
		t.Error("a program that needs DANA starts without")
	}
}
