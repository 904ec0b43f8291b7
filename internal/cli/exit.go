// Package cli is what all programs have in common on the command line: exit codes, how an
// error is told, logs, colour and JSON lines.
package cli

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redisfault"
)

// Code is a program's exit code. The codes are public: scripts decide by them.
type Code int

// The exit codes.
const (
	Done        Code = 0
	Internal    Code = 1 // unexpected, also when interrupted
	Invalid     Code = 2 // bad usage, configuration or input
	Conflict    Code = 3 // the reference exists with other content, or with a record that cannot be read
	Unreachable Code = 4 // a dependency cannot be reached
	NotFound    Code = 5
)

// Error is an error that knows its exit code.
type Error struct {
	Code Code
	Err  error
}

// Error is the message of Err alone.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is Err.
func (e *Error) Unwrap() error { return e.Err }

// Fail gives err an exit code, which wins over the one CodeOf would find in it.
func Fail(code Code, err error) error { return &Error{code, err} }

// CodeOf is the exit code of err: its own (Fail), or Invalid for what the user wrote, or
// Unreachable for Redis and the network. What is none of these is Internal.
func CodeOf(err error) Code {
	var own *Error
	var settings config.Error
	var fields payout.InvalidError
	var header intake.HeaderError
	var invalid *salur.InvalidError
	switch {
	case err == nil:
		return Done
	case errors.As(err, &own):
		return own.Code
	case errors.As(err, &settings), errors.As(err, &fields), errors.As(err, &header), errors.As(err, &invalid):
		return Invalid
	case errors.Is(err, salur.ErrConflict), errors.Is(err, salur.ErrUnreadable):
		return Conflict
	case errors.Is(err, salur.ErrNotFound):
		return NotFound
	case errors.Is(err, salur.ErrUnavailable):
		return Unreachable
	case unreachable(err):
		return Unreachable
	}
	return Internal
}

// unreachable reports whether err is a dependency that could not be talked to or was not
// able to serve. A server of our own that could not listen is not one.
func unreachable(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Op != "listen"
	}
	var name *net.DNSError
	return errors.As(err, &name) ||
		errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || // a connection that the other side closed
		errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) ||
		redisfault.Of(err) != nil || redis.IsMaxClientsError(err) ||
		redis.IsExecAbortError(err) // which a refused write inside a transaction becomes
}
