package storagetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"example.com/chat/storage"
)

func transactionCases() []testCase {
	return []testCase{
		{"update/error stores nothing", errorStoresNothing},
		{"update/panic stores nothing", panicStoresNothing},
		{"update/goexit stores nothing", goexitStoresNothing},
		{"view/error is returned", viewErrorIsReturned},
		{"view/snapshot", snapshot},
		{"view/is not held up", viewIsNotHeldUp},
		{"update/cancelled wait", cancelledWait},
		{"update/cancelled before", cancelledBefore},
	}
}

// write puts, deletes and appends, so that it shows if any of it is stored.
func write(tx storage.Txn) error {
	return check(
		func() error { return tx.Put([]byte("a"), []byte("new")) },
		func() error { return tx.Insert([]byte("b"), []byte("new")) },
		func() error { return tx.Delete([]byte("c")) },
		func() error { return tx.DeleteRange(storage.Prefix([]byte("d"))) },
		func() error { return tx.Append([]byte("log"), []byte("new")) },
	)
}

// nothingWritten is true before write and false after any part of it.
func nothingWritten(r storage.Reader) error {
	recs, err := r.Tail([][]byte{[]byte("log")}, storage.Position{}, 0)
	if err != nil {
		return err
	}
	return check(
		func() error { return wantEntries(r, storage.Range{}, pairs("old ", "a", "c", "d1", "d2")...) },
		func() error { return wantRecords(recs, "log", "old") },
	)
}

func (e *env) beforeWrite() {
	e.put("old ", "a", "c", "d1", "d2")
	e.appendTo("log", "old")
}

func errorStoresNothing(e *env) {
	e.beforeWrite()
	mine := errors.New("mine")
	err := e.s.Update(e.ctx, "s", func(tx storage.Txn) error {
		if err := write(tx); err != nil {
			return err
		}
		return mine
	})
	if err != mine {
		e.Errorf("Update answers %v, want the function's own error as it is", err)
	}
	e.view(nothingWritten)
	e.update("s", write)
	e.view(func(r storage.Reader) error { return wantEntries(r, storage.Range{}, "a", "new", "b", "new") })
}

func panicStoresNothing(e *env) {
	e.beforeWrite()
	got := func() (r any) {
		defer func() { r = recover() }()
		_ = e.s.Update(e.ctx, "s", func(tx storage.Txn) error {
			if err := write(tx); err != nil {
				return err
			}
			panic("mine")
		})
		return nil
	}()
	if got != "mine" {
		e.Errorf("the panic arrives as %v, want the function's own", got)
	}
	got = func() (r any) {
		defer func() { r = recover() }()
		_ = e.s.View(e.ctx, func(storage.Reader) error { panic("mine too") })
		return nil
	}()
	if got != "mine too" {
		e.Errorf("the panic of a View arrives as %v, want the function's own", got)
	}
	e.carryOn("a panic")
}

// goexitStoresNothing is what FailNow does inside a transaction.
func goexitStoresNothing(e *env) {
	e.beforeWrite()
	e.within("runtime.Goexit in an Update", func() {
		_ = e.s.Update(e.ctx, "s", func(tx storage.Txn) error {
			if err := write(tx); err != nil {
				return err
			}
			runtime.Goexit()
			return nil
		})
	})
	e.within("runtime.Goexit in a View", func() {
		_ = e.s.View(e.ctx, func(storage.Reader) error { runtime.Goexit(); return nil })
	})
	e.carryOn("runtime.Goexit")
}

// carryOn looks whether the store is as before write, and goes on working.
func (e *env) carryOn(after string) {
	e.Helper()
	e.within("transactions after "+after, func() {
		if err := e.s.View(e.ctx, nothingWritten); err != nil {
			e.Errorf("after %s: %v", after, err)
		}
		if err := e.s.Update(e.ctx, "s", write); err != nil {
			e.Errorf("Update after %s: %v", after, err)
		}
	})
	e.view(func(r storage.Reader) error { return wantEntries(r, storage.Range{}, "a", "new", "b", "new") })
}

