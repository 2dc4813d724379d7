package storagetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// trims is a store whose TrimLogs is replaced.
func trims(trim func(tx storage.Txn, until storage.Position) error) func() storage.Store {
	return writes(func(tx storage.Txn) *txnHooks {
		return &txnHooks{Txn: tx, trimLogs: func(until storage.Position) error { return trim(tx, until) }}
	})
}

// spans is a store whose Logs answers another span.
func spans(change func(r storage.Reader, span storage.LogSpan) storage.LogSpan) func() storage.Store {
	return func() storage.Store { return withSpans(change) }
}

func withSpans(change func(r storage.Reader, span storage.LogSpan) storage.LogSpan) *hooks {
	return &hooks{Store: memstore.New(), reader: func(r storage.Reader) storage.Reader {
		return &readerHooks{Reader: r, logs: func() (storage.LogSpan, error) {
			span, err := r.Logs()
			return change(r, span), err
		}}
	}}
}

// tailsOfAll is a store whose Tail of all logs is replaced.
func tailsOfAll(tail func(r storage.Reader, after storage.Position, limit int) ([]storage.Record, error)) func() storage.Store {
	return tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
		if len(logs) == 0 {
			return tail(r, after, limit)
		}
		return r.Tail(logs, after, limit)
	})
}

// step is the position so many after p, as memstore counts them.
func step(p storage.Position, by int) storage.Position {
	hi, lo := p.Numbers()
	if hi > 0 || lo == 0 {
		return p
	}
	return storage.PositionAt(hi, uint64(int64(lo)+int64(by)))
}

func trimFaults() []fault {
	var all []fault
	all = append(all, tailOfAllFaults()...)
	all = append(all, spanFaults()...)
	all = append(all, trimmingFaults()...)
	return append(all, waitForAnyFaults()...)
}

func tailOfAllFaults() []fault {
	return []fault{
		{"no logs have no records", "all logs/tail", tailsOfAll(func(storage.Reader, storage.Position, int) ([]storage.Record, error) {
			return nil, nil
		})},
		{"all logs are answered one by one", "all logs/tail", tailsOfAll(func(r storage.Reader, after storage.Position, limit int) (all []storage.Record, err error) {
			for _, log := range []string{"a", "a\x00", "b", "c"} {
				recs, err := r.Tail(names(log), after, 0)
				if err != nil {
					return nil, err
				}
				all = append(all, withoutLogs(recs)...)
			}
			if limit > 0 {
				all = all[:min(limit, len(all))]
			}
			return all, nil
		})},
		{"all logs are out of order", "all logs/tail", tailsOfAll(func(r storage.Reader, after storage.Position, limit int) ([]storage.Record, error) {
			recs, err := r.Tail(nil, after, limit)
			if n := len(recs); n > 5 {
				recs[n-1], recs[n-2] = recs[n-2], recs[n-1]
			}
			return recs, err
		})},
		{"records of all logs are named", "all logs/tail", tailsOfAll(func(r storage.Reader, after storage.Position, limit int) ([]storage.Record, error) {
			recs, err := r.Tail(nil, after, limit)
			for i := range recs {
				recs[i].Log = []byte("a")
			}
			return recs, err
		})},
		{"all logs have no limit", "all logs/tail", tailsOfAll(func(r storage.Reader, after storage.Position, _ int) ([]storage.Record, error) {
			return r.Tail(nil, after, 0)
		})},
		{"all logs begin at the cursor", "all logs/tail", tailsOfAll(func(r storage.Reader, after storage.Position, limit int) ([]storage.Record, error) {
			return r.Tail(nil, step(after, -1), limit)
		})},
		{"no logs but not nil have no records", "all logs/tail", tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
			if logs != nil && len(logs) == 0 {
				return nil, nil
			}
			return r.Tail(logs, after, limit)
		})},
		{"a View sees all logs as they are now", "all logs/a view is a snapshot", noSnapshot},
	}
}

