package chat

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// Options configures an App. Nil, and every zero field, means the default that
// the field's comment states. The App keeps a copy.
type Options struct {
	// Logger gets what nobody is told otherwise: failed background work. Ids
	// are attributes; the text of a message is never logged. Default: discard.
	Logger *slog.Logger

	// MaxRestricted is how many users a private message may name: 1 to 1,000.
	// Default 100.
	MaxRestricted int

	// MaxDeletedForMe is how many messages of one channel a user may delete for
	// themselves: 1 to 1,000. Default 100.
	MaxDeletedForMe int

	// MaxMutes is how many users a user may mute: 1 to 10,000. Default 2,000.
	MaxMutes int

	// Previews is about previews of the links in messages.
	Previews PreviewOptions

	// Pending is told of pending messages. Default: nobody.
	Pending PendingHandler

	// PendingGiveUp is how long a failing call of Pending, or a failing callback
	// over HTTP, is tried again. Default 3 days.
	PendingGiveUp time.Duration

	// Pusher tells people of messages that became visible. Default: nobody does.
	Pusher Pusher

	// PushGiveUp is how long a failing call of Pusher is tried again. Default 1
	// hour.
	PushGiveUp time.Duration

	// Presence says who is online, for messages that mention everyone who is.
	// Default: those who read events on this App, or did less than 30 seconds ago.
	Presence Presence

	// Moderator is asked before a user posts or edits a message. Default: nobody
	// is.
	Moderator Moderator

	// Markdown says how the text of messages becomes HTML.
	Markdown MarkdownOptions

	// CallbackTransport posts the callbacks over HTTP that the settings ask for;
	// Close leaves it as it is. Give one for certificates of one's own, or a
	// proxy. Default: HTTP/1.1, the certificates of the system, no proxy.
	CallbackTransport http.RoundTripper

	// Commands are the application's own slash commands, beside /giphy, /ban,
	// /unban, /mute, /unmute and /flag; one of the same name replaces it. Each
	// is enabled per channel type: see ChannelType.Commands. Default: none.
	Commands []Command

	// CommandTimeout is how long a command, or an action of its answer, may
	// take: 1 ms to 5 minutes. Default 10 s.
	CommandTimeout time.Duration

	// EphemeralLife is how long the answer to a command that its author alone
	// sees is kept for an action: 1 ms to 30 days. Default 1 hour.
	EphemeralLife time.Duration

	// Giphy is what /giphy asks for pictures. Without a key there is no such
	// command.
	Giphy GiphyOptions

	// EventHandler is told of everything that happens, from the first time on
	// that there is one. Default: nobody.
	EventHandler EventHandler

	// EventTypes are the types that EventHandler is told of; typing is not among
	// them. Default: all.
	EventTypes []EventType

	// EventsKept is how long an event can be read: 1 minute to 365 days. Who
	// comes back later reads the state anew. Default 7 days.
	EventsKept time.Duration

	// MaxEvents is how many records of events are kept, the newest: one a change,
	// and one more for each who sees a private message. What is more is forgotten
	// within a minute, so choose it above what comes in some minutes: also a reader
	// who waits notes but once a minute that none of what came is theirs. 0: any
	// number.
	MaxEvents int64

	// Trace is told what the engine does, for metrics and traces. Default:
	// nobody is.
	Trace *Trace

	// NoBackground leaves work that is due later (expiry of pending and
	// ephemeral messages, calls of Pending, Pusher and EventHandler, callbacks and
	// posts of events, late previews, ends of bans and pins, erasing of users,
	// purging, forgetting of events) undone until the application calls
	// [App.RunDueWork], or opens the store without this option. What is overdue
	// is hidden from every read all the same.
	NoBackground bool
}

