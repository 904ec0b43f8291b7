package danaclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash"
	"net/http"
	"net/url"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/payout"
)

// request builds and signs a request, symmetrically when there is a token. Timestamp and signature are fresh on every call; the
// body is the same bytes for the same payout.
func (c *Client) request(ctx context.Context, s service, externalID string, payload []byte, token string) (*http.Request, error) {
	req, err := c.post(ctx, c.urls[s.api], payload)
	if err != nil {
		return nil, err
	}
	timestamp, path := jakarta.Format(c.cfg.Now()), req.URL.RequestURI()
	var signature string
	if token == "" {
		signature, err = sign(c.cfg.Key, req.Method, path, timestamp, payload)
	} else {
		req.Header["Authorization"] = []string{"Bearer " + token}
		mac := c.macs.Get().(hash.Hash)
		signature = signSymmetric(mac, req.Method, path, token, timestamp, payload)
		c.macs.Put(mac)
	}
	if err != nil {
		return nil, err
	}
	// Names as net/http spells them, which spares it to find that out at every request.
	values := [...]string{timestamp, signature, c.cfg.PartnerID, externalID, c.cfg.Origin, c.cfg.ChannelID}
	for i, name := range [...]string{"X-Timestamp", "X-Signature", "X-Partner-Id", "X-External-Id", "Origin", "Channel-Id"} {
		req.Header[name] = values[i : i+1 : i+1]
	}
	return req, nil
}

// post is a request to DANA with the headers that all of its APIs are sent.
func (c *Client) post(ctx context.Context, url string, payload []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("building the request: %w", err)
	}
	req.Header = make(http.Header, 10) // of as many as there will be: a map that grows is made twice
	req.Header["Accept"], req.Header["Content-Type"], req.Header["User-Agent"] = applicationJSON, applicationJSON, c.userAgent
	return req, nil
}

var applicationJSON = []string{"application/json"}

// urls are where the services are called; their paths are also the ones that are signed.
func urls(base *url.URL, legacy bool) map[API]string {
	all := map[API]string{}
	for _, s := range []service{topUp, topUpStatus, accountInquiry, bankTransfer, bankTransferStatus, bankAccountInquiry} {
		path := s.path
		if legacy && s.legacyPath != "" {
			path = s.legacyPath
		}
		all[s.api] = base.JoinPath(path).String()
	}
	return all
}

// encode writes a body as DANA hashes it: compact, UTF-8 as it is, nothing escaped for HTML
// and no newline at the end. One call's result is hashed and sent.
func encode(body any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// additionalInfo is what the APIs share, and what some of them have there.
type additionalInfo struct {
	FundType     string `json:"fundType"`
	Division     string `json:"externalDivisionId,omitempty"`
	ChargeTarget string `json:"chargeTarget,omitempty"`
	CustomerID   string `json:"customerId,omitempty"`             // 37, 38
	BankCode     string `json:"beneficiaryBankCode,omitempty"`    // 42; 43 has it at the top
	AccountName  string `json:"beneficiaryAccountName,omitempty"` // 42, 43
	NeedNotify   bool   `json:"needNotify,omitempty"`             // 43
}

func infoOf(p payout.Payout) additionalInfo {
	return additionalInfo{
		FundType: p.FundType, Division: p.Division, ChargeTarget: p.ChargeTarget,
		CustomerID: p.CustomerID, AccountName: p.AccountName,
	}
}

// checkPayout tells what keeps p from being sent by the API of this kind.
func checkPayout(p payout.Payout, kind payout.Kind) error {
	if p.Kind != kind {
		return wrongKind(p, kind)
	}
	return p.Check()
}

// checkPayee is checkPayout for a question about p's account.
func checkPayee(p payout.Payout, kind payout.Kind) error {
	if p.Kind != kind {
		return wrongKind(p, kind)
	}
	return p.CheckInquiry()
}

func wrongKind(p payout.Payout, kind payout.Kind) error {
	return payout.InvalidError{{Field: "kind", Value: string(p.Kind), Fix: "this call is for " + string(kind)}}
}

// customerNumber is the payee's phone number, or the literal that stands there when the
// payee is named by customerId.
func customerNumber(p payout.Payout) string {
	if p.CustomerID != "" {
		return payout.ByCustomerID
	}
	return p.Customer
}
