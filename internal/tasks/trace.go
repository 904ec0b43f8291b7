package tasks

import (
	"context"

	"github.com/hibiken/asynq"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tracing"
	"github.com/salur-id/salur/internal/wakeup"
)

// The steps of a payout that have a span. It begins when the gate is open: what waits for hours behind a hold is
// not busy.
const (
	stepValidate = "validate"
	stepSend     = "send"
	stepInquire  = "inquire"
	stepBook     = "book" // no exchange: a lost attempt, an expiry or the end of the follow-up is written down
)

// headersOf is ctx in the trace that a task's headers tell, for a payout that has none on record.
func headersOf(ctx context.Context, t *asynq.Task) context.Context {
	return tracing.FromHeaders(t.Headers()).In(ctx)
}

// step starts the span of a step, in the trace that is on record. Its end tells how the step went.
func step(ctx context.Context, rec ledger.Record, name string) (context.Context, func(error)) {
	kind := rec.Payout.Kind
	ctx, span := tracing.Start(rec.Trace.In(ctx), name+" "+string(kind), trace.WithSpanKind(trace.SpanKindConsumer))
	if span.IsRecording() {
		next := statemachine.StepSend
		if name == stepInquire {
			next = statemachine.StepInquire
		}
		queue, typ := wakeup.Route(kind, next)
		span.SetAttributes(tracing.Payout(rec.Payout.Ref, string(kind))...)
		span.SetAttributes(tracing.Message(name, "process", queue, typ)...)
	}
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "not recorded") // the log says why
		}
		span.End()
	}
}

// number is the attempt's or the inquiry's number, for the log and the step's span.
func number(ctx context.Context, name string, n int) zap.Field {
	trace.SpanFromContext(ctx).SetAttributes(attribute.Int("salur."+name, n))
	return zap.Int(name, n)
}

// note puts a decision into the step's span, and an exchange into it if there was one.
func note(ctx context.Context, x danaclient.Exchange, d statemachine.Decision) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("salur.event", string(d.Entry.Event)),
		attribute.String("salur.from", string(d.Entry.From)), attribute.String("salur.to", string(d.Entry.To)),
	)
	if x.API != "" {
		span.SetAttributes(attribute.String("salur.outcome", x.Outcome.Kind.String()))
	}
	if x.Outcome.Why != "" {
		span.SetAttributes(attribute.String("salur.why", string(x.Outcome.Why)))
	}
}

// traceField is the trace of ctx for the log.
func traceField(ctx context.Context) zap.Field {
	if id := tracing.ID(ctx); id != "" {
		return zap.String("traceId", id)
	}
	return zap.Skip()
}
