package main

import (
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/salur-id/salur/internal/cli"
)

// bar is a progress bar on a terminal, and nothing elsewhere.
type bar struct{ *progressbar.ProgressBar }

func progress(stderr io.Writer, total int, what string) bar {
	if !cli.IsTerminal(stderr) {
		stderr = io.Discard
	}
	return bar{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("payouts"),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100_000_000),
	)}
}

// A progress bar that cannot be drawn is no reason to stop.
func (b bar) add()    { _ = b.Add(1) }
func (b bar) finish() { _ = b.Finish() }
