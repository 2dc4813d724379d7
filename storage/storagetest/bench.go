package storagetest

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"example.com/chat/storage"
)

// Bench measures a driver with what a chat asks of it. Custom figures: updates/s
// counts all callers together, ns/record is the time to trim one.
func Bench(b *testing.B, h Harness) {
	for _, callers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("update/callers=%d", callers), func(b *testing.B) { benchUpdate(b, h, callers, 1) })
	}
	b.Run("update/callers=64/scopes=500", func(b *testing.B) { benchUpdate(b, h, 64, 500) })
	b.Run("update/writes=10000", func(b *testing.B) { benchManyWrites(b, h) })
	b.Run("read/key", func(b *testing.B) { benchRead(b, h, [][]byte{benchKey(7, 500)}, nil) })
	b.Run("read/last=25", func(b *testing.B) {
		rng := storage.Prefix(benchKey(7, 0)[:4])
		rng.Reverse, rng.Limit = true, 25
		benchRead(b, h, nil, []storage.Range{rng})
	})
	for _, behind := range []int{0, 10, 10_000} {
		b.Run(fmt.Sprintf("tail/behind=%d", behind), func(b *testing.B) { benchTail(b, h, behind, []byte("log")) })
		b.Run(fmt.Sprintf("tail/all/behind=%d", behind), func(b *testing.B) { benchTail(b, h, behind) })
	}
	b.Run("trim/slice=1000", func(b *testing.B) { benchTrim(b, h) })
}

func benchStore(b *testing.B, h Harness) storage.Store {
	s := h.New(b)
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func benchKey(channel, n int) []byte { return fmt.Appendf(nil, "c%03d%012d", channel, n) }

// benchUpdate is what a send comes to: two reads, a counter, a value with an
// index entry, a mark and a record.
func benchUpdate(b *testing.B, h Harness, callers, scopes int) {
	s := benchStore(b, h)
	ctx, value := context.Background(), make([]byte, 250)
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	errs := make(chan error, callers)
	for caller := range callers {
		go func() {
			for {
				n := int(next.Add(1))
				if n > b.N {
					errs <- nil
					return
				}
				channel := n % scopes
				err := s.Update(ctx, strconv.Itoa(channel), func(tx storage.Txn) error {
					counter, mark := fmt.Appendf(nil, "n%03d", channel), fmt.Appendf(nil, "m%03d %d", channel, caller)
					if _, _, err := tx.Read([][]byte{counter, mark}, nil); err != nil {
						return err
					}
					return check(
						func() error { return tx.Put(counter, strconv.AppendInt(nil, int64(n), 10)) },
						func() error { return tx.Put(mark, strconv.AppendInt(nil, int64(n), 10)) },
						func() error { return tx.Insert(benchKey(channel, n), value) },
						func() error { return tx.Insert(fmt.Appendf(nil, "i%012d", n), counter) },
						func() error { return tx.Append(counter, benchKey(channel, n)) },
					)
				})
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

func benchManyWrites(b *testing.B, h Harness) {
	s := benchStore(b, h)
	b.ReportAllocs()
	for b.Loop() {
		err := s.Update(context.Background(), "s", func(tx storage.Txn) error {
			for i := range 10_000 {
				if err := tx.Put(benchKey(i*7919%1000, i), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// fillBench stores a hundred channels of a thousand entries.
func fillBench(b *testing.B, s storage.Store) {
	value := make([]byte, 250)
	for n := range 1000 {
		err := s.Update(context.Background(), "s", func(tx storage.Txn) error {
			for channel := range 100 {
				if err := tx.Put(benchKey(channel, n), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func benchRead(b *testing.B, h Harness, keys [][]byte, ranges []storage.Range) {
	s := benchStore(b, h)
	fillBench(b, s)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := s.View(context.Background(), func(r storage.Reader) error {
				_, _, err := r.Read(keys, ranges)
				return err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}

// benchTail reads 100 records of one of two busy logs, or of both.
func benchTail(b *testing.B, h Harness, behind int, logs ...[]byte) {
	s := benchStore(b, h)
	for range 200 {
		err := s.Update(context.Background(), "s", func(tx storage.Txn) error {
			for range 100 {
				if err := check(
					func() error { return tx.Append([]byte("log"), []byte("record")) },
					func() error { return tx.Append([]byte("other"), []byte("record")) },
				); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var after storage.Position
	err := s.View(context.Background(), func(r storage.Reader) error {
		recs, err := r.Tail(logs, after, 0)
		after = recs[len(recs)-1-behind].Position
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		err := s.View(context.Background(), func(r storage.Reader) error {
			recs, err := r.Tail(logs, after, 100)
			if len(recs) != min(behind, 100) {
				return fmt.Errorf("Tail answers %d records", len(recs))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// benchTrim trims 100,000 records of a thousand logs, 1,000 in a transaction.
func benchTrim(b *testing.B, h Harness) {
	const records, slice = 100_000, 1000
	s := benchStore(b, h)
	var after storage.Position
	left := 0
	b.ReportAllocs()
	for b.Loop() {
		if left == 0 {
			b.StopTimer()
			fillLogs(b, s, records)
			left = records
			b.StartTimer()
		}
		err := s.View(context.Background(), func(r storage.Reader) error {
			recs, err := r.Tail(nil, after, slice)
			if len(recs) != slice {
				return fmt.Errorf("Tail answers %d records", len(recs))
			}
			after = recs[slice-1].Position
			return err
		})
		if err == nil {
			err = s.Update(context.Background(), "s", func(tx storage.Txn) error { return tx.TrimLogs(after) })
		}
		if err != nil {
			b.Fatal(err)
		}
		left -= slice
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/slice, "ns/record")
}

// fillLogs appends records of 100 bytes to a thousand logs.
func fillLogs(b *testing.B, s storage.Store, records int) {
	value := make([]byte, 100)
	for n := 0; n < records; n += 1000 {
		err := s.Update(context.Background(), "s", func(tx storage.Txn) error {
			for i := n; i < n+1000; i++ {
				if err := tx.Append(benchKey(i*7919%1000, 0), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
