package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/reconcile"
)

func (p *program) reconcileCommand() *cobra.Command {
	var since, until string
	c := &cobra.Command{
		Use:   "reconcile FILE...",
		Short: "Hold DANA's settlement reports against the ledger and tell what differs",
		Long: `reconcile reads DANA's settlement reports of disbursements (CSV; - is stdin) and lists what differs from
the ledger, the most alarming first, with what to do. It changes nothing and asks nobody. docs/reconcile.md
has the classes.

Every row is looked up. What succeeded here and is not in the reports is looked for in the days that most rows of
each report are of, or from --since on and before --until. Several reports at once see what one alone cannot:
payouts over midnight, and one that is in two of them.

Exit codes: 0 both sides agree, 3 they differ, 2 a report cannot be read, and nothing was compared.`,
		Args: cli.SomeArgs,
		RunE: func(c *cobra.Command, args []string) error {
			given, err := givenPeriod(since, until)
			if err != nil {
				return err
			}
			report, err := readReports(c.Context(), args, c.InOrStdin())
			if err != nil {
				return err
			}
			period, err := report.Period()
			if given != (reconcile.Period{}) {
				period, err = given, nil
			}
			if err != nil {
				return cli.Fail(cli.Invalid, err)
			}
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			result, err := reconcile.Compare(c.Context(), ledger.NewRedis(rdb), report, period)
			if err != nil {
				return err
			}
			if err := p.printResult(c.OutOrStdout(), result); err != nil {
				return err
			}
			if n := result.Count(); n > 0 {
				return cli.Fail(cli.Conflict, fmt.Errorf("the two sides differ on %d references", n))
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&since, "since", "", "begin of the period: RFC 3339, or a day (YYYY-MM-DD, from midnight in Jakarta); with --until")
	f.StringVar(&until, "until", "", "end of the period, which is not part of it, written as for --since")
	return c
}

// givenPeriod is the period of the flags; both or none are given.
func givenPeriod(since, until string) (p reconcile.Period, err error) {
	if p.Since, err = moment("since", since); err != nil {
		return p, err
	}
	if p.Until, err = moment("until", until); err != nil {
		return p, err
	}
	switch {
	case (since == "") != (until == ""):
		return p, refuse("--since %q, --until %q: give both, or none for the days that the reports are of", since, until)
	case since != "" && !p.Since.Before(p.Until):
		return p, refuse("--until %q: must be later than --since %q", until, since)
	}
	return p, nil
}

// readReports reads all of the files before anything is compared.
func readReports(ctx context.Context, names []string, stdin io.Reader) (*reconcile.Report, error) {
	report := &reconcile.Report{}
	for _, name := range names {
		if err := readReport(ctx, report, name, stdin); err != nil {
			return nil, err
		}
	}
	return report, nil
}

func readReport(ctx context.Context, report *reconcile.Report, name string, stdin io.Reader) error {
	from := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return cli.Fail(cli.Invalid, err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return refuse("%s is a directory; name a file", name)
		}
		from = f
	} else {
		name = "stdin"
	}
	read := make(chan error, 1)
	go func() { read <- report.Read(name, from) }()
	select {
	case err := <-read:
		if err != nil {
			return cli.Fail(cli.Invalid, err)
		}
		return nil
	case <-ctx.Done():
		// Reading a pipe cannot be interrupted. The reader is left to end with the program.
		return errors.New("interrupted while reading; nothing was compared")
	}
}

// difference is a reconcile.Difference in JSON.
type difference struct {
	Class  reconcile.Class `json:"class"`
	Ref    string          `json:"ref"`
	State  string          `json:"state"` // here; empty when it is not on record
	There  money.Amount    `json:"there"`
	Here   money.Amount    `json:"here"`
	File   string          `json:"file,omitempty"`
	Line   int             `json:"line,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Do     string          `json:"do"`
}

type sum struct {
	Count  int          `json:"count"`
	Amount money.Amount `json:"amount"`
}

type classSum struct {
	Class reconcile.Class `json:"class"`
	sum
}

// summary is the last document of JSON.
type summary struct {
	Since       string       `json:"since"`
	Until       string       `json:"until"`
	Rows        int          `json:"rows"`
	Paid        sum          `json:"paid"`
	TakenBack   sum          `json:"takenBack"`
	Charges     money.Amount `json:"charges"`
	Agree       sum          `json:"agree"`
	There       money.Amount `json:"there"`
	Here        money.Amount `json:"here"`
	Difference  money.Amount `json:"difference"`
	Differences int          `json:"differences"`
	Classes     []classSum   `json:"classes"`
}

func summarize(r reconcile.Result) summary {
	of := func(s reconcile.Sum) sum { return sum{s.Count, money.FromCents(s.Cents)} }
	s := summary{
		Since: jakarta.Stamp(r.Period.Since), Until: jakarta.Stamp(r.Period.Until), Rows: r.Rows,
		Paid: of(r.Paid), TakenBack: of(r.TakenBack), Charges: money.FromCents(r.Charges), Agree: of(r.Agree),
		There: money.FromCents(r.There), Here: money.FromCents(r.Here), Difference: money.FromCents(r.There - r.Here),
		Differences: r.Count(), Classes: []classSum{},
	}
	for _, class := range reconcile.Classes {
		if found, ok := r.ByClass[class]; ok {
			s.Classes = append(s.Classes, classSum{class, of(found)})
		}
	}
	return s
}

func (p *program) printResult(out io.Writer, r reconcile.Result) error {
	if !p.json {
		_, err := io.WriteString(out, tell(r))
		return err
	}
	for _, d := range r.Differences {
		if err := cli.PrintJSON(out, difference{
			d.Class, d.Ref, string(d.State), money.FromCents(d.There), money.FromCents(d.Here), d.File, d.Line, d.Detail, d.Do,
		}); err != nil {
			return err
		}
	}
	return cli.PrintJSON(out, struct {
		Summary summary `json:"summary"`
	}{summarize(r)})
}

// tell is the result for people.
func tell(r reconcile.Result) string {
	text := ""
	if len(r.Differences) > 0 {
		rows := [][]string{{"CLASS", "REF", "STATE HERE", "THERE", "HERE", "ROW", "WHAT TO DO"}}
		for _, d := range r.Differences {
			row, todo := "", d.Do
			if d.File != "" {
				row = d.File + ":" + strconv.Itoa(d.Line)
			}
			if d.Detail != "" {
				todo += " (" + d.Detail + ")"
			}
			rows = append(rows, []string{
				string(d.Class), d.Ref, string(d.State), money.FromCents(d.There).Value(), money.FromCents(d.Here).Value(), row, todo,
			})
		}
		text = align(rows) + "\n"
	}
	s := summarize(r)
	of := func(n sum) string { return fmt.Sprintf("%d (%s)", n.Count, n.Amount) }
	rows := [][]string{
		{"period", s.Since + " to " + s.Until},
		{"report", fmt.Sprintf("%s: %s paid, %s taken back, charges %s", cli.Count(s.Rows, "row", "rows"), of(s.Paid), of(s.TakenBack), s.Charges)},
		{"agree", of(s.Agree)},
	}
	for _, c := range s.Classes {
		rows = append(rows, []string{string(c.Class), of(c.sum)})
	}
	return text + align(append(rows,
		[]string{"there", s.There.String()},
		[]string{"here", s.Here.String()},
		[]string{"difference", s.Difference.String()},
	))
}
