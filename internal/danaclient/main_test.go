package danaclient

import (
	"crypto/rsa"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quiet is for servers that would write their expected errors to the test's output.
var quiet = log.New(io.Discard, "", 0)

// testKey is the key of testdata, made for these tests and registered nowhere.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	text, err := os.ReadFile("testdata/key.pem")
	if err != nil {
		panic(err)
	}
	key, err := ParsePrivateKey(string(text))
	if err != nil {
		panic(err)
	}
	return key
})

// noon is the clock of all clients here: 05:30 UTC, 12:30 in Jakarta.
func noon() time.Time { return time.Date(2026, 11, 21, 5, 30, 0, 0, time.UTC) }

func testConfig(baseURL string) Config {
	return Config{
		BaseURL: baseURL, PartnerID: "2014000014442", Origin: "shop.example.id", ChannelID: "95221",
		Key: testKey(), Timeout: 10 * time.Second, MaxConns: 4, Now: noon,
	}
}

func newClient(t testing.TB, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.wire.(*http.Transport).CloseIdleConnections)
	return c
}

// testBankPayout is one that payout.Instruction.Parse does not accept yet.
func testBankPayout() payout.Payout {
	return payout.Payout{
		Kind: payout.Bank, Ref: "PAY-1", Customer: "62811742234", Amount: money.Rupiah(50000), Fee: money.Rupiah(0),
		FundType: payout.FundTypeBank, BankCode: "014", Account: "2460888509",
	}
}

func testPayout(t testing.TB) payout.Payout {
	t.Helper()
	p, err := payout.Instruction{Ref: "PAY-1", Customer: "62811742234", Amount: "10000", Fee: "1"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
