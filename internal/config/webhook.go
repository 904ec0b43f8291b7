package config

import (
	"github.com/knadh/koanf/v2"

	"github.com/salur-id/salur/internal/webhook"
)

func webhookURL(c *Config, text string) string {
	if err := webhook.CheckURL(text, true); err != nil { // whether it may be http is seen when all is read
		return err.Error()
	}
	c.Webhook.URL = Secret(text)
	return ""
}

func webhookSecret(c *Config, text string) string {
	all := webhook.SplitSecrets(text)
	for _, s := range all {
		if err := webhook.CheckSecret(s); err != nil {
			return err.Error()
		}
		c.Webhook.Secrets = append(c.Webhook.Secrets, Secret(s))
	}
	if len(all) == 0 {
		return webhook.CheckSecret("").Error()
	}
	return ""
}

// webhookContradictions are the settings of the webhook that are good one by one but not together.
func webhookContradictions(c Config, k *koanf.Koanf) (bad Error) {
	url, urlSet := k.Get("webhook_url").(entry)
	secret, secretSet := k.Get("webhook_secret").(entry)
	switch {
	case urlSet && !secretSet:
		bad = append(bad, Problem{url.From, "", "is set without SALUR_WEBHOOK_SECRET; set both or neither"})
	case secretSet && !urlSet:
		// An allowance alone is harmless; a secret alone is somebody who expects to be told.
		bad = append(bad, Problem{secret.From, "", "is set without SALUR_WEBHOOK_URL; set both or neither"})
	}
	if c.Webhook.URL != "" {
		if err := webhook.CheckURL(string(c.Webhook.URL), c.Webhook.AllowPrivate); err != nil {
			bad = append(bad, Problem{url.From, "", err.Error()})
		}
	}
	return bad
}
