package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
	"github.com/salur-id/salur/internal/web"
	"github.com/salur-id/salur/internal/web/transactions"
)

func newDemoCommand(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run the whole system in one process on embedded parts, with sample payouts",
		Long: `demo needs nothing but itself: an embedded Redis, an embedded DANA sandbox, a worker, its
web pages, and a stream of sample payouts that covers every outcome. Its schedules are
shortened to seconds. Its data is gone when it stops (Ctrl-C).

Of the environment it heeds SALUR_HTTP_ADDR, SALUR_UI_USER, SALUR_UI_PASSWORD,
SALUR_LOG_LEVEL and SALUR_LOG_FORMAT alone, and it does not start with
DANA_ENV=production.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return demo(c.Context(), environ, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
}

// demoDeposit is enough for days of sample payouts.
var demoDeposit = money.Rupiah(10_000_000_000)

func demo(ctx context.Context, environ []string, stdout, stderr io.Writer) (err error) {
	if env := getenv(environ, "DANA_ENV"); strings.EqualFold(env, "production") {
		return cli.Fail(cli.Invalid, fmt.Errorf("DANA_ENV %q: the demo pays nobody and does not run in production; unset it", env))
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make a key for the demo: %w", err)
	}
	dana, url, stopDANA, err := embeddedDANA(&key.PublicKey)
	if err != nil {
		return err
	}
	defer stopDANA()

	store := miniredis.NewMiniRedis()
	if err := store.Start(); err != nil {
		return fmt.Errorf("start the embedded Redis: %w", err)
	}
	defer store.Close()

	cfg, err := demoConfig(environ, key, "redis://"+store.Addr(), url)
	if err != nil {
		return err
	}
	log := cli.NewLogger(cfg.Log, stderr)
	s, err := newSystem(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.close()

	fmt.Fprintf(stdout, `Salur demo: embedded Redis, embedded DANA sandbox, one worker. No real money; all data is
gone when it stops (Ctrl-C).

  transactions    http://%[1]s%[5]s
  Asynq web UI    http://%[1]s%[2]s
  metrics         http://%[1]s/metrics
  readiness       http://%[1]s/readyz
  DANA's books    %[3]s/_sandbox/state
  look closer     REDIS_URL=redis://%[4]s go run ./cmd/ledger list
%[6]s
`, s.listener.Addr(), web.UIPath, url, store.Addr(), transactions.Path, toAct(cfg.HTTP.UIUser != ""))

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	d := &demonstration{system: s, dana: dana, out: stdout}
	wg.Go(func() { agesKeys(ctx, store) })
	wg.Go(func() {
		defer cancel() // if the samples cannot go on, nothing can
		if e := d.run(ctx); e != nil && ctx.Err() == nil {
			err = e
		}
	})
	return errors.Join(s.serve(ctx), err)
}

// toAct is how a person decides what waits in review, and holds or resumes.
func toAct(login bool) string {
	if login {
		return "  act             on the pages, with the login of SALUR_UI_USER and SALUR_UI_PASSWORD\n"
	}
	return "  act             the pages are read-only without a login: start it again as SALUR_UI_USER=me SALUR_UI_PASSWORD=secret,\n" +
		"                  or go run ./cmd/ledger resolve REF --as failed --reason WHY --by YOU, with the REDIS_URL above\n"
}

// embeddedDANA is a sandbox on a free port of the loopback interface.
func embeddedDANA(key *rsa.PublicKey) (dana *sandbox.Sandbox, url string, stop func(), err error) {
	dana, err = sandbox.New(sandbox.Config{
		PartnerID: "demo", PublicKey: key, Deposit: demoDeposit, Hang: 5 * time.Second, Now: time.Now, Strict: true,
	})
	if err != nil {
		return nil, "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, fmt.Errorf("start the embedded DANA sandbox: %w", err)
	}
	server := &http.Server{Handler: dana, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	return dana, "http://" + l.Addr().String(), func() {
		dana.Close()
		_ = server.Close()
	}, nil
}

// demoConfig is a worker's configuration with schedules of seconds, so that a person sees
// the end of every payout.
func demoConfig(environ []string, key *rsa.PrivateKey, redisURL, danaURL string) (config.Config, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return config.Config{}, fmt.Errorf("encode the demo's key: %w", err)
	}
	env := []string{
		"REDIS_URL=" + redisURL, "DANA_BASE_URL=" + danaURL, "X_PARTNER_ID=demo", "ORIGIN=demo.invalid",
		"PRIVATE_KEY=" + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"SALUR_DANA_TIMEOUT=2s", "SALUR_TOPUP_RETRY_DELAYS=1s,2s,3s,4s,5s", "SALUR_BANK_RETRY_DELAYS=1s,2s,3s", "SALUR_INQUIRY_DELAYS=1s,2s,4s,8s",
		"SALUR_INQUIRY_CUTOFF=2m", "SALUR_BREAKER_FAILURES=10", "SALUR_BREAKER_OPEN_FOR=3s", "SALUR_SWEEP_INTERVAL=5s",
		"SALUR_LOG_LEVEL=error", // the summary is the output; the log is for who asks for it
	}
	for _, name := range []string{"SALUR_HTTP_ADDR", "SALUR_UI_USER", "SALUR_UI_PASSWORD", "SALUR_LOG_LEVEL", "SALUR_LOG_FORMAT"} {
		if v := getenv(environ, name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return config.Load(config.Options{Needs: needs, Environ: env})
}

// agesKeys lets keys of the embedded Redis expire, which has no clock of its own.
func agesKeys(ctx context.Context, store *miniredis.Miniredis) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			store.FastForward(time.Second)
		}
	}
}

func getenv(environ []string, name string) string {
	value := ""
	for _, pair := range environ {
		if k, v, ok := strings.Cut(pair, "="); ok && k == name {
			value = v
		}
	}
	return value
}
