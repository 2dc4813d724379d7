package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// fault is a store with one thing wrong, and the case that has to notice.
type fault struct {
	name  string
	catch string
	make  func() storage.Store
}

func faults() []fault {
	var all []fault
	all = append(all, readFaults()...)
	all = append(all, writeFaults()...)
	all = append(all, commitFaults()...)
	all = append(all, logFaults()...)
	all = append(all, trimFaults()...)
	all = append(all, versionFaults()...)
	return append(all, lifeFaults()...)
}

func readFaults() []fault {
	ownNot := func(points bool) func() storage.Store {
		return func() storage.Store {
			s := memstore.New()
			return &hooks{Store: s, txn: func(tx storage.Txn) storage.Txn {
				return &txnHooks{Txn: tx, Reader: &readerHooks{Reader: tx, read: func(keys [][]byte, ranges []storage.Range) (v [][]byte, en [][]storage.Entry, err error) {
					err = s.View(context.Background(), func(r storage.Reader) error {
						v, en, err = r.Read(keys, ranges)
						return err
					})
					if err == nil && points {
						v, _, err = tx.Read(keys, nil)
					}
					return v, en, err
				}}}
			}}
		}
	}
	return []fault{
		{"own writes are not seen", "read/own writes", ownNot(false)},
		{"own writes are not seen in ranges", "read/own writes", ownNot(true)},
		{"absent keys are empty", "read/absent and empty", reads(func(r storage.Reader, keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
			v, en, err := r.Read(keys, ranges)
			for i := range v {
				v[i] = append([]byte{}, v[i]...)
			}
			return v, en, err
		})},
		{"empty values are absent", "read/absent and empty", reads(func(r storage.Reader, keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
			v, en, err := r.Read(keys, ranges)
			for i := range v {
				v[i] = append([]byte(nil), v[i]...)
			}
			return v, en, err
		})},
		{"bytes handed out are used again", "bytes/output lasts", func() storage.Store {
			var mu sync.Mutex
			buf := make([]byte, 0, 1<<20)
			keep := func(b []byte) []byte {
				if len(buf)+len(b) > cap(buf) || b == nil {
					return b
				}
				n := len(buf)
				buf = append(buf, b...)
				return buf[n:len(buf):len(buf)]
			}
			return reads(func(r storage.Reader, keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
				mu.Lock()
				defer mu.Unlock()
				v, en, err := r.Read(keys, ranges)
				buf = buf[:0]
				for i := range v {
					v[i] = keep(v[i])
				}
				for i := range en {
					for j := range en[i] {
						en[i][j] = storage.Entry{Key: keep(en[i][j].Key), Value: keep(en[i][j].Value)}
					}
				}
				return v, en, err
			})()
		}},
		{"a reverse range has its end", "range/bounds, reverse and limit", ranges(func(rng storage.Range, read func(storage.Range) []storage.Entry) []storage.Entry {
			if rng.Reverse && rng.End != nil {
				rng.End = append(bytes.Clone(rng.End), 0)
			}
			return read(rng)
		})},
		{"a reverse range lacks its first key", "range/bounds, reverse and limit", ranges(func(rng storage.Range, read func(storage.Range) []storage.Entry) []storage.Entry {
			if rng.Reverse {
				rng.Start = append(bytes.Clone(rng.Start), 0)
			}
			return read(rng)
		})},
		{"a limit counts from the wrong end", "range/bounds, reverse and limit", ranges(func(rng storage.Range, read func(storage.Range) []storage.Entry) []storage.Entry {
			reverse := rng.Reverse
			rng.Reverse = false
			found := slices.Clone(read(rng))
			if reverse {
				slices.Reverse(found)
			}
			return found
		})},
		{"an empty end is no end", "range/bounds, reverse and limit", ranges(func(rng storage.Range, read func(storage.Range) []storage.Entry) []storage.Entry {
			if len(rng.End) == 0 {
				rng.End = nil
			}
			return read(rng)
		})},
		{"a start after the end is put right", "range/delete", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, deleteRange: func(rng storage.Range) error {
				if rng.End != nil && bytes.Compare(rng.Start, rng.End) > 0 {
					rng.Start, rng.End = rng.End, rng.Start
				}
				return tx.DeleteRange(rng)
			}}
		})},
		{"a range of pages ends early", "range/scan", ranges(func(rng storage.Range, read func(storage.Range) []storage.Entry) []storage.Entry {
			found := read(rng)
			if rng.Limit > 4 && len(found) == rng.Limit {
				found = found[:rng.Limit-1]
			}
			return found
		})},
		{"ranges are answered in order of their starts", "range/several at once", reads(func(r storage.Reader, keys [][]byte, ranges []storage.Range) ([][]byte, [][]storage.Entry, error) {
			ranges = slices.Clone(ranges)
			slices.SortStableFunc(ranges, func(a, b storage.Range) int { return bytes.Compare(a.Start, b.Start) })
			return r.Read(keys, ranges)
		})},
		{"bytes above 0x7f come first", "range/order of keys", ranges(func(rng storage.Range, read func(storage.Range) []storage.Entry) []storage.Entry {
			limit := rng.Limit
			rng.Limit = 0
			found := slices.Clone(read(rng))
			slices.SortStableFunc(found, func(a, b storage.Entry) int {
				flip := func(k []byte) []byte {
					k = bytes.Clone(k)
					for i := range k {
						k[i] ^= 0x80
					}
					return k
				}
				c := bytes.Compare(flip(a.Key), flip(b.Key))
				if rng.Reverse {
					c = -c
				}
				return c
			})
			if limit > 0 && len(found) > limit {
				found = found[:limit]
			}
			return found
		})},
		{"a key ends at 0x00", "range/order of keys", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, put: func(key, value []byte) error {
				if i := bytes.IndexByte(key, 0); i > 0 {
					key = key[:i]
				}
				return tx.Put(key, value)
			}}
		})},
		{"limits are not checked", "read/outside the limits", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, put: func(key, value []byte) error {
				if err := tx.Put(key, value); err != nil && !errors.Is(err, storage.ErrKey) {
					return err
				}
				return nil
			}}
		})},
		{"long keys are refused", "read/large keys and values", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, put: func(key, value []byte) error {
				if len(key) > 255 {
					return storage.ErrKey
				}
				return tx.Put(key, value)
			}}
		})},
	}
}

