package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// danaCommand completes a command that asks DANA and nobody else: its help, and the
// settings that it needs in the place of those of Redis.
func (p *program) danaCommand(c *cobra.Command, help string, needs config.Need, run func(*cobra.Command) error) *cobra.Command {
	c.Long = c.Short + "." + help + config.Help(needs)
	c.Args = noArgs
	c.RunE = func(c *cobra.Command, _ []string) error { return run(c) }
	config.AddFlags(c.Flags(), needs)
	return c
}

func (p *program) dana(c *cobra.Command, needs config.Need) (*danaclient.Client, error) {
	cfg, err := config.Load(config.Options{Needs: needs, Flags: c.Flags(), Environ: p.environ})
	if err != nil {
		return nil, err
	}
	client, _, err := cli.DANA(cfg.DANA, 1, func(err error) {
		fmt.Fprintf(c.ErrOrStderr(), "the audit file cannot be written to: %v\n", err)
	})
	return client, err
}

// noVerdict is why an exchange did not end as hoped, with the exit code that says so; nil
// for a success.
func noVerdict(x danaclient.Exchange) error {
	answer := trim(x.Outcome.Code + " " + x.Message)
	var invalid payout.InvalidError
	switch o := x.Outcome; {
	case o.Kind == statemachine.Succeeded:
		return nil
	case errors.As(x.Err, &invalid): // nothing was sent
		return invalid
	case o.Kind == statemachine.Refused && o.Why.PayeeCause():
		return cli.Fail(cli.NotFound, fmt.Errorf("DANA would not pay this: %s", answer))
	case o.Kind == statemachine.Denied:
		return cli.Fail(cli.Invalid, fmt.Errorf("DANA refuses our credentials (%s); check X_PARTNER_ID, the key and, with symmetric signatures, CLIENT_SECRET", answer))
	case o.Kind == statemachine.Refused:
		return fmt.Errorf("DANA refused: %s", answer)
	case x.Err != nil:
		return cli.Fail(cli.Unreachable, fmt.Errorf("there is no verdict (%s): %w", o.Why, x.Err))
	case answer != "":
		return cli.Fail(cli.Unreachable, fmt.Errorf("there is no verdict (%s): DANA answered %s", o.Why, answer))
	}
	return cli.Fail(cli.Unreachable, errors.New("there is no verdict: "+string(x.Outcome.Why)))
}

func trim(s string) string { return strings.TrimSpace(s) }
