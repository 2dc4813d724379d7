package chat

import (
	"context"
	"time"

	"example.com/chat/internal/record"
)

// Trace is functions that are told what the engine does, for metrics and
// traces. A nil one is not called, and costs nothing. None is told what a
// message says.
//
// They are called synchronously, from many goroutines at once: they have to be
// quick, and safe for concurrent use. They must not call the App, nor panic.
type Trace struct {
	// Operation is called when a call of an App or a Session begins, with its
	// name, such as "Send". The context that it returns is that of the call from
	// then on: what happens in the call is told with it, and hooks get it. The
	// function that it returns is called when the call ends, with its error. Both
	// may be nil. Of AllMessages each page is a call; so it is with Events, and a
	// call of Poll waits.
	Operation func(ctx context.Context, name string) (context.Context, func(error))

	// Commit is called after each update of the storage, one that changed
	// nothing or failed too: of calls, and of background work, whose context
	// comes from no call.
	Commit func(context.Context, CommitTrace)

	// Callback is called after each attempt to tell the application of something:
	// a post, a call of Options.Pending, Options.Pusher or Options.EventHandler.
	Callback func(context.Context, CallbackTrace)

	// Fetch is called after each call of the Enricher. The context comes from no
	// call: several may share what is fetched.
	Fetch func(context.Context, FetchTrace)
}

// CommitTrace is an update of the storage.
type CommitTrace struct {
	Start    time.Time
	Duration time.Duration // waiting for others included
	Attempts int           // more than 1: others changed what was read, and it began anew
	Err      error         // of the storage, or what kept the call from changing anything
}

// CallbackTrace is an attempt of a callback.
type CallbackTrace struct {
	Kind      CallbackKind
	MessageID MessageID // empty for events
	Attempt   int       // from 1
	Start     time.Time
	Duration  time.Duration
	Size      int   // of what is posted: bytes; of a push: recipients; of an event: 1
	Err       error // it is tried again
}

// CallbackKind is a way to tell the application of something.
type CallbackKind string

// The kinds of callbacks.
const (
	CallbackPost    CallbackKind = "post"    // over HTTP, to the address in the settings
	CallbackPending CallbackKind = "pending" // a call of Options.Pending
	CallbackPush    CallbackKind = "push"    // a call of Options.Pusher

	CallbackEvent     CallbackKind = "event"      // a call of Options.EventHandler
	CallbackEventPost CallbackKind = "event post" // of events, to the address in the settings
)

// FetchTrace is a look-up of the preview of a link.
type FetchTrace struct {
	Start    time.Time
	Duration time.Duration
	Size     int // bytes of the preview's JSON
	Outcome  FetchOutcome
}

// FetchOutcome is what came of a look-up.
type FetchOutcome string

// The outcomes of a look-up.
const (
	FetchFound   FetchOutcome = "found"
	FetchNothing FetchOutcome = "nothing" // worth showing
	FetchFailed  FetchOutcome = "failed"  // an error, a panic, a preview that is not valid
)

// operation is a call of an App or a Session that is under way.
type operation struct{ end func(error) }

// operation begins a call, whose context becomes that of the trace. Every call
// begins with
//
//	defer a.operation(&ctx, "Name").ended(&err)
func (a *App) operation(ctx *context.Context, name string) operation {
	if a.options.Trace.Operation == nil || *ctx == nil {
		return operation{}
	}
	traced, end := a.options.Trace.Operation(*ctx, name)
	if traced != nil {
		*ctx = traced
	}
	return operation{end}
}

func (o operation) ended(err *error) {
	if o.end != nil {
		o.end(*err)
	}
}

// observeCommits has the store's updates told.
func (a *App) observeCommits() {
	told := a.options.Trace.Commit
	if told == nil {
		return
	}
	a.db.Observe(func(ctx context.Context, u record.Update) {
		told(ctx, CommitTrace{Start: u.Start, Duration: u.Duration, Attempts: u.Attempts, Err: u.Err})
	})
}

// callLimit is how long one call of the application or post to it may take.
const callLimit = 10 * time.Second

// callOut makes a call of the application, within callLimit, and tells of it.
func (a *App) callOut(ctx context.Context, kind CallbackKind, id string, attempt, size int, call func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	told := a.options.Trace.Callback
	if told == nil {
		return call(limited)
	}
	t := CallbackTrace{
		Kind: kind, MessageID: MessageID(id), Attempt: attempt, Start: time.Now(), Size: size,
		Err: crash{"it did not return"},
	}
	defer func() {
		t.Duration = time.Since(t.Start)
		told(ctx, t)
	}()
	t.Err = call(limited)
	return t.Err
}

// traced tells of each call of an Enricher.
func (p *previewer) traced(ctx context.Context, start time.Time, call *previewCall) {
	if p.told == nil {
		return
	}
	outcome := FetchFound
	switch {
	case call.err != nil:
		outcome = FetchFailed
	case call.preview == "":
		outcome = FetchNothing
	}
	p.told(ctx, FetchTrace{Start: start, Duration: time.Since(start), Size: len(call.preview), Outcome: outcome})
}
