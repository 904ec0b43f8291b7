package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

// options are the flags as typed.
type options struct {
	addr, tlsAddr, partnerID, merchantID, deposit string
	publicKeyPath, keysDir, clientSecretAt        string
	notifyURL, planFile                           string
	hang                                          time.Duration
	json, strict, escaped                         bool
	language                                      string
}

func newCommand(stdout, stderr io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:     "sandbox (--keys DIR | --public-key-path FILE)",
		Short:   "A local DANA that can be told to misbehave",
		Long:    longHelp(bool(cli.ColourFor(stdout, os.Environ()))),
		Example: "  sandbox --keys ./keys                  # makes a key pair if there is none\n  sandbox --keys ./keys > sandbox.env    # then, in the worker's shell: . ./sandbox.env",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := start(cmd, o, cli.NewLogger(config.Log{}, stderr))
			if err != nil && !errors.As(err, new(internalError)) {
				// What is not ours was wrong on the command line or in a file it names.
				err = cli.Fail(cli.Invalid, err)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.keysDir, "keys", "", "directory of the merchant's key pair (private.pem, public.pem), made there when missing")
	f.StringVar(&o.publicKeyPath, "public-key-path", "", "the merchant's public RSA key, PEM; instead of --keys")
	f.StringVar(&o.addr, "addr", "127.0.0.1:8090", "where to listen; port 0 takes a free one")
	f.StringVar(&o.tlsAddr, "tls-addr", "", "where to serve HTTPS as well, for DANA's host names, with a certificate of the CA ca.pem in --keys (made there when missing)")
	f.StringVar(&o.partnerID, "partner-id", "2026010100000000000001", "the X-PARTNER-ID that is let in, also the client id of the balance check")
	f.StringVar(&o.merchantID, "merchant-id", "216620000000000000001", "merchant id of the balance check")
	f.StringVar(&o.clientSecretAt, "client-secret-path", "", "file with the client secret of the balance check; or set SANDBOX_CLIENT_SECRET (with neither, that check refuses everyone)")
	f.StringVar(&o.deposit, "deposit", "1000000000", "what the merchant can pay out at first, in IDR")
	f.StringVar(&o.notifyURL, "notify-url", "", "where transfers to banks are notified, http:// or https://; DANA's path is added when it has none; signed with dana-private.pem in --keys (made there when missing)")
	f.StringVar(&o.planFile, "plan", "", "JSON file that says what the next exchanges meet, see below")
	f.DurationVar(&o.hang, "hang", 30*time.Second, "how long a hanging answer keeps the line open")
	f.BoolVar(&o.strict, "strict", false, "enforce what DANA's pages say and its sandbox, SDKs or fixtures do not keep (docs/sandbox.md has the list)")
	f.StringVar(&o.language, "language", "en", "of the one message that DANA's sandbox has in two: en or id")
	f.BoolVar(&o.escaped, "escaped-bodies", false, "take bodies that were escaped after they were signed, as dana-php does")
	f.BoolVar(&o.json, "json", false, "print the settings as one JSON document instead of export lines")
	return cmd
}

// start checks every option before it listens, so that nothing runs half configured.
func start(cmd *cobra.Command, o options, log *zap.Logger) error {
	cfg := sandbox.Config{PartnerID: o.partnerID, MerchantID: o.merchantID, Hang: o.hang, Now: time.Now, Strict: o.strict, Indonesian: o.language == "id", EscapedBodies: o.escaped}
	var err error
	switch {
	case (o.keysDir == "") == (o.publicKeyPath == ""):
		return errors.New("--keys, --public-key-path: give exactly one of them, such as --keys ./keys")
	case o.partnerID == "" || len(o.partnerID) > 36:
		return fmt.Errorf("--partner-id %q: use 1 to 36 characters", o.partnerID)
	case o.language != "en" && o.language != "id":
		return fmt.Errorf("--language %q: use en or id", o.language)
	case o.hang <= 0:
		return fmt.Errorf("--hang %q: use more than zero, such as 30s", o.hang)
	case o.keysDir == "" && (o.tlsAddr != "" || o.notifyURL != ""):
		return errors.New("--tls-addr, --notify-url: need --keys, where their own keys are kept")
	}
	if cfg.Deposit, err = money.Parse(o.deposit); err != nil {
		return fmt.Errorf("--deposit %q: %w", o.deposit, err)
	}
	if cfg.ClientSecret, err = clientSecret(o.clientSecretAt); err != nil {
		return err
	}
	if o.keysDir != "" {
		cfg.PublicKey, err = keyPair(o.keysDir, merchantKeys)
	} else {
		cfg.PublicKey, err = readPublicKey(o.publicKeyPath)
	}
	if err != nil {
		return err
	}
	if err := notifies(&cfg, o); err != nil {
		return err
	}
	if o.notifyURL != "" || cfg.ClientSecret != "" && o.keysDir != "" {
		if cfg.DANAKey, err = danaKey(o.keysDir); err != nil {
			return err
		}
	}
	box, err := sandbox.New(cfg)
	if err != nil {
		return internalError{err}
	}
	if err := applyPlan(box, o.planFile); err != nil {
		return err
	}
	l, err := listen("--addr", o.addr, log)
	if err != nil {
		return err
	}
	listeners := []net.Listener{l}
	if o.tlsAddr != "" {
		secure, err := listenTLS(o, log)
		if err != nil {
			_ = l.Close()
			return err
		}
		listeners = append(listeners, secure)
	}
	if err := printSettings(cmd.OutOrStdout(), o, settings(l.Addr().(*net.TCPAddr), o, cfg)); err != nil {
		for _, l := range listeners {
			_ = l.Close()
		}
		return internalError{fmt.Errorf("printing the settings: %w", err)}
	}
	log.Info("serving a local sandbox, not DANA", zap.Stringer("addr", l.Addr()), zap.Stringer("deposit", cfg.Deposit), zap.Duration("hang", o.hang))
	return serve(cmd.Context(), listeners, box, log)
}

