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
	gate    *driver.Gate
	waiters *driver.Waiters
}

// version is everything that one commit left. It never changes.
type version struct {
	data *tree.Tree[[]byte]
	logs *tree.Tree[[]storage.Record]
	last uint64 // position of the newest record
}

// New makes an empty store.
func New() *Store {
	s := &Store{
		writer:  make(chan struct{}, 1),
		gate:    driver.NewGate(),
		waiters: driver.NewWaiters(),
	}
	s.now.Store(&version{data: new(tree.Tree[[]byte]), logs: new(tree.Tree[[]storage.Record])})
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
	r := &reader{data: v.data, logs: v.logs}
	defer r.end()
	return fn(r)
}

// Update implements [storage.Store]. It waits for all running Updates, and runs
// fn once.
func (s *Store) Update(ctx context.Context, _ string, fn func(storage.Txn) error) error {
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
	t := &txn{reader: reader{data: v.data.Edit(), logs: v.logs}}
	defer t.end()
	if err := fn(t); err != nil {
		return err
	}
	s.commit(v, t)
	return nil
}

// commit makes what the transaction left the current version.
func (s *Store) commit(old *version, t *txn) {
	next := &version{data: t.data, logs: old.logs, last: old.last}
	if len(t.pending) > 0 {
		next.logs = old.logs.Edit()
	}
	for _, rec := range t.pending {
		next.last++
		rec.Position = storage.PositionAt(0, next.last)
		// Versions share one array for each log. It only ever grows behind
		// the end that older versions know of.
		recs, _ := next.logs.Get(rec.Log)
		next.logs.Set(rec.Log, append(recs, rec))
	}
	s.now.Store(next)
	for _, rec := range t.pending {
		s.waiters.Wake(rec.Log)
	}
}

// Wait implements [storage.Waiter].
func (s *Store) Wait(ctx context.Context, logs [][]byte, after storage.Position) error {
	return s.waiters.Wait(ctx, logs, func() (bool, error) {
		if err := s.gate.Enter(); err != nil {
			return false, err
		}
		defer s.gate.Leave()
		v := s.now.Load()
		for _, log := range logs {
			recs, _ := v.logs.Get(log)
			if n := len(recs); n > 0 && recs[n-1].Position.Compare(after) > 0 {
				return true, nil
			}
		}
		return false, nil
	})
}

// Close implements [storage.Store].
func (s *Store) Close() error {
	return s.gate.Close(s.waiters.Close, func() error {
		s.now.Store(nil)
		return nil
	})
}
