package sandbox_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

// merchant hears of notifies as a merchant with our client would.
type merchant struct {
	*testBundle
	mu    sync.Mutex
	heard []string
	notes []danaclient.Notification
	fail  int // how many to fail first
	came  chan struct{}
}

func newMerchant(t *testing.T, path string) *merchant {
	t.Helper()
	m := &merchant{came: make(chan struct{}, 100)}
	served := path
	if path == "" {
		served = danaclient.NotifyPath
	}
	h, err := danaclient.NewNotifyHandler(danaclient.NotifyConfig{Key: &merchantKey().PublicKey, Path: served, Now: time.Now}, m.receive)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(served, h)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	m.testBundle = setupWith(t, func(c *sandbox.Config) {
		c.NotifyURL, c.DANAKey, c.NotifyAfter = server.URL+path, merchantKey(), 10*time.Millisecond
	})
	return m
}

func (m *merchant) receive(_ context.Context, n danaclient.Notification) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail > 0 {
		m.fail--
		return errors.New("not now")
	}
	m.came <- struct{}{}
	m.heard, m.notes = append(m.heard, fmt.Sprint(n.Ref, " ", n.Status)), append(m.notes, n)
	return nil
}

// told waits until no more attempt of the notify of ref is to come.
func (m *merchant) told(ref string) *sandbox.Notify {
	m.t.Helper()
	for range 1000 {
		for _, tx := range m.books().Transactions {
			if tx.Ref == ref && tx.Notify != nil && tx.Notify.Done {
				return tx.Notify
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	m.t.Fatalf("%s was not told of", ref)
	return nil
}

func (m *merchant) send(ref string) {
	m.t.Helper()
	expectCode(m.t, m.do(request(transferPath, transferBody(ref, goodAccount, "50000.00", `,"needNotify":true`))), "2024300")
}

func TestNotify(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/shop/dana-notify"} {
		m := newMerchant(t, path)
		m.send("R-1")
		told := m.told("R-1")
		if len(told.Attempts) != 1 || told.Attempts[0].Answer != "2004300" || len(m.heard) != 1 || m.heard[0] != "R-1 00" {
			t.Errorf("%+v, heard %v", told, m.heard)
		}
		if got := m.inquireBank("R-1").statusOf(); got != "00" {
			t.Errorf("status %s", got)
		}
		m.wallet("014/"+goodAccount, money.Rupiah(50000))
	}
}

// Until it is told of, a transfer is pending; inquiries do not end it.
func TestPendingUntilNotified(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(c *sandbox.Config) {
		c.NotifyURL, c.DANAKey, c.NotifyAfter = "http://127.0.0.1:1", merchantKey(), time.Hour
	})
	body := transferBody("R-1", goodAccount, "50000.00", `,"needNotify":"true"`)
	expectCode(t, b.do(request(transferPath, body)), "2024300")
	expectCode(t, b.do(request(transferPath, body)), "2024300")
	for range 2 {
		if got := b.inquireBank("R-1").statusOf(); got != "03" {
			t.Errorf("status %s", got)
		}
	}
	b.wallet("014/"+goodAccount, money.Rupiah(0))
}

// DANA calls three times at most.
func TestNotifyIsRepeated(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, "")
	m.fail = 2
	m.send("R-1")
	if told := m.told("R-1"); len(told.Attempts) != 3 || told.Attempts[1].Answer != "5004301" || told.Attempts[2].Answer != "2004300" {
		t.Errorf("%+v", told)
	}
	m.mu.Lock()
	m.fail = 9
	m.mu.Unlock()
	m.send("R-2")
	if told := m.told("R-2"); len(told.Attempts) != 3 || told.Attempts[2].Answer != "5004301" {
		t.Errorf("%+v", told)
	}
}

// What is on the wire, by DANA's description of it and without our client.
func TestNotifyOnTheWire(t *testing.T) {
	t.Parallel()
	type call struct {
		method, path string
		header       http.Header
		body         []byte
	}
	calls := make(chan call, 9)
	var refusals atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.Method, r.URL.Path, r.Header, body}
		switch refusals.Add(1) {
		case 1:
			w.WriteHeader(http.StatusInternalServerError) // a success that its HTTP status denies
			_, _ = io.WriteString(w, `{"responseCode":"2004300"}`)
		case 2:
			_, _ = io.WriteString(w, `{}`)
		default:
			_, _ = io.WriteString(w, `{"responseCode":"2004300","responseMessage":"Successful"}`)
		}
	}))
	defer server.Close()
	now := time.Date(2026, 11, 21, 2, 30, 0, 0, time.UTC)
	b := setupWith(t, func(c *sandbox.Config) {
		c.NotifyURL, c.DANAKey, c.NotifyAfter, c.Now = server.URL+"/", merchantKey(), time.Millisecond, func() time.Time { return now }
	})
	m := &merchant{testBundle: b}
	m.send("R-1")
	seen := map[string]bool{}
	for range 3 {
		c := <-calls
		sum := sha256.Sum256(c.body)
		signed := sha256.Sum256([]byte("POST:" + danaNotifyPath + ":" + hex.EncodeToString(sum[:]) + ":2026-11-21T09:30:00+07:00"))
		signature, err := base64.StdEncoding.DecodeString(c.header.Get("X-SIGNATURE"))
		if err == nil {
			err = rsa.VerifyPKCS1v15(&merchantKey().PublicKey, crypto.SHA256, signed[:], signature)
		}
		if err != nil || c.method != http.MethodPost || c.path != danaNotifyPath || c.header.Get("X-TIMESTAMP") != "2026-11-21T09:30:00+07:00" ||
			c.header.Get("X-PARTNER-ID") != "partner" || c.header.Get("CHANNEL-ID") != "95221" || c.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v: %v", c.method, c.path, c.header, err)
		}
		seen[c.header.Get("X-EXTERNAL-ID")] = true
		const want = `{"additionalInfo":{},"createdTime":"2026-11-21T09:30:00+07:00","finishedTime":"2026-11-21T09:30:00+07:00","latestTransactionStatus":"00",` +
			`"originalPartnerReferenceNo":"R-1","originalReferenceNo":"2026112100000000000000000000000000001","transactionStatusDesc":"Success"}`
		if string(c.body) != want {
			t.Errorf("body %s", c.body)
		}
	}
	if len(seen) != 3 || seen[""] {
		t.Errorf("X-EXTERNAL-IDs %v", seen)
	}
	told := m.told("R-1")
	if len(told.Attempts) != 3 || told.Attempts[0].Answer != "HTTP 500 without a responseCode that fits" || told.Attempts[1].Answer != "HTTP 200 without a responseCode that fits" ||
		told.Attempts[2].Answer != "2004300" || len(calls) != 0 {
		t.Errorf("%+v, and %d more calls", told, len(calls))
	}
}

