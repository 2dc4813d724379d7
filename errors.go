package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/chat/storage"
)

// The six kinds of error, and the finer ones. A finer error matches its kind
// too with [errors.Is], so that a handler needs six cases. What a caller may
// not see answers ErrNotFound, in the same words as what does not exist.
var (
	ErrInvalid        = newKind("invalid", nil)                    // the input is wrong; nothing was tried
	ErrTooLong        = newKind("too long", ErrInvalid)            // a text longer than the channel type allows
	ErrNestedReply    = newKind("reply to a reply", ErrInvalid)    // the parent is itself a reply
	ErrNotFound       = newKind("not found", nil)                  // it does not exist, or not for this viewer
	ErrPermission     = newKind("permission denied", nil)          // the user may not do this here
	ErrBanned         = newKind("banned", ErrPermission)           // the user is banned
	ErrRejected       = newKind("rejected", ErrPermission)         // by Options.Moderator; Reason is what it said
	ErrConflict       = newKind("conflict", nil)                   // the id is taken by something else
	ErrState          = newKind("wrong state", nil)                // not possible in the present state
	ErrPending        = newKind("pending", ErrState)               // the message awaits commit
	ErrNotPending     = newKind("not pending", ErrState)           // committed, deleted or expired already
	ErrDeleted        = newKind("deleted", ErrState)               // the message is deleted, or the user erased
	ErrNotDeleted     = newKind("not deleted", ErrState)           // there is nothing to undelete
	ErrChannelDeleted = newKind("channel deleted", ErrState)       // the channel is deleted
	ErrParentDeleted  = newKind("parent deleted", ErrState)        // the parent of the reply is deleted
	ErrFrozen         = newKind("frozen", ErrState)                // the channel takes no messages
	ErrDisabled       = newKind("disabled", ErrState)              // the channel is closed to users
	ErrRestricted     = newKind("restricted visibility", ErrState) // not possible with a private message
	ErrCursorExpired  = newKind("cursor expired", ErrState)        // older than the kept log: read the state anew
	ErrClosed         = newKind("closed", ErrState)                // the App is closed
	ErrLimit          = newKind("limit reached", nil)              // a limit of the product
	ErrCooldown       = newKind("cooldown", ErrLimit)              // slow mode; RetryAfter says how long
)

// kind is a sentinel that may be a finer form of another.
type kind struct {
	name  string
	wider error
}

func newKind(name string, wider error) error { return &kind{name, wider} }

func (k *kind) Error() string { return "chat: " + k.name }
func (k *kind) Unwrap() error { return k.wider }

// Error is every error the engine makes itself: which call, which field, why,
// in words a developer can act on. Its Kind is one of the sentinels above.
// Errors of the storage driver, of a context, of a [Moderator] and of a writer
// that one gives come wrapped in one without a Kind; [errors.Is] finds them.
type Error struct {
	Op         string        // the call, such as "Send"
	Kind       error         // a sentinel; nil when Err comes from outside
	Field      string        // the field at fault, if one is: "text", "restricted_visibility[3]"
	Reason     string        // what is wrong and what to do
	RetryAfter time.Duration // with ErrCooldown: when to try again
	Err        error         // the cause, if it comes from outside
}

// Error is "chat: Op: field: reason".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("chat: ")
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	switch {
	case e.Reason != "":
		b.WriteString(e.Reason)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	case e.Kind != nil:
		b.WriteString(strings.TrimPrefix(e.Kind.Error(), "chat: "))
	}
	return b.String()
}

// Unwrap gives the kind and the cause to [errors.Is] and [errors.As].
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// fail is an error of the given kind about a field.
func fail(kind error, field, format string, args ...any) error {
	return &Error{Kind: kind, Field: field, Reason: fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) error {
	return fail(ErrInvalid, field, format, args...)
}

// notFound words every absence alike, so that it does not tell what is hidden
// from what never was.
func notFound(what string, id any) error {
	return fail(ErrNotFound, "", "%s %q not found", what, id)
}

func denied(action Action) error {
	return fail(ErrPermission, "", "needs the permission %s in this channel", action)
}

// within puts the field that an error names under another: "text" under
// "message" is "message.text".
func within(field string, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Field == "" {
		return err
	}
	named := *e
	named.Field = field + "." + e.Field
	return &named
}

// in names the call an error comes from, once.
func in(op string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		if e.Op != "" {
			return err
		}
		named := *e
		named.Op = op
		return &named
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Op: op, Err: err}
	}
	if errors.Is(err, storage.ErrClosed) {
		return &Error{Op: op, Kind: ErrClosed, Reason: "the store is closed", Err: err}
	}
	return &Error{Op: op, Reason: "storage: " + err.Error(), Err: err}
}
