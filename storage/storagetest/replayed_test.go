package storagetest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
	"example.com/chat/storage/memstore"
)

// replayed runs fn for what it wants to write, in a transaction that is given
// up, and writes that in another. In between, other Updates may run, unless
// they have the same scope. A store made so is a correct one.
type replayed struct {
	*memstore.Store
	gate   *driver.Gate
	mu     sync.Mutex
	scopes map[string]chan struct{}

	noScopes bool // equal scopes may overlap
	noInsert bool // an Insert replaces
	keepAll  bool // an Insert that fails stores the rest all the same
	trimAll  bool // what is committed before the second transaction is trimmed too
}

func newReplayed() *replayed {
	return &replayed{Store: memstore.New(), gate: driver.NewGate(), scopes: make(map[string]chan struct{})}
}

func (s *replayed) Close() error { return s.gate.Close(func() {}, s.Store.Close) }

func (s *replayed) Update(ctx context.Context, scope string, fn func(storage.Txn) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if !s.noScopes {
		s.mu.Lock()
		lock := s.scopes[scope]
		if lock == nil {
			lock = make(chan struct{}, 1)
			s.scopes[scope] = lock
		}
		s.mu.Unlock()
		select {
		case lock <- struct{}{}:
			defer func() { <-lock }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	givenUp, conflict := errors.New("given up"), errors.New("conflict")
	for {
		var ops []func(storage.Txn) error
		err := s.Store.Update(ctx, scope, func(tx storage.Txn) error {
			op := func(err error, op func(storage.Txn) error) error {
				if err == nil {
					ops = append(ops, op)
				}
				return err
			}
			err := fn(&txnHooks{
				Txn: tx,
				note: func(name string) {
					note := func(tx storage.Txn) error { tx.(storage.Noter).Note(name); return nil }
					_ = op(note(tx), note)
				},
				put: func(k, v []byte) error {
					k, v = bytes.Clone(k), append([]byte{}, v...)
					return op(tx.Put(k, v), func(tx storage.Txn) error { return tx.Put(k, v) })
				},
				insert: func(k, v []byte) error {
					k, v = bytes.Clone(k), append([]byte{}, v...)
					return op(tx.Insert(k, v), func(tx storage.Txn) error {
						if s.noInsert {
							return tx.Put(k, v)
						}
						if err := tx.Insert(k, v); err != nil && !s.keepAll {
							return conflict
						}
						return nil
					})
				},
				delete: func(keys ...[]byte) error {
					var copies [][]byte
					for _, k := range keys {
						copies = append(copies, bytes.Clone(k))
					}
					return op(tx.Delete(copies...), func(tx storage.Txn) error { return tx.Delete(copies...) })
				},
				deleteRange: func(rng storage.Range) error {
					rng.Start, rng.End = bytes.Clone(rng.Start), bytes.Clone(rng.End)
					return op(tx.DeleteRange(rng), func(tx storage.Txn) error { return tx.DeleteRange(rng) })
				},
				append: func(l, v []byte) error {
					l, v = bytes.Clone(l), bytes.Clone(v)
					return op(tx.Append(l, v), func(tx storage.Txn) error { return tx.Append(l, v) })
				},
				trimLogs: func(p storage.Position) error {
					// Others may append before the second transaction: their
					// records are not meant.
					span, err := tx.Logs()
					if err == nil && p.Compare(span.Newest) > 0 {
						p = span.Newest
					}
					return op(errors.Join(err, tx.TrimLogs(p)), func(tx storage.Txn) error {
						if s.trimAll {
							p = beyond
						}
						return tx.TrimLogs(p)
					})
				},
			})
			if err == nil {
				err = givenUp
			}
			return err
		})
		if err != givenUp {
			return err
		}
		runtime.Gosched()
		err = s.Store.Update(ctx, scope, func(tx storage.Txn) error {
			for _, op := range ops {
				if err := op(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != conflict {
			return err
		}
	}
}
