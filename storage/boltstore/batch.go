package boltstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
)

// call is one Update on its way.
type call struct {
	ctx   context.Context
	fn    func(storage.Txn) error
	taken atomic.Bool // by a batch, or by its caller who gives up
	turn  chan *batch // the batch in which it is its turn to run
}

// batch is the calls that are committed together. They run one at a time, each
// in its own goroutine: so a panic, or a test's FailNow, stops the goroutine
// it belongs to.
type batch struct {
	store *Store
	tx    *bbolt.Tx
	over  overlay
	ran   chan bool     // the call whose turn it was is through, settled or not
	done  chan struct{} // closed when err is the outcome
	err   error
}

// errAbandoned is the outcome of a batch whose commit panicked.
var errAbandoned = errors.New("boltstore: commit abandoned")

// Update implements [storage.Store]. It runs fn once, after and before all
// other Updates whatever their scopes.
//
// If the disk is full or fails, the Updates that were to be committed together
// all answer the error and nothing of them is stored; the store goes on with
// what it had. (Only where the disk fails in the very last step, when it has
// been told of the commit and does not confirm it, may the Updates that
// answered the error be stored all the same.)
func (s *Store) Update(ctx context.Context, _ string, fn func(storage.Txn) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, fn: fn, turn: make(chan *batch, 1)}
	s.mu.Lock()
	s.queue = append(s.queue, c)
	s.mu.Unlock()
	select {
	case s.lead <- struct{}{}:
		// Nobody can have taken c: a batch takes calls while it has the lead,
		// and lets it go when they are through.
		if err := ctx.Err(); err != nil {
			c.taken.Store(true)
			<-s.lead
			return err
		}
		return s.begin().leader(c)
	case b := <-c.turn:
		return b.follower(c)
	case <-ctx.Done():
		if c.claim() {
			return ctx.Err()
		}
		return (<-c.turn).follower(c)
	}
}

// claim decides between the batch that is about to run the call and its caller
// who is about to give up.
func (c *call) claim() bool { return c.taken.CompareAndSwap(false, true) }

// begin makes a batch. If that fails the batch has its outcome already.
func (s *Store) begin() *batch {
	b := &batch{store: s, ran: make(chan bool, 1), done: make(chan struct{})}
	tx, err := s.db.Begin(true)
	if err != nil {
		b.err = fmt.Errorf("boltstore: %w", err)
		return b
	}
	b.tx = tx
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchPanic(&b.err)
	b.over.base = tx.Bucket(logBucket).Sequence()
	return b
}

// leader runs the batch with c as its first call. Whatever becomes of c, its
// panic included, the rest is run and committed before its caller goes on.
func (b *batch) leader(c *call) (err error) {
	c.taken.Store(true)
	settled := false
	defer func() {
		b.finish()
		if !settled && b.err != nil {
			err = b.err
		}
	}()
	settled, err = b.run(c)
	return err
}

// follower runs c in a batch that another call leads.
func (b *batch) follower(c *call) error {
	settled, err := b.runAndReport(c)
	if settled {
		return err
	}
	<-b.done
	if b.err != nil {
		return b.err
	}
	return err
}

func (b *batch) runAndReport(c *call) (settled bool, err error) {
	defer func() { b.ran <- settled }()
	return b.run(c)
}

// run runs one call. It is settled when the call has neither seen nor left
// anything that the commit decides on.
func (b *batch) run(c *call) (settled bool, err error) {
	if b.err != nil {
		return true, b.err
	}
	clean, ok := b.over.empty(), false
	t := &txn{reader: reader{tx: b.tx, over: &b.over}, records: len(b.over.records)}
	defer func() {
		if !ok {
			t.rollback()
		}
		t.end()
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchFaults(&err)
	err = c.fn(t)
	ok = err == nil
	return clean && (!ok || b.over.empty()), err
}

// finish runs the calls that wait, and those that come meanwhile, commits what
// there is, and lets the next batch begin. Calls that have something to commit
// wait for it, so there are only so many of them; those that have nothing may
// come again and again, and a round of them alone ends the batch.
func (b *batch) finish() {
	defer func() { <-b.store.lead }()
	defer close(b.done)
	if b.tx != nil {
		defer b.rollback()
	}
	for more := true; more; {
		more = false
		for _, c := range b.store.waiting() {
			if c.ctx.Err() == nil && c.claim() {
				c.turn <- b
				if settled := <-b.ran; !settled {
					more = true
				}
			}
		}
	}
	if b.err == nil {
		b.err = errAbandoned
		b.err = b.commit()
	}
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

// commit hands the overlay to bbolt, in the order of the keys.
func (b *batch) commit() (err error) {
	if b.over.empty() {
		return nil
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchPanic(&err)
	if err := b.write(); err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	// How much the file grows at a time, which costs a sync: not much for a
	// small one, not often for a large one.
	b.store.db.AllocSize = int(min(max(b.tx.Size()/4, 64<<10), 16<<20))
	if err := b.tx.Commit(); err != nil {
		return fmt.Errorf("boltstore: commit: %w", err)
	}
	for _, rec := range b.over.records {
		b.store.waiters.Wake(rec.log)
	}
	return nil
}

func (b *batch) write() error {
	data := b.tx.Bucket(dataBucket)
	for key, w := range b.over.writes.Ascend(nil, nil) {
		var err error
		if w.value == nil {
			err = data.Delete(key)
		} else {
			err = data.Put(key, w.value)
		}
		if err != nil {
			return err
		}
	}
	if len(b.over.records) == 0 {
		return nil
	}
	return b.storeRecords()
}

// storeRecords gives the records their positions and links.
func (b *batch) storeRecords() error {
	logs, heads, marks := b.tx.Bucket(logBucket), b.tx.Bucket(headBucket), b.tx.Bucket(markBucket)
	logs.FillPercent = 1 // nothing is ever put between
	changed := make(map[string]head)
	position := b.over.base
	for _, rec := range b.over.records {
		position++
		h, ok := changed[string(rec.log)]
		if !ok {
			h = decodeHead(heads.Get(rec.log))
		}
		rec.link(h.position)
		if err := logs.Put(binary.BigEndian.AppendUint64(nil, position), rec.data); err != nil {
			return err
		}
		h = head{position: position, count: h.count + 1}
		changed[string(rec.log)] = h
		if h.count%markEvery == 0 {
			if err := marks.Put(markKey(rec.log, position), nil); err != nil {
				return err
			}
		}
	}
	for _, log := range slices.Sorted(maps.Keys(changed)) {
		if err := heads.Put([]byte(log), changed[log].encode()); err != nil {
			return err
		}
	}
	return logs.SetSequence(position)
}
