package boltstore

import (
	"bytes"
	"encoding/binary"
	"slices"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
	"example.com/chat/storage/internal/tree"
)

// overlay is what the Updates of a batch have written so far, none of it yet
// in bbolt. Each Update writes straight into it, and can be undone.
type overlay struct {
	writes  tree.Tree[*write]
	index   map[string]*write // the same: most reads find nothing here, and should not search for it
	records []record
	base    uint64  // newest position that is stored
	trimmed uint64  // records up to here are to go; 0 for none
	space   []byte  // where the next copy goes
	slots   []write // where the next writes go
}

// write is a value to store, as it is stored, or nil for a key to delete.
type write struct{ sealed []byte }

func (w write) value() []byte {
	if w.sealed == nil {
		return nil
	}
	n := len(w.sealed) - sealLen
	return w.sealed[:n:n]
}

// record is a log record to store. Its place in overlay.records decides its
// position. The first 8 bytes of data are left free for the link.
type record struct{ log, data []byte }

// get finds what is to be written under a key. A View has no overlay.
func (o *overlay) get(key []byte) (w write, ok bool) {
	if o == nil {
		return w, false
	}
	p := o.index[string(key)]
	if p == nil {
		return w, false
	}
	return *p, true
}

// set puts a write under a key, which must last as long as the batch, and
// returns the one that was there.
func (o *overlay) set(key []byte, w write) (was write, had bool) {
	if p := o.index[string(key)]; p != nil {
		was, *p = *p, w
		return was, true
	}
	if len(o.slots) == cap(o.slots) {
		o.slots = make([]write, 0, 64)
	}
	o.slots = append(o.slots, w)
	p := &o.slots[len(o.slots)-1]
	o.index[string(key)] = p
	o.writes.Set(key, p)
	return was, false
}

// drop forgets what was written under a key.
func (o *overlay) drop(key []byte) {
	delete(o.index, string(key))
	o.writes.Delete(key)
}

// empty reports whether there is nothing to commit.
func (o *overlay) empty() bool {
	return o.writes.Len() == 0 && len(o.records) == 0 && o.trimmed == 0
}

// newest is the position of the newest record.
func (o *overlay) newest() uint64 { return o.base + uint64(len(o.records)) }

// tail appends to found, which has all that is stored, the records that earlier
// Updates of the batch have appended.
func (o *overlay) tail(found []storage.Record, logs [][]byte, after uint64) []storage.Record {
	for i, rec := range o.records {
		position := o.base + uint64(i) + 1
		if position <= after {
			continue
		}
		name := rec.log
		if len(logs) == 0 {
			name = nil
		} else if !slices.ContainsFunc(logs, func(log []byte) bool { return bytes.Equal(log, name) }) {
			continue
		}
		found = append(found, storage.Record{Log: name, Position: storage.PositionAt(0, position), Value: rec.data[linkLen:]})
	}
	return found
}

// logs is the log of each record.
func (o *overlay) logs() [][]byte {
	names := make([][]byte, len(o.records))
	for i, rec := range o.records {
		names[i] = rec.log
	}
	return names
}

// take returns n fresh bytes that last as long as the batch. Small ones share
// an allocation.
func (o *overlay) take(n int) []byte {
	const chunk = 16 << 10
	if n > chunk/4 {
		return make([]byte, n)
	}
	if len(o.space) < n || o.space == nil {
		o.space = make([]byte, chunk)
	}
	b := o.space[:n:n]
	o.space = o.space[n:]
	return b
}

func (o *overlay) copy(b []byte) []byte {
	c := o.take(len(b))
	copy(c, b)
	return c
}

// txn is one Update's hand on the batch's overlay.
type txn struct {
	reader
	undo    []undo
	records int    // how many the overlay had before
	trimmed uint64 // and what was trimmed
}

// undo is what the overlay had under a key before a write.
type undo struct {
	key []byte
	was write
	had bool
}

// rollback takes out of the overlay what the transaction has put there.
func (t *txn) rollback() {
	for _, u := range slices.Backward(t.undo) {
		if u.had {
			t.over.set(u.key, u.was)
		} else {
			t.over.drop(u.key)
		}
	}
	t.over.records = t.over.records[:t.records]
	t.over.trimmed = t.trimmed
}

