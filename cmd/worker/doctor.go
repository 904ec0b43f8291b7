package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/doctor"
)

func newDoctorCommand(environ []string) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at all that payouts rest on, and explain each finding",
		Long: `doctor looks at the settings, the private key, Redis, the clocks, the queues, what is held or in
review, and at DANA: it says what it found, what that means for payouts, and what to do. Give it
the settings of the worker. It changes nothing and moves no money: of DANA it asks for the status of
a made-up reference and, with MERCHANT_ID and CLIENT_SECRET, for the balances.

A problem means that payouts stand still or can be lost; a warning, that somebody should look.
Exit codes: 0 no problem, 1 a problem, 2 bad usage or configuration, 4 Redis or DANA could not be
reached (then other problems may be there too).

Environment (flags come before it, a YAML file and the defaults after it):
` + config.Help(needs),
		Example: `  worker doctor
  worker doctor --json`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{Needs: needs, Flags: c.Flags(), Environ: environ})
			if err != nil {
				return err
			}
			cfg.DANA.AuditFile = "" // nothing is written
			dana, base, err := cli.DANA(cfg.DANA, 1, nil)
			if err != nil {
				return err
			}
			rdb, err := cli.NewRedis(cfg.RedisURL, 0)
			if err != nil {
				return cli.Fail(cli.Invalid, fmt.Errorf("REDIS_URL: %w", err))
			}
			defer rdb.Close()
			if err := cli.CheckRedis(c.Context(), cfg.RedisURL); err != nil {
				return err
			}
			patient := doctor.Patient{Config: cfg, Redis: rdb, DANA: dana, Base: base, Now: time.Now}
			findings := patient.Examine(c.Context())
			out := c.OutOrStdout()
			for _, f := range findings {
				if asJSON {
					err = cli.PrintJSON(out, f)
				} else {
					err = printFinding(out, f, cli.ColourFor(out, environ))
				}
				if err != nil {
					return err
				}
			}
			return diagnosis(findings)
		},
	}
	config.AddFlags(c.Flags(), needs)
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON document per finding")
	return c
}

func printFinding(out io.Writer, f doctor.Finding, colour cli.Colour) error {
	level := fmt.Sprintf("%-8s", f.Level)
	switch f.Level {
	case doctor.Warning:
		level = colour.Yellow(level)
	case doctor.Problem:
		level = colour.Red(level)
	}
	text := fmt.Sprintf("%s %-24s %s\n", level, f.Check, f.Found)
	if f.Means != "" {
		text += fmt.Sprintf("%34smeans: %s\n", "", f.Means)
	}
	if f.Do != "" {
		text += fmt.Sprintf("%34sdo: %s\n", "", f.Do)
	}
	_, err := io.WriteString(out, text)
	return err
}

// diagnosis is nil when there is no problem.
func diagnosis(findings []doctor.Finding) error {
	problems := 0
	for _, f := range findings {
		if f.Level == doctor.Problem {
			problems++
		}
	}
	if problems == 0 {
		return nil
	}
	err := errors.New("1 problem")
	if problems > 1 {
		err = fmt.Errorf("%d problems", problems)
	}
	if slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Unreachable }) {
		return cli.Fail(cli.Unreachable, err)
	}
	return err
}
