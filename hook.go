package chat

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// ask runs a function of the application's, outside of any transaction. Nobody
// waits for it longer than the context or the App lives, and a panic in it is
// an error. It may still run when ask returns.
func ask[T any](ctx context.Context, a *App, fn func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1) // who comes too late finds room in it
	go func() {
		o := outcome{err: crash{"its goroutine exited"}}
		defer func() {
			if p := recover(); p != nil {
				a.options.Logger.ErrorContext(ctx, "a function of the application panicked", "stack", string(debug.Stack()))
				o = outcome{err: crash{fmt.Sprintf("panic: %v", p)}}
			}
			done <- o
		}()
		o.value, o.err = fn()
	}()
	var none T
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-a.closed:
		return none, fail(ErrClosed, "", "the App is closed")
	}
}

// crash is a function of the application's that did not return.
type crash struct{ reason string }

func (c crash) Error() string { return c.reason }

// hookFailed is the error of a call whose hook failed. A hook may have called
// the engine: that this answered an error says nothing of the kind of this one.
func hookFailed(what string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		err = errors.New(err.Error())
	}
	return &Error{Reason: what + ": " + err.Error(), Err: err}
}
