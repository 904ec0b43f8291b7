package sandbox_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topUpPath    = "/rest/v1.0/emoney/topup"
	transferPath = "/v1.0/emoney/transfer-bank.htm"
	bankStatus   = "/v1.0/emoney/transfer-bank-status.htm"
	bankPath     = "/v1.0/emoney/bank-account-inquiry.htm"
	tokenPath    = "/v1.0/access-token/b2b.htm"
	goodAccount  = "2460888509"
	statusPath   = "/rest/v1.0/emoney/topup-status"
	accountPath  = "/rest/v1.0/emoney/account-inquiry"

	good      = "62811742234"
	hang      = 30 * time.Second
	timestamp = "2026-11-21T09:30:00+07:00"
)

var externalIDs atomic.Int64

var merchantKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// testBundle is a sandbox and the merchant who talks to it.
type testBundle struct {
	*sandbox.Sandbox
	t testing.TB
}

func setup(t testing.TB) *testBundle { return setupAt(t, time.Now) }

func setupAt(t testing.TB, now func() time.Time) *testBundle {
	return setupWith(t, func(c *sandbox.Config) { c.Now = now })
}

func setupWith(t testing.TB, change func(*sandbox.Config)) *testBundle {
	t.Helper()
	cfg := sandbox.Config{
		PartnerID: "partner", PublicKey: &merchantKey().PublicKey,
		MerchantID: "216620000000000000001", ClientSecret: "s3cret",
		Deposit: money.Rupiah(1_000_000_000), Hang: hang, Now: time.Now, Strict: true,
	}
	change(&cfg)
	box, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	return &testBundle{box, t}
}

func sign(text string) string {
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, merchantKey(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(sig)
}

// request is a rightly signed SNAP request with the body as given.
func request(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	var compact bytes.Buffer
	signed := []byte(body)
	if json.Compact(&compact, signed) == nil {
		signed = compact.Bytes()
	}
	sum := sha256.Sum256(signed)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-TIMESTAMP", timestamp)
	r.Header.Set("X-SIGNATURE", sign("POST:"+path+":"+hex.EncodeToString(sum[:])+":"+timestamp))
	r.Header.Set("X-PARTNER-ID", "partner")
	r.Header.Set("X-EXTERNAL-ID", fmt.Sprint("external-", externalIDs.Add(1)))
	r.Header.Set("CHANNEL-ID", "95221")
	return r
}

// heard is what the client gets: an answer, or a line that was closed without one.
type heard struct {
	closed bool
	status int
	header http.Header
	body   string
	fields map[string]any // nil when the body is no JSON
}

func (h heard) code() string {
	if h.closed {
		return "closed"
	}
	code, _ := h.fields["responseCode"].(string)
	return code
}

func (b *testBundle) do(r *http.Request) (h heard) {
	b.t.Helper()
	rec := httptest.NewRecorder()
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			if rec.Body.Len() > 0 {
				b.t.Errorf("a line was closed after %q", rec.Body)
			}
			h = heard{closed: true}
		default:
			panic(v)
		}
	}()
	b.ServeHTTP(rec, r)
	h = heard{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &h.fields)
	return h
}

func topUpBody(ref, customer, amount string) string {
	return fmt.Sprintf(`{"partnerReferenceNo":%q,"customerNumber":%q,"amount":{"value":%q,"currency":"IDR"},`+
		`"feeAmount":{"value":"1.00","currency":"IDR"},"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE"}}`, ref, customer, amount)
}

func (b *testBundle) topUp(ref, customer, amount string) heard {
	b.t.Helper()
	return b.do(request(topUpPath, topUpBody(ref, customer, amount)))
}

func (b *testBundle) inquire(ref string) heard {
	b.t.Helper()
	return b.do(request(statusPath, fmt.Sprintf(`{"originalPartnerReferenceNo":%q,"serviceCode":"38"}`, ref)))
}

func (b *testBundle) account(customer, amount string) heard {
	b.t.Helper()
	return b.do(request(accountPath, fmt.Sprintf(`{"customerNumber":%q,"amount":{"value":%q,"currency":"IDR"},`+
		`"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE"}}`, customer, amount)))
}

// statusOf is latestTransactionStatus, or what else the inquiry got to hear.
func (h heard) statusOf() string {
	if st, ok := h.fields["latestTransactionStatus"].(string); ok {
		return st
	}
	if h.fields == nil && !h.closed {
		return fmt.Sprintf("unreadable %d", h.status)
	}
	return h.code()
}

// books checks the identity of the books and returns them.
func (b *testBundle) books() sandbox.State {
	b.t.Helper()
	st := b.State()
	if err := st.Check(); err != nil {
		b.t.Error(err)
	}
	return st
}

func (b *testBundle) wallet(customer string, want money.Amount) {
	b.t.Helper()
	if got := b.books().Wallets[customer]; got.Cents() != want.Cents() {
		b.t.Errorf("wallet holds %s, want %s", got, want)
	}
}

func expectCode(t testing.TB, h heard, want string) {
	t.Helper()
	if h.code() != want {
		t.Errorf("answered %q (%s), want %s", h.code(), h.body, want)
	}
	if want != "closed" && fmt.Sprint(h.status) != want[:3] {
		t.Errorf("HTTP %d with code %s", h.status, want)
	}
}

func expectField(t testing.TB, h heard, path, want string) {
	t.Helper()
	at := any(h.fields)
	for name := range strings.SplitSeq(path, ".") {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	if at == nil {
		at = ""
	}
	if at != want {
		t.Errorf("%s is %v, want %q in %s", path, at, want, h.body)
	}
}

func jakartaDate(t time.Time) string { return strings.ReplaceAll(jakarta.Format(t)[:10], "-", "") }
