// Command enqueue hands payouts over: one, or a file of them. What it says it accepted is
// durable and will reach a final state or a person.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/tasks"
)

func main() {
	logging.Disable() // go-redis would tell what goes wrong once more, its own way
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, newCommand(os.Environ()), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(int(code))
}

const needs = config.NeedRedis

func newCommand(environ []string) *cobra.Command {
	p := &program{environ: environ}
	c := &cobra.Command{
		Use:   "enqueue",
		Short: "Hand payouts over",
		Long: `enqueue records payouts and wakes the workers up. It needs Redis alone.

A payout has one reference for ever (DANA's partnerReferenceNo). The same reference with the
same content is accepted again and changes nothing, so a command whose end you did not see can
be repeated safely; with other content it is refused.

Exit codes: 0 done, 1 internal or interrupted, 2 bad usage or input, 3 the reference exists with
other content, 4 Redis cannot be reached.

Environment (flags come before it, a YAML file and the defaults after it):
` + config.Help(needs),
	}
	config.AddFlags(c.PersistentFlags(), needs)
	c.PersistentFlags().BoolVar(&p.json, "json", false, "print JSON, one document per line")
	c.AddCommand(p.topUpCommand(), p.batchCommand())
	return c
}

// program is what all commands share.
type program struct {
	environ []string
	json    bool
}

// store is where payouts are handed over to.
type store struct {
	redis  redis.UniversalClient
	ledger *ledger.Redis
	queue  *tasks.Queue
}

func (s *store) close() { _ = s.redis.Close() }

// open connects to Redis, which must answer; the caller closes it.
func (p *program) open(c *cobra.Command) (*store, error) {
	cfg, err := config.Load(config.Options{Needs: needs, Flags: c.Flags(), Environ: p.environ})
	if err != nil {
		return nil, err
	}
	rdb, err := config.NewRedis(cfg.RedisURL, 0)
	if err != nil {
		return nil, cli.Fail(cli.Invalid, err)
	}
	ctx, cancel := context.WithTimeout(c.Context(), 3*time.Second)
	defer cancel()
	if err := rdb.Ping(ctx).Err(); err != nil {
		_ = rdb.Close()
		return nil, cli.Fail(cli.Unreachable, fmt.Errorf("REDIS_URL %s cannot be reached: %w", config.RedisName(cfg.RedisURL), err))
	}
	return &store{rdb, ledger.NewRedis(rdb), tasks.NewQueue(rdb)}, nil
}

// submit hands one payout over, and says what an error leaves unknown.
func (s *store) submit(ctx context.Context, p payout.Payout) (rec ledger.Record, created bool, err error) {
	rec, created, err = tasks.Submit(ctx, s.ledger, s.queue, p, time.Now())
	switch {
	case errors.Is(err, ledger.ErrConflict):
		err = cli.Fail(cli.Conflict, conflict(p.Ref))
	case err != nil:
		// Not known: whether Redis recorded it before the answer was lost. The same
		// reference makes repeating it harmless.
		err = fmt.Errorf("ref %q: it is not known whether it was accepted; the same command can be repeated safely: %w", p.Ref, err)
	}
	return rec, created, err
}

func conflict(ref string) error {
	return fmt.Errorf("ref %q: exists with other content; see ledger show %s, and give another payout another reference", ref, ref)
}

// document is what --json prints of a payout that was handed over.
type document struct {
	Ref       string `json:"ref"`
	State     string `json:"state"`
	Duplicate bool   `json:"duplicate"`
}

func payee(p payout.Payout) string {
	if p.CustomerID != "" {
		return payout.Mask(p.CustomerID)
	}
	return payout.Mask(p.Customer)
}
