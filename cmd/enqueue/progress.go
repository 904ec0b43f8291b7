package main

import (
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/salur-id/salur/internal/cli"
)

// bytesBar and rowsBar are bars on stderr for a person's screen, and invisible elsewhere: also where
// documents are printed to the same screen.
func (b *batchRun) bytesBar(size int64) *progressbar.ProgressBar {
	return b.bar(size, "checking", progressbar.OptionShowBytes(true))
}

func (b *batchRun) rowsBar(rows int) *progressbar.ProgressBar {
	return b.bar(int64(rows), "accepting", progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"))
}

func (b *batchRun) bar(total int64, what string, options ...progressbar.Option) *progressbar.ProgressBar {
	visible := cli.IsTerminal(b.errOut) && !(b.json && cli.IsTerminal(b.out))
	return progressbar.NewOptions64(total, append(options,
		progressbar.OptionSetWriter(b.errOut),
		progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)...)
}
