package driver

import (
	"context"
	"sync"

	"example.com/chat/storage"
)

// Waiters are the calls that wait for a record in one of their logs. A commit
// finds those of its own logs and does not meet the others.
type Waiters struct {
	mu     sync.Mutex // held for map operations only
	byLog  map[string]map[chan struct{}]struct{}
	closed chan struct{}
}

// NewWaiters makes an empty set.
func NewWaiters() *Waiters {
	return &Waiters{
		byLog:  make(map[string]map[chan struct{}]struct{}),
		closed: make(chan struct{}),
	}
}

// Wait returns nil when ready reports true or when one of the logs is woken,
// whichever is first, the context's error when that ends, and
// [storage.ErrClosed] after Close.
func (w *Waiters) Wait(ctx context.Context, logs [][]byte, ready func() (bool, error)) error {
	for _, log := range logs {
		if err := CheckKey(log); err != nil {
			return err
		}
	}
	// Listed before the look, so that a record between the two is not missed.
	woken := w.add(logs)
	defer w.remove(woken, logs)
	if ok, err := ready(); ok || err != nil {
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

// Wake ends the waits for one log. It is called once its new records can be
// seen, and never blocks.
func (w *Waiters) Wake(log []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.byLog[string(log)] {
		select {
		case c <- struct{}{}:
		default: // already woken
		}
	}
}

// Close ends all waits. It is called once.
func (w *Waiters) Close() { close(w.closed) }

func (w *Waiters) add(logs [][]byte) chan struct{} {
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
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, log := range logs {
		set := w.byLog[string(log)]
		if delete(set, c); len(set) == 0 {
			delete(w.byLog, string(log))
		}
	}
}
