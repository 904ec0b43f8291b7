package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program is a running sandbox.
type program struct {
	t        *testing.T
	settings map[string]string
	stop     context.CancelFunc
	exit     chan int
	stderr   bytes.Buffer // to be read after the exit
}

var exportLine = regexp.MustCompile(`^export ([A-Z_]+)='(.*)'$`)

// startProgram runs the program on a free port and reads the export lines up to the last one.
func startProgram(t *testing.T, last string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{t: t, settings: map[string]string{}, stop: cancel, exit: make(chan int, 1)}
	out, in := io.Pipe()
	go func() {
		p.exit <- run(ctx, append([]string{"--addr", "127.0.0.1:0"}, args...), in, &p.stderr)
		in.Close()
	}()
	t.Cleanup(cancel)
	lines := bufio.NewScanner(out)
	for p.settings[last] == "" && lines.Scan() {
		m := exportLine.FindStringSubmatch(lines.Text())
		if m == nil {
			t.Fatalf("stdout has %q", lines.Text())
		}
		p.settings[m[1]] = strings.ReplaceAll(m[2], `'\''`, "'")
	}
	if p.settings[last] == "" {
		t.Fatalf("exit %d before %s was printed: %s", <-p.exit, last, &p.stderr)
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // only keeps the pipe moving
	return p
}

func (p *program) topUp(ref, customer string) (*http.Response, error) {
	p.t.Helper()
	b, err := os.ReadFile(p.settings["PRIVATE_KEY_PATH"])
	if err != nil {
		p.t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		p.t.Fatal(err)
	}
	const path, at = "/rest/v1.0/emoney/topup", "2026-11-21T09:30:00+07:00"
	body := fmt.Sprintf(`{"partnerReferenceNo":%q,"customerNumber":%q,"amount":{"value":"10.00","currency":"IDR"},`+
		`"feeAmount":{"value":"0.00","currency":"IDR"},"additionalInfo":{"fundType":"AGENT_TOPUP_FOR_USER_SETTLE"}}`, ref, customer)
	sum := sha256.Sum256(fmt.Appendf(nil, "POST:%s:%x:%s", path, sha256.Sum256([]byte(body)), at))
	sig, err := rsa.SignPKCS1v15(nil, parsed.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.settings["DANA_BASE_URL"]+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"X-TIMESTAMP": at, "X-SIGNATURE": base64.StdEncoding.EncodeToString(sig), "X-PARTNER-ID": p.settings["X_PARTNER_ID"],
		"X-EXTERNAL-ID": "e-1", "CHANNEL-ID": "95221", "ORIGIN": p.settings["ORIGIN"],
	} {
		r.Header.Set(name, value)
	}
	r.Close = true
	return http.DefaultClient.Do(r)
}

func (p *program) state() sandbox.State {
	p.t.Helper()
	resp, err := http.Get(p.settings["DANA_BASE_URL"] + "/_sandbox/state")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	var st sandbox.State
	if err := json.NewDecoder(resp.Body).Decode(&st); err != nil {
		p.t.Fatal(err)
	}
	if err := st.Check(); err != nil {
		p.t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return st
}

// What is printed is all that a worker needs, the key pair is kept for the next start, and
// a stop does not wait for a hanging line.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's new", "keys")
	p := startProgram(t, "ORIGIN", "--keys", dir, "--deposit", "25.00", "--hang", "1h")
	resp, err := p.topUp("R-1", "62811742234")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("HTTP %d", resp.StatusCode)
	}
	hung := make(chan error)
	go func() {
		resp, err := p.topUp("R-2", "628551005454")
		if err == nil {
			resp.Body.Close()
		}
		hung <- err
	}()
	for len(p.state().Credits) < 2 { // until the hanging line has paid
	}
	if left := p.state().Deposit.Value(); left != "5.00" {
		t.Errorf("deposit %s", left)
	}
	p.stop()
	if err := <-hung; !errors.Is(err, io.EOF) {
		t.Errorf("the hanging line ended with %v", err)
	}
	if code := <-p.exit; code != int(cli.Done) {
		t.Errorf("exit %d: %s", code, &p.stderr)
	}
	if log := p.stderr.String(); !strings.Contains(log, "not DANA") || strings.Contains(log, "62811742234") {
		t.Errorf("log %s", log)
	}
	for _, name := range []string{merchantKeys.private, merchantKeys.public} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}

	p = startProgram(t, "ORIGIN", "--keys", dir)
	resp, err = p.topUp("R-1", "62811742234")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("after a restart: HTTP %d", resp.StatusCode)
	}
	p.stop()
	<-p.exit
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, "CLIENT_ID", "--keys", dir, "--client-secret-path", secret, "--partner-id", "p-1", "--merchant-id", "m-1")
	if p.settings["X_PARTNER_ID"] != "p-1" || p.settings["CLIENT_ID"] != "p-1" || p.settings["MERCHANT_ID"] != "m-1" {
		t.Errorf("settings %v", p.settings)
	}
	if strings.Contains(fmt.Sprint(p.settings), "hush") {
		t.Error("the secret was printed")
	}
	if _, err := readPublicKey(p.settings["DANA_PUBLIC_KEY_PATH"]); err != nil { // which verifies balances
		t.Error(err)
	}
	p.stop()
	if code := <-p.exit; code != int(cli.Done) || strings.Contains(p.stderr.String(), "hush") {
		t.Errorf("exit %d: %s", code, &p.stderr)
	}

	// With a public key alone, and as JSON on one line.
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := run(stopped, []string{"--addr", "127.0.0.1:0", "--public-key-path", filepath.Join(dir, merchantKeys.public), "--json"}, &stdout, &stderr)
	var doc map[string]string
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil || code != int(cli.Done) || strings.Count(stdout.String(), "\n") != 1 {
		t.Fatalf("exit %d, %q, %v: %s", code, &stdout, err, &stderr)
	}
	if !strings.HasPrefix(doc["DANA_BASE_URL"], "http://127.0.0.1:") || doc["ORIGIN"] == "" || doc["PRIVATE_KEY_PATH"] != "" {
		t.Errorf("settings %v", doc)
	}
}

