package telemetry

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/go-logr/logr"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
)

// every is how often it is told at most that spans are lost.
const every = 5 * time.Minute

// exporter tells of spans that are lost, sparingly and in our own log.
type exporter struct {
	sdktrace.SpanExporter
	log *zap.Logger
	now func() time.Time

	mu    sync.Mutex
	told  time.Time
	spans int // lost since
}

// ExportSpans hands spans to the collector. What it does not take is lost, and told of here.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	e.mu.Lock()
	e.spans += len(spans)
	e.mu.Unlock()
	e.lost(reason(err))
	return nil
}

// lost tells that spans are lost, unless it was told a little while ago.
func (e *exporter) lost(why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	if !e.told.IsZero() && now.Sub(e.told) < every {
		return
	}
	e.log.Warn("traces are lost; payouts go on", zap.String("cause", why), zap.Int("spans", e.spans))
	e.told, e.spans = now, 0
}

// reason is what went wrong, without the URL and without what the collector said: a key may stand in both.
func reason(err error) string {
	var call *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "the collector does not answer"
	case errors.As(err, &call):
		return call.Err.Error()
	}
	return "the collector refuses them"
}

// messages is the SDK's log: what it warns of, without the values.
func messages(log *zap.Logger) logr.Logger { return logr.New(sink{log}) }

type sink struct{ log *zap.Logger }

func (sink) Init(logr.RuntimeInfo) {}

// Enabled lets warnings pass, which the SDK writes at level 1.
func (sink) Enabled(level int) bool { return level <= 1 }

func (s sink) Info(_ int, msg string, _ ...any) { s.log.Warn("traces: " + msg) }

func (s sink) Error(_ error, msg string, _ ...any) {
	s.log.Warn("traces: an OTEL_ variable cannot be read: " + msg)
}

func (s sink) WithValues(...any) logr.LogSink { return s }

func (s sink) WithName(string) logr.LogSink { return s }
