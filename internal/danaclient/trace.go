package danaclient

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/salur-id/salur/internal/tracing"
)

// span starts the span of an exchange and returns what ends it with how the exchange went. Nothing of a body is in it, and
// nothing of it goes to DANA. Where OpenTelemetry has a convention for HTTP clients, it is kept.
func (c *Client) span(ctx context.Context, api API, url, externalID string) (context.Context, func(Exchange)) {
	ctx, span := tracing.Start(ctx, "DANA "+string(api), trace.WithSpanKind(trace.SpanKindClient))
	if !span.IsRecording() {
		return ctx, func(Exchange) {}
	}
	span.SetAttributes(
		attribute.String("http.request.method", "POST"), attribute.String("url.full", url),
		attribute.String("server.address", c.base.Hostname()), attribute.Int("server.port", port(c.base.Scheme, c.base.Port())),
		attribute.String("dana.api", string(api)),
	)
	if externalID != "" {
		span.SetAttributes(attribute.String("dana.external_id", externalID))
	}
	return ctx, func(x Exchange) {
		span.SetAttributes(attribute.String("salur.outcome", x.Outcome.Kind.String()))
		if x.Outcome.Code != "" {
			span.SetAttributes(attribute.String("dana.response_code", x.Outcome.Code))
		}
		if x.HTTPStatus != 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", x.HTTPStatus))
		}
		if x.Outcome.Why != "" {
			span.SetAttributes(attribute.String("salur.why", string(x.Outcome.Why)))
		}
		switch { // x.Err stays out: it is for the log
		case x.HTTPStatus >= 400 && x.Err == nil:
			failed(span, strconv.Itoa(x.HTTPStatus))
		case x.Err != nil:
			failed(span, string(x.Outcome.Why))
		}
		span.End()
	}
}

func failed(span trace.Span, typ string) {
	span.SetAttributes(attribute.String("error.type", typ))
	span.SetStatus(codes.Error, "")
}

// port is the one that a URL names, or its scheme's own.
func port(scheme, named string) int {
	if n, err := strconv.Atoi(named); err == nil {
		return n
	}
	if scheme == "https" {
		return 443
	}
	return 80
}