func spanFaults() []fault {
	return []fault{
		{"the newest is one too early", "all logs/span", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			span.Newest = step(span.Newest, -1)
			return span
		})},
		{"the newest is one too late", "all logs/span", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			span.Newest = step(span.Newest, 1)
			return span
		})},
		{"an empty store has a newest", "all logs/span", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			if span.Records == 0 {
				span.Newest = storage.PositionAt(0, 1)
			}
			return span
		})},
		{"a record is not counted", "all logs/span", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			span.Records = max(span.Records-1, 0)
			return span
		})},
		{"own records are counted", "all logs/span", writes(func(tx storage.Txn) *txnHooks {
			own := int64(0)
			return &txnHooks{
				Txn: tx,
				append: func(log, value []byte) error {
					own++
					return tx.Append(log, value)
				},
				Reader: &readerHooks{Reader: tx, logs: func() (storage.LogSpan, error) {
					span, err := tx.Logs()
					span.Records += own
					return span, err
				}},
			}
		})},
		{"the first record counts as trimmed", "all logs/span", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			if span.Records > 0 {
				span.Trimmed = storage.PositionAt(0, 1)
			}
			return span
		})},
		{"trimmed records are counted", "trim/up to a position", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			_, n := span.Newest.Numbers()
			span.Records = int64(n)
			return span
		})},
		{"trimmed is one too early", "trim/up to a position", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			span.Trimmed = step(span.Trimmed, -1)
			return span
		})},
		{"trimmed is one too late", "trim/up to a position", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			span.Trimmed = step(span.Trimmed, 1)
			return span
		})},
		{"the newest goes with its record", "trim/up to a position", spans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
			if span.Records == 0 {
				span.Newest, span.Trimmed = storage.Position{}, storage.Position{}
			}
			return span
		})},
		{"what is trimmed is forgotten at Close", "trim/reopen", func() storage.Store {
			k := &kept{}
			k.hooks = withSpans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
				if k.opened {
					span.Trimmed = storage.Position{}
				}
				return span
			})
			return k
		}},
	}
}

func trimmingFaults() []fault {
	return []fault{
		{"one too many is trimmed", "trim/up to a position", trims(func(tx storage.Txn, until storage.Position) error {
			return tx.TrimLogs(step(until, 1))
		})},
		{"one too few is trimmed", "trim/up to a position", trims(func(tx storage.Txn, until storage.Position) error {
			return tx.TrimLogs(step(until, -1))
		})},
		{"positions begin anew when all is trimmed", "trim/up to a position", positionsBeginAnew},
		{"one log is not trimmed", "trim/up to a position", oneLogUntrimmed},
		{"a position before what is trimmed trims the next", "trim/outside the span", trims(func(tx storage.Txn, until storage.Position) error {
			span, err := tx.Logs()
			if until.Compare(span.Trimmed) < 0 {
				until = step(span.Trimmed, 1)
			}
			return errors.Join(err, tx.TrimLogs(until))
		})},
		{"a position behind all does nothing", "trim/outside the span", trims(func(tx storage.Txn, until storage.Position) error {
			if span, err := tx.Logs(); err != nil || until.Compare(span.Newest) > 0 {
				return err
			}
			return tx.TrimLogs(until)
		})},
		{"a position behind all is taken as it is", "trim/outside the span", func() storage.Store {
			last := storage.Position{}
			h := withSpans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
				if last.Compare(span.Trimmed) > 0 {
					span.Trimmed = last
				}
				return span
			})
			h.txn = func(tx storage.Txn) storage.Txn {
				return &txnHooks{Txn: tx, trimLogs: func(until storage.Position) error {
					last = until
					return tx.TrimLogs(until)
				}}
			}
			return h
		}},
		{"own trims are not seen", "trim/in the transaction", func() storage.Store {
			s := memstore.New()
			return &hooks{Store: s, update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
				return s.Update(ctx, scope, func(tx storage.Txn) error {
					var until storage.Position
					err := fn(&txnHooks{Txn: tx, trimLogs: func(p storage.Position) error {
						until = p
						return nil
					}})
					return errors.Join(err, tx.TrimLogs(until))
				})
			}}
		}},
		{"own records are trimmed", "trim/in the transaction", func() storage.Store {
			s := memstore.New()
			return &hooks{Store: s, update: func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
				return s.Update(ctx, scope, func(tx storage.Txn) error {
					var own []storage.Record
					err := fn(&txnHooks{
						Txn: tx,
						append: func(log, value []byte) error {
							own = append(own, storage.Record{Log: bytes.Clone(log), Value: bytes.Clone(value)})
							return nil
						},
						trimLogs: func(p storage.Position) error {
							if hi, _ := p.Numbers(); hi > 0 {
								own = nil
							}
							return tx.TrimLogs(p)
						},
					})
					for _, rec := range own {
						err = errors.Join(err, tx.Append(rec.Log, rec.Value))
					}
					return err
				})
			}}
		}},
		{"an Update that fails trims", "trim/failed", updates(func(s *memstore.Store, ctx context.Context, scope string, fn func(storage.Txn) error) error {
			var until storage.Position
			err := s.Update(ctx, scope, func(tx storage.Txn) error {
				return fn(&txnHooks{Txn: tx, trimLogs: func(p storage.Position) error {
					until = p
					return tx.TrimLogs(p)
				}})
			})
			return errors.Join(err, s.Update(ctx, scope, func(tx storage.Txn) error { return tx.TrimLogs(until) }))
		})},
		{"keys named like a log are trimmed with it", "trim/nothing else", trims(func(tx storage.Txn, until storage.Position) error {
			return errors.Join(tx.TrimLogs(until), tx.Delete([]byte("a")))
		})},
		{"a page after a cursor that is trimmed skips records", "trim/a long log by pages", tails(func(r storage.Reader, logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
			span, err := r.Logs()
			if err != nil || limit != 64 || span.Trimmed.Compare(after) <= 0 {
				return r.Tail(logs, after, limit)
			}
			recs, err := r.Tail(logs, after, limit+1)
			if len(recs) > limit {
				recs = recs[1:]
			}
			return recs, err
		})},
		{"what is committed meanwhile is trimmed", "trim/while others append", func() storage.Store {
			s := newReplayed()
			s.trimAll = true
			return s
		}},
	}
}

