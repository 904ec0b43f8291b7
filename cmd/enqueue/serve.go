package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/api"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
)

const serveHelp = `serve lets other services hand payouts over and look at them, over HTTP:

  POST /v1/payouts             one payout as a JSON object, or an array of 1 to 1,000
  GET  /v1/payouts/REF         one payout with its history
  GET  /v1/payouts             a list: ?state= &since= &until= &limit= &cursor=
  POST /v1/account-inquiries   ask DANA whether an account can be paid
  GET  /v1/balance             ask DANA for the merchant's balances
  GET  /v1/openapi.yaml        all of it, as OpenAPI 3.1
  GET  /healthz, /readyz       is the process alive, would payouts be accepted

The fields of a payout are those of a JSONL line; see enqueue batch --help. The reference is
the idempotency key: a request without an answer is simply made again.

Every client sends a key of its own (Authorization: Bearer KEY), and its name stands in the
history of what it handed over. The intake does not start without keys, not on loopback
either. Make a key, and the entry for SALUR_API_KEYS:

  KEY=$(openssl rand -hex 32)
  echo "payroll:$(printf %s "$KEY" | sha256sum | cut -d' ' -f1)"

It speaks plain HTTP: let a proxy end TLS before it. Payouts need Redis alone. DANA's settings
are for the two questions; without any of them those are answered with 501.

While Redis would lose accepted payouts (appendonly no), is nearly full or away, nothing is
accepted: such requests get 503 with Retry-After.

SIGTERM: it takes nothing new, answers what it has begun and leaves.

Exit codes: 0 told to stop, 1 internal (also an address that is in use), 2 bad usage or
configuration, 4 Redis cannot be reached at start.

Environment (flags come before it, a YAML file and the defaults after it):
`

const serveNeeds = config.NeedRedis | config.NeedDANA | config.NeedAPI | config.NeedBounds

func (p *program) serveCommand() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:   "serve [--addr HOST:PORT]",
		Short: "Accept payouts from other services over HTTP",
		Long:  serveHelp + config.Help(serveNeeds),
		Example: `  SALUR_API_KEYS=payroll:5e88… enqueue serve
  SALUR_API_KEYS=payroll:5e88… enqueue serve --addr 0.0.0.0:8082`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.serve(c, addr) },
	}
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:8082", "where to listen; port 0 takes a free one")
	config.AddFlags(c.Flags(), serveNeeds)
	return c
}

// serve runs the intake until it is told to stop.
func (p *program) serve(c *cobra.Command, addr string) error {
	if _, port, err := net.SplitHostPort(addr); err != nil {
		return refuse("--addr %q: use host:port, such as 127.0.0.1:8082", addr)
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return refuse("--addr %q: use host:port with a port from 0 to 65535, such as 127.0.0.1:8082", addr)
	}
	cfg, err := config.Load(config.Options{Needs: serveNeeds, MayLack: config.NeedCredentials, Flags: c.Flags(), Environ: p.environ})
	if err != nil {
		return err
	}
	log := cli.NewLogger(cfg.Log, c.ErrOrStderr())
	defer func() { _ = log.Sync() }()
	flush, err := p.trace(c, log)
	if err != nil {
		return err
	}
	defer flush()
	intake := api.Config{API: cfg.API, Limits: limits(cfg.Bounds), Log: log}
	dana := "not configured"
	if cfg.DANA.PartnerID != "" {
		intake.DANA, dana, err = cli.DANA(cfg.DANA, 16, func(err error) {
			log.Error("the audit file cannot be written to; questions go on", zap.Error(err))
		})
		if err != nil {
			return err
		}
	}
	rdb, err := cli.Connect(c.Context(), cfg.RedisURL, 0)
	if err != nil {
		return err
	}
	defer func() { _ = rdb.Close() }()
	intake.Redis = rdb
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w; choose another address, such as --addr 127.0.0.1:0 for any free port", addr, err)
	}
	log.Info("intake", zap.String("http", l.Addr().String()), zap.String("redis", config.RedisName(cfg.RedisURL)), zap.String("dana", dana),
		zap.Int("keys", len(cfg.API.Keys)), zap.Int("rateLimit", cfg.API.RateLimit))
	if room, err := salur.New(rdb).Room(c.Context()); err == nil && room.Forgets != "" {
		log.Warn("NO PAYOUTS ARE ACCEPTED: Redis would lose them", zap.String("cause", room.Forgets))
	}
	return listen(c.Context(), api.Server(api.New(intake)), l, log)
}

// stopsWithin is how long the intake may take from SIGTERM to its end, at worst.
func stopsWithin(server *http.Server) time.Duration {
	return server.ReadTimeout + server.WriteTimeout + time.Second
}

// listen serves until ctx ends, then answers what it has begun. A request cannot last longer than the server's own bounds.
func listen(ctx context.Context, server *http.Server, l net.Listener, log *zap.Logger) error {
	server.ErrorLog = zap.NewStdLog(log)
	server.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) } // it has what makes traces
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("HTTP server: %w", err)
	case <-ctx.Done():
	}
	closing, stop := context.WithTimeout(context.WithoutCancel(ctx), stopsWithin(server))
	defer stop()
	err := server.Shutdown(closing)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	log.Info("stopped")
	return err
}
