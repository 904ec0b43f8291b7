// Command ledger shows what is on record about payouts, and lets a person act on it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/redisfault"
)

func main() {
	logging.Disable() // go-redis would tell what goes wrong once more, its own way
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, newCommand(os.Environ()), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const needs = config.NeedRedis

func newCommand(environ []string) *cobra.Command {
	p := &program{environ: environ}
	c := &cobra.Command{
		Use:   "ledger",
		Short: "Show payouts and act on them",
		Long: `ledger shows what is on record about payouts: how each stands and all that happened to it.
It also lets a person act: have DANA asked now, resolve what only a person can decide, cancel what
has not been sent, stop and start sending, and have the webhook told again. It needs Redis alone and never talks to DANA itself.

Times are shown in Jakarta time (+07:00); phone numbers, customer ids and account
numbers are masked, and no account holder's name is shown.

Exit codes: 0 done, 1 internal, 2 bad usage or not possible in the payout's state,
4 Redis cannot be reached, 5 no such payout.

Environment (flags come before it, a YAML file and the defaults after it):
` + config.Help(needs),
	}
	config.AddFlags(c.PersistentFlags(), needs)
	c.PersistentFlags().BoolVar(&p.json, "json", false, "print JSON, one document per line")
	c.AddCommand(
		p.showCommand(), p.listCommand(), p.statsCommand(),
		p.inquireCommand(), p.resolveCommand(), p.cancelCommand(),
		p.holdCommand(), p.resumeCommand(), p.storeCommand(),
		p.watchCommand(), p.webhooksCommand(),
		p.reconcileCommand(), p.exportCommand(), p.evidenceCommand(),
	)
	return c
}

// program is what all commands share.
type program struct {
	environ []string
	json    bool
}

// open connects to Redis, which must answer; the caller closes it.
func (p *program) open(c *cobra.Command) (redis.UniversalClient, error) {
	cfg, err := config.Load(config.Options{Needs: needs, Flags: c.Flags(), Environ: p.environ})
	if err != nil {
		return nil, err
	}
	return cli.Connect(c.Context(), cfg.RedisURL, 0)
}

// look is open for commands that only read. When Redis takes no writes they say so on stderr and go on.
func (p *program) look(c *cobra.Command) (redis.UniversalClient, error) {
	rdb, err := p.open(c)
	if err != nil {
		return nil, err
	}
	// A user who may only read is refused for ever, which is no news.
	if r := redisfault.Of(ledger.NewRedis(rdb).Writable(c.Context())); r != nil && r.Code != "NOPERM" {
		fmt.Fprintf(c.ErrOrStderr(), "ledger: Redis takes no writes, so that nothing is accepted or sent: %s\n", r)
	}
	return rdb, nil
}

// about says which payout an error is about, and gives a missing one its exit code.
func about(ref string, err error) error {
	var unreadable *ledger.UnreadableError
	switch {
	case errors.As(err, &unreadable):
		return cli.Fail(cli.Internal, unreadableRecord(ref, unreadable.Why()))
	case errors.Is(err, salur.ErrUnreadable):
		return cli.Fail(cli.Internal, fmt.Errorf("ref %q: %w; %s", ref, err, leftAlone))
	}
	err = fmt.Errorf("ref %q: %w", ref, err)
	if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, salur.ErrNotFound) {
		return cli.Fail(cli.NotFound, fmt.Errorf("%w; see ledger list", err))
	}
	return err
}

// leftAlone is what holds for a record that cannot be read, and what to do.
const leftAlone = "nothing was changed, and it is not carried out: see docs/runbooks/SalurUnreadableRecords.md"

func unreadableRecord(ref, why string) error {
	return fmt.Errorf("ref %q: %w: %s; %s", ref, salur.ErrUnreadable, why, leftAlone)
}

// leftOut says on stderr which payouts a list has not because their records cannot be read.
func leftOut(errs io.Writer, refs []string) {
	if len(refs) == 0 {
		return
	}
	const named = 5
	first, more := refs, ""
	if len(refs) > named {
		first, more = refs[:named], ", …"
	}
	word := "payouts are"
	if len(refs) == 1 {
		word = "payout is"
	}
	fmt.Fprintf(errs, "ledger: %d %s left out, for the record cannot be read (%s%s); see docs/runbooks/SalurUnreadableRecords.md\n",
		len(refs), word, operate.Plain(strings.Join(first, ", ")), more)
}

// undone says of an act that failed whether that is certain: Redis has refused it, or its answer was lost.
func undone(certain, unclear string, err error) error {
	if r := redisfault.Of(err); r != nil && !r.Uncertain {
		return fmt.Errorf("%s: %w", certain, r)
	}
	return fmt.Errorf("%s: %w", unclear, redisfault.Explain(err))
}

// refuse is the user's mistake: exit code 2.
func refuse(format string, args ...any) error {
	return cli.Fail(cli.Invalid, fmt.Errorf(format, args...))
}
