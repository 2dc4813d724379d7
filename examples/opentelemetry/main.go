// Opentelemetry connects a chat with OpenTelemetry through Options.Trace, and
// shows what comes of it: spans of calls with their commits, and how long each
// kind of work took. A real program hands its spans and metrics to an exporter
// instead of keeping them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/chat"
	"example.com/chat/storage/memstore"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) (err error) {
	spans := tracetest.NewInMemoryExporter()
	tracing := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	reader := sdkmetric.NewManualReader()
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	defer func() { err = errors.Join(err, tracing.Shutdown(ctx), metrics.Shutdown(ctx)) }()
	told, err := newTrace(tracing.Tracer("chat"), metrics.Meter("chat"))
	if err != nil {
		return err
	}
	if err := converse(ctx, told, tracing.Tracer("application")); err != nil {
		return err
	}
	var measured metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &measured); err != nil {
		return err
	}
	printSpans(w, spans.GetSpans())
	printMetrics(w, measured)
	return nil
}

// converse is what the application does, in a span of its own.
func converse(ctx context.Context, told *chat.Trace, tracer trace.Tracer) error {
	page := chat.EnricherFunc(func(context.Context, string) (chat.Attachment, error) { return chat.Attachment{Title: "A map"}, nil })
	notify := chat.PusherFunc(func(context.Context, chat.Push) error { return nil })
	app, err := chat.New(memstore.New(), &chat.Options{
		Trace: told, Pusher: notify, Previews: chat.PreviewOptions{Enricher: page}, NoBackground: true,
	})
	if err != nil {
		return err
	}
	defer app.Close()
	ctx, span := tracer.Start(ctx, "ride")
	defer span.End()
	if err := app.UpsertUsers(ctx, chat.User{ID: "jane"}, chat.User{ID: "john"}); err != nil {
		return err
	}
	ride, err := app.EnsureChannel(ctx, "messaging:ride", chat.ChannelDraft{CreatedBy: "john", Members: []chat.UserID{"jane", "john"}})
	if err != nil {
		return err
	}
	if _, err := app.As("john").Send(ctx, ride.CID, chat.Draft{Text: "I wait here: https://map.example/42"}); err != nil {
		return err
	}
	if _, err := app.As("jane").Send(ctx, ride.CID, chat.Draft{Text: "Where?", ParentID: "never-sent"}); !errors.Is(err, chat.ErrNotFound) {
		return fmt.Errorf("a reply to nothing answers %w", err)
	}
	_, err = app.RunDueWork(ctx) // in the background, without NoBackground
	return err
}

// printSpans prints the spans as a tree, in the order they began.
func printSpans(w io.Writer, spans tracetest.SpanStubs) {
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	fmt.Fprintln(w, "spans:")
	var below func(parent trace.SpanID, indent string)
	below = func(parent trace.SpanID, indent string) {
		for _, s := range spans {
			if s.Parent.SpanID() != parent {
				continue
			}
			problem := ""
			if s.Status.Description != "" {
				problem = " (" + s.Status.Description + ")"
			}
			fmt.Fprintf(w, "%s%s%s\n", indent, s.Name, problem)
			below(s.SpanContext.SpanID(), indent+"  ")
		}
	}
	below(trace.SpanID{}, "  ")
}

// printMetrics prints how often each kind of work was done.
func printMetrics(w io.Writer, measured metricdata.ResourceMetrics) {
	var lines []string
	for _, scope := range measured.ScopeMetrics {
		for _, m := range scope.Metrics {
			histogram, ok := m.Data.(metricdata.Histogram[float64])
			if !ok {
				continue
			}
			for _, p := range histogram.DataPoints {
				what, _ := p.Attributes.Value(attribute.Key("what"))
				problem, _ := p.Attributes.Value(attribute.Key("problem"))
				line := fmt.Sprintf("  %s %s: %d", m.Name, what.AsString(), p.Count)
				if problem.AsString() != "" {
					line += ", " + problem.AsString()
				}
				lines = append(lines, line)
			}
		}
	}
	slices.Sort(lines)
	fmt.Fprintln(w, "measured:")
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
}