// PendingHandler is told of pending messages, after the change it is told of
// has been committed: at least once for each, in order for one message, again
// after a failure with growing delays, and after a crash. Calls for different
// messages may be concurrent. Each call has to return when its context ends,
// within ten seconds or when the App is closed: Close waits for it, so it must
// not call Close itself.
//
// What is recorded is recorded only while a handler is set.
type PendingHandler interface {
	// PendingSent is called when a message became pending.
	PendingSent(context.Context, PendingMessage) error
	// PendingDeleted is called when a pending message was deleted: by a person,
	// by the timeout, by truncating or with its parent or channel. It is not
	// called when one is committed.
	PendingDeleted(context.Context, PendingMessage) error
}

// PendingMessage is a message as it was when it became pending or was deleted.
type PendingMessage struct {
	Message  Message
	Metadata map[string]string
}

// PendingFuncs makes a PendingHandler of functions; a nil one does nothing.
type PendingFuncs struct {
	Sent    func(context.Context, PendingMessage) error
	Deleted func(context.Context, PendingMessage) error
}

// PendingSent calls Sent.
func (f PendingFuncs) PendingSent(ctx context.Context, m PendingMessage) error {
	if f.Sent == nil {
		return nil
	}
	return f.Sent(ctx, m)
}

// PendingDeleted calls Deleted.
func (f PendingFuncs) PendingDeleted(ctx context.Context, m PendingMessage) error {
	if f.Deleted == nil {
		return nil
	}
	return f.Deleted(ctx, m)
}

// withDefaults is a copy with every default filled in, or what is wrong.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	var trace Trace
	if c.Trace != nil {
		trace = *c.Trace
	}
	c.Trace = &trace
	var err error
	if c.Markdown, err = c.Markdown.withDefaults(); err != nil {
		return c, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		name     string
		value    *time.Duration
		standard time.Duration
	}{
		{"PendingGiveUp", &c.PendingGiveUp, 3 * 24 * time.Hour},
		{"PushGiveUp", &c.PushGiveUp, time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
		if *d.value < 0 {
			return c, invalid("Options."+d.name, "is %v; must be positive", *d.value)
		}
	}
	for _, d := range []struct {
		name               string
		value              *time.Duration
		standard, min, max time.Duration
	}{
		{"CommandTimeout", &c.CommandTimeout, 10 * time.Second, time.Millisecond, 5 * time.Minute},
		{"EphemeralLife", &c.EphemeralLife, time.Hour, time.Millisecond, 30 * 24 * time.Hour},
		{"EventsKept", &c.EventsKept, 7 * 24 * time.Hour, time.Minute, 365 * 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
		if *d.value < d.min || *d.value > d.max {
			return c, invalid("Options."+d.name, "is %v; must be %v to %v", *d.value, d.min, d.max)
		}
	}
	types, err := keptEventTypes("Options.EventTypes", c.EventTypes)
	if err != nil {
		return c, err
	}
	c.EventTypes = types
	if c.MaxEvents < 0 {
		return c, invalid("Options.MaxEvents", "is %d; must be positive, or 0 for any number", c.MaxEvents)
	}
	if err := c.Giphy.fill(); err != nil {
		return c, within("Options.Giphy", err)
	}
	if err := checkCommands(c.Commands); err != nil {
		return c, within("Options", err)
	}
	c.Commands = slices.Clone(c.Commands)
	if err := c.Previews.withDefaults(); err != nil {
		return c, err
	}
	for _, n := range []struct {
		name          string
		value         *int
		standard, max int
	}{
		{"MaxRestricted", &c.MaxRestricted, 100, 1000},
		{"MaxDeletedForMe", &c.MaxDeletedForMe, 100, 1000},
		{"MaxMutes", &c.MaxMutes, 2000, 10000},
	} {
		if *n.value == 0 {
			*n.value = n.standard
		}
		if *n.value < 1 || *n.value > n.max {
			return c, invalid("Options."+n.name, "is %d; must be 1 to %d", *n.value, n.max)
		}
	}
	return c, nil
}