func writeFaults() []fault {
	return []fault{
		{"input is kept, not copied", "bytes/input is copied", func() storage.Store {
			s := memstore.New()
			return &hooks{Store: s, update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
				return s.Update(ctx, scope, func(tx storage.Txn) error {
					var again []func() error
					err := fn(&txnHooks{Txn: tx, put: func(key, value []byte) error {
						again = append(again, func() error { return tx.Put(key, value) })
						return tx.Put(key, value)
					}})
					for _, put := range again {
						err = errors.Join(err, put())
					}
					return err
				})
			}}
		}},
		{"only the first key is deleted", "write/delete", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, delete: func(keys ...[]byte) error { return tx.Delete(keys[:min(1, len(keys))]...) }}
		})},
		{"deleting an absent key is an error", "write/delete", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, delete: func(keys ...[]byte) error {
				for _, key := range keys {
					if v, err := storage.Get(tx, key); err != nil || v == nil {
						return errors.Join(err, errors.New("no such key"))
					}
				}
				return tx.Delete(keys...)
			}}
		})},
		{"insert replaces", "write/insert", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, insert: tx.Put}
		})},
		{"a range is deleted up to its limit", "range/delete", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, deleteRange: func(rng storage.Range) error {
				_, entries, err := tx.Read(nil, []storage.Range{rng})
				for _, en := range entries[0] {
					err = errors.Join(err, tx.Delete(en.Key))
				}
				return err
			}}
		})},
		{"deleting a range leaves pending writes", "range/delete with pending writes", func() storage.Store {
			s := memstore.New()
			return &hooks{Store: s, txn: func(tx storage.Txn) storage.Txn {
				return &txnHooks{Txn: tx, deleteRange: func(rng storage.Range) error {
					var stored [][]byte
					err := s.View(context.Background(), func(r storage.Reader) error {
						_, entries, err := r.Read(nil, []storage.Range{{Start: rng.Start, End: rng.End}})
						for _, en := range entries[0] {
							stored = append(stored, en.Key)
						}
						return err
					})
					return errors.Join(err, tx.Delete(stored...))
				}}
			}}
		}},
		{"writes get slow", "write/many in one update", writes(func(tx storage.Txn) *txnHooks {
			n := 0
			return &txnHooks{Txn: tx, put: func(key, value []byte) error {
				if n++; n%100 == 0 {
					time.Sleep(time.Duration(n) * time.Microsecond)
				}
				return tx.Put(key, value)
			}}
		})},
		{"a write is lost now and then", "model/random operations", func() storage.Store {
			n := 0
			return writes(func(tx storage.Txn) *txnHooks {
				return &txnHooks{Txn: tx, put: func(key, value []byte) error {
					if n++; n%97 == 0 {
						return nil
					}
					return tx.Put(key, value)
				}}
			})()
		}},
	}
}

