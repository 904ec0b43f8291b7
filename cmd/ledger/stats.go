package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) statsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stats",
		Short: "Count and sum the payouts in every state, and tell whether sending is held",
		Long: `stats counts the payouts in every state and sums what they take from the deposit: amounts and
fees. It tells whether sending is held.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			stats, err := ledger.NewRedis(rdb).Stats(c.Context())
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if p.json {
				return printStatsJSON(out, stats)
			}
			holds, err := gate.ReadHolds(c.Context(), rdb)
			if err != nil {
				return err
			}
			notes, err := notes(c.Context(), rdb)
			if err != nil {
				return err
			}
			colour := cli.ColourFor(out, p.environ)
			text := tabulate(stats, holds, colour)
			for _, n := range notes {
				text += colour.Yellow(operate.Plain(n)) + "\n"
			}
			_, err = io.WriteString(out, text)
			return err
		},
	}
}

// notes are what else keeps payouts or makes them wait for DANA's word, a line each.
func notes(ctx context.Context, rdb redis.UniversalClient) ([]string, error) {
	var lines []string
	pauses, err := gate.ReadPauses(ctx, rdb, string(danaclient.APITopUp), string(danaclient.APIBankTransfer))
	if err != nil && redisfault.Code(err) != "NOPERM" {
		return nil, err
	}
	for _, p := range pauses {
		lines = append(lines, p.String())
	}
	store, err := ledger.NewRedis(rdb).ReadStore(ctx)
	if err != nil && redisfault.Code(err) != "NOPERM" {
		return nil, err
	}
	if store.Loss != nil {
		lines = append(lines, "A loss is marked since "+jakarta.Stamp(store.Loss.At)+": "+store.Loss.Reason+"; see ledger store")
	}
	return lines, nil
}

func printStatsJSON(out io.Writer, stats []ledger.Stat) error {
	for _, s := range stats {
		err := cli.PrintJSON(out, struct {
			State  statemachine.State `json:"state"`
			Count  int64              `json:"count"`
			Amount money.Amount       `json:"amount"`
		}{s.State, s.Count, money.FromCents(s.Cents)})
		if err != nil {
			return err
		}
	}
	return nil
}

// tabulate is the table for people. Coloured is what waits for one: review and holds.
func tabulate(stats []ledger.Stat, holds []gate.Hold, colour cli.Colour) string {
	var b strings.Builder
	row := func(state string, count any, amount string) string {
		return fmt.Sprintf("%-10s  %8v  %22s", state, count, amount)
	}
	fmt.Fprintln(&b, row("STATE", "PAYOUTS", money.IDR+" (with fees)"))
	total := ledger.Stat{}
	for _, s := range stats {
		line := row(string(s.State), s.Count, money.FromCents(s.Cents).Value())
		if s.State == statemachine.StateReview && s.Count > 0 {
			line = colour.Yellow(line)
		}
		fmt.Fprintln(&b, line)
		total.Count += s.Count
		total.Cents += s.Cents
	}
	fmt.Fprintln(&b, row("total", total.Count, money.FromCents(total.Cents).Value()))
	for _, h := range holds {
		fmt.Fprintln(&b, colour.Red("SENDING IS HELD "+explain(h)))
	}
	return b.String()
}