func TestShellQuoting(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := printSettings(&out, options{}, []setting{{"A", "it's $HOME"}}); err != nil {
		t.Fatal(err)
	}
	if out.String() != `export A='it'\''s $HOME'`+"\n" {
		t.Errorf("printed %s", &out)
	}
}

// Bad usage is one line that says what to do, exit 2, and nothing on stdout.
func TestBadUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // after the parallel subtests
	stopped, cancel := context.WithCancel(t.Context())
	cancel() // what is wrongly accepted ends at once
	notKey := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}))
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"NoKeys", nil, "--keys, --public-key-path: give exactly one"},
		{"BothKeys", []string{"--keys", "x", "--public-key-path", "x"}, "--keys, --public-key-path: give exactly one"},
		{"Argument", []string{"--keys", dir, "extra"}, "takes no arguments"},
		{"UnknownFlag", []string{"--client-secret", "x"}, "unknown flag"},
		{"Deposit", []string{"--keys", dir, "--deposit", "1,000"}, `--deposit "1,000": not an amount`},
		{"Hang", []string{"--keys", dir, "--hang", "0s"}, `--hang "0s"`},
		{"HangUnit", []string{"--keys", dir, "--hang", "30"}, `"30"`},
		{"Partner", []string{"--keys", dir, "--partner-id", ""}, "--partner-id"},
		{"Addr", []string{"--keys", filepath.Join(dir, "addr"), "--addr", taken.Addr().String()}, "--addr"},
		{"NoSecretFile", []string{"--keys", dir, "--client-secret-path", filepath.Join(dir, "none")}, "--client-secret-path"},
		{"EmptySecret", []string{"--keys", dir, "--client-secret-path", write("empty", "\n")}, "the file is empty"},
		{"NoKeyFile", []string{"--public-key-path", filepath.Join(dir, "none")}, "cannot read the public key"},
		{"NotPEM", []string{"--public-key-path", write("text", "hello")}, "not PEM"},
		{"NotAKey", []string{"--public-key-path", write("junk", notKey)}, "not an RSA public key"},
		{"PublicAlone", []string{"--keys", filepath.Dir(write("a/public.pem", notKey))}, "private.pem is not"},
		{"PrivateAlone", []string{"--keys", filepath.Dir(write("b/private.pem", "x"))}, "public.pem is not"},
		{"KeysInAFile", []string{"--keys", filepath.Join(write("file", "x"), "keys")}, "--keys"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			code := run(stopped, tc.args, &stdout, &stderr)
			if code != int(cli.Invalid) || stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), tc.says) {
				t.Errorf("exit %d, stdout %q, stderr %q, want one line with %q", code, &stdout, &stderr, tc.says)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &stdout, &stderr); code != int(cli.Done) {
		t.Errorf("exit %d", code)
	}
	help := stdout.String()
	for _, want := range []string{"**This is NOT DANA.", "no real money", "--public-key-path", "SANDBOX_CLIENT_SECRET", sandbox.SystemErrorMerchant} {
		if !strings.Contains(help, want) {
			t.Errorf("the help does not say %q", want)
		}
	}
	for _, n := range sandbox.Numbers() {
		if !strings.Contains(help, n.Customer) || !strings.Contains(help, n.Preset) {
			t.Errorf("the help does not list %s", n.Customer)
		}
	}
	if strings.Contains(help, "\x1b") {
		t.Error("control characters off a terminal")
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"--version"}, &stdout, &stderr); code != int(cli.Done) || !strings.HasPrefix(stdout.String(), "sandbox version ") || stderr.Len() > 0 {
		t.Errorf("exit %d: %s%s", code, &stdout, &stderr)
	}
}

