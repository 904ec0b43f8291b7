package main

import (
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) holdCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "hold --reason TEXT",
		Short: "Stop sending on all workers, until ledger resume",
		Long: `hold stops all workers from sending, within a second. Exchanges under way are finished,
payouts wait unharmed, and inquiries go on. A second hold replaces the reason of the first.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := sentence("reason", reason); err != nil {
				return err
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			h := gate.Hold{By: gate.ByPerson, Reason: reason, Person: operator(), Since: time.Now()}
			if err := gate.HoldByPerson(c.Context(), rdb, h.Reason, h.Person, h.Since); err != nil {
				return undone("sending is not held", "it is not known whether sending is held, so hold again", err)
			}
			if p.json {
				return cli.PrintJSON(c.OutOrStdout(), newHoldDocument(h))
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "Sending is held %s.\nStart it again with: ledger resume\n", explain(h))
			return err
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, at most 200 characters (required)")
	return c
}

func (p *program) resumeCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "resume",
		Short: "Lift every hold, so that all workers send again",
		Long: `resume lifts every hold, by a person and by the system. A cause that is still there is met
again by the next payout, and held again.

A payout that met a limit passes from then on, and the sum that it met begins anew: look at it
first, with ledger show, and take it back with ledger cancel if it is wrong. A hold for a low
balance comes back only when the balance has been at the mark in between.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := remark(reason); err != nil {
				return err
			}
			rdb, err := p.open(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			lifted, err := gate.Resume(c.Context(), rdb, reason, operator(), time.Now())
			if err != nil {
				return undone("nothing was lifted", "it is not known whether sending goes on, see ledger stats", err)
			}
			return p.printLifted(c.OutOrStdout(), lifted)
		},
	}
	addReason(c, &reason)
	return c
}

func (p *program) printLifted(out io.Writer, lifted []gate.Hold) error {
	if p.json {
		docs := make([]holdDocument, len(lifted))
		for i, h := range lifted {
			docs[i] = newHoldDocument(h)
		}
		return cli.PrintJSON(out, map[string][]holdDocument{"lifted": docs})
	}
	if len(lifted) == 0 {
		_, err := fmt.Fprintln(out, "Nothing was held.")
		return err
	}
	var b strings.Builder
	for _, h := range lifted {
		fmt.Fprintf(&b, "Lifted the hold %s.\n", explain(h))
	}
	_, err := io.WriteString(out, b.String()+"All workers send again within a second.\n")
	return err
}

// holdDocument is a hold in JSON. Every key is always there.
type holdDocument struct {
	By     string           `json:"by"` // person or system
	Cause  statemachine.Why `json:"cause"`
	Reason string           `json:"reason"`
	Person string           `json:"person"`
	Ref    string           `json:"ref"`
	Since  string           `json:"since"`
}

func newHoldDocument(h gate.Hold) holdDocument {
	return holdDocument{h.By, h.Cause, h.Reason, h.Person, h.Ref, jakarta.Stamp(h.Since)}
}

// explain is a hold for people, in half a line.
func explain(h gate.Hold) string {
	if h.By == gate.ByPerson {
		return operate.Plain(fmt.Sprintf("by %s since %s: %s", h.Person, h.SinceText(jakarta.Stamp), h.Reason))
	}
	why := h.Reason
	if h.Ref != "" {
		why += ", payout " + h.Ref
	}
	return operate.Plain(fmt.Sprintf("by the system since %s: %s (%s)", h.SinceText(jakarta.Stamp), h.Cause, why))
}

// operator is who is logged in. Stopping must not fail because the system has no name for
// its user, as in a container that runs under any number.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return "uid " + strconv.Itoa(os.Getuid())
	}
	return u.Username
}
