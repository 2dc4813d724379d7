package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
)

// call is one Update on its way.
type call struct {
	ctx   context.Context
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
	tx     *bbolt.Tx
	over   overlay
	undo   []undo // memory for that of the next call
	read   cursors
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
func (s *Store) Update(ctx context.Context, _ string, fn func(storage.Txn) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, fn: fn, done: make(chan struct{}, 1)}
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

// rollback does nothing after a commit.
func (b *batch) rollback() {
	defer catchPanic(new(error)) // whoever meets the damage next has its error
	_ = b.tx.Rollback()
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
func (s *Store) begin() (b *batch) { // named: a panic that is caught returns it too
	b = &batch{store: s, round: s.waiting()}
	b.over.index = s.index
	s.views.pause()
	if s.unsynced != nil {
		b.err = fmt.Errorf("boltstore: the disk did not confirm a commit, so nothing more is written; open the file again: %w", s.unsynced)
		return b
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		b.err = fmt.Errorf("boltstore: %w", err)
		return b
	}
	b.tx = tx
	defer catchPanic(&b.err)
	b.read = cursors{tx: tx, version: tx.ID() - 1, cache: s.cache}
	b.over.base = tx.Bucket(logBucket).Sequence()
	return b
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

// keptIndex is up to how many keys the memory of an index is used again.
const keptIndex = 4096

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
	clean, returned := b.over.empty(), false
	t := &txn{reader: reader{cursors: &b.read, over: &b.over}, undo: b.undo[:0], records: len(b.over.records), trimmed: b.over.trimmed}
	defer func() {
		if !returned {
			c.ended(recover())
		}
		if !returned || c.err != nil {
			t.rollback()
		}
		b.undo = t.undo
		t.end()
		if clean && b.over.empty() {
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
	if b.err == nil {
		b.err = b.save()
	}
	if b.tx != nil {
		b.rollback()
	}
	b.store.views.resume()
	b.store.last = len(b.commit)
	if len(b.over.index) > keptIndex {
		b.store.index = map[string]*write{}
	}
	clear(b.store.index)
	for _, c := range b.commit {
		if b.err != nil {
			c.err = b.err
		}
	}
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

// inSync says that a commit failed in a sync, not in a write. What the disk has
// is unknown then, and bbolt would build on it.
func inSync(err error) bool {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Op == "sync"
	}
	var bare syscall.Errno // of fdatasync
	return errors.As(err, &bare) || strings.Contains(err.Error(), "file sync error")
}

// leastGrowth is how much a file grows at least.
const leastGrowth = 64 << 10

// save hands the overlay to bbolt, in the order of the keys, and commits it.
func (b *batch) save() (err error) {
	defer func() {
		if err != nil {
			b.store.cache.forget()
		}
	}()
	defer catchPanic(&err)
	if b.over.empty() {
		return nil
	}
	if err := b.write(); err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	// How much the file grows at a time, which costs a sync: not much for a
	// small one, not often for a large one.
	b.store.db.AllocSize = int(min(max(b.tx.Size()/4, leastGrowth), 16<<20))
	version := b.tx.ID()
	if err := b.tx.Commit(); err != nil {
		if inSync(err) {
			b.store.unsynced = err
		}
		return fmt.Errorf("boltstore: commit: %w", err)
	}
	b.store.cache.commit(version, &b.over.writes)
	b.store.waiters.Wake(b.over.logs())
	return nil
}

func (b *batch) write() error {
	data := b.tx.Bucket(dataBucket)
	for key, w := range b.over.writes.Ascend(nil, nil) {
		var err error
		if w.sealed == nil {
			err = data.Delete(key)
		} else {
			err = data.Put(key, w.sealed)
		}
		if err != nil {
			return err
		}
	}
	logs := logWriter{
		logs:  b.tx.Bucket(logBucket),
		heads: b.tx.Bucket(headBucket),
		marks: b.tx.Bucket(markBucket),
		dues:  b.tx.Bucket(dueBucket),
	}
	var trimmed uint64
	if b.over.trimmed > 0 {
		trimmed, _ = b.read.span()
	}
	if err := logs.store(b.over.records, b.over.base); err != nil {
		return err
	}
	if b.over.trimmed == 0 {
		return nil
	}
	return logs.trim(trimmed, b.over.trimmed)
}
