package sandbox

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
)

const (
	notifyPath = "/v1.0/debit/emoney/transfer-bank/notify.htm"
	// notifyAttempts and notifyWithin are DANA's: three times, 8 s each.
	notifyAttempts = 3
	notifyWithin   = 8 * time.Second
)

// Notify is what the merchant was told of the end of a transfer.
type Notify struct {
	Attempts []NotifyAttempt `json:"attempts"`
	// Done says that no attempt is to come: it was accepted, or tried three times.
	Done bool `json:"done"`
}

// NotifyAttempt is one call of the merchant, and the responseCode that it answered or why
// there was none.
type NotifyAttempt struct {
	At     time.Time `json:"at"`
	Answer string    `json:"answer"`
}

func (n *Notify) clone() *Notify {
	if n == nil {
		return nil
	}
	return &Notify{slices.Clone(n.Attempts), n.Done}
}

// willNotify ends r after a while and tells the merchant. The caller holds mu.
func (s *Sandbox) willNotify(r *record, st Send) {
	if s.cfg.NotifyURL == "" || st.Notify == "never" || s.closing.Err() != nil {
		return // the end is learned by an inquiry alone
	}
	r.notify = &Notify{}
	delay := s.cfg.NotifyAfter + time.Duration(st.NotifyDelayMillis)*time.Millisecond
	s.background(func() {
		if !s.later(r, delay, func(b *books, now time.Time) { b.turn(r, now) }) {
			return
		}
		s.tell(r, st.Notify == "forged")
		if st.Notify == "twice" {
			s.tell(r, false)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		r.notify.Done = true
	})
}

// background runs do beside the requests. The caller holds mu. Nothing begins after Close,
// which would not wait for it.
func (s *Sandbox) background(do func()) {
	if s.closing.Err() == nil {
		s.tellers.Go(do)
	}
}

// sleep is false when the sandbox closes before d is over.
func (s *Sandbox) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closing.Done():
		return false
	}
}

// later does something to r after d, unless the sandbox closes or forgets r.
func (s *Sandbox) later(r *record, d time.Duration, do func(b *books, now time.Time)) bool {
	if !s.sleep(d) {
		return false
	}
	b, now := s.open()
	defer s.mu.Unlock()
	if b.byRef[r.ref] != r {
		return false
	}
	do(b, now)
	return true
}

// tell calls the merchant until it accepts, three times at most.
func (s *Sandbox) tell(r *record, forged bool) {
	for n := 1; ; n++ {
		s.mu.Lock()
		payload := map[string]any{
			"originalPartnerReferenceNo": r.ref, "originalReferenceNo": r.referenceNo,
			"latestTransactionStatus": r.status, "transactionStatusDesc": descriptions[r.status],
			"createdTime": jakarta.Format(r.stored), "finishedTime": jakarta.Format(r.ended), "additionalInfo": map[string]any{},
		}
		s.mu.Unlock()
		answer := s.call(payload, forged)
		s.mu.Lock()
		r.notify.Attempts = append(r.notify.Attempts, NotifyAttempt{s.cfg.Now(), answer})
		s.mu.Unlock()
		if answer == "2004300" || n == notifyAttempts || !s.later(r, s.cfg.NotifyAfter, func(*books, time.Time) {}) {
			return
		}
	}
}

// notifyClient keeps no line open: a merchant is told of a transfer now and then.
var notifyClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// call makes one notify and returns the responseCode of the answer, or what happened.
func (s *Sandbox) call(payload any, forged bool) string {
	ctx, cancel := context.WithTimeout(s.closing, notifyWithin)
	defer cancel()
	req, err := s.notifyRequest(ctx, payload, forged)
	if err != nil {
		return err.Error()
	}
	resp, err := notifyClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var said struct {
		ResponseCode string `json:"responseCode"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&said)
	if err != nil || said.ResponseCode == "" || resp.StatusCode/100 != 2 && said.ResponseCode == "2004300" {
		return fmt.Sprintf("HTTP %d without a responseCode that fits", resp.StatusCode)
	}
	return said.ResponseCode
}

func (s *Sandbox) notifyRequest(ctx context.Context, payload any, forged bool) (*http.Request, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(s.cfg.NotifyURL)
	if err != nil {
		return nil, err
	}
	if target.Path == "" || target.Path == "/" {
		target.Path = notifyPath
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	stamp := jakarta.Format(s.cfg.Now())
	hash := sha256.Sum256(body)
	sum := sha256.Sum256([]byte("POST:" + target.EscapedPath() + ":" + hex.EncodeToString(hash[:]) + ":" + stamp))
	if forged {
		sum[0]++
	}
	signature, err := rsa.SignPKCS1v15(nil, s.cfg.DANAKey, crypto.SHA256, sum[:])
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-TIMESTAMP": stamp, "X-SIGNATURE": base64.StdEncoding.EncodeToString(signature),
		"X-PARTNER-ID": s.cfg.PartnerID, "X-EXTERNAL-ID": newUUID(), "CHANNEL-ID": "95221",
	} {
		req.Header.Set(name, value)
	}
	return req, nil
}
