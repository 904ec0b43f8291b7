// Package web is what a worker serves over HTTP: health for the orchestrator, metrics for
// Prometheus, and for people the page of transactions and the Asynq web UI.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/web/transactions"
)

// Check is one line of the readiness answer: nil, or why not.
type Check struct {
	Name string
	OK   func(ctx context.Context) error
}

// Config is what the pages need.
type Config struct {
	// User and Password protect the pages. Without them they answer on the loopback
	// interface only, and change nothing.
	User, Password string
	// NewRedis opens a connection for the pages, which close it. They have connections of their own so that whoever
	// reads pages never takes one from the payouts.
	NewRedis func() redis.UniversalClient
	// Gate is what this worker's gate believes, and Worker the worker's name.
	Gate     func() gate.Status
	Worker   string
	Gatherer prometheus.Gatherer
	Ready    []Check
	Log      *zap.Logger
}

// Handler serves /healthz, /readyz, /metrics, the page of transactions and the Asynq web UI. Close them when done.
func Handler(cfg Config) (h http.Handler, closePages func() error) {
	readOnly := cfg.User == ""
	tasks, closeTasks := monitoring(cfg.NewRedis, readOnly)
	rdb := cfg.NewRedis()
	payouts := transactions.New(transactions.Config{
		Redis: rdb, Gate: cfg.Gate, Worker: cfg.Worker, TasksPath: UIPath, ReadOnly: readOnly, Secret: cfg.Password, Now: time.Now, Log: cfg.Log,
	})
	in := guard(cfg.User, cfg.Password)
	// A browser that holds the password must not act for another site.
	sameOrigin := http.NewCrossOriginProtection().Handler

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		// Alive: this very answer. It must not depend on Redis, or an outage there restarts
		// every worker.
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("GET /readyz", ownName(ready(cfg.Ready)))
	mux.Handle("GET /metrics", ownName(promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{})))
	mux.Handle(transactions.Path, in(sameOrigin(payouts)))
	mux.Handle(UIPath, in(sameOrigin(tasks)))
	mux.Handle("GET /{$}", http.RedirectHandler(transactions.Path, http.StatusFound))
	return mux, func() error { return errors.Join(closeTasks(), rdb.Close()) }
}

// Server serves h with bounds on how long a client may take.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
}

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
