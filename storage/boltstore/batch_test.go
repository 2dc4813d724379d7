package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/storage"
)

func openTest(t testing.TB, opts *Options) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "test.db"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// commits is how many there were.
func commits(t testing.TB, s *Store) int {
	t.Helper()
	return int(s.now.Load().sequence)
}

// flush has bbolt take in all there is.
func flush(t testing.TB, s *Store) {
	t.Helper()
	if err := s.checkpoint(); err != nil { // of what is sealed already
		t.Fatal(err)
	}
	s.writing.Lock()
	if s.sealed == nil && s.journals != nil {
		s.sealed = s.now.Load()
		s.journals.turn()
	}
	s.writing.Unlock()
	if err := s.checkpoint(); err != nil {
		t.Fatal(err)
	}
}

// kill leaves the files as a process does that is killed.
func kill(t testing.TB, s *Store) {
	t.Helper()
	s.pass.Lock()
	s.writing.Lock()
	s.sealed = nil
	s.writing.Unlock()
	s.pass.Unlock()
	if err := s.closeFiles(); err != nil {
		t.Fatal(err)
	}
}

// viewing has readers make Views, one after the other, until stop is called. Each
// View runs what view returns for its reader.
func viewing(t *testing.T, s *Store, readers int, view func(reader int) func(storage.Reader) error) (stop func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	for n := range readers {
		all.Go(func() {
			look := view(n)
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := s.View(t.Context(), look); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return func() {
		close(done)
		all.Wait()
	}
}

// whileLeading queues calls behind a leader that waits in its function, and
// lets it go on once all are queued.
func whileLeading(t *testing.T, s *Store, n int, call func(i int)) {
	t.Helper()
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Update(t.Context(), "leader", func(tx storage.Txn) error {
			close(inside)
			<-leave
			return tx.Put([]byte("leader"), nil)
		})
		if err != nil {
			t.Errorf("the leader's Update: %v", err)
		}
	})
	<-inside
	for i := range n {
		wg.Go(func() { call(i) })
	}
	for queued := 0; queued < n; {
		runtime.Gosched()
		s.mu.Lock()
		queued = len(s.queue)
		s.mu.Unlock()
	}
	close(leave)
	wg.Wait()
}

// TestUpdatesShareCommits is what the driver is fast by: who waits together is
// synced together.
func TestUpdatesShareCommits(t *testing.T) {
	s := openTest(t, nil)
	before := commits(t, s)
	const n = 50
	whileLeading(t, s, n, func(i int) {
		err := s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put(fmt.Appendf(nil, "%03d", i), nil) })
		if err != nil {
			t.Error(err)
		}
	})
	if got := commits(t, s) - before; got != 1 {
		t.Errorf("%d Updates that waited together took %d commits, want 1", n+1, got)
	}
	// Without anybody to wait with, nobody waits.
	before = commits(t, s)
	for range 5 {
		if err := s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("k"), nil) }); err != nil {
			t.Fatal(err)
		}
	}
	if got := commits(t, s) - before; got != 5 {
		t.Errorf("5 Updates one after the other took %d commits", got)
	}
	if err := s.Update(t.Context(), "s", func(tx storage.Txn) error { _, err := storage.Get(tx, []byte("k")); return err }); err != nil {
		t.Fatal(err)
	}
	if got := commits(t, s) - before; got != 5 {
		t.Error("an Update that wrote nothing was committed")
	}
}

