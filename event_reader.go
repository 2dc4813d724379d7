package chat

import "sync"

// readers reads events for those who wait for them. Who waits has a goroutine
// with a small stack, as reading takes place elsewhere; and when ten thousand
// are woken at once they are read for in turn, so that what is read lies near.
// It is safe for concurrent use.
type readers struct {
	mu      sync.Mutex
	queue   []func() // what all readers are too busy for, oldest first
	running int
}

// readersMost is how many read at once.
const readersMost = 64

// run runs fn on another goroutine and waits for it. A panic goes on in the
// caller.
func (r *readers) run(fn func()) {
	var panicked any
	done := make(chan struct{})
	r.start(func() {
		defer close(done)
		defer func() { panicked = recover() }()
		fn()
	})
	if <-done; panicked != nil {
		panic(panicked)
	}
}

func (r *readers) start(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == readersMost {
		r.queue = append(r.queue, fn)
		return
	}
	r.running++
	go r.read(fn)
}

// read goes on as long as somebody waits.
func (r *readers) read(fn func()) {
	for ; fn != nil; fn = r.next() {
		fn()
	}
}

func (r *readers) next() (fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		r.running, r.queue = r.running-1, nil
		return nil
	}
	fn, r.queue[0] = r.queue[0], nil
	r.queue = r.queue[1:]
	return fn
}
