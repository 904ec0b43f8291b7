// Package web is what a worker serves over HTTP: health for the orchestrator, metrics for
// Prometheus, and the Asynq web UI for people.
package web

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/hibiken/asynqmon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/wakeup"
)

// UIPath is where the Asynq web UI is mounted.
const UIPath = "/monitoring/"

// Check is one line of the readiness answer: nil, or why not.
type Check struct {
	Name string
	OK   func(ctx context.Context) error
}

// Config is what the pages need.
type Config struct {
	// User and Password protect the web UI. Without them it answers on the loopback
	// interface only, and changes nothing.
	User, Password string
	// NewRedis opens the connection of the web UI, which closes it.
	NewRedis func() redis.UniversalClient
	Gatherer prometheus.Gatherer
	Ready    []Check
}

// Handler serves /healthz, /readyz, /metrics and the web UI. Close the UI when done.
func Handler(cfg Config) (h http.Handler, closeUI func() error) {
	ui := asynqmon.New(asynqmon.Options{
		RootPath:         UIPath[:len(UIPath)-1],
		RedisConnOpt:     connOpt(cfg.NewRedis),
		ReadOnly:         cfg.User == "",
		PayloadFormatter: asynqmon.PayloadFormatterFunc(func(_ string, p []byte) string { return wakeup.Mask(p) }),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(string, []byte) string { return "(hidden)" }),
	})
	guard := loopbackOnly
	if cfg.User != "" {
		guard = basicAuth(cfg.User, cfg.Password)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		// Alive: this very answer. It must not depend on Redis, or an outage there restarts
		// every worker.
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", ready(cfg.Ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{}))
	// A browser that holds the password must not act for another site.
	mux.Handle(UIPath, guard(http.NewCrossOriginProtection().Handler(ui)))
	mux.Handle("GET /{$}", http.RedirectHandler(UIPath, http.StatusFound))
	return mux, ui.Close
}

// Server serves h with bounds on how long a client may take.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
}

type connOpt func() redis.UniversalClient

// MakeRedisClient implements asynq.RedisConnOpt.
func (f connOpt) MakeRedisClient() any { return f() }

func ready(checks []Check) http.HandlerFunc {
	type result struct {
		OK     bool   `json:"ok"`
		Detail string `json:"detail,omitempty"`
	}
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		answer := struct {
			Ready  bool              `json:"ready"`
			Checks map[string]result `json:"checks"`
		}{true, map[string]result{}}
		for _, c := range checks {
			res := result{OK: true}
			if err := c.OK(ctx); err != nil {
				res = result{Detail: err.Error()}
				answer.Ready = false
			}
			answer.Checks[c.Name] = res
		}
		status := http.StatusOK
		if !answer.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, answer)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody to tell
}

// loopbackOnly answers connections that came in on the loopback interface, as if the UI
// were bound to it alone, while health and metrics stay reachable.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		if !ok || !local.IP.IsLoopback() {
			http.Error(w, "The web UI answers on the loopback interface only. Set SALUR_UI_USER and SALUR_UI_PASSWORD to serve it here.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func basicAuth(user, password string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, p, ok := r.BasicAuth()
			same := subtle.ConstantTimeCompare([]byte(u), []byte(user)) & subtle.ConstantTimeCompare([]byte(p), []byte(password))
			if !ok || same != 1 {
				w.Header().Set("WWW-Authenticate", `Basic realm="Salur"`)
				http.Error(w, "user and password, please", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
