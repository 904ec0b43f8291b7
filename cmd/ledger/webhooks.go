package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

func (p *program) webhooksCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "webhooks",
		Short: "List the outcomes that the webhook could not be told, and have them told again",
		Long: `webhooks lists the outcomes that could not be delivered to SALUR_WEBHOOK_URL for three days and
were given up. They are kept for the workers' SALUR_RETENTION.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 {
				return refuse("--limit %d: use 1 or more", limit)
			}
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			all, more, err := ledger.NewOutbox(rdb).Undelivered(c.Context(), limit)
			if err != nil {
				return err
			}
			if err := p.printUndelivered(c.OutOrStdout(), all); err != nil {
				return err
			}
			switch {
			case len(all) == 0:
				fmt.Fprintln(c.ErrOrStderr(), "Nothing was given up.")
			case more:
				fmt.Fprintf(c.ErrOrStderr(), "Only those of %d payouts are listed and there are more; raise --limit.\n", limit)
			}
			return nil
		},
	}
	c.Flags().IntVar(&limit, "limit", 100, "of how many payouts at most")
	c.AddCommand(p.resendCommand())
	return c
}

// undelivered is an outcome that was given up, in JSON.
type undelivered struct {
	Ref      string             `json:"ref"`
	ID       string             `json:"id"` // of the event; its webhook-id is evt_ and this
	State    statemachine.State `json:"state"`
	At       string             `json:"at"` // when it happened
	Since    string             `json:"since"`
	GaveUpAt string             `json:"gaveUpAt"`
	Attempts int                `json:"attempts"`
	Error    string             `json:"error"`
	Status   int                `json:"status"` // HTTP's, 0 without an answer
}

func newUndelivered(u ledger.Undelivered) undelivered {
	return undelivered{
		u.Event.Ref, u.Event.ID, u.Event.To, jakarta.Stamp(u.Event.At), jakarta.Stamp(u.Since), jakarta.Stamp(u.GaveUpAt), u.Tries, u.Error, u.Status,
	}
}

func (p *program) printUndelivered(out io.Writer, all []ledger.Undelivered) error {
	rows := [][]string{{"REF", "STATE", "HAPPENED", "FAILING SINCE", "GIVEN UP", "ATTEMPTS", "LAST ERROR"}}
	for _, u := range all {
		d := newUndelivered(u)
		if p.json {
			if err := cli.PrintJSON(out, d); err != nil {
				return err
			}
			continue
		}
		why := d.Error
		if d.Status != 0 {
			why += " " + strconv.Itoa(d.Status)
		}
		rows = append(rows, []string{d.Ref, string(d.State), d.At, d.Since, d.GaveUpAt, strconv.Itoa(d.Attempts), why})
	}
	if p.json || len(all) == 0 {
		return nil
	}
	_, err := io.WriteString(out, align(rows))
	return err
}

func (p *program) resendCommand() *cobra.Command {
	var everything bool
	c := &cobra.Command{
		Use:   "resend REF | --all",
		Short: "Have outcomes that were given up delivered again, by the workers, under the same webhook-id",
		Long: `resend puts the outcomes of a payout that were given up before those that wait; the workers
deliver them at once, and try for three days again. With --all it does so for every payout.`,
		Args: cli.AtMostOneArg,
		RunE: func(c *cobra.Command, args []string) error {
			if everything == (len(args) == 1) {
				return refuse("resend: give either a payout's reference or --all")
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			if everything {
				return p.resendAll(c.Context(), rdb, c.OutOrStdout(), c.ErrOrStderr())
			}
			n, err := resend(c.Context(), rdb, args[0], c.ErrOrStderr())
			if errors.Is(err, ledger.ErrNotFound) {
				return cli.Fail(cli.NotFound, fmt.Errorf("ref %q: nothing of it was given up; see ledger webhooks", args[0]))
			}
			if err != nil {
				return err
			}
			return p.printResent(c.OutOrStdout(), args[0], n)
		},
	}
	c.Flags().BoolVar(&everything, "all", false, "of every payout")
	return c
}

// resendAll goes on until nothing is left that was given up.
func (p *program) resendAll(ctx context.Context, rdb redis.UniversalClient, out, errs io.Writer) error {
	for {
		all, _, err := ledger.NewOutbox(rdb).Undelivered(ctx, 100)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return nil
		}
		for i, u := range all {
			if i > 0 && u.Event.Ref == all[i-1].Event.Ref {
				continue
			}
			n, err := resend(ctx, rdb, u.Event.Ref, errs)
			if errors.Is(err, ledger.ErrNotFound) {
				continue // somebody else was first
			}
			if err == nil {
				err = p.printResent(out, u.Event.Ref, n)
			}
			if err != nil {
				return err
			}
		}
	}
}

func resend(ctx context.Context, rdb redis.UniversalClient, ref string, errs io.Writer) (int, error) {
	n, due, err := ledger.NewOutbox(rdb).Resend(ctx, ref, time.Now())
	if err != nil {
		return 0, err
	}
	if err := wakeup.New(rdb).Notify(ctx, ref, due); err != nil {
		// They are in the outbox. Whether there is a wake-up is not known; the workers make one.
		fmt.Fprintf(errs, "The workers could not be told at once (%v); they find it by themselves within their sweep interval.\n", err)
	}
	return n, nil
}

func (p *program) printResent(out io.Writer, ref string, n int) error {
	if p.json {
		return cli.PrintJSON(out, struct {
			Ref      string `json:"ref"`
			Outcomes int    `json:"outcomes"`
		}{ref, n})
	}
	_, err := fmt.Fprintf(out, "%s: %d to be delivered again\n", operate.Plain(ref), n)
	return err
}
