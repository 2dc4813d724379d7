package storagetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/chat/storage"
)

func waitCases() []testCase {
	return []testCase{
		{"wait/at once", waitAtOnce},
		{"wait/wakes", waitWakes},
		{"wait/any log", waitForAny},
		{"wait/cancelled", waitCancelled},
		{"wait/ends at close", waitEndsAtClose},
		{"wait/none is missed", waitMissesNone},
	}
}

// waiter skips the case where the driver cannot wait.
func (e *env) waiter() storage.Waiter {
	w, ok := e.s.(storage.Waiter)
	if !ok {
		e.Skip("the driver is no storage.Waiter")
	}
	return w
}

func waitAtOnce(e *env) {
	w := e.waiter()
	e.appendTo("a", "1")
	e.within("Wait for a record that is there", func() {
		if err := w.Wait(e.ctx, names("none", "a"), storage.Position{}); err != nil {
			e.Errorf("Wait: %v", err)
		}
	})
}

func waitWakes(e *env) {
	w := e.waiter()
	e.appendTo("a", "1")
	recs := e.expectTail(storage.Position{}, 0, []string{"a"}, "a", "1")
	done := make(chan error, 3)
	for range 3 {
		go func() { done <- w.Wait(e.ctx, names("b", "a", "a"), recs[0].Position) }()
	}
	time.Sleep(10 * time.Millisecond) // so that it is in the middle of waiting
	e.appendTo("a", "2")
	e.within("Wait for a record that comes", func() {
		for range 3 {
			if err := <-done; err != nil {
				e.Errorf("Wait: %v", err)
			}
		}
	})
}

func waitForAny(e *env) {
	w := e.waiter()
	e.appendTo("a", "1")
	e.within("Wait for a record of any log that is there", func() {
		if err := w.Wait(e.ctx, nil, storage.Position{}); err != nil {
			e.Errorf("Wait: %v", err)
		}
	})
	after := e.span().Newest
	for _, log := range []string{"a", "new"} {
		done := make(chan error, 4)
		for i := range 4 {
			go func() {
				logs := [][][]byte{nil, {}, nil, names(log)}[i]
				done <- w.Wait(e.ctx, logs, after)
			}()
		}
		time.Sleep(10 * time.Millisecond) // so that it is in the middle of waiting
		e.appendTo(log, "2")
		e.within("Wait for a record of any log that comes", func() {
			for range 4 {
				if err := <-done; err != nil {
					e.Errorf("Wait: %v", err)
				}
			}
		})
		after = e.span().Newest
	}
	e.trim(after)
	ctx, cancel := context.WithTimeout(e.ctx, 10*time.Millisecond)
	defer cancel()
	e.within("Wait for any log whose context ended", func() {
		for { // it may wake too often
			if err := w.Wait(ctx, nil, after); err != nil || ctx.Err() != nil {
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					e.Errorf("Wait answers %v, want %v", err, context.DeadlineExceeded)
				}
				return
			}
		}
	})
}

func waitCancelled(e *env) {
	w := e.waiter()
	ctx, cancel := context.WithTimeout(e.ctx, 10*time.Millisecond)
	defer cancel()
	e.within("Wait whose context ended", func() {
		for { // it may wake too often
			err := w.Wait(ctx, names("a"), storage.Position{})
			if err == nil && ctx.Err() == nil {
				continue
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				e.Errorf("Wait answers %v, want %v", err, context.DeadlineExceeded)
			}
			return
		}
	})
}

func waitEndsAtClose(e *env) {
	w := e.waiter()
	done := make(chan error, 1)
	go func() {
		for {
			if err := w.Wait(e.ctx, names("a"), storage.Position{}); err != nil {
				done <- err
				return
			}
		}
	}()
	time.Sleep(10 * time.Millisecond)
	e.within("Close while somebody waits", func() {
		if err := e.s.Close(); err != nil {
			e.Errorf("Close: %v", err)
		}
		if err := <-done; !errors.Is(err, storage.ErrClosed) {
			e.Errorf("Wait answers %v at Close, want %v", err, storage.ErrClosed)
		}
	})
}

// waitMissesNone has readers that read only when woken, and a writer that goes
// on only when they have: one wake-up that is lost stops them all.
func waitMissesNone(e *env) {
	w := e.waiter()
	const n, readers = 100, 2
	logs := []string{"log0", "log1", "log2"}
	read := make(chan struct{}, readers)
	e.parallel(1+readers, func(i int) error {
		if i == 0 {
			for k := range n {
				log := []byte(logs[k%len(logs)])
				err := e.s.Update(e.ctx, "s", func(tx storage.Txn) error { return tx.Append(log, nil) })
				if err != nil {
					return err
				}
				for range readers {
					select {
					case <-read:
					case <-time.After(e.h.Patience):
						return fmt.Errorf("a Wait has not noticed record %d", k)
					}
				}
			}
			return nil
		}
		var after storage.Position
		for got := 0; got < n; {
			ctx, cancel := context.WithTimeout(e.ctx, e.h.Patience)
			err := w.Wait(ctx, names(logs...), after)
			cancel()
			if err != nil {
				return fmt.Errorf("after %d records of %d Wait answers: %w", got, n, err)
			}
			recs, err := e.tail(after, 0, logs...)
			if err != nil {
				return err
			}
			for _, rec := range recs {
				after = rec.Position
				read <- struct{}{}
			}
			got += len(recs)
		}
		return nil
	})
}
