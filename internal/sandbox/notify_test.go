package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
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
	fail  int // how many to fail first
}

func newMerchant(t *testing.T, path string) *merchant {
	t.Helper()
	m := &merchant{}
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
		c.NotifyURL, c.NotifyKey, c.NotifyAfter = server.URL+path, merchantKey(), 10*time.Millisecond
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
	m.heard = append(m.heard, n.Ref+" "+n.Status)
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
		c.NotifyURL, c.NotifyKey, c.NotifyAfter = "http://127.0.0.1:1", merchantKey(), time.Hour
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
	for len(m.told("TWICE").Attempts) < 2 {
		time.Sleep(time.Millisecond)
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
