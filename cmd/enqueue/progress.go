package main

import (
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/salur-id/salur/internal/cli"
)

// progress is a bar on stderr for a person's screen, and invisible elsewhere: also where
// documents are printed to the same screen.
func (b *batch) progress(what string, total int) *progressbar.ProgressBar {
	visible := cli.IsTerminal(b.errOut) && !(b.json && cli.IsTerminal(b.out))
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(b.errOut),
		progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}