// notifies reads what is needed to notify the merchant, if that is wanted.
func notifies(cfg *sandbox.Config, o options) error {
	if o.notifyURL == "" {
		return nil
	}
	u, err := url.Parse(o.notifyURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--notify-url %q: use http://host:port or https://host, with a path if it is not DANA's own", o.notifyURL)
	}
	cfg.NotifyURL, cfg.NotifyAfter = o.notifyURL, notifyAfter
	return nil
}

// notifyAfter is how long after a transfer its end is notified, and how long after an attempt
// in vain the next one is made.
const notifyAfter = 2 * time.Second

func applyPlan(box *sandbox.Sandbox, file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("--plan: cannot read the file: %w", err)
	}
	defer f.Close()
	plan, err := sandbox.ReadPlan(f)
	if err == nil {
		err = box.Apply(plan)
	}
	if err != nil {
		return fmt.Errorf("--plan %q: %w", file, err)
	}
	return nil
}

func listen(flag, addr string, log *zap.Logger) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s %q: cannot listen: %w; use host:port with a free port, or port 0", flag, addr, err)
	}
	if addr := l.Addr().(*net.TCPAddr); !addr.IP.IsLoopback() {
		log.Warn("reachable from other machines: whoever reaches it can control it", zap.Stringer("addr", addr))
	}
	return l, nil
}

// listenTLS is a listener for HTTPS, HTTP/2 included.
func listenTLS(o options, log *zap.Logger) (net.Listener, error) {
	cert, err := certificate(o.keysDir, time.Now())
	if err != nil {
		return nil, err
	}
	l, err := listen("--tls-addr", o.tlsAddr, log)
	if err != nil {
		return nil, err
	}
	log.Info("serving HTTPS", zap.Stringer("addr", l.Addr()), zap.Strings("names", danaHosts), zap.String("ca", absolute(filepath.Join(o.keysDir, caName))))
	return tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"},
	}), nil
}

type setting struct{ name, value string }

// settings are what a worker's environment needs in order to talk to this sandbox. The client
// secret is not among them: whoever started the sandbox has it already.
func settings(addr *net.TCPAddr, o options, cfg sandbox.Config) []setting {
	if addr.IP.IsUnspecified() {
		addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: addr.Port}
	}
	list := []setting{{"DANA_BASE_URL", "http://" + addr.String()}, {"X_PARTNER_ID", cfg.PartnerID}}
	if o.keysDir != "" {
		list = append(list, setting{"PRIVATE_KEY_PATH", absolute(filepath.Join(o.keysDir, merchantKeys.private))})
	}
	list = append(list, setting{"ORIGIN", "https://merchant.example"})
	if cfg.DANAKey != nil {
		list = append(list, setting{"DANA_PUBLIC_KEY_PATH", absolute(filepath.Join(o.keysDir, danaKeys.public))})
	}
	if cfg.ClientSecret != "" {
		list = append(list, setting{"MERCHANT_ID", cfg.MerchantID}, setting{"CLIENT_ID", cfg.PartnerID})
	}
	return list
}

func printSettings(w io.Writer, o options, list []setting) error {
	if o.json {
		doc := map[string]string{}
		for _, s := range list {
			doc[s.name] = s.value
		}
		return json.NewEncoder(w).Encode(doc)
	}
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "export %s='%s'\n", s.name, strings.ReplaceAll(s.value, "'", `'\''`))
	}
	if o.publicKeyPath != "" {
		b.WriteString("# and PRIVATE_KEY_PATH: the private key that belongs to --public-key-path\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// absolute makes a path that holds in any working directory, where that can be known.
func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}