// positionsBeginAnew is a store that has forgotten its positions when the last
// record is trimmed.
func positionsBeginAnew() storage.Store {
	var was storage.LogSpan
	h := withSpans(func(_ storage.Reader, span storage.LogSpan) storage.LogSpan {
		if was.Newest.Compare(span.Newest) > 0 {
			span.Newest, span.Trimmed = was.Newest, was.Trimmed
		}
		return span
	})
	h.update = func(ctx context.Context, scope string, fn func(storage.Txn) error) error {
		var span storage.LogSpan
		err := h.Store.Update(ctx, scope, func(tx storage.Txn) (err error) {
			if err := fn(tx); err != nil {
				return err
			}
			span, err = tx.Logs()
			return err
		})
		if span.Records == 0 && span.Trimmed != (storage.Position{}) {
			was, h.Store = span, memstore.New()
		}
		return err
	}
	return h
}

// oneLogUntrimmed is a store in which a log keeps its records when it is named.
func oneLogUntrimmed() storage.Store {
	var mu sync.Mutex
	var kept []storage.Record
	s := memstore.New()
	return &hooks{
		Store: s,
		txn: func(tx storage.Txn) storage.Txn {
			return &txnHooks{Txn: tx, trimLogs: func(until storage.Position) error {
				recs, err := tx.Tail(names("b"), storage.Position{}, 0)
				mu.Lock()
				defer mu.Unlock()
				kept = append(kept, recs...)
				return errors.Join(err, tx.TrimLogs(until))
			}}
		},
		reader: func(r storage.Reader) storage.Reader {
			return &readerHooks{Reader: r, tail: func(logs [][]byte, after storage.Position, limit int) ([]storage.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				if len(logs) == 1 && string(logs[0]) == "b" && len(kept) > 0 && limit == 0 {
					return slices.Clone(kept), nil
				}
				return r.Tail(logs, after, limit)
			}}
		},
	}
}

func waitForAnyFaults() []fault {
	return []fault{
		{"Wait for no log waits for ever", "wait/any log", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			if len(logs) == 0 {
				<-ctx.Done()
				return ctx.Err()
			}
			return s.Wait(ctx, logs, after)
		})},
		{"Wait for any log knows the old ones", "wait/any log", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			if len(logs) == 0 {
				logs = names("a")
			}
			return s.Wait(ctx, logs, after)
		})},
		{"Wait for any log is not cancelled", "wait/any log", waits(func(s *memstore.Store, ctx context.Context, logs [][]byte, after storage.Position) error {
			if len(logs) == 0 {
				ctx = context.WithoutCancel(ctx)
			}
			return s.Wait(ctx, logs, after)
		})},
	}
}
