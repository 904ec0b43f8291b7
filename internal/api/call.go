package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/tracing"
)

// call is one request, and what its line in the log tells of it.
type call struct {
	*http.Request
	header http.Header // of the answer
	id     string
	key    string // name of the key, once it is known
	count  int    // payouts that were handed over
	quiet  bool
	leave  []func() // gives back what the request has until it is answered
}

type callKey struct{}

// requestID is what may stand in a header and a log as it is.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// ServeHTTP gives a request its id, answers it and logs it, whatever happens meanwhile.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	c := &call{header: w.Header(), id: r.Header.Get("X-Request-Id")}
	if !requestID.MatchString(c.id) {
		c.id = rand.Text()
	}
	c.header.Set("X-Request-Id", c.id)
	c.Request = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	seen := &status{ResponseWriter: w}
	defer func() {
		var failure []zap.Field
		if p := recover(); p != nil {
			failure = []zap.Field{zap.String("panic", fmt.Sprint(p)), zap.ByteString("stack", debug.Stack())}
			if seen.status == 0 {
				c.tell(seen, reply{}, &problem{kind: internalError})
			}
		}
		a.record(c, seen, time.Since(begun), failure)
	}()
	if err := a.route(seen, c); err != nil {
		c.tell(seen, reply{}, err)
	}
}

// route hands the request to its endpoint, or says that there is none. The mux's own answers are not
// ours, but what it allows is.
func (a *api) route(w *status, c *call) error {
	if escaped := c.URL.EscapedPath(); path.Clean(escaped) != escaped {
		return &problem{kind: noSuchPath}
	}
	h, pattern := a.mux.Handler(c.Request)
	if pattern != "" {
		a.mux.ServeHTTP(w, c.Request)
		return nil
	}
	said := &status{ResponseWriter: nowhere{c.header}}
	h.ServeHTTP(said, c.Request)
	if said.status == http.StatusMethodNotAllowed { // Allow is in the header now
		return &problem{kind: methodNotAllowed}
	}
	return &problem{kind: noSuchPath}
}

// endpoint answers a route: key, rate, then what it is there for.
func (a *api) endpoint(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c := req.Context().Value(callKey{}).(*call)
		c.Request, c.quiet = req, r.quiet
		defer func() {
			for _, leave := range c.leave {
				leave()
			}
		}()
		answer, err := reply{}, error(nil)
		if !r.open {
			err = a.admit(c)
		}
		end := func() {}
		if err == nil {
			end = c.trace(w)
			answer, err = r.do(c)
		}
		c.tell(w, answer, err)
		end()
	})
}

// record is the request's line in the log: no bodies, no queries, no keys.
func (a *api) record(c *call, seen *status, took time.Duration, failure []zap.Field) {
	level := zapcore.InfoLevel
	switch {
	case len(failure) > 0 || seen.cause != nil && seen.status >= http.StatusInternalServerError:
		level = zapcore.ErrorLevel
	case c.quiet:
		level = zapcore.DebugLevel
	}
	fields := []zap.Field{
		zap.String("requestId", c.id), zap.String("key", c.key), zap.String("method", c.Method), zap.String("route", c.Pattern),
		zap.Int("status", seen.status), zap.Duration("took", took), zap.Int("payouts", c.count),
	}
	if ref := c.PathValue("ref"); c.key != "" && payout.CheckRef(ref) == nil { // nothing that a stranger wrote
		fields = append(fields, zap.String("ref", ref))
	}
	if id := tracing.ID(c.Context()); id != "" {
		fields = append(fields, zap.String("traceId", id))
	}
	if seen.cause != nil {
		fields = append(fields, zap.Error(seen.cause))
	}
	a.log.Log(level, "request", append(fields, failure...)...)
}

// status remembers what was answered, and why.
type status struct {
	http.ResponseWriter
	status int
	cause  error
}

func (s *status) WriteHeader(code int) {
	s.status = code
	s.ResponseWriter.WriteHeader(code)
}

// because notes what made the answer a problem, for the log.
func because(w http.ResponseWriter, err error) {
	var p *problem
	if s, ok := w.(*status); ok && errors.As(err, &p) {
		s.cause = p.cause
	}
}

// nowhere takes an answer that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header { return n.header }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

func (nowhere) WriteHeader(int) {}
