package danaclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"

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
	return x, answered
}

func (c *Client) attempt(caller context.Context, s service, externalID, ref string, body any) (Exchange, fields) {
	if err := caller.Err(); err != nil {
		return notSent(whyCancelled, err), nil
	}
	timeout := c.cfg.Timeout
	if s.timeout != 0 {
		timeout = min(timeout, s.timeout)
	}
	ctx, cancel := context.WithTimeout(caller, timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := c.request(ctx, s, externalID, body)
	if err != nil {
		return notSent(whyNotBuilt, err), nil
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return broken(caller, connected.Load(), err), nil
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		// What did arrive may even look whole. Half an answer is no answer: ask again.
		x := broken(caller, true, err)
		x.HTTPStatus, x.Raw = resp.StatusCode, keep(answer)
		return x, nil
	}
	v := s.classify(resp.StatusCode, answer, ref)
	return understood(v, resp.StatusCode, answer), v.fields
}

func notSent(why statemachine.Why, err error) Exchange {
	return Exchange{Outcome: statemachine.Outcome{Kind: statemachine.NotSent, Why: why}, Err: err}
}

// understood is an exchange that ended with a whole answer.
func understood(v verdict, status int, answer []byte) Exchange {
	x := Exchange{Outcome: v.Outcome, HTTPStatus: status, Message: v.message, Fault: v.fault}
	if v.unclear {
		x.Raw = keep(answer)
	}
	return x
}

// broken is an exchange that ended without a whole answer.
//
// NotSent is claimed on one proof alone: no connection was ever handed to the request (no
// address, nobody listening, TLS refused, time over before that), so there was nothing to
// write its first byte to. Once there was a connection it is not known how much of the
// request left, nor whether DANA paid; that is Unknown, and the same reference is asked
// about or sent again. net/http itself sends this POST a second time only where HTTP says
// that the first was not processed.
func broken(caller context.Context, connected bool, err error) Exchange {
	o := statemachine.Outcome{Kind: statemachine.Unknown, Why: whyConnectionLost}
	if !connected {
		o = statemachine.Outcome{Kind: statemachine.NotSent, Why: whyNotConnected}
	}
	fault := true
	var slow net.Error
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		o.Why, fault = whyCancelled, false
	case errors.As(err, &slow) && slow.Timeout():
		o.Why = whyTimeout
	}
	return Exchange{Outcome: o, Fault: fault, Err: err}
}
