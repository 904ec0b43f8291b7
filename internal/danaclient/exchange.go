package danaclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// API names one of DANA's APIs, for metric labels and breakers.
type API string

// DANA's disbursement APIs; the last element of each path.
const (
	APITopUp              API = "topup"                // Customer Top Up, service 38
	APITopUpStatus        API = "topup-status"         // Customer Top Up Inquiry Status, service 39
	APIAccountInquiry     API = "account-inquiry"      // Account Inquiry, service 37
	APIBankTransfer       API = "transfer-bank"        // Transfer to Bank, service 43
	APIBankTransferStatus API = "transfer-bank-status" // Transfer to Bank Inquiry Status, service 00
	APIBankAccountInquiry API = "bank-account-inquiry" // Transfer to Bank Account Inquiry, service 42
)

// maxAnswer is the most that is read of an answer, in bytes. DANA's are about one thousand.
const maxAnswer = 64 << 10

// Exchange is everything that one call to DANA yielded. There is no error beside it that
// could be checked instead: the Outcome is always valid, and Unknown unless more is proven.
type Exchange struct {
	API        API
	ExternalID string
	Outcome    statemachine.Outcome
	// HTTPStatus is the status line's code; 0 when no answer came.
	HTTPStatus int
	// Message is DANA's responseMessage for people, cleaned, masked and at most 150
	// characters. Nothing may be decided by it.
	Message string
	// Raw is the beginning of an answer that could not be fully understood, with personal
	// data masked, for a person to look at; else nil.
	Raw []byte
	// Fault says that a circuit breaker should count this against the provider: no
	// connection, no whole answer in time, no answer that can be read, or an internal error
	// of DANA. A refusal is the provider at work, and a call its own caller gave up is nobody's.
	Fault bool
	// Duration is the time from the call to its end, signing included.
	Duration time.Duration
	// Err is what went wrong below the answer, for logs; nil when a whole answer was read.
	Err error
}

// What can happen to an exchange before there is an answer to read.
const (
	whyInvalid        statemachine.Why = "request_invalid"
	whyNotBuilt       statemachine.Why = "request_not_built"
	whyCancelled      statemachine.Why = "cancelled"
	whyNotConnected   statemachine.Why = "not_connected"
	whyConnectionLost statemachine.Why = "connection_lost"
	whyTimeout        statemachine.Why = "timeout"
)

// exchange makes one call. ref is the partnerReferenceNo that the answer must be about, and
// invalid what is wrong with the call itself: then nothing is sent. The fields of a whole
// answer come beside the Exchange.
func (c *Client) exchange(ctx context.Context, s service, externalID, ref string, body any, invalid error) (Exchange, fields) {
	start := c.cfg.Now()
	ctx, end := c.span(ctx, s.api, c.urls[s.api], externalID)
	var x Exchange
	var answered fields
	if invalid != nil {
		x = notSent(whyInvalid, invalid)
	} else {
		x, answered = c.attempt(ctx, s, externalID, ref, body)
	}
	x.API, x.ExternalID, x.Duration = s.api, externalID, c.cfg.Now().Sub(start)
	if x.Err != nil {
		x.Err = fmt.Errorf("DANA %s: %w", s.api, x.Err)
	}
	end(x)
	return x, answered
}

func (c *Client) attempt(caller context.Context, s service, externalID, ref string, body any) (Exchange, fields) {
	if err := caller.Err(); err != nil {
		return notSent(whyCancelled, err), nil
	}
	payload, err := encode(body)
	if err != nil {
		return notSent(whyNotBuilt, err), nil
	}
	timeout := c.cfg.Timeout
	if s.timeout != 0 {
		timeout = min(timeout, s.timeout)
	}
	ctx, cancel := context.WithTimeout(caller, timeout)
	defer cancel()
	if c.cfg.Signature == Asymmetric {
		return c.try(ctx, caller, s, externalID, ref, payload, "")
	}
	token, failed := c.tokens.get(ctx)
	if failed != nil {
		return *failed, nil
	}
	x, answered := c.try(ctx, caller, s, externalID, ref, payload, token)
	if !tokenRefused(x.Outcome) {
		return x, answered
	}
	// DANA refused the token and did not look at the request, so that this is still the same
	// attempt: it keeps its deadline and the X-EXTERNAL-ID that is on record for it.
	c.tokens.drop(token)
	if token, failed = c.tokens.get(ctx); failed != nil {
		return *failed, nil
	}
	return c.try(ctx, caller, s, externalID, ref, payload, token)
}

