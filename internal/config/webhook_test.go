package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/config"
)

// 24 bytes, the fewest.
const whsec = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

func TestWebhook(t *testing.T) {
	t.Parallel()
	const second = "whsec_OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg="
	for _, between := range []string{",", " ", ", ", "\n"} {
		c, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3],
			"SALUR_WEBHOOK_URL=https://example.com:8443/salur?key=hunter2", "SALUR_WEBHOOK_SECRET="+second+between+whsec)})
		want := config.Webhook{URL: "https://example.com:8443/salur?key=hunter2", Secrets: []config.Secret{second, whsec}}
		if diff := cmp.Diff(want, c.Webhook); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
	}
	c, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3],
		"SALUR_WEBHOOK_URL=http://10.0.0.7/salur", "SALUR_WEBHOOK_SECRET="+whsec, "SALUR_WEBHOOK_ALLOW_PRIVATE=true")})
	if err != nil || !c.Webhook.AllowPrivate || c.Webhook.URL != "http://10.0.0.7/salur" {
		t.Errorf("private: %v, %v", c.Webhook, err)
	}
	if _, err := config.Load(config.Options{Needs: config.NeedRedis, Environ: []string{"SALUR_WEBHOOK_SECRET=hunter2"}}); err != nil {
		t.Errorf("a program without webhooks looks at their settings: %v", err)
	}
}

// One clear line for each bad value, which never shows it.
func TestWebhookProblems(t *testing.T) {
	t.Parallel()
	const badURL = "SALUR_WEBHOOK_URL: use an absolute https URL without user and fragment, such as https://example.com/salur"
	const plain = "SALUR_WEBHOOK_URL: use https; http is for private networks alone, with SALUR_WEBHOOK_ALLOW_PRIVATE=true"
	for url, want := range map[string]string{
		"https://u:hunter2@example.com/": badURL, "https://u@example.com/": badURL, "ftp://example.com/hunter2": badURL, "example.com/hunter2": badURL,
		"https:///hunter2": badURL, "https://:443/hunter2": badURL, "https://example.com/#hunter2": badURL, "https://example.com:port/hunter2": badURL,
		"http://example.com/hunter2": plain, "http://127.0.0.1/hunter2": plain,
	} {
		_, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3], "SALUR_WEBHOOK_URL="+url, "SALUR_WEBHOOK_SECRET="+whsec)})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got\n%v\nwant\n%s", url, err, want)
		}
	}
	for _, secret := range []string{
		"hunter2", "whsec_hunter2", "whsec_", ",", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", // 23 bytes; no prefix
		whsec + ",hunter2", whsec + ";" + whsec, whsec[:len(whsec)-1], "whsec_" + strings.Repeat("QUJD", 22), // 66 bytes
		"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNA=", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNB==", // padding is missing; bits that say nothing
	} {
		_, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3], "SALUR_WEBHOOK_URL=https://example.com", "SALUR_WEBHOOK_SECRET="+secret)})
		if err == nil || !strings.HasPrefix(err.Error(), "SALUR_WEBHOOK_SECRET: use whsec_ and the base64 of 24 to 64 random bytes, ") || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", secret, err)
		}
	}
}