func viewErrorIsReturned(e *env) {
	mine := errors.New("mine")
	if err := e.s.View(e.ctx, func(storage.Reader) error { return mine }); err != mine {
		e.Errorf("View answers %v, want the function's own error as it is", err)
	}
}

func snapshot(e *env) {
	e.beforeWrite()
	e.view(func(r storage.Reader) error {
		// The first read is made before the write, or a driver may begin late.
		if err := nothingWritten(r); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- e.s.Update(e.ctx, "s", write) }()
		e.within("an Update while a View is open", func() {
			if err := <-done; err != nil {
				e.Errorf("Update while a View is open: %v", err)
			}
		})
		if err := nothingWritten(r); err != nil {
			return fmt.Errorf("a View is not a snapshot: %w", err)
		}
		// And a View that begins now holds it.
		go func() {
			done <- e.s.View(e.ctx, func(r storage.Reader) error {
				return wantEntries(r, storage.Range{}, "a", "new", "b", "new")
			})
		}()
		return <-done
	})
}

func viewIsNotHeldUp(e *env) {
	e.beforeWrite()
	release := e.hold("s", write)
	e.within("a View while an Update runs", func() {
		if err := e.s.View(e.ctx, nothingWritten); err != nil {
			e.Errorf("View while an Update runs: %v", err)
		}
	})
	if err := release(); err != nil {
		e.Error(err)
	}
}

// hold keeps an Update of the scope open after fn until release is called,
// which answers what Update did.
func (e *env) hold(scope string, fn func(storage.Txn) error) (release func() error) {
	e.Helper()
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		signal := inside
		done <- e.s.Update(e.ctx, scope, func(tx storage.Txn) error {
			if err := fn(tx); err != nil {
				return err
			}
			if signal != nil {
				close(signal)
				signal = nil
			}
			<-leave
			return nil
		})
	}()
	e.await("an Update", inside)
	letGo := sync.OnceFunc(func() { close(leave) })
	e.Cleanup(letGo) // where the case fails before
	return func() error {
		letGo()
		return <-done
	}
}

// readAndPut does what a driver may take the scope with.
func readAndPut(tx storage.Txn) error {
	if _, err := storage.Get(tx, []byte("held")); err != nil {
		return err
	}
	return tx.Put([]byte("held"), nil)
}

func cancelledWait(e *env) {
	release := e.hold("s", readAndPut)
	ctx, cancel := context.WithCancel(e.ctx)
	late, cancelLate := context.WithTimeout(e.ctx, 1)
	defer cancelLate()
	errs := make(chan error, 2)
	for _, ctx := range []context.Context{ctx, late} {
		go func() {
			errs <- e.s.Update(ctx, "s", func(tx storage.Txn) error {
				if _, err := storage.Get(tx, []byte("a")); err != nil {
					return err
				}
				return tx.Put([]byte("a"), []byte("must not be stored"))
			})
		}()
	}
	e.within("an Update whose context ended", func() {
		if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
			e.Errorf("Update waiting for its scope answers %v, want %v", err, context.DeadlineExceeded)
		}
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			e.Errorf("Update waiting for its scope answers %v, want %v", err, context.Canceled)
		}
	})
	if err := release(); err != nil {
		e.Errorf("the Update that held the scope: %v", err)
	}
	e.put("", "next")
	e.view(func(r storage.Reader) error { return wantEntries(r, storage.Range{}, "held", "", "next", "next") })
}

func cancelledBefore(e *env) {
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	for range 20 { // a driver may choose between two things that are ready
		err := e.s.Update(ctx, "s", func(tx storage.Txn) error { return tx.Put([]byte("a"), nil) })
		if !errors.Is(err, context.Canceled) {
			e.Fatalf("Update with an ended context answers %v, want %v", err, context.Canceled)
		}
	}
	e.expectKeys("")
}
