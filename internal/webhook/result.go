package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"code.dny.dev/ssrf"
)

// Outcome is how an exchange went, in one of a few words. They are all that is told of a failure:
// an error's own text may hold the URL, and an answer's body anything.
type Outcome string

// The outcomes. Of TimedOut, Unreachable and a Refused of 5xx it is not known whether the receiver
// has taken the document.
const (
	Delivered   Outcome = "delivered"         // a status of 2xx
	Refused     Outcome = "refused"           // any other status, a redirect included
	TimedOut    Outcome = "timeout"           // no status in time
	Unreachable Outcome = "unreachable"       // no such name, no connection, or one that broke
	Untrusted   Outcome = "untrusted"         // the certificate is not good, or what answers speaks no TLS
	Forbidden   Outcome = "forbidden_address" // the name leads to this machine or a private network
)

// Result is how one exchange went.
type Result struct {
	Outcome    Outcome
	Status     int           // HTTP's, 0 without an answer
	RetryAfter time.Duration // what the answer asks for; 0 for nothing
}

func outcomeOf(err error) Outcome {
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return Forbidden
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return TimedOut
	case errors.As(err, &certificate), errors.As(err, &record):
		return Untrusted
	}
	return Unreachable
}

// retryAfter reads the header of this name: seconds, or a date. What is neither, or in the past, asks for
// nothing.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(n, 24*60*60))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
