package tracing

import "go.opentelemetry.io/otel/attribute"

// Payout is what every span of a payout says: its reference, and topup or bank.
func Payout(ref, kind string) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("salur.ref", ref), attribute.String("salur.kind", kind)}
}

// Message is what OpenTelemetry's semantic conventions say of a message: operation is ours, typ theirs (send, process).
func Message(operation, typ, queue, task string) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "asynq"), attribute.String("messaging.destination.name", queue),
		attribute.String("messaging.operation.name", operation), attribute.String("messaging.operation.type", typ),
		attribute.String("salur.task", task),
	}
}
