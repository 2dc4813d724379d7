package faultstore

import (
	"context"
	"errors"
	"sync"

	"example.com/chat/storage"
)

// errDiscard ends the run of a function whose writes are not to be kept.
var errDiscard = errors.New("faultstore: the first run is discarded")

// Twice returns the store with Updates that run their function twice, whatever
// the first run answers: what it wrote is discarded, and other Updates may come
// between the two, as a driver may do it that finds a conflict at commit.
func Twice(s storage.Store) storage.Store { return asWaiter(&twiceStore{Store: s}, s) }

type twiceStore struct {
	storage.Store
	running sync.RWMutex // so that Close does not come between two runs
}

func (s *twiceStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	s.running.RLock()
	defer s.running.RUnlock()
	// The outcome of the first run counts for nothing.
	_ = s.Store.Update(ctx, scope, func(tx storage.Txn) error {
		_ = fn(tx)
		return errDiscard
	})
	return s.Store.Update(ctx, scope, fn)
}

func (s *twiceStore) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	return s.Store.Close()
}
