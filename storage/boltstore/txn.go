package boltstore

import (
	"bytes"
	"math"
	"slices"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
)

// txn is one Update's hand on the batch's overlay.
type txn struct {
	reader
	undo    []undo
	records []record // that it appends; they have no position before it ends
	trimmed uint64   // what the layer had trimmed before
	noted   []string // see Note
}

// commit leaves what the transaction has done, under a scope, to the batch.
func (t *txn) commit(scope string) {
	if len(t.undo) > 0 || len(t.records) > 0 || t.over.trimmed > t.trimmed {
		t.over.noted[scope] = true
		for _, name := range t.noted {
			t.over.noted[name] = true
		}
	}
	t.over.append(t.records)
	t.over.own.records = append(t.over.own.records, t.records...)
	if t.over.trimmed > t.trimmed {
		t.over.own.trimmed = t.over.trimmed
	}
}

// rollback takes out of the overlay what the transaction has put there.
func (t *txn) rollback() {
	for _, u := range slices.Backward(t.undo) {
		t.over.undo(u)
	}
	t.over.trimmed = t.trimmed
}

// Changed implements [storage.Versioned].
func (t *txn) Changed(scope string) uint64 {
	if t.done || t.over.noted[scope] || slices.Contains(t.noted, scope) {
		return math.MaxUint64
	}
	return t.reader.Changed(scope)
}

// Note implements [storage.Noter].
func (t *txn) Note(name string) { t.noted = append(t.noted, name) }

// set writes to the overlay. The key must last as long as the layer.
func (t *txn) set(key []byte, w write) { t.undo = append(t.undo, t.over.set(key, w)) }

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

// exists looks for a key. Most keys that are inserted lie one after the other
// behind all others of their kind, and one search of the file tells that none of
// them is there.
func (t *txn) exists(key []byte) bool {
	w, ok := t.over.get(key)
	if !ok {
		w, ok = t.layer.writes.Get(key)
	}
	if ok {
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
	t.over.settle()
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
	t.records = append(t.records, record{t.over.copy(log), t.over.copy(value)})
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
