// Command enqueue accepts payouts, one or a file of them, for the workers to carry out.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/telemetry"
)

func main() {
	logging.Disable() // go-redis would tell what goes wrong once more, its own way
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, newCommand(os.Environ()), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// needs is what accepting payouts takes.
const needs = config.NeedRedis | config.NeedBounds

func newCommand(environ []string) *cobra.Command {
	p := &program{environ: environ}
	c := &cobra.Command{
		Use:   "enqueue",
		Short: "Accept payouts for the workers to carry out",
		Long: `enqueue accepts payouts: it checks them and records them in Redis, where the workers find
them. For that it needs Redis alone. serve does the same for other services, over HTTP. The
commands account, bank-account and balance ask DANA and need no Redis. The --help of each
has its settings and exit codes.

A reference is one payout for ever. The same reference with the same content is accepted
again and changes nothing; with other content it is refused. So any command may be
repeated, and nobody is paid twice.

Exit codes: 0 done, 1 internal or interrupted, 2 bad usage or input, 3 the reference exists
with other content, 4 Redis cannot be reached, 5 a payout that was waited for is no longer
on record.

Environment (flags come before it, a YAML file and the defaults after it):
` + config.Help(needs),
	}
	c.PersistentFlags().BoolVar(&p.json, "json", false, "print JSON, one document per line")
	for _, accepts := range []*cobra.Command{p.topUpCommand(), p.bankCommand(), p.batchCommand()} {
		config.AddFlags(accepts.Flags(), needs)
		c.AddCommand(accepts)
	}
	c.AddCommand(p.serveCommand(), p.accountCommand(), p.bankAccountCommand(), p.balanceCommand())
	return c
}

// program is what all commands share.
type program struct {
	environ []string
	json    bool
}

// open connects to Redis, which must answer, and begins the traces. The client accepts what the settings allow. The caller
// calls close at the end.
func (p *program) open(c *cobra.Command) (client *salur.Client, rdb redis.UniversalClient, close func(), err error) {
	cfg, err := config.Load(config.Options{Needs: needs, Flags: c.Flags(), Environ: p.environ})
	if err != nil {
		return nil, nil, nil, err
	}
	flush, err := p.trace(c, cli.NewLogger(config.Log{Level: zap.WarnLevel}, c.ErrOrStderr()))
	if err != nil {
		return nil, nil, nil, err
	}
	rdb, err = cli.Connect(c.Context(), cfg.RedisURL, 0)
	if err != nil {
		flush()
		return nil, nil, nil, err
	}
	return salur.New(rdb).Within(limits(cfg.Bounds)), rdb, func() {
		_ = rdb.Close()
		flush()
	}, nil
}

// limits are the settings in the form that the Go package has them.
func limits(b payout.Bounds) salur.Limits {
	return salur.Limits{MaxAmount: salur.Cents(b.MaxTotal.Cents()), MaxFee: salur.Cents(b.MaxFee.Cents())}
}

// trace gives the command's context what makes traces, if an endpoint for them is set; the function that it returns
// sends the last of them.
func (p *program) trace(c *cobra.Command, log *zap.Logger) (flush func(), err error) {
	ctx, flush, err := telemetry.Start(c.Context(), "salur-enqueue", log)
	if err != nil {
		return flush, cli.Fail(cli.Invalid, err)
	}
	c.SetContext(ctx)
	return flush, nil
}

// refuse is the user's mistake: exit code 2.
func refuse(format string, args ...any) error {
	return cli.Fail(cli.Invalid, fmt.Errorf(format, args...))
}
