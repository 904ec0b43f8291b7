package salur

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tracing"
	"github.com/salur-id/salur/internal/wakeup"
)

// traceEach starts a span for each payout, in that of ctx. The function that it returns ends them with what became
// of the payouts.
func traceEach(ctx context.Context, payouts []payout.Payout) (context.Context, func([]ledger.Created)) {
	spans, places := make([]trace.Span, len(payouts)), make([]tracing.Parent, len(payouts))
	for i, p := range payouts {
		of, span := tracing.Start(ctx, "enqueue "+string(p.Kind), trace.WithSpanKind(trace.SpanKindProducer))
		if span.IsRecording() {
			queue, typ := wakeup.Route(p.Kind, statemachine.StepSend)
			span.SetAttributes(tracing.Payout(p.Ref, string(p.Kind))...)
			span.SetAttributes(tracing.Message("enqueue", "send", queue, typ)...)
		}
		spans[i], places[i] = span, tracing.ParentOf(of)
	}
	return tracing.WithEach(ctx, places), func(created []ledger.Created) {
		for i, c := range created {
			if c.Err != nil {
				spans[i].SetStatus(codes.Error, class(c.Err))
			} else {
				spans[i].SetAttributes(attribute.Bool("salur.duplicate", !c.New))
			}
			spans[i].End()
		}
	}
}

// class is what went wrong without Redis's own words.
func class(err error) string {
	if errors.Is(err, ledger.ErrConflict) {
		return ErrConflict.Error()
	}
	return ErrUnavailable.Error()
}
