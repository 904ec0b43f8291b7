package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/ask"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// dana looks whether DANA can be reached and whether it takes us for who we are. It asks
// for the status of a reference that nobody has, and for the balances; neither moves money.
func dana(ctx context.Context, p Patient) []Finding {
	line, reached := danaLine(ctx, p)
	if !reached {
		return line
	}
	findings := append(line, credentials(ctx, p.DANA, p.Now))
	if c := p.Config.DANA; c.MerchantID != "" && c.ClientSecret != "" {
		findings = append(findings, balance(ctx, p.DANA))
	}
	return findings
}

// danaLine makes one request without a signature, of which the way there and the answer's date matter.
func danaLine(ctx context.Context, p Patient) ([]Finding, bool) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	away := func(found, do string) ([]Finding, bool) {
		return []Finding{{Check: "dana", Level: Problem, Found: found, Means: "nothing can be sent; payouts wait", Do: do, Unreachable: true}}, false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, p.Base, nil)
	if err != nil {
		return away(p.Base+" is no address", "mend DANA_BASE_URL")
	}
	client := &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	before := p.Now()
	r, err := client.Do(req)
	after := p.Now()
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return away("the name "+name.Name+" cannot be looked up", "look at this machine's DNS, and at DANA_BASE_URL if it is set")
	case errors.As(err, &certificate):
		return away("its certificate is not trusted: "+certificate.Err.Error(), "install the system's CA certificates; is a proxy in between, or the clock wrong?")
	case err != nil:
		return away(p.Base+" cannot be reached: "+err.Error(), "look at the firewall and at HTTPS_PROXY")
	}
	_ = r.Body.Close() // a HEAD has none
	findings := []Finding{fine("dana", fmt.Sprintf("%s answers in %s", p.Base, after.Sub(before).Round(time.Millisecond)))}
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		// The date is cut to the second.
		findings = append(findings, skew("clock.dana", "DANA", before.Sub(date.Add(500*time.Millisecond)), 500*time.Millisecond+after.Sub(before)))
	} else {
		findings = append(findings, fine("clock.dana", "DANA does not tell the time"))
	}
	return findings, true
}

// credentials makes the one signed request that every merchant may make.
func credentials(ctx context.Context, client *danaclient.Client, now func() time.Time) Finding {
	x := client.TopUpStatus(ctx, danaclient.NewExternalID(now()), payout.Payout{Ref: "DOCTOR-" + rand.Text()[:12]})
	answer := strings.TrimSpace(x.Outcome.Code + " " + x.Message)
	f := Finding{Check: "dana.credentials", Level: Problem, Found: "DANA answers " + answer}
	switch k := x.Outcome.Kind; {
	case k == statemachine.NotFound:
		return fine("dana.credentials", "DANA takes the signature: a status inquiry of a made-up reference is answered "+answer)
	case k == statemachine.Denied:
		f.Means = "DANA refuses our credentials; all sending is held until it takes them"
		f.Do = "compare X_PARTNER_ID with DANA's portal and the key's fingerprint with the public key there; DANA_ENV must be the environment of both; with symmetric signatures, CLIENT_SECRET; is this machine's address on DANA's list of allowed ones?"
	case x.HTTPStatus == http.StatusForbidden:
		f.Means, f.Do = "DANA does not let this merchant or this machine in", "have this machine's public address put on DANA's list, and disbursement activated for the merchant"
	case x.HTTPStatus == 0:
		f.Found, f.Unreachable = fmt.Sprintf("there is no answer (%s)", x.Outcome.Why), true
		if x.Err != nil {
			f.Found += ": " + x.Err.Error()
		}
		f.Means, f.Do = "what becomes of a payout that is sent now would have to be asked later", "look at DANA's status page; try again"
	default:
		f.Level, f.Found = Warning, fmt.Sprintf("DANA answers %s (HTTP %d, %s)", answer, x.HTTPStatus, x.Outcome.Kind)
		f.Means, f.Do = "it is not known whether DANA takes our credentials", "try again; if it stays, ask DANA with this answer"
	}
	return f
}

func balance(ctx context.Context, client *danaclient.Client) Finding {
	all, err := ask.Balances(ctx, client)
	if err != nil {
		return Finding{
			Check: "dana.balance", Level: Warning, Found: "the balances are not told: " + err.Error(),
			Means: "payouts go on; the balance cannot be watched", Do: "compare MERCHANT_ID, CLIENT_ID and CLIENT_SECRET with DANA's portal",
		}
	}
	for _, b := range all {
		if b.Resource != danaclient.DepositBalance || b.Amount == nil {
			continue
		}
		if b.Amount.Cents() <= 0 {
			return Finding{
				Check: "dana.balance", Level: Problem, Found: "the deposit is " + b.Amount.String(),
				Means: "DANA refuses payouts, and sending is held until it is funded", Do: "fund the deposit",
			}
		}
		return fine("dana.balance", "the deposit is "+b.Amount.String())
	}
	return fine("dana.balance", "DANA tells no deposit")
}
