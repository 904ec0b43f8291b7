// Command sandbox serves a local DANA that can be told to misbehave: package
// internal/sandbox behind a few flags.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: it serves until ctx is done and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.Main(ctx, newCommand(stdout, stderr), args, strings.NewReader(""), stdout, stderr)
}

// internalError is a failure that no other flag or file would have avoided.
type internalError struct{ error }

func (e internalError) Unwrap() error { return e.error }

// serve answers on the listeners until ctx is done.
func serve(ctx context.Context, listeners []net.Listener, box *sandbox.Sandbox, log *zap.Logger) error {
	complaints, err := zap.NewStdLogAt(log, zap.WarnLevel)
	if err != nil {
		return internalError{err}
	}
	srv := &http.Server{
		Handler:           box,
		ReadHeaderTimeout: 10 * time.Second, // a ReadTimeout would cut long hangs short
		ErrorLog:          complaints,
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- fmt.Errorf("serving on %s: %w", l.Addr(), srv.Serve(l)) }()
	}
	var broken error
	select {
	case broken = <-failed:
	case <-ctx.Done():
	}
	log.Info("stopping")
	box.Close() // hanging lines end now, or Shutdown would wait for them
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = srv.Shutdown(stopping)
	switch {
	case broken != nil:
		return internalError{broken}
	case err != nil:
		return internalError{fmt.Errorf("stopping: %w", err)}
	}
	for range listeners {
		<-failed
	}
	return nil
}
