// Package api is the HTTP intake: other services hand payouts over and look at them. What a payout is, and
// whether it is accepted, is the Go package's to say; here is what HTTP adds to it: keys, rates, problems
// (RFC 9457) and a document (OpenAPI 3.1) that tests hold the handlers to.
package api

import (
	"context"
	"net/http"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
)

const (
	// storeTime bounds what one request asks of Redis, and askTime what it asks of DANA: about a bank account up to four
	// times, and whoever asked has not waited longer than this for them.
	storeTime = 10 * time.Second
	askTime   = 30 * time.Second
)

// Config is what the intake works with.
type Config struct {
	Redis redis.UniversalClient // the workers'; its owner closes it
	// DANA answers questions about accounts and balances; nil when it is not configured: then they are refused.
	DANA *danaclient.Client
	config.API
	Limits salur.Limits // of what is accepted
	Log    *zap.Logger
}

type api struct {
	payouts *salur.Client
	room    *roomNow
	writes  *writesNow
	dana    *danaclient.Client
	keys    []config.APIKey
	limiter *redis_rate.Limiter
	rate    int
	places  *places // of all requests
	large   *places // of those that can be large
	log     *zap.Logger
	mux     *http.ServeMux
}

// New is the intake.
func New(cfg Config) http.Handler {
	client := salur.New(cfg.Redis).Within(cfg.Limits)
	a := &api{
		payouts: client, room: &roomNow{ask: client.Room}, dana: cfg.DANA,
		writes: &writesNow{ask: func(ctx context.Context) (refusal, error) { return refusal{client.Writable(ctx)}, nil }},
		keys:   cfg.Keys, limiter: redis_rate.NewLimiter(cfg.Redis), rate: cfg.RateLimit, log: cfg.Log, mux: http.NewServeMux(),
		places: newPlaces(allPlaces, cfg.Keys), large: newPlaces(largePlaces, cfg.Keys),
	}
	for _, r := range a.routes() {
		a.mux.Handle(r.pattern, a.endpoint(r))
	}
	return a
}

// route is one method and path.
type route struct {
	pattern string
	do      func(*call) (reply, error)
	open    bool // answers without a key
	quiet   bool // is called all the time, and says nothing new
}

func (a *api) routes() []route {
	return []route{
		{pattern: "POST /v1/payouts", do: a.submit},
		{pattern: "GET /v1/payouts", do: a.list},
		{pattern: "GET /v1/payouts/{ref...}", do: a.show},
		{pattern: "POST /v1/account-inquiries", do: a.inquire},
		{pattern: "GET /v1/balance", do: a.balance},
		{pattern: "GET /v1/openapi.yaml", do: document, open: true},
		{pattern: "GET /problems/{name}", do: explain, open: true},
		{pattern: "GET /healthz", do: alive, open: true, quiet: true},
		{pattern: "GET /readyz", do: a.ready, open: true, quiet: true},
	}
}

// Server serves the intake with bounds on how long a client may take. The longest answer is one that waits
// for DANA.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: askTime + 15*time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
}
