package storagetest

import (
	"context"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// hooks is memstore with parts replaced.
type hooks struct {
	*memstore.Store
	reader func(storage.Reader) storage.Reader
	txn    func(storage.Txn) storage.Txn
	view   func(ctx context.Context, fn func(storage.Reader) error) error
	update func(ctx context.Context, scope string, fn func(storage.Txn) error) error
	wait   func(ctx context.Context, logs [][]byte, after storage.Position) error
	close  func() error
}

func (h *hooks) View(ctx context.Context, fn func(storage.Reader) error) error {
	inner := fn
	if h.reader != nil {
		inner = func(r storage.Reader) error { return fn(h.reader(r)) }
	}
	if h.view != nil {
		return h.view(ctx, inner)
	}
	return h.Store.View(ctx, inner)
}

func (h *hooks) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	inner := func(tx storage.Txn) error {
		if h.reader != nil {
			tx = &txnHooks{Txn: tx, Reader: h.reader(tx)}
		}
		if h.txn != nil {
			tx = h.txn(tx)
		}
		return fn(tx)
	}
	if h.update != nil {
		return h.update(ctx, scope, inner)
	}
	return h.Store.Update(ctx, scope, inner)
}

func (h *hooks) Wait(ctx context.Context, logs [][]byte, after storage.Position) error {
	if h.wait != nil {
		return h.wait(ctx, logs, after)
	}
	return h.Store.Wait(ctx, logs, after)
}

func (h *hooks) Close() error {
	if h.close != nil {
		return h.close()
	}
	return h.Store.Close()
}

// readerHooks is a Reader with parts replaced.
type readerHooks struct {
	storage.Reader
	read func(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error)
	tail func(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error)
	logs func() (storage.LogSpan, error)
}

func (r *readerHooks) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	if r.read != nil {
		return r.read(keys, ranges)
	}
	return r.Reader.Read(keys, ranges)
}

func (r *readerHooks) Tail(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
	if r.tail != nil {
		return r.tail(logs, after, limit)
	}
	return r.Reader.Tail(logs, after, limit)
}

func (r *readerHooks) Logs() (storage.LogSpan, error) {
	if r.logs != nil {
		return r.logs()
	}
	return r.Reader.Logs()
}

// txnHooks is a Txn with parts replaced.
type txnHooks struct {
	storage.Txn
	storage.Reader
	put         func(key, value []byte) error
	insert      func(key, value []byte) error
	delete      func(keys ...[]byte) error
	deleteRange func(storage.Range) error
	append      func(log, value []byte) error
	trimLogs    func(until storage.Position) error
	note        func(name string)
	changed     func(scope string) uint64
}

func (t *txnHooks) Version() uint64 { return t.Txn.(storage.Versioned).Version() }

func (t *txnHooks) Changed(scope string) uint64 {
	if t.changed != nil {
		return t.changed(scope)
	}
	return t.Txn.(storage.Versioned).Changed(scope)
}

func (t *txnHooks) Note(name string) {
	if t.note != nil {
		t.note(name)
		return
	}
	t.Txn.(storage.Noter).Note(name)
}

func (t *txnHooks) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	if t.Reader != nil {
		return t.Reader.Read(keys, ranges)
	}
	return t.Txn.Read(keys, ranges)
}

func (t *txnHooks) Tail(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
	if t.Reader != nil {
		return t.Reader.Tail(logs, after, limit)
	}
	return t.Txn.Tail(logs, after, limit)
}

func (t *txnHooks) Logs() (storage.LogSpan, error) {
	if t.Reader != nil {
		return t.Reader.Logs()
	}
	return t.Txn.Logs()
}

func (t *txnHooks) Put(key, value []byte) error {
	if t.put != nil {
		return t.put(key, value)
	}
	return t.Txn.Put(key, value)
}

func (t *txnHooks) Insert(key, value []byte) error {
	if t.insert != nil {
		return t.insert(key, value)
	}
	return t.Txn.Insert(key, value)
}

func (t *txnHooks) Delete(keys ...[]byte) error {
	if t.delete != nil {
		return t.delete(keys...)
	}
	return t.Txn.Delete(keys...)
}

func (t *txnHooks) DeleteRange(rng storage.Range) error {
	if t.deleteRange != nil {
		return t.deleteRange(rng)
	}
	return t.Txn.DeleteRange(rng)
}

func (t *txnHooks) Append(log, value []byte) error {
	if t.append != nil {
		return t.append(log, value)
	}
	return t.Txn.Append(log, value)
}

func (t *txnHooks) TrimLogs(until storage.Position) error {
	if t.trimLogs != nil {
		return t.trimLogs(until)
	}
	return t.Txn.TrimLogs(until)
}

// reads is a store whose Read is replaced, in a View and in an Update.
func reads(read func(r storage.Reader, keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error)) func() storage.Store {
	return func() storage.Store {
		return &hooks{Store: memstore.New(), reader: func(r storage.Reader) storage.Reader {
			return &readerHooks{Reader: r, read: func(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
				return read(r, keys, ranges)
			}}
		}}
	}
}

// ranges is a store whose ranges are read in another way.
func ranges(change func(rng storage.Range, read func(storage.Range) []storage.Entry) []storage.Entry) func() storage.Store {
	return reads(func(r storage.Reader, keys [][]byte, rngs []storage.Range) ([][]byte, [][]storage.Entry, error) {
		values, _, err := r.Read(keys, nil)
		if err != nil {
			return nil, nil, err
		}
		entries := make([][]storage.Entry, len(rngs))
		for i, rng := range rngs {
			entries[i] = change(rng, func(rng storage.Range) []storage.Entry {
				_, found, _ := r.Read(nil, []storage.Range{rng})
				return found[0]
			})
		}
		return values, entries, nil
	})
}

// tails is a store whose Tail is replaced.
func tails(tail func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error)) func() storage.Store {
	return func() storage.Store {
		return &hooks{Store: memstore.New(), reader: func(r storage.Reader) storage.Reader {
			return &readerHooks{Reader: r, tail: func(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
				return tail(r, logs, after, limit)
			}}
		}}
	}
}

// writes is a store whose Txn has parts replaced.
func writes(txn func(tx storage.Txn) *txnHooks) func() storage.Store {
	return func() storage.Store {
		return &hooks{Store: memstore.New(), txn: func(tx storage.Txn) storage.Txn { return txn(tx) }}
	}
}

// updates is a store whose Update is replaced.
func updates(update func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error) func() storage.Store {
	return func() storage.Store {
		s := memstore.New()
		return &hooks{Store: s, update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
			return update(s, ctx, scope, fn)
		}}
	}
}
