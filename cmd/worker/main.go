// Command worker executes payouts: it sends top-ups to DANA, follows up what is not
// settled, and serves health, metrics and pages for people.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/telemetry"
)

func main() {
	logging.Disable() // go-redis would tell what goes wrong once more, its own way
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, newCommand(os.Environ()), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const needs = config.NeedRedis | config.NeedDANA | config.NeedHTTP | config.NeedWorker | config.NeedBounds

func newCommand(environ []string) *cobra.Command {
	c := &cobra.Command{
		Use:   "worker",
		Short: "Execute payouts through DANA",
		Long: `worker takes payouts from Redis and carries them out through DANA, each exactly once.
Run as many as you like on one Redis. SIGTERM and SIGINT stop it gracefully: exchanges
under way are finished and recorded, nothing new is taken.

It serves /healthz, /readyz, /metrics and, for people, /transactions/ (payouts, what is held
and why) and /monitoring/ (the Asynq web UI); and with SALUR_NOTIFY_ADDR, on that address alone, DANA's bank notify.

Environment (flags come before it, a YAML file and the defaults after it):
` + config.Help(needs),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{Needs: needs, Flags: c.Flags(), Environ: environ})
			if err != nil {
				return err
			}
			log := cli.NewLogger(cfg.Log, c.ErrOrStderr())
			ctx, flush, err := telemetry.Start(c.Context(), "salur-worker", log)
			if err != nil {
				return cli.Fail(cli.Invalid, err)
			}
			defer flush()
			return run(ctx, cfg, log)
		},
	}
	config.AddFlags(c.Flags(), needs)
	c.AddCommand(newDemoCommand(environ), newDoctorCommand(environ))
	return c
}
