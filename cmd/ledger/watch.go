package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/operate"
)

// again is how long watch waits before it looks whether Redis is back.
const again = time.Second

var eventID = regexp.MustCompile(`^[0-9]{1,19}(-[0-9]{1,19})?$`)

func (p *program) watchCommand() *cobra.Command {
	var since string
	c := &cobra.Command{
		Use:   "watch",
		Short: "Print every transition of every payout as it happens, until Ctrl-C",
		Long: `watch prints every transition of every payout as it happens, one line each. It goes on when
Redis was away, from where it was. With --since it begins after an event that is still kept (the
workers' SALUR_RETENTION), 0 for all of them. Ctrl-C ends it with exit code 0.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("since") && !eventID.MatchString(since) {
				return refuse("--since %.40q: use the id of an event, such as 1763700000000-0, or 0", since)
			}
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			client := salur.New(rdb)
			if since == "" {
				if since, err = client.LastEvent(c.Context()); err != nil {
					return cli.Fail(cli.Unreachable, err)
				}
			}
			return p.watch(c.Context(), client, since, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&since, "since", "", "begin after the event with this id; from now on when not set")
	return c
}

// watch prints until ctx ends, which is no error, or until nothing can be printed any more.
func (p *program) watch(ctx context.Context, client *salur.Client, after string, out, errs io.Writer) error {
	away := false
	for {
		for e, err := range client.Watch(ctx, after) {
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil && !errors.Is(err, salur.ErrUnavailable):
				return err
			case err != nil:
				if !away { // said once per outage
					fmt.Fprintf(errs, "Redis does not answer; what happens meanwhile is printed when it is back: %v\n", err)
				}
				away = true
				continue // it was the last one
			}
			away = false
			if err := p.printEvent(out, e); err != nil {
				return err
			}
			after = e.ID
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *program) printEvent(out io.Writer, e salur.Event) error {
	if p.json {
		return cli.PrintJSON(out, e)
	}
	change := string(e.To)
	if e.From != "" {
		change = string(e.From) + " → " + change
	}
	line := fmt.Sprintf("%s  %s  %s  %s  %s %s", e.At, e.Ref, change, e.Event, e.Amount, e.Reason)
	_, err := fmt.Fprintln(out, strings.TrimRight(operate.Plain(line), " "))
	return err
}