// DANA's host names lead here under a certificate that the CA in --keys vouches for, also
// after a restart, and over HTTP/2.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		addr := freeAddr(t)
		p := startProgram(t, "ORIGIN", "--keys", dir, "--tls-addr", addr)
		ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(ca)
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			},
		}}
		for _, host := range []string{"api.sandbox.dana.id", "api.saas.dana.id", "localhost", "127.0.0.1"} {
			resp, err := client.Get("https://" + host + "/_sandbox/state")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 || resp.ProtoMajor != 2 {
				t.Errorf("%s: HTTP/%d %d", host, resp.ProtoMajor, resp.StatusCode)
			}
		}
		if resp, err := client.Get("https://example.com/"); err == nil {
			resp.Body.Close()
			t.Error("the certificate is good for any name")
		}
		client.CloseIdleConnections()
		p.stop()
		if code := <-p.exit; code != 0 {
			t.Errorf("exit %d: %s", code, &p.stderr)
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestPlanAndNotify(t *testing.T) {
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.json")
	if err := os.WriteFile(plan, []byte(`{"deposit":"50.00","behaviours":[{"ref":"R-1","preset":"throttle","times":1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, "DANA_PUBLIC_KEY_PATH", "--keys", dir, "--plan", plan, "--notify-url", "http://127.0.0.1:1")
	for _, want := range []int{429, 200} {
		resp, err := p.topUp("R-1", "62811742234")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("HTTP %d, want %d", resp.StatusCode, want)
		}
	}
	if left := p.state().Deposit.Value(); left != "40.00" {
		t.Errorf("deposit %s", left)
	}
	if _, err := readPublicKey(p.settings["DANA_PUBLIC_KEY_PATH"]); err != nil {
		t.Error(err)
	}
}

func TestBadTLSPlanAndNotify(t *testing.T) {
	t.Parallel()
	dir, broken := t.TempDir(), t.TempDir()
	plan := filepath.Join(dir, "plan.json")
	if err := os.WriteFile(plan, []byte(`{"behaviours":[{"ref":"R-1","preset":"thottle"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "ca.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--keys", dir, "--plan", plan}, `behaviours[0].preset "thottle": use one of`},
		{[]string{"--keys", dir, "--plan", filepath.Join(dir, "none.json")}, "--plan: cannot read the file"},
		{[]string{"--keys", dir, "--notify-url", "merchant.example"}, `--notify-url "merchant.example": use http://host:port`},
		{[]string{"--public-key-path", "x", "--tls-addr", ":0"}, "--tls-addr, --notify-url: need --keys"},
		{[]string{"--keys", dir, "--tls-addr", "nowhere"}, `--tls-addr "nowhere": cannot listen`},
		{[]string{"--keys", broken, "--tls-addr", "127.0.0.1:0"}, "ca.pem and ca-key.pem are not a valid CA"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"--addr", "127.0.0.1:0"}, tc.args...), &out, &errs)
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		if last := lines[len(lines)-1]; code != 2 || out.Len() != 0 || !strings.Contains(last, tc.want) {
			t.Errorf("%v: exit %d, %q, %q; want %q", tc.args, code, &out, last, tc.want)
		}
	}
}
