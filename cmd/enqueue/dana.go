package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/ask"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
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

// withCode gives what keeps a question from being answered with yes its exit code. A refusal of us or of the question is no
// verdict on what was asked about.
func withCode(err error) error {
	var none *ask.NoVerdictError
	switch {
	case !errors.As(err, &none):
		return err
	case none.Cause == ask.Payee:
		return cli.Fail(cli.NotFound, err)
	}
	return cli.Fail(cli.Unreachable, err)
}