// try sends a request once.
func (c *Client) try(ctx, caller context.Context, s service, externalID, ref string, payload []byte, token string) (Exchange, fields) {
	ctx, connected := traced(ctx)
	req, err := c.request(ctx, s, externalID, payload, token)
	if err != nil {
		return notSent(whyNotBuilt, err), nil
	}
	if end, ok := ctx.Deadline(); ok && c.cfg.Now().Round(0).After(end.Round(0)) {
		// The machine was suspended: its timers stood still, the world did not, and another worker may have taken over.
		return notSent(whyTimeout, context.DeadlineExceeded), nil
	}
	r := c.roundTrip(req, connected, s, payload)
	if r.err != nil {
		return broken(caller, r, s.payout), nil
	}
	v := s.classify(r.status, r.answer, ref)
	return understood(v, r.status, r.answer, s.payout), v.fields
}

func notSent(why statemachine.Why, err error) Exchange {
	return Exchange{Outcome: statemachine.Outcome{Kind: statemachine.NotSent, Why: why}, Err: err}
}

// understood is an exchange about p that ended with a whole answer.
func understood(v verdict, status int, answer []byte, p payout.Payout) Exchange {
	x := Exchange{Outcome: v.Outcome, HTTPStatus: status, Message: v.message, Fault: v.fault}
	if v.unclear {
		x.Raw = keep(answer, p)
	}
	return x
}

// reply is what came back of a request.
type reply struct {
	connected bool // the request was given a connection
	status    int  // 0 when no status line came
	header    http.Header
	answer    []byte // at most maxAnswer+1 bytes; what there is of it when err is not nil
	err       error
}

// traced is the context for a request, and tells whether that was given a connection.
func traced(ctx context.Context) (context.Context, *atomic.Bool) {
	var connected atomic.Bool
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}), &connected
}

// roundTrip sends a request whose context is traced, and reads the whole answer.
func (c *Client) roundTrip(req *http.Request, connected *atomic.Bool, s service, payload []byte) reply {
	var start time.Time
	if c.cfg.Audit != nil {
		start = c.cfg.Now()
	}
	var r reply
	resp, err := c.wire.RoundTrip(req)
	if err == nil {
		r.status, r.header = resp.StatusCode, resp.Header
		r.answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		_ = resp.Body.Close() // the answer is read, or lost already
	}
	r.connected, r.err = connected.Load(), err
	if c.cfg.Audit != nil {
		c.cfg.Audit(c.auditRecord(s, start, c.cfg.Now().Sub(start), req, payload, r))
	}
	return r
}

// broken is an exchange that ended without a whole answer.
//
// NotSent is claimed on one proof alone: no connection was ever handed to the request (no
// address, nobody listening, TLS refused, time over before that), so there was nothing to
// write its first byte to. Once there was a connection it is not known how much of the
// request left, nor whether DANA paid; that is Unknown, and the same reference is asked
// about or sent again. net/http itself sends this POST a second time only where HTTP says
// that the first was not processed.
//
// What did arrive of an answer may even look whole. Half an answer is no answer: ask again.
func broken(caller context.Context, r reply, p payout.Payout) Exchange {
	o := statemachine.Outcome{Kind: statemachine.Unknown, Why: whyConnectionLost}
	if !r.connected {
		o = statemachine.Outcome{Kind: statemachine.NotSent, Why: whyNotConnected}
	}
	fault := true
	var slow net.Error
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		o.Why, fault = whyCancelled, false
	case errors.As(r.err, &slow) && slow.Timeout():
		o.Why = whyTimeout
	}
	x := Exchange{Outcome: o, HTTPStatus: r.status, Fault: fault, Err: hideInError(r.err, p)}
	if r.status != 0 {
		x.Raw = keep(r.answer, p)
	}
	return x
}
