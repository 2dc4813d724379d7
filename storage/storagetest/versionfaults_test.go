package storagetest

import (
	"context"
	"errors"
	"sync"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// versionHooks is a Reader whose versions are others.
type versionHooks struct {
	storage.Reader
	version func(v storage.Versioned) uint64
	changed func(v storage.Versioned, scope string) uint64
}

func (r *versionHooks) Version() uint64 {
	if r.version != nil {
		return r.version(r.Reader.(storage.Versioned))
	}
	return r.Reader.(storage.Versioned).Version()
}

func (r *versionHooks) Changed(scope string) uint64 {
	if r.changed != nil {
		return r.changed(r.Reader.(storage.Versioned), scope)
	}
	return r.Reader.(storage.Versioned).Changed(scope)
}

// noting is a store whose Txns note otherwise.
func noting(change func(*txnHooks)) func() storage.Store {
	return func() storage.Store {
		return &hooks{Store: memstore.New(), txn: func(tx storage.Txn) storage.Txn {
			h := &txnHooks{Txn: tx}
			change(h)
			return h
		}}
	}
}

func versionFaults() []fault {
	versions := func(h versionHooks) func() storage.Store {
		return func() storage.Store {
			return &hooks{Store: memstore.New(), reader: func(r storage.Reader) storage.Reader {
				h := h
				h.Reader = r
				return &h
			}}
		}
	}
	return []fault{
		{"the version is always the same", "version/rises", versions(versionHooks{version: func(storage.Versioned) uint64 { return 1 }})},
		{"nothing ever changes", "version/changed", versions(versionHooks{changed: func(storage.Versioned, string) uint64 { return 0 }})},
		{"a change is of the version before it", "version/changed", versions(versionHooks{changed: func(v storage.Versioned, scope string) uint64 {
			return max(v.Changed(scope), 1) - 1
		}})},
		{"what is noted has not changed", "version/noted", noting(func(t *txnHooks) { t.note = func(string) {} })},
		{"what an Update has noted has not changed for it", "version/noted", noting(func(t *txnHooks) {
			t.changed = func(string) uint64 { return 0 }
		})},
		{"a change is noted after it can be seen", "version/what is kept is still so", func() storage.Store {
			s := memstore.New()
			var mu sync.Mutex
			noted := map[string]uint64{}
			return &hooks{
				Store: s,
				update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
					err := s.Update(ctx, scope, fn)
					return errors.Join(err, s.View(ctx, func(r storage.Reader) error {
						mu.Lock()
						defer mu.Unlock()
						noted[scope] = r.(storage.Versioned).Version()
						return nil
					}))
				},
				reader: func(r storage.Reader) storage.Reader {
					return &versionHooks{Reader: r, changed: func(_ storage.Versioned, scope string) uint64 {
						mu.Lock()
						defer mu.Unlock()
						return noted[scope]
					}}
				},
			}
		}},
	}
}
