package storagetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// ownLogs keeps the logs apart from the keys, with positions and visibility as
// a fault wants them.
type ownLogs struct {
	mu   sync.Mutex
	next uint64
	recs []storage.Record // in order of position
}

func (l *ownLogs) take() storage.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return storage.PositionAt(0, l.next)
}

func (l *ownLogs) publish(recs []storage.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recs = append(slices.Clone(l.recs), recs...)
	slices.SortFunc(l.recs, func(a, b storage.Record) int { return a.Position.Compare(b.Position) })
}

func (l *ownLogs) all() []storage.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recs
}

func (l *ownLogs) tail(logs [][]byte, after storage.Position, limit int) (found []storage.Record, err error) {
	for _, rec := range l.all() {
		if rec.Position.Compare(after) > 0 && slices.ContainsFunc(logs, func(log []byte) bool { return bytes.Equal(log, rec.Log) }) {
			if found = append(found, rec); len(found) == limit {
				break
			}
		}
	}
	return found, nil
}

// withOwnLogs is a store whose records are published when an Update is through.
func withOwnLogs(publish func(l *ownLogs, recs []storage.Record)) func() storage.Store {
	return func() storage.Store {
		s, logs := memstore.New(), new(ownLogs)
		reader := func(r storage.Reader) storage.Reader { return &readerHooks{Reader: r, tail: logs.tail} }
		return &hooks{Store: s, reader: reader, update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
			var recs []storage.Record
			err := s.Update(ctx, scope, func(tx storage.Txn) error {
				return fn(&txnHooks{Txn: tx, append: func(log, value []byte) error {
					recs = append(recs, storage.Record{Log: bytes.Clone(log), Position: logs.take(), Value: bytes.Clone(value)})
					return nil
				}})
			})
			if err == nil {
				publish(logs, recs)
			}
			return err
		}}
	}
}

func logFaults() []fault {
	return []fault{
		{"positions are out of commit order", "log/commit order under load", withOwnLogs(func(l *ownLogs, recs []storage.Record) {
			jitter() // the number was taken before
			l.publish(recs)
		})},
		{"a record is lost under load", "log/commit order under load", withOwnLogs(func(l *ownLogs, recs []storage.Record) {
			old := l.all()
			jitter()
			l.mu.Lock()
			defer l.mu.Unlock()
			l.recs = append(slices.Clone(old), recs...)
		})},
		{"records of transactions are mixed", "log/commit order under load", func() storage.Store {
			return withOwnLogs(func(l *ownLogs, recs []storage.Record) {
				for _, rec := range recs {
					jitter()
					rec.Position = l.take()
					l.publish([]storage.Record{rec})
				}
			})()
		}},
		{"records appear after their keys", "log/records come with their keys", withOwnLogs(func(l *ownLogs, recs []storage.Record) {
			jitter()
			l.publish(recs)
		})},
		{"records of one transaction share a position", "log/append and tail", withOwnLogs(func(l *ownLogs, recs []storage.Record) {
			for i := range recs {
				recs[i].Position = recs[0].Position
			}
			l.publish(recs)
		})},
		{"own records are seen", "log/own records are not seen", func() storage.Store {
			return &hooks{Store: memstore.New(), txn: func(tx storage.Txn) storage.Txn {
				var own []storage.Record
				return &txnHooks{
					Txn: tx,
					append: func(log, value []byte) error {
						own = append(own, storage.Record{Log: log, Position: storage.PositionAt(1, uint64(len(own))), Value: value})
						return tx.Append(log, value)
					},
					Reader: &readerHooks{Reader: tx, tail: func(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
						recs, err := tx.Tail(logs, after, limit)
						return append(recs, own...), err
					}},
				}
			}}
		}},
		{"the record at the cursor comes again", "log/append and tail", tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
			if hi, lo := after.Numbers(); lo > 0 && hi == 0 {
				after = storage.PositionAt(hi, lo-1)
			}
			return r.Tail(logs, after, limit)
		})},
		{"a log named twice is answered twice", "log/merge, limit and after", tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) (all []storage.Record, err error) {
			for _, log := range logs {
				recs, err := r.Tail([][]byte{log}, after, 0)
				if err != nil {
					return nil, err
				}
				all = append(all, recs...)
			}
			slices.SortFunc(all, func(a, b storage.Record) int { return a.Position.Compare(b.Position) })
			if limit > 0 && len(all) > limit {
				all = all[:limit]
			}
			return all, nil
		})},
		{"logs are not merged", "log/merge, limit and after", tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
			recs, err := r.Tail(logs, after, limit)
			slices.SortStableFunc(recs, func(a, b storage.Record) int { return bytes.Compare(a.Log, b.Log) })
			return recs, err
		})},
		{"a limit keeps the newest", "log/merge, limit and after", tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
			recs, err := r.Tail(logs, after, 0)
			if limit > 0 && len(recs) > limit {
				recs = recs[len(recs)-limit:]
			}
			return recs, err
		})},
		{"logs whose names begin alike are one", "log/names", writes(func(tx storage.Txn) *txnHooks {
			return &txnHooks{Txn: tx, append: func(log, value []byte) error { return tx.Append(log[:1], value) }}
		})},
		{"a page of a long log skips records", "log/a long log by pages", tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
			recs, err := r.Tail(logs, after, 0)
			if limit > 0 && len(recs) > limit {
				skip := 0
				if len(recs) > 100 {
					skip = 1
				}
				recs = recs[skip:][:limit]
			}
			return recs, err
		})},
		{"Wait waits for the next record", "wait/at once", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, _ storage.Position) error {
			return s.Wait(ctx, logs, storage.PositionAt(1, 0))
		})},
		{"Wait does not wake", "wait/wakes", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			found := false
			err := s.View(ctx, func(r storage.Reader) error {
				recs, err := r.Tail(logs, after, 1)
				found = len(recs) > 0
				return err
			})
			if found || err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		})},
		{"Wait looks at one log only", "wait/wakes", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			return s.Wait(ctx, logs[:1], after)
		})},
		{"Wait looks before it listens", "wait/none is missed", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			found := false
			err := s.View(ctx, func(r storage.Reader) error {
				recs, err := r.Tail(logs, after, 1)
				found = len(recs) > 0
				return err
			})
			if found || err != nil {
				return err
			}
			jitter()
			return s.Wait(ctx, logs, storage.PositionAt(1, 0))
		})},
		{"Wait is not cancelled", "wait/cancelled", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			return s.Wait(context.WithoutCancel(ctx), logs, after)
		})},
		{"Wait outlasts the store", "wait/ends at close", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			if err := s.Wait(ctx, logs, after); !errors.Is(err, storage.ErrClosed) {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		})},
	}
}