// set writes to the overlay. The key must last as long as the batch.
func (t *txn) set(key []byte, w write) {
	was, had := t.over.set(key, w)
	t.undo = append(t.undo, undo{key, was, had})
}

// withoutOwn runs fn with the transaction's own records left out.
func (t *txn) withoutOwn(fn func()) {
	all := t.over.records
	t.over.records = all[:t.records]
	defer func() { t.over.records = all }()
	fn()
}

func (t *txn) Tail(logs [][]byte, after storage.Position, limit int) (recs []storage.Record, err error) {
	if t.done {
		return nil, driver.ErrDone
	}
	t.withoutOwn(func() { recs, err = t.reader.Tail(logs, after, limit) })
	return recs, err
}

func (t *txn) Logs() (span storage.LogSpan, err error) {
	if t.done {
		return span, driver.ErrDone
	}
	t.withoutOwn(func() { span, err = t.reader.Logs() })
	return span, err
}

func (t *txn) Put(key, value []byte) error {
	if t.done {
		return driver.ErrDone
	}
	if err := driver.CheckEntry(key, value); err != nil {
		return err
	}
	t.set(t.over.copy(key), write{seal(t.over.take(len(value) + sealLen)[:0], key, value)})
	return nil
}

func (t *txn) Insert(key, value []byte) (err error) {
	if t.done {
		return driver.ErrDone
	}
	if err := driver.CheckEntry(key, value); err != nil {
		return err
	}
	defer catchPanic(&err)
	// All Updates run one after the other, so what it sees is all there is.
	if t.exists(key) {
		return driver.ErrExists
	}
	return t.Put(key, value)
}

// exists looks for a key as get does. Most keys that are inserted in a batch lie
// one after the other behind all others of their kind, and one search of the
// file tells that none of them is there.
func (t *txn) exists(key []byte) bool {
	if w, ok := t.over.get(key); ok {
		return w.sealed != nil
	}
	if bytes.Compare(t.gap.after, key) < 0 && bytes.Compare(key, t.gap.before) < 0 {
		return false
	}
	found, _ := t.cursor(&t.data, dataBucket).Seek(key)
	if bytes.Equal(found, key) {
		return true
	}
	t.gap = gap{t.over.copy(key), found}
	return false
}

func (t *txn) Delete(keys ...[]byte) error {
	if t.done {
		return driver.ErrDone
	}
	for _, key := range keys {
		if err := driver.CheckKey(key); err != nil {
			return err
		}
	}
	for _, key := range keys {
		t.set(t.over.copy(key), write{})
	}
	return nil
}

func (t *txn) DeleteRange(rng storage.Range) (err error) {
	if t.done {
		return driver.ErrDone
	}
	defer catchPanic(&err)
	rng.Reverse = false
	// The overlay must not change under the scan. The keys are copied: those of
	// the file are gone where the commit maps it anew.
	var keys [][]byte
	t.merge(rng, func(key, _ []byte) bool {
		keys = append(keys, t.over.copy(key))
		return true
	})
	for _, key := range keys {
		t.set(key, write{})
	}
	return nil
}

func (t *txn) Append(log, value []byte) error {
	if t.done {
		return driver.ErrDone
	}
	if err := driver.CheckEntry(log, value); err != nil {
		return err
	}
	data := t.over.take(linkLen + len(value))
	copy(data[linkLen:], value)
	t.over.records = append(t.over.records, record{t.over.copy(log), data})
	return nil
}

func (t *txn) TrimLogs(until storage.Position) error {
	if t.done {
		return driver.ErrDone
	}
	span, err := t.Logs()
	if err != nil {
		return err
	}
	_, trimmed := span.Trimmed.Numbers()
	_, newest := span.Newest.Numbers()
	if p := min(number(until), newest); p > trimmed {
		t.over.trimmed = p
	}
	return nil
}

// link fills in which record is the one before it in the same log.
func (rec record) link(position uint64) { binary.BigEndian.PutUint64(rec.data, position) }
