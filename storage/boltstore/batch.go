package boltstore

import (
	"bytes"
	"context"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"example.com/chat/storage"
)

// call is one Update on its way.
type call struct {
	ctx   context.Context
	scope string
	fn    func(storage.Txn) error
	taken atomic.Bool   // by a batch, or by its caller who gives up
	done  chan struct{} // told when what follows is the outcome

	err      error
	panicked any
	exited   bool // its function ended the goroutine it ran in
}

// batch is the calls that are committed together. They run one at a time, in
// the goroutine of [Store.run].
type batch struct {
	store  *Store
	read   *cursors // nil once they are over
	now    *snapshot
	over   overlay
	undo   []undo  // memory for that of the next call
	round  []*call // to be run next
	wrote  bool    // one of the round's calls has something to commit
	commit []*call // those that wait for the commit
	clean  []*call // those that the commit does not decide on, not told yet
	err    error
}

// Update implements [storage.Store]. It runs fn once, after and before all
// other Updates whatever their scopes, in another goroutine.
//
// If the disk is full or a write fails, the Updates that were to be committed
// together all answer the error and nothing of them is stored; the store goes
// on with what it had. If a sync fails, they may be stored all the same, and
// further Updates answer an error until the file is opened again.
func (s *Store) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, scope: scope, fn: fn, done: make(chan struct{}, 1)}
	s.mu.Lock()
	s.queue = append(s.queue, c)
	idle := !s.running
	s.running = true
	s.mu.Unlock()
	if idle {
		go s.run(nil)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.claim() {
			return ctx.Err()
		}
		<-c.done
	}
	switch {
	case c.panicked != nil:
		panic(c.panicked)
	case c.exited:
		runtime.Goexit()
	}
	return c.err
}

// claim decides between the batch that is about to run the call and its caller
// who is about to give up.
func (c *call) claim() bool { return c.taken.CompareAndSwap(false, true) }

// run makes batches until no call waits, beginning with what is left of b.
//
// Callers are told last, when it is settled who makes the next batch: one who
// calls again from a bubble of testing/synctest meets no goroutine from outside.
func (s *Store) run(b *batch) {
	debug.SetPanicOnFault(true) // see damage.go
	over := false
	defer func() {
		if !over { // a call has ended this goroutine, as a test's FailNow does
			go s.run(b)
		}
	}()
	for !over {
		if b == nil {
			b = s.begin()
		}
		b.runCalls()
		b.end()
		over = !s.busy()
		b.tell()
		b = nil
	}
}

// busy says whether calls wait; if none does, the next one has to call run.
func (s *Store) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = len(s.queue) > 0
	return s.running
}

// waiting empties the queue.
func (s *Store) waiting() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.queue
	s.queue = nil
	return calls
}

// begin makes a batch. If that fails the batch has its outcome already.
func (s *Store) begin() *batch {
	b := &batch{store: s, round: s.waiting()}
	if b.err = s.room(); b.err != nil {
		return b
	}
	if s.unsynced != nil {
		b.err = s.refusal()
		return b
	}
	if b.read, b.now, b.err = s.snapshot(); b.err != nil {
		return b
	}
	b.over = overlay{layer: b.now.layer.edit(), overlayMemory: s.memory}
	return b
}

// reader reads what the batch does.
func (b *batch) reader() reader {
	return reader{
		cursors: b.read, layer: b.over.layer, version: b.now.sequence, cache: b.store.cache,
		changes: b.store.changes, over: &b.over,
	}
}

// runCalls runs the calls that wait, and those that come meanwhile. Calls that
// have something to commit wait for it, so there are only so many of them;
// those that have nothing may come again and again, and a round of them alone
// ends the batch.
func (b *batch) runCalls() {
	for {
		for len(b.round) > 0 {
			c := b.round[0]
			b.round = b.round[1:]
			if c.ctx.Err() == nil && c.claim() {
				b.tellClean()
				b.run(c)
			}
		}
		if !b.wrote {
			return
		}
		b.tellClean()
		b.wrote = false
		b.round = b.gather()
	}
}

