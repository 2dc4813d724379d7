// Package faultstore wraps a store and makes it behave as badly as the contract
// of package storage allows: [Failing] has chosen calls fail, [Twice] runs the
// function of every Update twice, [Delayed] takes its time. It is for tests of
// what stands above a store.
//
// A call is whatever crosses the seam: each View, Update, Read, Tail, Put,
// Insert, Delete, DeleteRange, Append, Logs and TrimLogs, and each commit. Close
// is none.
package faultstore

import (
	"context"

	"example.com/chat/storage"
)

// Op is the kind of a call.
type Op string

// The kinds of calls. Commit is the end of an Update whose function succeeded.
const (
	View        Op = "View"
	Update      Op = "Update"
	Read        Op = "Read"
	Tail        Op = "Tail"
	Put         Op = "Put"
	Insert      Op = "Insert"
	Delete      Op = "Delete"
	DeleteRange Op = "DeleteRange"
	Append      Op = "Append"
	Logs        Op = "Logs"
	TrimLogs    Op = "TrimLogs"
	Commit      Op = "Commit"
)

// watcher is told of each call before it is made; its error is the answer of
// the call instead.
type watcher interface {
	before(Op) error
}

// asWaiter gives the wrapped store the Wait of the inner one, if it has one.
func asWaiter(wrapped, inner storage.Store) storage.Store {
	if w, ok := inner.(storage.Waiter); ok {
		return struct {
			storage.Store
			storage.Waiter
		}{wrapped, w}
	}
	return wrapped
}

// asReader gives the wrapped Reader the versions of the inner one, if it has them.
// Asking for these cannot fail, so it is no call.
func asReader(wrapped *reader) storage.Reader {
	if versioned, ok := wrapped.inner.(storage.Versioned); ok {
		return struct {
			storage.Reader
			storage.Versioned
		}{wrapped, versioned}
	}
	return wrapped
}

// asTxn does so for a Txn, which notes too.
func asTxn(wrapped *txn) storage.Txn {
	versioned, isVersioned := wrapped.inner.(storage.Versioned)
	noter, isNoter := wrapped.inner.(storage.Noter)
	if isVersioned && isNoter {
		return struct {
			storage.Txn
			storage.Versioned
			storage.Noter
		}{wrapped, versioned, noter}
	}
	return wrapped
}

// watchedStore tells a watcher of every call but Commit.
type watchedStore struct {
	storage.Store
	watcher watcher
}

func (s *watchedStore) View(ctx context.Context, fn func(storage.Reader) error) error {
	if err := s.watcher.before(View); err != nil {
		return err
	}
	return s.Store.View(ctx, func(r storage.Reader) error { return fn(asReader(&reader{r, s.watcher})) })
}

func (s *watchedStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	if err := s.watcher.before(Update); err != nil {
		return err
	}
	return s.Store.Update(ctx, scope, func(tx storage.Txn) error {
		return fn(asTxn(&txn{reader{tx, s.watcher}, tx}))
	})
}

// reader tells a watcher of what is read.
type reader struct {
	inner   storage.Reader
	watcher watcher
}

func (r *reader) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	if err := r.watcher.before(Read); err != nil {
		return nil, nil, err
	}
	return r.inner.Read(keys, ranges)
}

func (r *reader) Tail(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
	if err := r.watcher.before(Tail); err != nil {
		return nil, err
	}
	return r.inner.Tail(logs, after, limit)
}

func (r *reader) Logs() (storage.LogSpan, error) {
	if err := r.watcher.before(Logs); err != nil {
		return storage.LogSpan{}, err
	}
	return r.inner.Logs()
}

// txn tells a watcher of what is read and written.
type txn struct {
	reader
	inner storage.Txn
}

func (t *txn) Put(key, value []byte) error {
	if err := t.watcher.before(Put); err != nil {
		return err
	}
	return t.inner.Put(key, value)
}

func (t *txn) Insert(key, value []byte) error {
	if err := t.watcher.before(Insert); err != nil {
		return err
	}
	return t.inner.Insert(key, value)
}

func (t *txn) Delete(keys ...[]byte) error {
	if err := t.watcher.before(Delete); err != nil {
		return err
	}
	return t.inner.Delete(keys...)
}

func (t *txn) DeleteRange(rng storage.Range) error {
	if err := t.watcher.before(DeleteRange); err != nil {
		return err
	}
	return t.inner.DeleteRange(rng)
}

func (t *txn) Append(log, value []byte) error {
	if err := t.watcher.before(Append); err != nil {
		return err
	}
	return t.inner.Append(log, value)
}

func (t *txn) TrimLogs(until storage.Position) error {
	if err := t.watcher.before(TrimLogs); err != nil {
		return err
	}
	return t.inner.TrimLogs(until)
}
