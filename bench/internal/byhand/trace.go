// Package byhand is bbolt without the engine: the same keys and bytes, written
// by a program that knows beforehand what to write. What it writes is recorded
// from the engine, so that it stays the same when the engine changes.
package byhand

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"

	"example.com/chat"
	"example.com/chat/bench/internal/workload"
	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
)

// Change is what one message writes, in the order written.
type Change struct {
	data []byte
	ends []int32 // of each key and each value in turn; after a key -1 for one to delete
}

func (c *Change) add(key, value []byte) {
	c.data = append(append(c.data, key...), value...)
	c.ends = append(c.ends, int32(len(c.data)-len(value)), int32(len(c.data)))
}

func (c *Change) delete(key []byte) {
	c.data = append(c.data, key...)
	c.ends = append(c.ends, int32(len(c.data)), -1)
}

// each calls put for each write and remove for each key deleted.
func (c *Change) each(put func(key, value []byte) error, remove func(key []byte) error) error {
	start := int32(0)
	for i := 0; i < len(c.ends); i += 2 {
		middle, end := c.ends[i], c.ends[i+1]
		key := c.data[start:middle]
		if end < 0 {
			if err := remove(key); err != nil {
				return err
			}
			start = middle
			continue
		}
		if err := put(key, c.data[middle:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// Trace is a chat that records what it writes. It lies in a file of its own,
// which is not synced.
type Trace struct {
	store  *recorder
	app    *chat.App
	layout workload.Layout
	texts  workload.Texts
}

// NewTrace makes a chat with the users and channels of the layout.
func NewTrace(path string, layout workload.Layout, texts workload.Texts) (*Trace, error) {
	store, err := boltstore.Open(path, &boltstore.Options{NoSync: true})
	if err != nil {
		return nil, err
	}
	t := &Trace{store: &recorder{Store: store}, layout: layout, texts: texts}
	if t.app, err = chat.New(t.store, &chat.Options{NoBackground: true}); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := layout.Add(t.app); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Close closes the chat.
func (t *Trace) Close() error { return errors.Join(t.app.Close(), t.store.Close()) }

// Send sends n messages from many callers at once.
func (t *Trace) Send(n int) error {
	return workload.Each(n, func(i int) error { return t.layout.Send(t.app, t.texts, i) })
}

// Take returns what was written since the last time.
func (t *Trace) Take() []Change {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	list := t.store.changes
	t.store.changes = nil
	return list
}

// recorder is a store that keeps what is written to it.
type recorder struct {
	*boltstore.Store
	mu      sync.Mutex
	changes []Change
	records atomic.Uint64
}

func (r *recorder) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	return r.Store.Update(ctx, scope, func(t storage.Txn) error {
		rec := &recording{Txn: t, store: r}
		if err := fn(rec); err != nil {
			return err
		}
		// The driver runs one at a time, so the changes are in order.
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changes = append(r.changes, rec.change)
		return nil
	})
}

// recording is one Update of a recorder.
type recording struct {
	storage.Txn
	store  *recorder
	change Change
}

func (r *recording) Put(key, value []byte) error {
	r.change.add(key, value)
	return r.Txn.Put(key, value)
}

func (r *recording) Insert(key, value []byte) error {
	r.change.add(key, value)
	return r.Txn.Insert(key, value)
}

func (r *recording) Delete(keys ...[]byte) error {
	for _, key := range keys {
		r.change.delete(key)
	}
	return r.Txn.Delete(keys...)
}

func (r *recording) DeleteRange(rng storage.Range) error {
	_, entries, err := r.Read(nil, []storage.Range{{Start: rng.Start, End: rng.End}})
	if err != nil {
		return err
	}
	for _, e := range entries[0] {
		r.change.delete(e.Key)
	}
	return r.Txn.DeleteRange(rng)
}

// Append records a log record as an entry under a key that only grows, behind
// all others.
func (r *recording) Append(log, value []byte) error {
	key := binary.BigEndian.AppendUint64([]byte{0xFF}, r.store.records.Add(1))
	r.change.add(append(key, log...), append(make([]byte, 8), value...))
	return r.Txn.Append(log, value)
}
