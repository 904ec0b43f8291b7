package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
)

// DANA is a client for the DANA of the configuration, which makes at most conns calls at
// once, and where that is. Its errors are Invalid. failed is told once if the audit file,
// which is open for as long as the program runs, cannot be written to any more.
func DANA(c config.DANA, conns int, failed func(error)) (client *danaclient.Client, base string, err error) {
	if client, base, err = newDANA(c, conns, failed); err != nil {
		err = Fail(Invalid, err)
	}
	return client, base, err
}

func newDANA(c config.DANA, conns int, failed func(error)) (*danaclient.Client, string, error) {
	key, err := danaclient.ParsePrivateKey(string(c.PrivateKey))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", c.KeyName(), err)
	}
	base := c.BaseURL
	if base == "" {
		if base, err = danaclient.BaseURL(c.Env); err != nil {
			return nil, "", err
		}
	}
	cfg := danaclient.Config{
		BaseURL: base, PartnerID: c.PartnerID, Origin: c.Origin, ChannelID: c.ChannelID, Version: Release(), Key: key,
		ClientSecret: string(c.ClientSecret), ClientID: c.ClientID, MerchantID: c.MerchantID,
		LegacyPaths: c.Paths == config.PathsHTM, NeedNotify: c.NeedNotify, DANAKey: c.PublicKey, Timeout: c.Timeout, MaxConns: conns, Now: time.Now,
	}
	if c.Signature == config.Symmetric {
		cfg.Signature = danaclient.Symmetric
	}
	if c.AuditFile != "" {
		// Appended to, for evidence is not overwritten.
		f, err := AppendPrivate(c.AuditFile)
		if err != nil {
			return nil, "", fmt.Errorf("SALUR_AUDIT_FILE %q: cannot be written: %w", c.AuditFile, err)
		}
		var once sync.Once
		cfg.AuditWhole = c.AuditWhole
		cfg.Audit = danaclient.AuditTo(f, func(err error) { once.Do(func() { failed(err) }) })
	}
	client, err := danaclient.New(cfg)
	return client, base, err
}
