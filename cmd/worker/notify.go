package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/tasks"
	"github.com/salur-id/salur/internal/web"
)

// notifySite binds the listener of DANA's bank notify. It is one of its own, so that what
// DANA can reach is this one path and never the web UI or the metrics.
func notifySite(cfg config.Notify, runner *tasks.Runner, m *metrics.Metrics, log *zap.Logger) (site, error) {
	handler, err := danaclient.NewNotifyHandler(danaclient.NotifyConfig{Key: cfg.Key, Path: cfg.Path, Now: time.Now},
		func(ctx context.Context, n danaclient.Notification) error {
			// Either field may hold our reference: DANA's page swaps them.
			err := runner.Hint(ctx, n.Ref, n.ReferenceNo)
			if err != nil {
				log.Error("a notify could not be recorded; DANA is told to call again", zap.Error(err))
			}
			return err
		})
	if err != nil {
		return site{}, err
	}
	l, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return site{}, fmt.Errorf("SALUR_NOTIFY_ADDR %s: %w; choose another address, and tell DANA or your proxy", cfg.Addr, err)
	}
	return site{"notify server", web.Server(onlyAt(cfg.Path, countNotifies(handler, m))), l}, nil
}

// onlyAt answers the path and nothing beside it.
func onlyAt(path string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// countNotifies counts what was not accepted; the rest counts where it is received.
func countNotifies(h http.Handler, m *metrics.Metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w}
		h.ServeHTTP(s, r)
		switch {
		case r.Method != http.MethodPost:
		case s.status >= 500:
			m.Notify("failed")
		case s.status >= 400:
			m.Notify("refused")
		}
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