func waits(wait func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error) func() storage.Store {
	return func() storage.Store {
		s := memstore.New()
		return &hooks{Store: s, wait: func(ctx context.Context, logs [][]byte, after storage.Position) error {
			return wait(s, ctx, logs, after)
		}}
	}
}

// kept is memory that outlasts Close.
type kept struct {
	*hooks
	lost   bool // at Close the last key is lost
	opened bool // it was closed and opened again
}

func (k *kept) Close() error { return nil }

// reopenKept is the harness's Reopen for kept.
func reopenKept(t testing.TB, s storage.Store) storage.Store {
	k, ok := s.(*kept)
	if !ok {
		t.Skip("not of this fault")
	}
	k.opened = true
	if k.lost {
		err := k.Update(context.Background(), "", func(tx storage.Txn) error {
			_, entries, err := tx.Read(nil, []storage.Range{{Reverse: true, Limit: 1}})
			if err != nil || len(entries[0]) == 0 {
				return err
			}
			return tx.Delete(entries[0][0].Key)
		})
		if err != nil {
			t.Error(err)
		}
	}
	return k
}

func lifeFaults() []fault {
	closes := func(closing func(s *memstore.Store) func() error) func() storage.Store {
		return func() storage.Store {
			s := memstore.New()
			return &hooks{Store: s, close: closing(s)}
		}
	}
	return []fault{
		{"calls go on after Close", "close/calls after it", closes(func(*memstore.Store) func() error {
			return func() error { return nil }
		})},
		{"a second Close fails", "close/calls after it", closes(func(s *memstore.Store) func() error {
			return func() error {
				if err := s.View(context.Background(), func(storage.Reader) error { return nil }); err != nil {
					return err
				}
				return s.Close()
			}
		})},
		{"Close does not wait", "close/waits for transactions", closes(func(s *memstore.Store) func() error {
			return func() error {
				go s.Close()
				time.Sleep(time.Millisecond)
				return nil
			}
		})},
		{"Close loses the last write", "reopen/nothing is lost", func() storage.Store {
			return &kept{hooks: &hooks{Store: memstore.New()}, lost: true}
		}},
	}
}