// danaNotifyPath is DANA's, where a merchant has given only a host.
const danaNotifyPath = "/v1.0/debit/emoney/transfer-bank/notify.htm"

// What lies between a transfer and its notify: late arrival, a later end, an end that is a failure.
func TestNotifyOf(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ send, answer, status string }{
		"Late":    {`{"pay":"late","delayMillis":20,"answer":"drop"}`, "closed", "00"},
		"Delayed": {`{"notifyDelayMillis":20}`, "2024300", "00"},
		"Failed":  {`{"pay":"pending","then":"06"}`, "2024300", "06"},
		"Refund":  {`{"then":"04"}`, "2024300", "04"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMerchant(t, "")
			m.plan(`{"behaviours":[{"ref":"R-1","behaviour":{"sends":[` + tc.send + `]}}]}`)
			expectCode(t, m.do(request(transferPath, transferBody("R-1", goodAccount, "50000.00", `,"needNotify":true`))), tc.answer)
			<-m.came // and nobody has opened the books in between
			told := m.told("R-1")
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(told.Attempts) != 1 || told.Attempts[0].Answer != "2004300" || len(m.heard) != 1 || m.heard[0] != "R-1 "+tc.status {
				t.Errorf("%+v, heard %v", told, m.heard)
			}
			for _, n := range m.notes {
				if n.ReferenceNo == "" { // DANA calls it mandatory, of a failure too
					t.Errorf("%+v", n)
				}
			}
		})
	}
}

// The end of a transfer that asked for a notify comes when it is told of, not before, and a delay
// puts off both.
func TestNotifyDelay(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, "")
	m.plan(`{"behaviours":[{"ref":"R-1","behaviour":{"sends":[{"notifyDelayMillis":86400000}]}}]}`)
	m.send("R-1")
	m.send("R-2")
	m.told("R-2")
	if got := m.inquireBank("R-1").statusOf(); got != "03" {
		t.Errorf("status %s", got)
	}
}

// A replay asks for no second notify, and not for one that is scripted never to come.
func TestReplayIsNotNotified(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, "")
	m.plan(`{"behaviours":[{"ref":"R-1","behaviour":{"sends":[{"times":1,"notify":"never"}]}}]}`)
	m.send("R-1")
	m.send("R-1")
	for _, tx := range m.books().Transactions {
		if tx.Notify != nil {
			t.Errorf("a notify of %s was begun", tx.Ref)
		}
	}
}

// Closing while transfers come in neither waits for what begins later nor leaves anything running.
func TestCloseAmongTransfers(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(c *sandbox.Config) {
		c.NotifyURL, c.DANAKey, c.NotifyAfter = "http://127.0.0.1:1", merchantKey(), time.Hour
	})
	var senders sync.WaitGroup
	for i := range 20 {
		r := request(transferPath, transferBody(fmt.Sprint("R-", i), goodAccount, "1.00", `,"needNotify":true`))
		senders.Go(func() { expectCode(t, b.do(r), "2024300") })
		if i == 10 {
			senders.Go(b.Close)
		}
	}
	senders.Wait()
	b.Close()
	expectCode(t, b.do(request(transferPath, transferBody("R-LAST", goodAccount, "1.00", `,"needNotify":true`))), "2024300")
	if got := b.inquireBank("R-LAST").statusOf(); got != "00" { // nobody will tell; asking ends it
		t.Errorf("status %s", got)
	}
}

func TestNotifyMisbehaves(t *testing.T) {
	t.Parallel()
	m := newMerchant(t, "")
	for ref, how := range map[string]string{"TWICE": "twice", "FORGED": "forged", "NEVER": "never"} {
		if err := m.SetBehaviour(sandbox.Target{Ref: ref}, sandbox.Behaviour{Sends: []sandbox.Send{{Notify: how}}}); err != nil {
			t.Fatal(err)
		}
		m.send(ref)
	}
	if told := m.told("FORGED"); len(told.Attempts) != 3 || told.Attempts[0].Answer != "4014300" {
		t.Errorf("%+v", told)
	}
	if told := m.told("TWICE"); len(told.Attempts) != 2 || told.Attempts[1].Answer != "2004300" {
		t.Errorf("%+v", told)
	}
	if got := m.inquireBank("NEVER").statusOf(); got != "00" {
		t.Errorf("status %s of a transfer that is never told of", got)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.heard) != 1 || m.heard[0] != "TWICE 00" {
		t.Errorf("heard %v", m.heard)
	}
}