func commitFaults() []fault {
	return []fault{
		{"scopes are not exclusive", "concurrent/scopes are exclusive", func() storage.Store {
			s := newReplayed()
			s.noScopes = true
			return s
		}},
		{"one key is inserted twice", "concurrent/insert across scopes", func() storage.Store {
			s := newReplayed()
			s.noInsert = true
			return s
		}},
		{"a failed insert stores the rest", "concurrent/insert across scopes", func() storage.Store {
			s := newReplayed()
			s.keepAll = true
			return s
		}},
		{"an error stores what came before", "update/error stores nothing", updates(partial)},
		{"an error among neighbours stores what came before", "concurrent/failures among neighbours", updates(partial)},
		{"an error is wrapped", "update/error stores nothing", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
			if err := s.Update(ctx, scope, fn); err != nil {
				return fmt.Errorf("update: %w", err)
			}
			return nil
		})},
		{"a panic stores what came before", "update/panic stores nothing", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
			var p any
			err := s.Update(ctx, scope, func(tx storage.Txn) error {
				defer func() { p = recover() }()
				return fn(tx)
			})
			if p != nil {
				panic(p)
			}
			return err
		})},
		{"a panic becomes an error", "update/panic stores nothing", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			return s.Update(ctx, scope, fn)
		})},
		{"a goroutine that ends keeps the lock", "update/goexit stores nothing", func() storage.Store {
			s, lock := memstore.New(), make(chan struct{}, 1)
			return &hooks{Store: s, update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
				lock <- struct{}{}
				err := s.Update(ctx, scope, fn)
				<-lock
				return err
			}}
		}},
		{"an error of a View is lost", "view/error is returned", func() storage.Store {
			s := memstore.New()
			return &hooks{Store: s, view: func(ctx context.Context, fn func(storage.Reader) error) error {
				return s.View(ctx, func(r storage.Reader) error { _ = fn(r); return nil })
			}}
		}},
		{"a View is no snapshot", "view/snapshot", noSnapshot},
		{"concurrent Views are no snapshots", "concurrent/views are consistent", noSnapshot},
		{"a View waits for an Update", "view/is not held up", func() storage.Store {
			s := memstore.New()
			var mu sync.RWMutex
			return &hooks{
				Store: s,
				view: func(ctx context.Context, fn func(storage.Reader) error) error {
					mu.RLock()
					defer mu.RUnlock()
					return s.View(ctx, fn)
				},
				update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
					mu.Lock()
					defer mu.Unlock()
					return s.Update(ctx, scope, fn)
				},
			}
		}},
		{"an Update is committed after it returns", "read/absent and empty", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
			go func() {
				time.Sleep(time.Millisecond)
				_ = s.Update(ctx, scope, fn)
			}()
			return nil
		})},
		{"a cancelled wait goes on", "update/cancelled wait", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
			return s.Update(context.WithoutCancel(ctx), scope, fn)
		})},
		{"a cancelled wait stores later", "update/cancelled wait", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
			done := make(chan error, 1)
			go func() { done <- s.Update(context.WithoutCancel(ctx), scope, fn) }()
			select {
			case err := <-done:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})},
		{"an ended context is not looked at", "update/cancelled before", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
			return s.Update(context.WithoutCancel(ctx), scope, fn)
		})},
	}
}

// partial commits what fn has written before its error.
func partial(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
	var failed error
	err := s.Update(ctx, scope, func(tx storage.Txn) error {
		failed = fn(tx)
		return nil
	})
	if err != nil {
		return err
	}
	return failed
}

// noSnapshot reads what is stored at each read.
func noSnapshot() storage.Store {
	s := memstore.New()
	return &hooks{Store: s, view: func(_ context.Context, fn func(storage.Reader) error) error {
		return fn(&readerHooks{
			read: func(keys [][]byte, ranges []storage.Range) (v [][]byte, en [][]storage.Entry, err error) {
				err = s.View(context.Background(), func(r storage.Reader) error {
					v, en, err = r.Read(keys, ranges)
					return err
				})
				return v, en, err
			},
			tail: func(logs [][]byte, after storage.Position, limit int) (recs []storage.Record, err error) {
				err = s.View(context.Background(), func(r storage.Reader) error {
					recs, err = r.Tail(logs, after, limit)
					return err
				})
				return recs, err
			},
			logs: func() (span storage.LogSpan, err error) {
				err = s.View(context.Background(), func(r storage.Reader) error {
					span, err = r.Logs()
					return err
				})
				return span, err
			},
		})
	}}
}

// jitter lets others run for a random while.
func jitter() {
	for range rand.IntN(30) {
		runtime.Gosched()
	}
}