// TestNeighbours has the calls of one batch end in every way.
func TestNeighbours(t *testing.T) {
	s := openTest(t, nil)
	mine := errors.New("mine")
	ended, cancel := context.WithCancel(t.Context())
	before := commits(t, s)
	whileLeading(t, s, 40, func(i int) {
		ctx, want := t.Context(), error(nil)
		if i%5 == 1 {
			want = mine
		}
		if i%5 == 4 {
			ctx, want = ended, context.Canceled
			if i == 39 {
				defer cancel() // whether it has run or not by then
			}
		}
		defer func() {
			if r := recover(); (r != nil) != (i%5 == 2) || r != nil && r != i {
				t.Errorf("call %d panics with %v", i, r)
			}
		}()
		err := s.Update(ctx, "s", func(tx storage.Txn) error {
			if err := tx.Put([]byte("same"), fmt.Append(nil, i)); err != nil {
				return err
			}
			if err := tx.Put(fmt.Appendf(nil, "n%02d", i), nil); err != nil {
				return err
			}
			if err := tx.DeleteRange(storage.Prefix([]byte("gone"))); err != nil {
				return err
			}
			if err := tx.Append([]byte("log"), fmt.Append(nil, i)); err != nil {
				return err
			}
			switch i % 5 {
			case 1:
				return mine
			case 2:
				panic(i)
			case 3:
				runtime.Goexit()
			}
			return nil
		})
		if i%5 == 4 && err == nil {
			return // it ran before the context ended
		}
		if err != want {
			t.Errorf("call %d answers %v, want %v", i, err, want)
		}
	})
	if got := commits(t, s) - before; got != 1 {
		t.Errorf("they took %d commits, want 1", got)
	}
	err := s.View(t.Context(), func(r storage.Reader) error {
		_, entries, err := r.Read(nil, []storage.Range{storage.Prefix([]byte("n"))})
		if err != nil {
			return err
		}
		good := 0
		for _, en := range entries[0] {
			var i int
			if _, err := fmt.Sscanf(string(en.Key), "n%d", &i); err != nil {
				return err
			}
			if i%5 != 0 && i%5 != 4 {
				t.Errorf("call %d failed and is stored", i)
			}
			if i%5 == 0 {
				good++
			}
		}
		if good != 8 {
			t.Errorf("%d of 8 calls are stored", good)
		}
		recs, err := r.Tail([][]byte{[]byte("log")}, storage.Position{}, 0)
		if len(recs) != len(entries[0]) {
			t.Errorf("%d calls left %d records", len(entries[0]), len(recs))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBatchSeesItself has a call read what one before it in its batch has
// written: it is of the same scope and comes after.
func TestBatchSeesItself(t *testing.T) {
	s := openTest(t, nil)
	whileLeading(t, s, 30, func(int) {
		err := s.Update(t.Context(), "s", func(tx storage.Txn) error {
			_, entries, err := tx.Read(nil, []storage.Range{storage.Prefix([]byte("n"))})
			if err != nil {
				return err
			}
			recs, err := tx.Tail([][]byte{[]byte("log"), []byte("none")}, storage.Position{}, 0)
			if err != nil {
				return err
			}
			n := len(entries[0])
			if len(recs) != n {
				return fmt.Errorf("it sees %d keys and %d records", n, len(recs))
			}
			if n > 2 {
				part, err := tx.Tail([][]byte{[]byte("log")}, recs[1].Position, 1)
				if err != nil {
					return err
				}
				if len(part) != 1 || part[0].Position != recs[2].Position {
					return fmt.Errorf("Tail after the second record answers %v", part)
				}
			}
			if err := tx.Append([]byte("log"), nil); err != nil {
				return err
			}
			return tx.Put(fmt.Appendf(nil, "n%02d", n), nil)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestCancelQueued cancels calls that a running batch has not come to yet.
func TestCancelQueued(t *testing.T) {
	s := openTest(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(leave)
	wg.Go(func() {
		_ = s.Update(t.Context(), "s", func(storage.Txn) error { close(inside); <-leave; return nil })
	})
	<-inside
	errs := make(chan error)
	for range 10 {
		go func() {
			errs <- s.Update(ctx, "s", func(storage.Txn) error { panic("it must not run") })
		}()
	}
	time.Sleep(5 * time.Millisecond)
	cancel()
	for range 10 {
		select {
		case err := <-errs:
			if err != context.Canceled {
				t.Errorf("Update answers %v, want %v", err, context.Canceled)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a cancelled Update still waits")
		}
	}
}

// TestFloodKeepsNobody has Updates that write nothing come again and again: the
// call that leads a batch runs them for the others, and must not do so forever.
func TestFloodKeepsNobody(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	// Counted in calls, not in time, as on a busy machine all of them take
	// longer: how many end between the moment a call has run and its return.
	const total = 60_000
	var ended, worst atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ended.Load() < total {
				var ran int64
				if err := s.Update(t.Context(), "s", func(storage.Txn) error { ran = ended.Load(); return nil }); err != nil {
					t.Error(err)
					return
				}
				waited := ended.Add(1) - ran
				for was := worst.Load(); waited > was && !worst.CompareAndSwap(was, waited); was = worst.Load() {
				}
			}
		})
	}
	wg.Wait()
	if n := worst.Load(); n > total/2 {
		t.Errorf("of %d calls, %d ended while one that had run did not return", total, n)
	}
}

// TestFloodHoldsUpNoWriter has a call that writes, and one that does not, come
// into such a flood.
func TestFloodHoldsUpNoWriter(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = s.Update(ctx, "s", func(storage.Txn) error { return nil })
			}
		})
	}
	writes := func(tx storage.Txn) error { return tx.Put([]byte("k"), nil) }
	for _, fn := range []func(storage.Txn) error{writes, func(storage.Txn) error { return nil }} {
		began := time.Now()
		const calls = 20
		for range calls {
			if err := s.Update(t.Context(), "s", fn); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took > calls*200*time.Millisecond {
			t.Errorf("%d calls took %v", calls, took)
		}
	}
	stop()
	wg.Wait()
}

// TestGrow has the file outgrow its map with Views coming and going.
func TestGrow(t *testing.T) {
	s := openTest(t, &Options{MapSize: -1, NoSync: true})
	stop := viewing(t, s, 2, func(int) func(storage.Reader) error {
		return func(r storage.Reader) error {
			_, entries, err := r.Read(nil, []storage.Range{{Limit: 50}})
			for _, en := range entries[0] {
				if len(en.Value) != 10_000 || strings.Trim(string(en.Value), "v") != "" {
					return errors.New("a value is not as written")
				}
			}
			return err
		}
	})
	value := []byte(strings.Repeat("v", 10_000))
	for i := range 1000 {
		if err := s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put(fmt.Appendf(nil, "%05d", i), value) }); err != nil {
			t.Fatal(err)
		}
	}
	stop()
}

// TestNothingIsWrittenAfterAFailedSync: bbolt would go on from a commit that the
// disk may not have.
func TestNothingIsWrittenAfterAFailedSync(t *testing.T) {
	s := openTest(t, nil)
	put := func(key string) error {
		return s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte(key), nil) })
	}
	if err := put("before"); err != nil {
		t.Fatal(err)
	}
	for err, want := range map[error]bool{
		syscall.EIO: true, // as fdatasync answers it
		&fs.PathError{Op: "sync", Err: syscall.EIO}:       true,
		errors.New("file sync error: input/output error"): true,
		&fs.PathError{Op: "write", Err: syscall.ENOSPC}:   false,
		errors.New("file resize error: no space left"):    false,
	} {
		if got := inSync(err); got != want {
			t.Errorf("%v comes from a sync: %v, want %v", err, got, want)
		}
	}
	s.unsynced = syscall.EIO
	if err := put("after"); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "open the file again") {
		t.Errorf("an Update after a failed sync: %v", err)
	}
	err := s.View(t.Context(), func(r storage.Reader) error {
		before, err := storage.Get(r, []byte("before"))
		if before == nil {
			t.Error("what was stored is not read")
		}
		if after, _ := storage.Get(r, []byte("after")); after != nil {
			t.Error("what was refused is read")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDeleteRangeInAGrowingFile deletes ranges of what Views know by heart in
// commits for which the file is mapped anew.
func TestDeleteRangeInAGrowingFile(t *testing.T) {
	s := openTest(t, &Options{MapSize: -1, NoSync: true})
	keys := make([][]byte, 20)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "k%02d", i)
	}
	found := func() (n int) {
		err := s.View(t.Context(), func(r storage.Reader) error {
			values, _, err := r.Read(keys, nil)
			for _, v := range values {
				if v != nil {
					n++
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for round := range 8 {
		err := s.Update(t.Context(), "s", func(tx storage.Txn) error {
			for _, key := range keys {
				if err := tx.Put(key, []byte("v")); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if n := found(); n != len(keys) {
				t.Fatalf("%d keys are found of %d", n, len(keys))
			}
		}
		err = s.Update(t.Context(), "s", func(tx storage.Txn) error {
			if err := tx.DeleteRange(storage.Prefix([]byte("k"))); err != nil {
				return err
			}
			return tx.Put(fmt.Appendf(nil, "big%d", round), make([]byte, 32<<10<<round))
		})
		if err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if n := found(); n != 0 {
			t.Errorf("round %d: %d keys are found that were deleted", round, n)
		}
	}
}

// One who is told that an Update is over may go on in a bubble of
// testing/synctest, where a goroutine from outside must not meet its channels.
func TestUpdateInABubbleRightAfterOneOutside(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "db"), &Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	refused := errors.New("refused")
	updates := []func(storage.Txn) error{
		func(t storage.Txn) error { return t.Put([]byte("key"), []byte("value")) },
		func(storage.Txn) error { return nil },
		func(storage.Txn) error { return refused },
	}
	update := func(n int) {
		if err := s.Update(context.Background(), "", updates[n%len(updates)]); err != nil && !errors.Is(err, refused) {
			t.Error(err)
		}
	}
	for n := range 3000 {
		update(n)
		synctest.Test(t, func(*testing.T) { update(n / 3) })
	}
}
