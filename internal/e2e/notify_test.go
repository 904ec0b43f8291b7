package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/jakarta"
)

// notifier is DANA as it calls a merchant.
type notifier struct {
	t    *testing.T
	key  *rsa.PrivateKey
	addr string
}

// notify posts a notify signed for DANA's path and returns the answer's code.
func (n *notifier) notify(key *rsa.PrivateKey, path, ref, referenceNo string) string {
	n.t.Helper()
	body := `{"originalPartnerReferenceNo":"` + ref + `","originalReferenceNo":"` + referenceNo + `","latestTransactionStatus":"06","additionalInfo":{}}`
	stamp := jakarta.Format(time.Now())
	hash := sha256.Sum256([]byte(body))
	sum := sha256.Sum256([]byte("POST:" + danaclient.NotifyPath + ":" + hex.EncodeToString(hash[:]) + ":" + stamp))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		n.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(n.t.Context(), http.MethodPost, "http://"+n.addr+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-TIMESTAMP": stamp, "X-SIGNATURE": base64.StdEncoding.EncodeToString(signature),
		"X-PARTNER-ID": "merchant", "X-EXTERNAL-ID": rand.Text(), "CHANNEL-ID": "95221",
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct {
		ResponseCode string `json:"responseCode"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return resp.Status
	}
	return said.ResponseCode
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// withNotify gives workers a listener and the key of the DANA that may call it.
func (s *system) withNotify() *notifier {
	delete(s.env, "DANA_PUBLIC_KEY_PATH") // the sandbox's: these notifies are the test's own
	n := &notifier{t: s.t, key: newKey(s.t)}
	der, err := x509.MarshalPKIXPublicKey(&n.key.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	s.env["SALUR_NOTIFY_ADDR"] = "127.0.0.1:0"
	s.env["DANA_PUBLIC_KEY"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return n
}

// DANA's notify has the worker ask at once, where its schedule would ask in an hour. The
// notify says failed and the inquiry says paid: the inquiry is believed.
func TestBankNotify(t *testing.T) {
	t.Parallel()
	s := setup(t, "--appendfsync", "always")
	dana := s.withNotify()
	s.env["SALUR_INQUIRY_DELAYS"] = "1h"
	s.env["SALUR_INQUIRY_CUTOFF"] = "24h"
	s.control("behaviours", `{"customer":"628123450001","behaviour":{"sends":[{"pay":"pending","then":"00"}]}}`)
	w := s.worker()
	dana.addr = w.logged(t, "worker", "notify")

	for _, ref := range []string{"N-1", "N-2"} {
		s.must("enqueue", "topup", "--ref", ref, "--customer", "628123450001", "--amount", "10000")
		s.awaitState(ref, "pending")
	}
	was := s.show("N-1")

	stranger := newKey(t)
	for what, got := range map[string]string{
		"forged":       dana.notify(stranger, danaclient.NotifyPath, "N-1", "2026"),
		"another path": dana.notify(dana.key, "/", "N-1", "2026"),
		"unknown":      dana.notify(dana.key, danaclient.NotifyPath, "NOBODY", "2026"),
	} {
		want := map[string]string{"forged": "4014300", "another path": "404 Not Found", "unknown": "2004300"}[what]
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	if is := s.show("N-1"); is.State != "pending" || len(is.History) != len(was.History) {
		t.Errorf("a notify that is nobody's changed it: %+v", is)
	}
	for range 3 {
		if got := dana.notify(dana.key, danaclient.NotifyPath, "N-1", "2026"); got != "2004300" {
			t.Errorf("signed: %s", got)
		}
	}
	s.awaitState("N-1", "succeeded")
	// DANA's page swaps the descriptions of the two references.
	if got := dana.notify(dana.key, danaclient.NotifyPath, "2026", "N-2"); got != "2004300" {
		t.Errorf("with swapped references: %s", got)
	}
	s.awaitState("N-2", "succeeded")
	for _, tx := range s.books().Transactions {
		if tx.Inquiries != 1 {
			t.Errorf("DANA was asked %d times about %s", tx.Inquiries, tx.Ref)
		}
	}
	s.balance()

	metrics := get("http://" + w.logged(t, "worker", "http") + "/metrics")
	for result, n := range map[string]string{"accepted": "2", "unknown": "1", "refused": "1"} {
		if !strings.Contains(metrics, `salur_notifies_total{result="`+result+`"} `+n+"\n") {
			t.Errorf("%s is not %s in\n%s", result, n, regexp.MustCompile(`(?m)^salur_notifies.*$`).FindAllString(metrics, -1))
		}
	}

	// Without Redis nothing is accepted; DANA calls again, and it is.
	s.control("behaviours", `{"ref":"N-3","behaviour":{"sends":[{"pay":"pending","then":"00"}]}}`)
	s.must("enqueue", "topup", "--ref", "N-3", "--customer", "628123450003", "--amount", "10000")
	s.awaitState("N-3", "pending")
	s.redis.Kill()
	if got := dana.notify(dana.key, danaclient.NotifyPath, "N-3", "2026"); !strings.HasPrefix(got, "50") {
		t.Errorf("without Redis: %s", got)
	}
	s.redis.Restart()
	await(t, "the notify to be accepted", func() bool { return dana.notify(dana.key, danaclient.NotifyPath, "N-3", "2026") == "2004300" })
	s.awaitState("N-3", "succeeded")

	if code := w.stop(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	if conn, err := net.Dial("tcp", dana.addr); err == nil {
		_ = conn.Close()
		t.Error("the listener outlived its worker")
	}
	if said := strings.Join(w.stderr.lines(), "\n"); strings.Contains(said, "62812345") || strings.Contains(said, "MII") {
		t.Error("a phone number or a key is in the log")
	}
}

// A worker that cannot listen for notifies, or verify them, does not start.
func TestBankNotifyHalfConfigured(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.withNotify()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s.env["SALUR_NOTIFY_ADDR"] = taken.Addr().String()
	out, errs, code := s.run("", "worker")
	if code == 0 || out != "" || !strings.Contains(errs, "SALUR_NOTIFY_ADDR "+taken.Addr().String()+": ") || strings.Contains(errs, `"msg":"worker"`) {
		t.Errorf("a taken address: exit %d\n%s", code, errs)
	}
	const secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
	s.env["DANA_PUBLIC_KEY"] = secret
	if _, errs, code := s.run("", "worker"); code != 2 || strings.Contains(errs, secret) || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "worker: DANA_PUBLIC_KEY: ") {
		t.Errorf("a bad key: exit %d\n%s", code, errs)
	}
	delete(s.env, "DANA_PUBLIC_KEY")
	if _, errs, code := s.run("", "worker"); code != 2 || !strings.HasPrefix(errs, "worker: DANA_PUBLIC_KEY: is required with SALUR_NOTIFY_ADDR; ") {
		t.Errorf("no key: exit %d\n%s", code, errs)
	}
}

// A transfer is answered 2024300, and is known to have succeeded when the notify comes: the first
// inquiry of the schedule is a minute away.
func TestBankNotifyOfATransfer(t *testing.T) {
	t.Parallel()
	s := setup(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	dana := s.start("sandbox", "--keys", t.TempDir(), "--addr", "127.0.0.1:0", "--strict", "--notify-url", "http://"+addr, "--json")
	var settings map[string]string
	if err := json.Unmarshal([]byte(dana.line(t)), &settings); err != nil {
		t.Fatal(err)
	}
	maps.Copy(s.env, settings)
	s.danaURL = settings["DANA_BASE_URL"]
	s.env["SALUR_NOTIFY_ADDR"], s.env["SALUR_INQUIRY_DELAYS"] = addr, "1m"
	w := s.worker()

	s.must("enqueue", "bank", "--ref", "B-1", "--customer", "62811742234", "--bank-code", "014", "--account", "2460888509", "--amount", "50000")
	tx := s.awaitState("B-1", "succeeded")
	codes := map[string]string{}
	for _, e := range tx.History {
		codes[e.Event] = e.ResponseCode
	}
	if codes["send_in_progress"] != "2024300" || codes["inquiry_succeeded"] != "2000000" || tx.Attempts != 1 {
		t.Errorf("%d attempts, %v", tx.Attempts, codes)
	}
	if _, asked := codes["inquire_now"]; !asked {
		t.Errorf("the notify is not in the history: %v", codes)
	}
	if told := s.books().Transactions[0].Notify; told == nil || len(told.Attempts) != 1 {
		t.Errorf("the worker was told %+v", told)
	}
	await(t, "the notify to be counted", func() bool {
		return strings.Contains(get("http://"+w.logged(t, "worker", "http")+"/metrics"), "salur_notifies_total{result=\"accepted\"} 1\n")
	})
	s.balance()
}