// gather is the calls that have come. Who waited for the last commit is likely
// to come again and may be on the way: a commit costs more than to let them
// arrive.
func (b *batch) gather() []*call {
	calls := b.store.waiting()
	for range gatherings {
		if len(calls)+len(b.commit) >= b.store.last {
			break
		}
		runtime.Gosched()
		calls = append(calls, b.store.waiting()...)
	}
	return calls
}

// gatherings is how often a batch lets others run before it commits.
const gatherings = 3

// run runs one call. One that has neither seen nor left anything that the
// commit decides on need not wait for it.
func (b *batch) run(c *call) {
	if b.err != nil {
		c.err = b.err
		b.clean = append(b.clean, c)
		return
	}
	clean, returned := b.over.own.empty(), false
	t := &txn{reader: b.reader(), undo: b.undo[:0], trimmed: b.over.trimmed}
	defer func() {
		if !returned {
			c.ended(recover())
		}
		if returned && c.err == nil {
			t.commit(c.scope)
		} else {
			t.rollback()
		}
		b.undo = t.undo
		t.end()
		if clean && b.over.own.empty() {
			b.clean = append(b.clean, c)
			return
		}
		b.wrote = true
		b.commit = append(b.commit, c)
	}()
	c.err = c.fn(t)
	returned = true
}

// ended notes how a function that did not return has ended.
func (c *call) ended(panicked any) {
	switch r := panicked.(type) {
	case nil:
		c.exited = true
	case memoryFault:
		c.err = damaged(r)
	default:
		c.panicked = r
	}
}

// end commits what there is.
func (b *batch) end() {
	s := b.store
	if b.read != nil {
		_ = b.prune() // damage is for who looks for what is damaged
		s.views.end(b.read)
	}
	if b.err == nil && !b.over.own.empty() {
		b.err = b.save()
	}
	s.last = len(b.commit)
	if b.read != nil {
		s.memory = b.over.reset()
	}
	s.writing.Unlock()
	for _, c := range b.commit {
		if b.err != nil {
			c.err = b.err
		}
	}
}

// prune takes deletions out of the layer that have nothing to hide: of what came
// and went since bbolt last took in a layer, as most durable work does. Whoever
// scans a range would walk over them until it does so again.
func (b *batch) prune() (err error) {
	defer catchPanic(&err)
	for i := range b.over.own.writes {
		w := &b.over.own.writes[i]
		if w.sealed != nil {
			continue
		}
		if b.store.sealed != nil {
			if _, taken := b.store.sealed.layer.writes.Get(w.key); taken {
				continue
			}
		}
		if k, _ := b.read.cursor(&b.read.data, dataBucket).Seek(w.key); !bytes.Equal(k, w.key) {
			w.nowhere, w.settled = true, true
			b.over.writes.Delete(w.key)
		}
	}
	return nil
}

// tell tells everyone who still waits.
func (b *batch) tell() {
	b.tellClean()
	for _, c := range b.commit {
		c.done <- struct{}{}
	}
}

// tellClean tells those who need not wait for the commit.
func (b *batch) tellClean() {
	for _, c := range b.clean {
		c.done <- struct{}{}
	}
	b.clean = b.clean[:0]
}

// save stores what the batch has, and lets it be seen.
func (b *batch) save() error {
	s := b.store
	next := snapshot{layer: b.over.layer, sequence: b.now.sequence + 1, base: b.now.base}
	now, err := s.store(next, &b.over.own, b.over.settleMeanwhile())
	if err != nil {
		return err
	}
	s.cache.commit(now.sequence, b.over.own.writes)
	for name := range b.over.noted {
		s.changes.Note(name, now.sequence)
	}
	s.now.Store(now)
	s.seal()
	s.waiters.Wake(b.over.own.logs())
	return nil
}
