// Package sandbox is a DANA of one's own: an http.Handler that answers the disbursement
// APIs the way DANA's sandbox does, keeps books that really move, and misbehaves on demand.
//
// It is NOT DANA. It is built from DANA's public documentation and test fixtures, and
// where those are silent it does what a comment says it does. It holds no real money, and what it
// answers is no evidence of what DANA would answer.
//
// It checks signatures and reads bodies with its own code, so that it is an independent
// witness against the client under test.
//
// Where to look: gate.go has the order of checks and the signatures, strict.go what is checked only strictly, body.go the field rules,
// answer.go the codes and messages; account.go, topup.go, bank.go, status.go, token.go and
// openapi.go with balance.go and merchantinfo.go are the APIs, transfer.go and books.go the money, notify.go what the merchant is
// told. behaviour.go, target.go, presets.go, random.go and plan.go say how to misbehave, script.go
// whose turn it is, deliver.go what then leaves. control.go is the control API under /_sandbox/,
// state.go, requests.go and settlement.go what it shows.
package sandbox

import (
	"context"
	"crypto/rsa"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// Config is one merchant at the sandbox.
type Config struct {
	// PartnerID is the X-PARTNER-ID that is let in, and the clientId of the balance check.
	PartnerID string
	// PublicKey verifies the merchant's signatures.
	PublicKey *rsa.PublicKey
	// MerchantID and ClientSecret are asked for by the balance check alone. With either
	// empty, that check refuses everyone.
	MerchantID   string
	ClientSecret string
	// Deposit is what the merchant can pay out at first.
	Deposit money.Amount
	// BankFee is what a transfer to a bank costs the merchant, in IDR, beside its amount. DANA's
	// fee is a matter of contract.
	BankFee money.Amount
	// TokenLife is how long an access token is valid, in whole seconds; 0 is DANA's 900.
	TokenLife time.Duration
	// NotifyURL is where the merchant wants to hear of transfers to banks; without a path,
	// DANA's is added. Empty for nowhere: then the first status inquiry ends a transfer that
	// asked for a notify.
	NotifyURL string
	// DANAKey plays DANA's: it signs notifies and, when there is one, the balance check's answers.
	DANAKey *rsa.PrivateKey
	// NotifyAfter is how long after the transfer it ends and is told of, and how long after an
	// attempt in vain the next one is made, three in all.
	NotifyAfter time.Duration
	// Hang is how long a "hang" keeps the line open before it closes it without an answer.
	Hang time.Duration
	// Strict enforces what DANA's pages say and its own sandbox, SDKs or fixtures do not keep (strict.go).
	Strict bool
	// Indonesian words the limit of a customer's account in Indonesian, as DANA's sandbox does for some.
	Indonesian bool
	// EscapedBodies takes a body that was escaped (\/ and \u00e9) after it was signed, as dana-php does.
	EscapedBodies bool
	// Now is the clock of dates, reference numbers and late payments.
	Now func() time.Time
}

// Sandbox is a running sandbox; it serves requests concurrently.
type Sandbox struct {
	cfg     Config
	mux     *http.ServeMux
	closing context.Context
	close   context.CancelFunc
	tellers sync.WaitGroup // of notifies

	// mu serialises everything that reads or moves the books. Nothing waits while holding
	// it, so one lock also gives the rule that equal references are handled one after another.
	mu    sync.Mutex
	books books
}

// New makes a sandbox. The error names what is missing from cfg.
func New(cfg Config) (*Sandbox, error) {
	switch {
	case cfg.PartnerID == "":
		return nil, errors.New("sandbox: PartnerID is missing")
	case cfg.PublicKey == nil:
		return nil, errors.New("sandbox: PublicKey is missing")
	case cfg.Deposit.Currency() != money.IDR || cfg.Deposit.Cents() < 0:
		return nil, errors.New("sandbox: Deposit must be zero or more in IDR")
	case cfg.BankFee != money.Amount{} && cfg.BankFee.Currency() != money.IDR || cfg.BankFee.Cents() < 0:
		return nil, errors.New("sandbox: BankFee must be zero or more in IDR")
	case cfg.TokenLife < 0 || cfg.TokenLife%time.Second != 0:
		return nil, errors.New("sandbox: TokenLife must be whole seconds")
	case cfg.NotifyURL != "" && (cfg.DANAKey == nil || cfg.NotifyAfter <= 0):
		return nil, errors.New("sandbox: NotifyURL needs DANAKey and NotifyAfter")
	case cfg.Hang <= 0:
		return nil, errors.New("sandbox: Hang must be more than zero")
	case cfg.Now == nil:
		return nil, errors.New("sandbox: Now is missing")
	}
	if cfg.TokenLife == 0 {
		cfg.TokenLife = 900 * time.Second
	}
	cfg.BankFee = money.Rupiah(0).Add(cfg.BankFee)
	s := &Sandbox{cfg: cfg, mux: http.NewServeMux(), books: newBooks(cfg.Deposit)}
	s.closing, s.close = context.WithCancel(context.Background())
	for _, a := range []api{{accountInquiry, s.accountInquiry}, {topUpService, s.topUp}, {statusService, s.topUpStatus}} {
		s.mux.HandleFunc("POST /rest/v1.0/emoney/"+apiOf[a.service], s.snap(a))
		s.mux.HandleFunc("POST /v1.0/emoney/"+apiOf[a.service]+".htm", s.snap(a))
	}
	for _, a := range []api{{bankInquiryService, s.bankInquiry}, {transferService, s.bankTransfer}, {bankStatusService, s.bankStatus}} {
		s.mux.HandleFunc("POST /v1.0/emoney/"+apiOf[a.service]+".htm", s.snap(a))
	}
	s.mux.HandleFunc("POST /v1.0/access-token/b2b.htm", s.token)
	for _, a := range openAPIs {
		s.mux.HandleFunc("POST "+a.path, s.openAPI(a))
	}
	s.control()
	return s, nil
}

// ServeHTTP answers DANA's paths and the control API.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close lets every hanging line go at once and gives up notifies. Requests are still answered
// afterwards, but none hangs.
func (s *Sandbox) Close() {
	s.mu.Lock() // or a teller could start while they are waited for
	s.close()
	s.mu.Unlock()
	s.tellers.Wait()
}

// open takes the books, after what was due by now has arrived in them. The caller unlocks mu.
func (s *Sandbox) open() (*books, time.Time) {
	s.mu.Lock()
	now := s.cfg.Now()
	for _, l := range s.books.due(now) {
		s.book(l.req, l.step, l.at)
	}
	return &s.books, now
}
