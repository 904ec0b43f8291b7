// Package batch accepts a file of payouts, of a million rows as well as of three: it checks the whole
// file, hands its payouts over, follows them to their end, and writes down what became of each.
//
// No row is kept in memory. What is kept of each is an entry of 64 bytes; whoever needs the rows again
// reads the file again, and every row is held against its entry, so that nothing is ever
// accepted that was not checked.
package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
)

// File is a file of payouts that can be read more than once.
type File struct {
	// Rules are how the rows are read; to be set before Check.
	Rules intake.Rules
	// TotalKnown is that the caller knows what the file adds up to (Expect.Total); to be set before Check. Then a last row
	// that may be cut off need not be refused for that.
	TotalKnown bool

	name    string
	format  intake.Format
	file    *os.File
	size    int64
	changed time.Time
}

// Open opens the file with this name, "-" for stdin; format may be empty, then the name tells it. What
// can be read only once, such as stdin, is copied to a temporary file that nobody else can open. The caller
// closes the File.
func Open(ctx context.Context, stdin io.Reader, name, format string) (*File, error) {
	kind, err := intake.FormatOf(name, format)
	if err != nil {
		return nil, cli.Fail(cli.Invalid, err)
	}
	f := &File{name: name, format: kind}
	if name == "-" {
		f.name = "stdin"
		f.file, err = spool(ctx, stdin)
	} else if f.file, err = os.Open(name); err != nil {
		return nil, cli.Fail(cli.Invalid, err)
	} else if info, statErr := f.file.Stat(); statErr == nil && !info.Mode().IsRegular() && !info.IsDir() {
		pipe := f.file
		defer pipe.Close()
		f.file, err = spool(ctx, pipe)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.file.Stat()
	if err == nil && info.IsDir() {
		err = cli.Fail(cli.Invalid, fmt.Errorf("%s is a directory; name a file", name))
	}
	if err != nil {
		_ = f.file.Close()
		return nil, err
	}
	f.size, f.changed = info.Size(), info.ModTime()
	return f, nil
}

// Close closes the file; a copy of stdin is gone with it.
func (f *File) Close() error { return f.file.Close() }

// Size is the file's length in bytes.
func (f *File) Size() int64 { return f.size }

// spool copies what can be read only once to a private file. It has no name from the start on, so that
// nothing stays behind however the program ends.
func spool(ctx context.Context, from io.Reader) (*os.File, error) {
	to, err := os.CreateTemp("", "salur-*") // 0600
	if err != nil {
		return nil, err
	}
	if err := os.Remove(to.Name()); err != nil {
		_ = to.Close()
		return nil, err
	}
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(to, from)
		copied <- err
	}()
	select {
	case err = <-copied:
	case <-ctx.Done():
		// Reading a pipe cannot be interrupted. The reader is left to end with the program.
		return nil, errors.New("interrupted while reading; nothing was accepted")
	}
	if err != nil {
		_ = to.Close()
		return nil, fmt.Errorf("copying the input to a temporary file: %w", err)
	}
	return to, nil
}

// rows reads the file from its beginning.
func (f *File) rows(read io.Writer) iter.Seq2[intake.Row, error] {
	all := io.NewSectionReader(f.file, 0, 1<<62) // also what was added since, to notice it
	return intake.Rows(io.TeeReader(all, read), f.format, f.Rules)
}

// touched reports whether somebody wrote to the file since it was opened.
func (f *File) touched() bool {
	info, err := f.file.Stat()
	return err != nil || info.Size() != f.size || !info.ModTime().Equal(f.changed)
}
