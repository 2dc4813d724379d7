package linearizability

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// yieldingStore lets others run before, within and after each transaction, so
// that calls overlap on a machine of few processors. It has the versions of the
// store, by which the engine tells whether what it remembers is still so.
type yieldingStore struct{ storage.Store }

func yield() {
	for range rand.IntN(4) {
		runtime.Gosched()
	}
}

func (s yieldingStore) View(ctx context.Context, fn func(storage.Reader) error) error {
	yield()
	defer yield()
	return s.Store.View(ctx, func(r storage.Reader) error { return fn(yieldingReader{r, r.(storage.Versioned)}) })
}

func (s yieldingStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	yield()
	defer yield()
	return s.Store.Update(ctx, scope, func(tx storage.Txn) error {
		return fn(yieldingTxn{tx, tx.(storage.Versioned), tx.(storage.Noter)})
	})
}

type yieldingReader struct {
	storage.Reader
	storage.Versioned
}

func (r yieldingReader) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	yield()
	return r.Reader.Read(keys, ranges)
}

type yieldingTxn struct {
	storage.Txn
	storage.Versioned
	storage.Noter
}

func (t yieldingTxn) Read(keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
	yield()
	return t.Txn.Read(keys, ranges)
}

// staleStore breaks the contract: now and then a View finds the store as it was
// some time ago.
type staleStore struct {
	storage.Store
	views atomic.Int64
	old   atomic.Pointer[memstore.Store]
}

func (s *staleStore) View(ctx context.Context, fn func(storage.Reader) error) error {
	switch n := s.views.Add(1); {
	case n%50 == 1:
		old, err := copyOf(ctx, s.Store)
		if err != nil {
			return err
		}
		s.old.Store(old)
	case n%10 == 0:
		if old := s.old.Load(); old != nil {
			return old.View(ctx, fn)
		}
	}
	return s.Store.View(ctx, fn)
}

// unchangingStore breaks the contract: it says that nothing is ever written, so that
// what was read once is taken to be so for good.
type unchangingStore struct{ storage.Store }

func (s unchangingStore) View(ctx context.Context, fn func(storage.Reader) error) error {
	return s.Store.View(ctx, func(r storage.Reader) error {
		return fn(struct {
			storage.Reader
			unchanging
		}{r, unchanging{r.(storage.Versioned)}})
	})
}

type unchanging struct{ storage.Versioned }

func (unchanging) Changed(string) uint64 { return 0 }

// copyOf is a store in memory with what another one holds now.
func copyOf(ctx context.Context, store storage.Store) (*memstore.Store, error) {
	var entries []storage.Entry
	err := store.View(ctx, func(r storage.Reader) error {
		entries = nil
		for e, err := range storage.Scan(r, storage.Range{}, 1000) {
			if err != nil {
				return err
			}
			entries = append(entries, storage.Entry{Key: append([]byte{}, e.Key...), Value: append([]byte{}, e.Value...)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := memstore.New()
	return c, c.Update(ctx, "copy", func(tx storage.Txn) error {
		for _, e := range entries {
			if err := tx.Put(e.Key, e.Value); err != nil {
				return err
			}
		}
		return nil
	})
}

// lossyStore breaks the contract: now and then an Update that is acknowledged is
// not stored.
type lossyStore struct {
	storage.Store
	updates atomic.Int64
}

var errLost = errors.New("lost")

func (s *lossyStore) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	if s.updates.Add(1)%25 != 0 {
		return s.Store.Update(ctx, scope, fn)
	}
	err := s.Store.Update(ctx, scope, func(tx storage.Txn) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errLost
	})
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}
