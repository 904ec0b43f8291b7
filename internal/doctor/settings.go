package doctor

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net"
	"os"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
)

// settings looks at those that are good in form and still unwise.
func settings(c config.Config, base string) []Finding {
	findings := []Finding{fine("settings", fmt.Sprintf("all can be read; DANA is %s at %s, partner %s", c.DANA.Env, base, c.DANA.PartnerID))}
	host, _, _ := net.SplitHostPort(c.HTTP.Addr) // checked when it was read
	ip := net.ParseIP(host)
	switch {
	case c.HTTP.UIUser != "":
		findings = append(findings, fine("web", "the web UI at "+c.HTTP.Addr+" asks for a password"))
	case host == "localhost" || ip != nil && ip.IsLoopback():
		findings = append(findings, fine("web", "the web UI at "+c.HTTP.Addr+" can be reached from this machine alone"))
	default:
		findings = append(findings, Finding{
			Check: "web", Level: Warning, Found: "the web UI at " + c.HTTP.Addr + " asks for no password",
			Means: "its pages answer on this machine alone and change nothing; whoever reaches the port sees the metrics",
			Do:    "set SALUR_UI_USER and SALUR_UI_PASSWORD to serve the pages there, or keep the port closed to the outside",
		})
	}
	if c.Worker.AfterLoss {
		findings = append(findings, Finding{
			Check: "settings.after_loss", Level: Warning, Found: "SALUR_AFTER_LOSS is on",
			Means: "DANA is asked about every refusal before it is believed, and some payouts end in review", Do: "take it away when no payout of the time of the loss is open any more",
		})
	}
	return findings
}

// key looks at the merchant's key. Its public half, as DANA's portal has it, is told by its fingerprint.
func key(c config.Config) []Finding {
	private, err := danaclient.ParsePrivateKey(string(c.DANA.PrivateKey))
	if err != nil {
		return []Finding{{
			Check: "key", Level: Problem, Found: c.DANA.KeyName() + ": " + err.Error(),
			Means: "no request to DANA can be signed; a worker does not start", Do: "give the key whose public half is registered with DANA",
		}}
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return []Finding{{Check: "key", Level: Problem, Found: "its public half cannot be written: " + err.Error()}}
	}
	findings := []Finding{fine("key", fmt.Sprintf("RSA, %d bits; SHA-256 of its public half %x (compare with DANA's portal: "+
		"openssl pkey -pubin -in portal.pem -outform DER | sha256sum)", private.N.BitLen(), sha256.Sum256(der)))}
	if path := c.DANA.PrivateKeyPath; path != "" {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o007 != 0 {
			findings = append(findings, Finding{
				Check: "key.file", Level: Warning, Found: fmt.Sprintf("PRIVATE_KEY_PATH %s has the permissions %04o", path, info.Mode().Perm()),
				Means: "every user of this machine can sign payouts in your name", Do: "chmod 600, or defaultMode: 0440 of a Kubernetes secret",
			})
		} else if err == nil {
			findings = append(findings, fine("key.file", fmt.Sprintf("%s has the permissions %04o", path, info.Mode().Perm())))
		}
	}
	return findings
}
