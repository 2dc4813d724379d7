package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"example.com/chat/storage"
)

func lifeCases() []testCase {
	return []testCase{
		{"close/calls after it", callsAfterClose},
		{"close/waits for transactions", closeWaits},
		{"reopen/nothing is lost", reopen},
	}
}

func callsAfterClose(e *env) {
	e.put("", "a")
	if err := e.s.Close(); err != nil {
		e.Fatalf("Close: %v", err)
	}
	if err := e.s.Close(); err != nil {
		e.Errorf("second Close: %v", err)
	}
	never := errors.New("the function was run")
	err := e.s.View(e.ctx, func(storage.Reader) error { return never })
	if !errors.Is(err, storage.ErrClosed) {
		e.Errorf("View after Close answers %v, want %v", err, storage.ErrClosed)
	}
	err = e.s.Update(e.ctx, "s", func(storage.Txn) error { return never })
	if !errors.Is(err, storage.ErrClosed) {
		e.Errorf("Update after Close answers %v, want %v", err, storage.ErrClosed)
	}
	if w, ok := e.s.(storage.Waiter); ok {
		e.within("Wait after Close", func() {
			err := w.Wait(e.ctx, [][]byte{[]byte("log")}, storage.Position{})
			if !errors.Is(err, storage.ErrClosed) {
				e.Errorf("Wait after Close answers %v, want %v", err, storage.ErrClosed)
			}
		})
	}
}

func closeWaits(e *env) {
	e.put("", "a")
	inside, leave, viewed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	letGo := sync.OnceFunc(func() { close(leave) })
	e.Cleanup(letGo) // where the case fails before
	go func() {
		viewed <- e.s.View(e.ctx, func(r storage.Reader) error {
			close(inside)
			<-leave
			return wantEntries(r, storage.Range{Start: []byte("a"), End: []byte("b")}, "a", "a")
		})
	}()
	e.await("a View", inside)
	release := e.hold("s", readAndPut)
	closed := make(chan error, 1)
	go func() { closed <- e.s.Close() }()
	early := func() {
		select {
		case err := <-closed:
			e.Fatalf("Close answers %v while transactions run", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	early()
	letGo()
	if err := <-viewed; err != nil {
		e.Errorf("the View that ran at Close: %v", err)
	}
	early()
	if err := release(); err != nil {
		e.Errorf("the Update that ran at Close: %v", err)
	}
	e.within("Close", func() {
		if err := <-closed; err != nil {
			e.Errorf("Close: %v", err)
		}
	})
}

func reopen(e *env) {
	if e.h.Reopen == nil {
		e.Skip("the driver keeps nothing")
	}
	var last storage.Position
	for round := range 3 {
		var keys []string
		for i := range 100 {
			keys = append(keys, fmt.Sprintf("%d %03d", round, i))
		}
		e.put("", keys...)
		e.update("put", func(tx storage.Txn) error { return tx.Delete([]byte(keys[1])) })
		for i := range 70 {
			e.appendTo("log", fmt.Sprint(round, i))
		}
		e.s = e.h.Reopen(e, e.s)
		e.view(func(r storage.Reader) error {
			_, entries, err := r.Read(nil, []storage.Range{{}})
			if err != nil {
				return err
			}
			if n := len(entries[0]); n != 99*(round+1) {
				return fmt.Errorf("after reopening it has %d keys, want %d", n, 99*(round+1))
			}
			recs, err := r.Tail([][]byte{[]byte("log")}, last, 0)
			if err != nil {
				return err
			}
			var want []string
			for i := range 70 {
				want = append(want, "log", fmt.Sprint(round, i))
			}
			if err := wantRecords(recs, want...); err != nil {
				return err
			}
			last = recs[len(recs)-1].Position
			return nil
		})
	}
}
