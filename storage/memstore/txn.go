package memstore

import (
	"bytes"
	"math"
	"slices"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
)

// reader reads one version.
type reader struct {
	version
	changes *driver.Changes // nil once it is over
	noted   []string        // by the transaction
	done    bool
}

// end makes the reader refuse further calls.
func (r *reader) end() { *r = reader{done: true} }

func (r *reader) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	if r.done {
		return nil, nil, driver.ErrDone
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if err := driver.CheckKey(key); err != nil {
			return nil, nil, err
		}
		values[i], _ = r.data.Get(key)
	}
	entries := make([][]storage.Entry, len(ranges))
	for i, rng := range ranges {
		entries[i] = r.scan(rng)
	}
	return values, entries, nil
}

// Version implements [storage.Versioned].
func (r *reader) Version() uint64 { return r.number }

// Changed implements [storage.Versioned].
func (r *reader) Changed(scope string) uint64 {
	if r.changes == nil || slices.Contains(r.noted, scope) {
		return math.MaxUint64
	}
	return r.changes.Last(scope)
}

func (r *reader) scan(rng storage.Range) (entries []storage.Entry) {
	walk := r.data.Ascend
	if rng.Reverse {
		walk = r.data.Descend
	}
	for key, value := range walk(rng.Start, rng.End) {
		entries = append(entries, storage.Entry{Key: key, Value: value})
		if len(entries) == rng.Limit {
			break
		}
	}
	return entries
}

func (r *reader) Tail(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
	if r.done {
		return nil, driver.ErrDone
	}
	for _, log := range logs {
		if err := driver.CheckKey(log); err != nil {
			return nil, err
		}
	}
	return r.logs.tail(logs, after, limit), nil
}

func (r *reader) Logs() (storage.LogSpan, error) {
	if r.done {
		return storage.LogSpan{}, driver.ErrDone
	}
	return r.logs.span(), nil
}

// txn writes into its own edit of the tree, which is thrown away if it fails.
type txn struct {
	reader
	pending []storage.Record // without positions
}

// Note implements [storage.Noter].
func (t *txn) Note(name string) { t.noted = append(t.noted, name) }

// end keeps a transaction that is over from changing the committed tree.
func (t *txn) end() { *t = txn{reader: reader{done: true}} }

func (t *txn) Put(key, value []byte) error {
	if t.done {
		return driver.ErrDone
	}
	if err := driver.CheckEntry(key, value); err != nil {
		return err
	}
	t.data.Set(bytes.Clone(key), append([]byte{}, value...))
	return nil
}

func (t *txn) Insert(key, value []byte) error {
	if !t.done {
		if _, exists := t.data.Get(key); exists {
			return driver.ErrExists
		}
	}
	return t.Put(key, value)
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
		t.data.Delete(key)
	}
	return nil
}

func (t *txn) DeleteRange(rng storage.Range) error {
	if t.done {
		return driver.ErrDone
	}
	var keys [][]byte
	for key := range t.data.Ascend(rng.Start, rng.End) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		t.data.Delete(key)
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
	t.pending = append(t.pending, storage.Record{Log: bytes.Clone(log), Value: append([]byte{}, value...)})
	return nil
}

func (t *txn) TrimLogs(until storage.Position) error {
	if t.done {
		return driver.ErrDone
	}
	t.logs.trim(until)
	return nil
}
