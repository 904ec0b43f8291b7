// Package tracing carries a payout's trace from where it is handed over to each of its steps. It
// needs OpenTelemetry's API alone. Spans are made by the tracer provider of the span in a context; where there
// is none, nothing is made.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// scope names the instrumentation in every span.
const scope = "github.com/salur-id/salur"

// Provide is ctx with a provider for the spans that are started in it. It is not itself in a trace: a
// span that is started in it is the first of one.
func Provide(ctx context.Context, p trace.TracerProvider) context.Context {
	return trace.ContextWithSpan(ctx, root{provider: p})
}

// root is the span that a first span is started in: none, but with a provider.
type root struct {
	noop.Span
	provider trace.TracerProvider
}

func (r root) TracerProvider() trace.TracerProvider { return r.provider }

// Start starts a span in that of ctx.
func Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	in := trace.SpanFromContext(ctx)
	if r, ok := in.(remote); ok { // in the form that providers which record nothing pass on
		ctx = trace.ContextWithRemoteSpanContext(ctx, r.at)
	}
	return in.TracerProvider().Tracer(scope).Start(ctx, name, options...)
}

// ID is the id of the trace that ctx is in; empty for none.
func ID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

// Parent is a place in a trace as W3C Trace Context writes it, to be kept or sent. The zero Parent is none.
type Parent struct {
	Traceparent string `json:"traceparent,omitempty"`
	Tracestate  string `json:"tracestate,omitempty"`
}

// maxState is how much of a tracestate is kept: what the standard asks to be passed on at least. One that is
// longer is left out, which the standard allows.
const maxState = 512

var w3c propagation.TraceContext

// ParentOf is the place of ctx; none when it is in no trace.
func ParentOf(ctx context.Context) Parent {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return Parent{}
	}
	h := propagation.MapCarrier{}
	w3c.Inject(ctx, h)
	p := Parent{Traceparent: h["traceparent"], Tracestate: h["tracestate"]}
	if len(p.Tracestate) > maxState {
		p.Tracestate = ""
	}
	return p
}

// Headers is p as a task carries it; nil for none.
func (p Parent) Headers() map[string]string {
	if p == (Parent{}) {
		return nil
	}
	h := map[string]string{"traceparent": p.Traceparent}
	if p.Tracestate != "" {
		h["tracestate"] = p.Tracestate
	}
	return h
}

// FromHeaders is the place that a task's headers tell; none when they tell none that is valid.
func FromHeaders(h map[string]string) Parent {
	if h["traceparent"] == "" {
		return Parent{}
	}
	return ParentOf(w3c.Extract(context.Background(), propagation.MapCarrier(h)))
}

// In is ctx at the place p, with the provider that ctx has. When p is none, or not what the standard
// allows, it is ctx.
func (p Parent) In(ctx context.Context) context.Context {
	sc := trace.SpanContextFromContext(w3c.Extract(context.Background(), propagation.MapCarrier(p.Headers())))
	if !sc.IsValid() {
		return ctx
	}
	return trace.ContextWithSpan(ctx, remote{root{provider: trace.SpanFromContext(ctx).TracerProvider()}, sc})
}

// remote is a span of another process, or of this one long ago.
type remote struct {
	root
	at trace.SpanContext
}

func (r remote) SpanContext() trace.SpanContext { return r.at }

type eachKey struct{}

// WithEach is ctx with the places of several payouts that are handed over together, in their order.
func WithEach(ctx context.Context, all []Parent) context.Context {
	return context.WithValue(ctx, eachKey{}, all)
}

// Each is the place of the i-th of several payouts: its own (WithEach), or that of ctx.
func Each(ctx context.Context, i int) Parent {
	if all, ok := ctx.Value(eachKey{}).([]Parent); ok {
		return all[i]
	}
	return ParentOf(ctx)
}
