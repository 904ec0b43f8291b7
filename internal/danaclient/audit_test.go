package danaclient

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/salur-id/salur/internal/statemachine"
)

// Every exchange is on record, and nothing in the record names a person or is a secret.
func TestAuditRecordsEveryExchangeMasked(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case tokenPath:
			write(w, `{"responseCode":"2007300","accessToken":"t0k3n-s3cr3t","expiresIn":"900"}`)
		case balancePath:
			write(w, `{"response":{"head":{"clientSecret":"`+vectorSecret+`"},"body":{}}}`)
		case bankAccountInquiry.path:
			write(w, `{"responseCode":"2004200","beneficiaryAccountName":"BUDI SANTOSO","beneficiaryAccountNumber":"2460888509"}`)
		case topUpStatus.path:
			panic(http.ErrAbortHandler)
		default:
			write(w, paidAnswer)
		}
	})
	var file bytes.Buffer
	cfg := testConfig(server.URL)
	cfg.Signature, cfg.ClientSecret, cfg.MerchantID = Symmetric, vectorSecret, "216620000000000000001"
	cfg.Audit = AuditTo(&file, func(err error) { t.Error(err) })
	c := newClient(t, cfg)
	p := testPayout(t)
	p.Notes = "for Budi Santoso"
	c.TopUp(t.Context(), "1", p)
	c.TopUpStatus(t.Context(), "2", p)
	bank := testBankPayout()
	bank.AccountName = "Budi Santoso"
	c.BankAccountInquiry(t.Context(), bank)
	c.Balance(t.Context())

	for _, secret := range []string{"t0k3n-s3cr3t", vectorSecret, "62811742234", "2460888509", "BUDI", "Budi"} {
		if strings.Contains(file.String(), secret) {
			t.Errorf("%q is in the record:\n%s", secret, file.String())
		}
	}
	var apis []string
	var paid AuditRecord
	for line := range strings.Lines(file.String()) {
		var r AuditRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		apis = append(apis, fmt.Sprint(r.API, " ", r.Status, " ", r.Error != ""))
		if r.API == APITopUp {
			paid = r
		}
	}
	if got, want := strings.Join(apis, ", "), "access-token 200 false, topup 200 false, topup-status 0 true, bank-account-inquiry 200 false, balance 200 false"; got != want {
		t.Errorf("recorded %s\nwant %s", got, want)
	}
	if paid.Request["X-External-Id"] != "1" || paid.Request["X-Signature"] != "****" || paid.Request["Authorization"] != "Bearer ****" ||
		paid.Method != "POST" || !strings.HasSuffix(paid.URL, "/topup") || paid.AnswerBody != paidAnswer || !paid.At.Equal(noon()) ||
		!strings.Contains(paid.RequestBody, `"customerNumber":"****234"`) || paid.Answer["Content-Type"] == "" {
		t.Errorf("%+v", paid)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// Evidence that cannot be written stops nothing.
func TestAuditFailureHarmsNoPayout(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	told := 0
	cfg := testConfig(serve(t, func(w http.ResponseWriter, _ *http.Request) { write(w, paidAnswer) }).URL)
	cfg.Audit = AuditTo(full{}, func(error) {
		mu.Lock()
		defer mu.Unlock()
		told++
	})
	c := newClient(t, cfg)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { expect(t, c.TopUp(t.Context(), "1", testPayout(t)), statemachine.Succeeded, "", false) })
	}
	all.Wait()
	if told != 4 {
		t.Errorf("%d failures were told", told)
	}
}

// In DANA's sandbox a record can keep enough for anybody to check the signature again. Secrets stay out of it all the same.
func TestWholeAuditRecordsVerify(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokenPath {
			write(w, `{"responseCode":"2007300","accessToken":"t0k3n-s3cr3t","expiresIn":"900"}`)
			return
		}
		write(w, `{"responseCode":"5003801","responseMessage":"for 62811742234"}`)
	})
	var file bytes.Buffer
	for _, signature := range []Signature{Asymmetric, Symmetric} {
		cfg := testConfig(server.URL)
		cfg.Signature, cfg.ClientSecret, cfg.MerchantID, cfg.AuditWhole = signature, vectorSecret, "216620000000000000001", true
		cfg.Audit = AuditTo(&file, func(err error) { t.Error(err) })
		c := newClient(t, cfg)
		p := testPayout(t)
		p.Notes = `for "Budi" & <co>`
		c.TopUp(t.Context(), "1", p)
		c.BankTransfer(t.Context(), "2", testBankPayout())
		c.TopUpStatus(t.Context(), "3", p)
		c.Balance(t.Context())
	}
	if strings.Contains(file.String(), vectorSecret) || strings.Contains(file.String(), "t0k3n-s3cr3t") {
		t.Errorf("a secret is in the record:\n%s", file.String())
	}
	verified := 0
	for line := range strings.Lines(file.String()) {
		var r AuditRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Request["Authorization"] != "" || r.Request["X-External-Id"] == "" {
			continue // symmetric, the token's or the balance's
		}
		u, err := url.Parse(r.URL)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := base64.StdEncoding.DecodeString(r.Request["X-Signature"])
		if err != nil {
			t.Fatal(err)
		}
		body := sha256.Sum256([]byte(r.RequestBody))
		sum := sha256.Sum256([]byte(r.Method + ":" + u.Path + ":" + hex.EncodeToString(body[:]) + ":" + r.Request["X-Timestamp"]))
		if err := rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
			t.Errorf("%s: %v", r.API, err)
		}
		if r.AnswerBody != `{"responseCode":"5003801","responseMessage":"for 62811742234"}` {
			t.Errorf("answer %s", r.AnswerBody)
		}
		verified++
	}
	if verified != 3 {
		t.Errorf("%d signatures were checked", verified)
	}
}
