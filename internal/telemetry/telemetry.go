// Package telemetry sends the programs' traces to an OpenTelemetry collector, by OTLP over HTTP. All of it is set by
// OpenTelemetry's own environment variables; without an endpoint there is nothing.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/tracing"
)

// leave is how long a program that ends waits for the collector to take the last spans.
const leave = 2 * time.Second

// Start returns ctx with what makes spans, and a function that sends the last of them and must be called at the end.
// When no endpoint is set both do nothing. service names the program where OTEL_SERVICE_NAME does not. The error
// says which variable is wrong.
//
// Nothing that is traced ever waits for the collector: spans go through a bounded queue (OTEL_BSP_MAX_QUEUE_SIZE), and
// those that find it full are dropped.
func Start(ctx context.Context, service string, log *zap.Logger) (context.Context, func(), error) {
	on, err := endpoint()
	if err != nil || !on {
		return ctx, func() {}, err
	}
	quiet(log)
	client, err := otlptracehttp.New(ctx) // dials nothing
	if err != nil {
		return ctx, func() {}, fmt.Errorf("OTEL_EXPORTER_OTLP_*: %w", err)
	}
	// Not resource.WithProcess: a command line has phone numbers in it.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", service)),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv())
	if err != nil { // what could be read of it is there all the same
		log.Warn("traces: OTEL_RESOURCE_ATTRIBUTES cannot be read in full")
	}
	out := &exporter{SpanExporter: client, log: log, now: time.Now}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(out), sdktrace.WithResource(about))
	return tracing.Provide(ctx, provider), func() {
		ctx, cancel := context.WithTimeout(context.Background(), leave)
		defer cancel()
		if provider.Shutdown(ctx) != nil {
			out.lost("the collector did not take the last spans in time")
		}
	}, nil
}

// endpoint reports whether an endpoint is set and may be used. What the SDK would pass over in silence, or take for
// something else, is an error.
func endpoint() (on bool, err error) {
	name, value := first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	if value == "" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "", "otlp":
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER %q: use otlp or none", exporter)
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" { // its text is not repeated: it may hold a password
		return false, errors.New(name + ": is not a URL; use http://host:4318 or https://host:4318")
	}
	name, value = first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
	if !slices.Contains([]string{"", "http/protobuf", "http/json"}, value) {
		return false, fmt.Errorf("%s %q: use http/protobuf or http/json, and the collector's port for it, mostly 4318", name, value)
	}
	return true, nil
}

// first is the first of the environment variables that is set.
func first(names ...string) (name, value string) {
	for _, name = range names {
		if value = os.Getenv(name); value != "" {
			return name, value
		}
	}
	return name, ""
}

// quiet keeps the SDK from writing to stderr on its own, where it would quote what it cannot read: headers with a key in
// them, for one.
func quiet(log *zap.Logger) {
	otel.SetLogger(messages(log))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // exporter tells
}
