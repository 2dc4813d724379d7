// Package memstore keeps a store in memory: for tests, for demonstrations, and
// for a chat that may be forgotten.
//
// Each commit is an immutable tree that shares what it can with the one before.
// A View is one atomic load: it takes no lock and is held up by nothing. All
// Updates run one after the other, whatever their scopes.
//
// Nothing here waits on a mutex or on a goroutine of its own, so a store that
// is made inside a [testing/synctest] bubble works there.
package memstore

import (
	"context"
	"sync/atomic"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
	"example.com/chat/storage/internal/tree"
)

// Store is a [storage.Store] and [storage.Waiter] in memory. What it holds is
// lost at Close, and "durably" means as long as the Store lives. It is safe for
// concurrent use.
type Store struct {
	now     atomic.Pointer[version]
	writer  chan struct{} // held by the one running Update
	changes *driver.Changes
	gate    *driver.Gate
	waiters *driver.Waiters
}

// version is everything that one commit left. It never changes.
type version struct {
	number uint64
	data   *tree.Tree[[]byte]
	logs   logs
}

// New makes an empty store.
func New() *Store {
	s := &Store{
		writer:  make(chan struct{}, 1),
		changes: driver.NewChanges(),
		gate:    driver.NewGate(),
		waiters: driver.NewWaiters(),
	}
	s.now.Store(&version{data: new(tree.Tree[[]byte]), logs: logs{byName: new(tree.Tree[[]uint64])}})
	return s
}

// View implements [storage.Store].
func (s *Store) View(ctx context.Context, fn func(storage.Reader) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	v := s.now.Load()
	r := &reader{version: *v, changes: s.changes}
	defer r.end()
	return fn(r)
}

// Update implements [storage.Store]. It waits for all running Updates, and runs
// fn once.
func (s *Store) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	select {
	case s.writer <- struct{}{}:
		defer func() { <-s.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	v := s.now.Load()
	t := &txn{reader: reader{version: version{number: v.number, data: v.data.Edit(), logs: v.logs}, changes: s.changes}}
	defer t.end()
	if err := fn(t); err != nil {
		return err
	}
	s.commit(t, scope)
	return nil
}

// commit makes what the transaction left the current version.
func (s *Store) commit(t *txn, scope string) {
	next := &version{number: t.number + 1, data: t.data, logs: t.logs}
	var names [][]byte
	if len(t.pending) > 0 {
		next.logs.append(t.pending)
		for _, rec := range t.pending {
			names = append(names, rec.Log)
		}
	}
	for _, name := range append(t.noted, scope) {
		s.changes.Note(name, next.number)
	}
	s.now.Store(next)
	s.waiters.Wake(names)
}

// Wait implements [storage.Waiter].
func (s *Store) Wait(ctx context.Context, logs [][]byte, after storage.Position) error {
	return s.waiters.Wait(ctx, logs, func() (bool, error) {
		if err := s.gate.Enter(); err != nil {
			return false, err
		}
		defer s.gate.Leave()
		return len(s.now.Load().logs.tail(logs, after, 1)) > 0, nil
	})
}

// Close implements [storage.Store].
func (s *Store) Close() error {
	return s.gate.Close(s.waiters.Close, func() error {
		s.now.Store(nil)
		return nil
	})
}
