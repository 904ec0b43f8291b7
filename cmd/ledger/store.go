package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
)

func (p *program) storeCommand() *cobra.Command {
	var lost, recovered, unbind bool
	var reason string
	c := &cobra.Command{
		Use:   "store",
		Short: "Show whose payouts this Redis keeps and whether it has lost some",
		Long: `store shows what the first worker wrote into this Redis: the environment, DANA's address and the
partner whose payouts it keeps. Workers of others refuse to start on it.

It also shows whether Redis has lost payouts or attempts. Running workers find that out by themselves and hold
all sending. As long as the loss is marked, every payout that is not over counts as one that may have been paid.

--lost marks a loss that no worker has seen, because none was running: start the workers after it.
--recovered ends the careful rules, when nothing of before the loss is open any more.
--unbind lets the next worker make this Redis its own: for a new address of DANA, never for another partner.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !lost && !recovered && !unbind {
				return p.showStore(c)
			}
			if err := sentence("reason", reason); err != nil {
				return err
			}
			return p.changeStore(c, reason, lost, recovered)
		},
	}
	c.Flags().BoolVar(&lost, "lost", false, "mark that Redis has lost payouts or attempts")
	c.Flags().BoolVar(&recovered, "recovered", false, "nothing of before the loss is open any more")
	c.Flags().BoolVar(&unbind, "unbind", false, "forget whose store it is; the next worker makes it its own")
	c.Flags().StringVar(&reason, "reason", "", "why, at most 200 characters (required with the others)")
	c.MarkFlagsMutuallyExclusive("lost", "recovered", "unbind")
	return c
}

// storeDocument is the store in JSON. Every key is always there; lost is empty when nothing is known to be lost.
type storeDocument struct {
	Env     string `json:"env"`
	BaseURL string `json:"baseUrl"`
	Partner string `json:"partner"`
	Epoch   string `json:"epoch"`
	Lost    string `json:"lost"`
	LostAt  string `json:"lostAt"`
}

func (p *program) showStore(c *cobra.Command) error {
	rdb, err := p.open(c)
	if err != nil {
		return err
	}
	defer rdb.Close()
	s, err := ledger.NewRedis(rdb).ReadStore(c.Context())
	if err != nil {
		return err
	}
	d := storeDocument{Env: s.Identity.Env, BaseURL: s.Identity.BaseURL, Partner: s.Identity.Partner, Epoch: s.Epoch}
	if s.Loss != nil {
		d.Lost, d.LostAt = s.Loss.Reason, jakarta.Stamp(s.Loss.At)
	}
	if p.json {
		return cli.PrintJSON(c.OutOrStdout(), d)
	}
	var b strings.Builder
	switch {
	case d.Env == "" && d.Epoch == "":
		b.WriteString("No worker has started on this Redis yet.\n")
	case d.Env == "":
		b.WriteString("The next worker that starts makes this Redis its own.\n")
	default:
		fmt.Fprintf(&b, "This Redis keeps the payouts of partner %s in %s, at %s.\n", operate.Plain(d.Partner), operate.Plain(d.Env), operate.Plain(d.BaseURL))
	}
	if d.Lost == "" {
		b.WriteString("No loss of payouts is known.\n")
	} else {
		fmt.Fprintf(&b, "It lost payouts or attempts (%s, found %s).\nEvery payout that is not over counts as one that may have been paid, until: ledger store --recovered\n", operate.Plain(d.Lost), d.LostAt)
	}
	_, err = fmt.Fprint(c.OutOrStdout(), b.String())
	return err
}

func (p *program) changeStore(c *cobra.Command, reason string, lost, recovered bool) error {
	rdb, err := p.open(c)
	if err != nil {
		return err
	}
	defer rdb.Close()
	l, said := ledger.NewRedis(rdb), ""
	switch {
	case lost:
		said = "The loss is marked: no refusal is believed before DANA was asked. When nothing is open any more: ledger store --recovered"
		err = l.MarkLoss(c.Context(), ledger.Loss{At: time.Now(), Reason: reason + ", by " + operator()})
	case recovered:
		said = "The careful rules have ended."
		var was bool
		if was, err = l.ClearLoss(c.Context()); err == nil && !was {
			said = "No loss was marked."
		}
	default:
		said = "The next worker that starts makes this Redis its own."
		err = l.Unbind(c.Context())
	}
	if err != nil {
		return undone("nothing was changed", "it is not known whether it was changed, see ledger store", err)
	}
	if p.json {
		return cli.PrintJSON(c.OutOrStdout(), map[string]string{"done": said})
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), said)
	return err
}
