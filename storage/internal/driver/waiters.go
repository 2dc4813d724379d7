package driver

import (
	"context"
	"sync"
	"sync/atomic"

	"example.com/chat/storage"
)

// Waiters are the calls that wait for a record in one of their logs. A commit
// finds those of its own logs and does not meet the others. Nor does it wake
// anyone itself: that takes as long as there are waiters.
type Waiters struct {
	waiting atomic.Int64 // calls of Wait
	closed  chan struct{}

	mu    sync.Mutex // held for map operations only, by those who wait and who wakes them
	byLog map[string]map[chan struct{}]struct{}

	committed sync.Mutex // held by commits, and never for long
	logs      [][]byte   // to be woken
	waking    bool       // a goroutine is at it
}

// anyLog is where those are listed who wait for a record in any log. No log has
// an empty name.
const anyLog = ""

// NewWaiters makes an empty set.
func NewWaiters() *Waiters {
	return &Waiters{
		byLog:  make(map[string]map[chan struct{}]struct{}),
		closed: make(chan struct{}),
	}
}

// Wait returns nil when ready reports true or when one of the logs is woken,
// whichever is first, the context's error when that ends, and
// [storage.ErrClosed] after Close. No logs are any log.
func (w *Waiters) Wait(ctx context.Context, logs [][]byte, ready func() (bool, error)) error {
	for _, log := range logs {
		if err := CheckKey(log); err != nil {
			return err
		}
	}
	if len(logs) == 0 {
		logs = [][]byte{[]byte(anyLog)}
	}
	// Listed before the look, so that a record between the two is not missed.
	woken := w.add(logs)
	defer w.remove(woken, logs)
	if ok, err := aside(ready); ok || err != nil {
		return err
	}
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closed:
		return storage.ErrClosed
	}
}

// aside looks on another goroutine: the stack of one that looked into a store
// stays as large as that took while it waits.
func aside(ready func() (bool, error)) (ok bool, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ok, err = ready()
	}()
	<-done
	return ok, err
}

// Wake ends the waits for the logs and for any log. It is called once their new
// records can be seen. It does not wait for those who wait, and keeps the names.
func (w *Waiters) Wake(logs [][]byte) {
	if len(logs) == 0 || w.waiting.Load() == 0 {
		return
	}
	w.committed.Lock()
	defer w.committed.Unlock()
	w.logs = append(w.logs, logs...)
	if !w.waking {
		w.waking = true
		go w.wake()
	}
}

// Close ends all waits. It is called once.
func (w *Waiters) Close() { close(w.closed) }

// wake ends waits until no commit has left more to end.
func (w *Waiters) wake() {
	for {
		w.committed.Lock()
		logs := w.logs
		w.logs = nil
		w.waking = len(logs) > 0
		w.committed.Unlock()
		if len(logs) == 0 {
			return
		}
		for _, log := range append(logs, []byte(anyLog)) {
			for c := range w.take(log) {
				select {
				case c <- struct{}{}:
				default: // already woken
				}
			}
		}
	}
}

// take takes those off the list who wait for a log. They are woken once.
func (w *Waiters) take(log []byte) map[chan struct{}]struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	set := w.byLog[string(log)]
	delete(w.byLog, string(log))
	return set
}

func (w *Waiters) add(logs [][]byte) chan struct{} {
	w.waiting.Add(1)
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, log := range logs {
		set := w.byLog[string(log)]
		if set == nil {
			set = make(map[chan struct{}]struct{}, 1)
			w.byLog[string(log)] = set
		}
		set[c] = struct{}{}
	}
	return c
}

func (w *Waiters) remove(c chan struct{}, logs [][]byte) {
	w.waiting.Add(-1)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, log := range logs {
		set := w.byLog[string(log)]
		if delete(set, c); len(set) == 0 {
			delete(w.byLog, string(log))
		}
	}
}
