package main

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"example.com/chat"
)

// newTrace connects a chat with OpenTelemetry: a span for each call, with spans
// inside it for its commits, spans for what happens in the background, and one
// histogram of how long all of it takes.
func newTrace(tracer trace.Tracer, meter metric.Meter) (*chat.Trace, error) {
	seconds, err := meter.Float64Histogram("chat.duration", metric.WithUnit("s"),
		metric.WithDescription("How long calls, commits, callbacks and fetches of the chat take."))
	if err != nil {
		return nil, err
	}
	// after records a span that is over.
	after := func(ctx context.Context, name string, start time.Time, took time.Duration, problem string, about ...attribute.KeyValue) {
		_, span := tracer.Start(ctx, name, trace.WithTimestamp(start), trace.WithAttributes(about...))
		if problem != "" {
			span.SetStatus(codes.Error, problem)
		}
		span.End(trace.WithTimestamp(start.Add(took)))
		seconds.Record(ctx, took.Seconds(), metric.WithAttributes(attribute.String("what", name), attribute.String("problem", problem)))
	}
	return &chat.Trace{
		Operation: func(ctx context.Context, name string) (context.Context, func(error)) {
			start := time.Now()
			ctx, span := tracer.Start(ctx, "chat."+name)
			return ctx, func(err error) {
				problem := kindOf(err)
				if problem != "" {
					span.SetStatus(codes.Error, problem)
				}
				span.End()
				seconds.Record(ctx, time.Since(start).Seconds(),
					metric.WithAttributes(attribute.String("what", "chat."+name), attribute.String("problem", problem)))
			}
		},
		Commit: func(ctx context.Context, c chat.CommitTrace) {
			after(ctx, "chat.commit", c.Start, c.Duration, kindOf(c.Err), attribute.Int("attempts", c.Attempts))
		},
		Callback: func(ctx context.Context, c chat.CallbackTrace) {
			after(ctx, "chat.callback."+string(c.Kind), c.Start, c.Duration, kindOf(c.Err),
				attribute.String("message", string(c.MessageID)), attribute.Int("attempt", c.Attempt), attribute.Int("size", c.Size))
		},
		Fetch: func(ctx context.Context, f chat.FetchTrace) {
			problem := ""
			if f.Outcome == chat.FetchFailed {
				problem = "failed"
			}
			after(ctx, "chat.fetch", f.Start, f.Duration, problem, attribute.Int("size", f.Size))
		},
	}, nil
}

// kindOf is the kind of an error in a few words: few enough to count by them.
func kindOf(err error) string {
	var e *chat.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long"
	case errors.As(err, &e) && e.Kind != nil:
		return e.Kind.Error()
	}
	return "failed"
}
