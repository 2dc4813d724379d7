package memstore_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
)

// TestSynctest has every way of waiting happen in a bubble, where a wait that
// the bubble does not know of would stop time.
func TestSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New()
		var woken time.Duration
		start := time.Now()
		go func() {
			if err := s.Wait(t.Context(), [][]byte{[]byte("log")}, storage.Position{}); err != nil {
				t.Error(err)
			}
			woken = time.Since(start)
		}()
		go func() {
			err := s.Update(t.Context(), "s", func(tx storage.Txn) error {
				time.Sleep(72 * time.Hour)
				return tx.Append([]byte("log"), nil)
			})
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := s.Update(ctx, "s", func(storage.Txn) error { return nil })
		if err != context.DeadlineExceeded || time.Since(start) != time.Hour {
			t.Errorf("after %v a waiting Update answers %v", time.Since(start), err)
		}
		err = s.Update(t.Context(), "s", func(storage.Txn) error { return nil })
		if err != nil || time.Since(start) != 72*time.Hour {
			t.Errorf("after %v a waiting Update answers %v", time.Since(start), err)
		}
		synctest.Wait()
		if woken != 72*time.Hour {
			t.Errorf("Wait woke after %v, want 72 hours", woken)
		}
		go func() {
			err := s.View(t.Context(), func(storage.Reader) error { time.Sleep(time.Hour); return nil })
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		if err := s.Close(); err != nil || time.Since(start) != 73*time.Hour {
			t.Errorf("after %v Close answers %v", time.Since(start), err)
		}
	})
}
