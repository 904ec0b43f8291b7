package batch

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/csvfile"
	"github.com/salur-id/salur/internal/intake"
)

// Results is a file of what became of each row. It gets its name when it is complete, and not before: until then
// it is a file beside it whose name ends in .partial.
type Results struct {
	name   string
	format intake.Format
	file   *os.File
}

// CreateResults begins a file with this name, whose end tells the format. It must not be the file of
// payouts; another one with the name is replaced at the end.
func CreateResults(name string, payouts *File) (*Results, error) {
	format, err := intake.FormatOf(name, "")
	if err != nil {
		return nil, cli.Fail(cli.Invalid, fmt.Errorf("--out %q: use a name that ends in .csv or .jsonl", name))
	}
	read, readErr := payouts.file.Stat()
	written, err := os.Stat(name)
	switch {
	case err == nil && readErr == nil && os.SameFile(read, written):
		return nil, cli.Fail(cli.Invalid, fmt.Errorf("--out %q: is the file of payouts; use another name", name))
	case err == nil && !written.Mode().IsRegular():
		return nil, cli.Fail(cli.Invalid, fmt.Errorf("--out %q: is no regular file; use another name", name))
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.partial") // 0600
	if err != nil {
		return nil, cli.Fail(cli.Invalid, fmt.Errorf("--out: %w", err))
	}
	return &Results{name, format, file}, nil
}

// Discard removes what is not complete; after Write it does nothing.
func (r *Results) Discard() {
	if r.file != nil {
		_ = r.file.Close()
		_ = os.Remove(r.file.Name())
	}
}

// result is a line of the file.
type result struct {
	Line   int          `json:"line"`
	Ref    string       `json:"ref"`
	Result string       `json:"result"`
	State  salur.State  `json:"state"`
	Reason salur.Reason `json:"reason"`
	Error  string       `json:"error"`
}

// Write writes a line for each row, with the states and reasons of this moment, and gives the file its
// name. dryRun: new payouts are told as accepted.
func (r *Results) Write(ctx context.Context, p *Plan, dryRun bool) error {
	text := bufio.NewWriterSize(r.file, 1<<16)
	write := jsonLines(text)
	if r.format == intake.CSV {
		write = csvLines(text)
	}
	rows := make([]Row, 0, atOnce)
	flush := func() error {
		lines, err := p.results(ctx, rows, dryRun)
		for i := 0; i < len(lines) && err == nil; i++ {
			err = write(lines[i])
		}
		rows = rows[:0]
		return err
	}
	err := p.Each(ctx, func(row Row) error {
		if rows = append(rows, row); len(rows) < atOnce {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err = errors.Join(err, text.Flush(), r.file.Sync()); err == nil {
		err = os.Rename(r.file.Name(), r.name)
	}
	if err != nil {
		return fmt.Errorf("--out %s was not written: %w", r.name, failed(err))
	}
	err = r.file.Close()
	r.file = nil
	return err
}

// results looks some rows up and says what became of them.
func (p *Plan) results(ctx context.Context, rows []Row, dryRun bool) ([]result, error) {
	var refs []string
	for _, row := range rows {
		if row.Verdict == Accepted || row.Verdict == Known || row.Verdict == Repeated {
			refs = append(refs, row.Ref)
		}
	}
	found, err := p.client.GetMany(ctx, refs)
	if err != nil {
		return nil, err
	}
	results := make([]result, len(rows))
	for i, row := range rows {
		r := result{Line: row.Line, Ref: row.Ref, Result: word(row.Verdict, dryRun), State: row.State}
		if row.Err != nil {
			r.Error = row.Err.Error()
		}
		if tx, ok := found[row.Ref]; ok && !row.Verdict.Refused() {
			r.State, r.Reason = tx.State, tx.Reason
		}
		results[i] = r
	}
	return results, nil
}

// word is a verdict in the file of results.
func word(v Verdict, dryRun bool) string {
	switch {
	case v.Refused():
		return "refused"
	case v == Accepted, v == New && dryRun:
		return "accepted"
	case v == New:
		return "skipped"
	}
	return "duplicate"
}

func jsonLines(to io.Writer) func(result) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	return func(r result) error { return e.Encode(r) }
}

func csvLines(to io.Writer) func(result) error {
	header := csvfile.Write(to, "line", "ref", "result", "state", "reason", "error")
	return func(r result) error {
		return errors.Join(header, csvfile.Write(to, strconv.Itoa(r.Line), r.Ref, r.Result, string(r.State), string(r.Reason), r.Error))
	}
}
