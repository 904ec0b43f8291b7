// Command sandbox serves a local DANA that can be told to misbehave: package
// internal/sandbox behind a few flags.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/salur-id/salur/internal/sandbox"
)

// Exit codes, the same in every program of this module.
const (
	exitOK       = 0
	exitInternal = 1
	exitUsage    = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: it serves until ctx is done and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := newCommand(stdout, stderr)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	var internal internalError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &internal):
		fmt.Fprintln(stderr, "sandbox:", err)
		return exitInternal
	}
	// Everything that is not ours was wrong on the command line or in a file it names.
	fmt.Fprintln(stderr, "sandbox:", err)
	return exitUsage
}

// internalError is a failure that no other flag or file would have avoided.
type internalError struct{ error }

func (e internalError) Unwrap() error { return e.error }

// serve answers on l until ctx is done.
func serve(ctx context.Context, l net.Listener, box *sandbox.Sandbox, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           box,
		ReadHeaderTimeout: 10 * time.Second, // a ReadTimeout would cut long hangs short
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return internalError{fmt.Errorf("serving on %s: %w", l.Addr(), err)}
	case <-ctx.Done():
	}
	log.Info("stopping")
	box.Close() // hanging lines end now, or Shutdown would wait for them
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := srv.Shutdown(stopping)
	<-failed
	if err != nil {
		return internalError{fmt.Errorf("stopping: %w", err)}
	}
	return nil
}
