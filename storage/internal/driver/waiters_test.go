package driver

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/storage"
)

// waiting starts calls that wait for the logs and returns once all are listed.
// Each outcome is sent.
func waiting(t testing.TB, w *Waiters, ctx context.Context, n int, logs ...[]byte) <-chan error {
	t.Helper()
	before := w.waiting.Load()
	done := make(chan error, n)
	var listed sync.WaitGroup
	listed.Add(n)
	for range n {
		go func() {
			done <- w.Wait(ctx, logs, func() (bool, error) { listed.Done(); return false, nil })
		}()
	}
	listed.Wait()
	if got := w.waiting.Load() - before; got != int64(n) {
		t.Fatalf("%d calls wait, want %d", got, n)
	}
	return done
}

func TestWakesThoseOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWaiters()
		a, b, c := []byte("a"), []byte("b"), []byte("c")
		ctx, cancel := context.WithCancel(t.Context())
		ofA := waiting(t, w, ctx, 20, a)
		ofAB := waiting(t, w, ctx, 20, a, b, a)
		ofC := waiting(t, w, ctx, 20, c)
		ofAny := waiting(t, w, ctx, 20)
		want := func(what string, outcomes <-chan error, n int, want error) {
			t.Helper()
			synctest.Wait()
			if len(outcomes) != n {
				t.Errorf("%s: %d calls have returned, want %d", what, len(outcomes), n)
			}
			for len(outcomes) > 0 {
				if err := <-outcomes; !errors.Is(err, want) {
					t.Errorf("%s: Wait answers %v, want %v", what, err, want)
				}
			}
		}
		w.Wake(nil)
		want("nothing, any", ofAny, 0, nil)
		w.Wake([][]byte{b, b})
		want("b, a", ofA, 0, nil)
		want("b, a and b", ofAB, 20, nil)
		want("b, any", ofAny, 20, nil)
		w.Wake([][]byte{a, []byte("x")})
		want("a", ofA, 20, nil)
		cancel()
		want("cancelled", ofC, 20, context.Canceled)
		if len(w.byLog) > 0 || w.waiting.Load() != 0 {
			t.Errorf("nobody waits, and %d logs are listed for %d", len(w.byLog), w.waiting.Load())
		}
		last := waiting(t, w, t.Context(), 20, a)
		w.Close()
		want("closed", last, 20, storage.ErrClosed)
	})
}

// TestWakeMissesNone has waiters that go on waiting, and commits that do not
// wait for them: each must learn of the last commit.
func TestWakeMissesNone(t *testing.T) {
	w := NewWaiters()
	var mu sync.Mutex
	committed := 0
	const waiters, commits = 50, 500
	var all sync.WaitGroup
	for i := range waiters {
		all.Go(func() {
			logs := [][]byte{[]byte("a")}
			if i%2 == 0 {
				logs = nil
			}
			for seen := 0; seen < commits; {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				err := w.Wait(ctx, logs, func() (bool, error) {
					mu.Lock()
					defer mu.Unlock()
					return committed > seen, nil
				})
				cancel()
				if err != nil {
					t.Errorf("after %d commits Wait answers %v", seen, err)
					return
				}
				mu.Lock()
				seen = committed
				mu.Unlock()
			}
		})
	}
	for range commits {
		mu.Lock()
		committed++
		mu.Unlock()
		w.Wake([][]byte{[]byte("a")})
		runtime.Gosched()
	}
	all.Wait()
}

// BenchmarkWake is what a commit pays for those who wait for its log, and what
// one that waits takes beside its goroutine.
func BenchmarkWake(b *testing.B) {
	for _, n := range []int{0, 1, 100, 10_000} {
		b.Run(fmt.Sprintf("waiters=%d", n), func(b *testing.B) {
			w := NewWaiters()
			log := [][]byte{[]byte("log")}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var done <-chan error
			took := time.Duration(0)
			for i := range b.N {
				b.StopTimer()
				done = waiting(b, w, b.Context(), n, log...)
				if i == 0 {
					runtime.GC()
					runtime.ReadMemStats(&after)
				}
				b.StartTimer()
				began := time.Now()
				w.Wake(log)
				took += time.Since(began)
				for range n {
					if err := <-done; err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/commit")
			if n > 0 {
				b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(n), "B/waiter")
			}
		})
	}
}
