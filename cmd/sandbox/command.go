package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
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
	addr, partnerID, merchantID, deposit   string
	publicKeyPath, keysDir, clientSecretAt string
	hang                                   time.Duration
	json                                   bool
}

func newCommand(stdout, stderr io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:     "sandbox (--keys DIR | --public-key-path FILE)",
		Short:   "A local DANA that can be told to misbehave",
		Long:    longHelp(bool(cli.ColourFor(stdout, os.Environ()))),
		Example: "  sandbox --keys ./keys                  # makes a key pair if there is none\n  sandbox --keys ./keys > sandbox.env    # then, in the worker's shell: . ./sandbox.env",
		Args:    cobra.NoArgs,
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
	f.StringVar(&o.partnerID, "partner-id", "2026010100000000000001", "the X-PARTNER-ID that is let in, also the client id of the balance check")
	f.StringVar(&o.merchantID, "merchant-id", "216620000000000000001", "merchant id of the balance check")
	f.StringVar(&o.clientSecretAt, "client-secret-path", "", "file with the client secret of the balance check; or set SANDBOX_CLIENT_SECRET (with neither, that check refuses everyone)")
	f.StringVar(&o.deposit, "deposit", "1000000000", "what the merchant can pay out at first, in IDR")
	f.DurationVar(&o.hang, "hang", 30*time.Second, "how long a hanging answer keeps the line open")
	f.BoolVar(&o.json, "json", false, "print the settings as one JSON document instead of export lines")
	return cmd
}

// start checks every option before it listens, so that nothing runs half configured.
func start(cmd *cobra.Command, o options, log *zap.Logger) error {
	cfg := sandbox.Config{PartnerID: o.partnerID, MerchantID: o.merchantID, Hang: o.hang, Now: time.Now}
	var err error
	switch {
	case (o.keysDir == "") == (o.publicKeyPath == ""):
		return errors.New("--keys, --public-key-path: give exactly one of them, such as --keys ./keys")
	case o.partnerID == "" || len(o.partnerID) > 36:
		return fmt.Errorf("--partner-id %q: use 1 to 36 characters", o.partnerID)
	case o.hang <= 0:
		return fmt.Errorf("--hang %q: use more than zero, such as 30s", o.hang)
	}
	if cfg.Deposit, err = money.Parse(o.deposit); err != nil {
		return fmt.Errorf("--deposit %q: %w", o.deposit, err)
	}
	if cfg.ClientSecret, err = clientSecret(o.clientSecretAt); err != nil {
		return err
	}
	if o.keysDir != "" {
		cfg.PublicKey, err = keyPair(o.keysDir)
	} else {
		cfg.PublicKey, err = readPublicKey(o.publicKeyPath)
	}
	if err != nil {
		return err
	}
	box, err := sandbox.New(cfg)
	if err != nil {
		return internalError{err}
	}
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("--addr %q: cannot listen: %w; use host:port with a free port, or port 0", o.addr, err)
	}
	if addr := l.Addr().(*net.TCPAddr); !addr.IP.IsLoopback() {
		log.Warn("reachable from other machines: whoever reaches it can control it", zap.Stringer("addr", addr))
	}
	if err := printSettings(cmd.OutOrStdout(), o, settings(l.Addr().(*net.TCPAddr), o, cfg)); err != nil {
		_ = l.Close()
		return internalError{fmt.Errorf("printing the settings: %w", err)}
	}
	log.Info("serving a local sandbox, not DANA", zap.Stringer("addr", l.Addr()), zap.Stringer("deposit", cfg.Deposit), zap.Duration("hang", o.hang))
	return serve(cmd.Context(), l, box, log)
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
		list = append(list, setting{"PRIVATE_KEY_PATH", absolute(filepath.Join(o.keysDir, privateName))})
	}
	list = append(list, setting{"ORIGIN", "https://merchant.example"})
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
