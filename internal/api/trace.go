package api

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/salur-id/salur/internal/tracing"
)

// trace starts the span of a request, in the trace that its client says (W3C Trace Context). Only requests that were
// admitted have one, so that a stranger fills nobody's collector. It keeps OpenTelemetry's convention for HTTP servers; what it
// returns ends the span.
func (c *call) trace(w http.ResponseWriter) func() {
	if c.quiet || c.key == "" {
		return func() {}
	}
	parent := tracing.FromHeaders(map[string]string{
		"traceparent": c.Header.Get("traceparent"), "tracestate": c.Header.Get("tracestate"),
	})
	_, route, _ := strings.Cut(c.Pattern, " ")
	ctx, span := tracing.Start(parent.In(c.Context()), c.Pattern, trace.WithSpanKind(trace.SpanKindServer))
	span.SetAttributes(attribute.String("http.request.method", c.Method), attribute.String("http.route", route),
		attribute.String("salur.key", c.key), attribute.String("salur.request_id", c.id))
	c.Request = c.WithContext(ctx)
	return func() {
		if s, ok := w.(*status); ok {
			span.SetAttributes(attribute.Int("http.response.status_code", s.status))
			if s.status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
		}
		if c.count > 0 {
			span.SetAttributes(attribute.Int("salur.payouts", c.count))
		}
		span.End()
	}
}
