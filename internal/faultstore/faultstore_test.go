package faultstore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/chat/internal/faultstore"
	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
	"example.com/chat/storage/storagetest"
)

func TestTwiceIsAStore(t *testing.T) {
	storagetest.Run(t, storagetest.Harness{New: func(testing.TB) storage.Store {
		return faultstore.Twice(memstore.New())
	}})
}

func TestDelayedIsAStore(t *testing.T) {
	storagetest.Run(t, storagetest.Harness{New: func(testing.TB) storage.Store {
		return faultstore.Delayed(memstore.New(), 50*time.Microsecond, 1)
	}})
}

func TestFailingIsAStoreUntilItFails(t *testing.T) {
	storagetest.Run(t, storagetest.Harness{New: func(testing.TB) storage.Store {
		return faultstore.NewFailing(memstore.New(), func(int, faultstore.Op) faultstore.Outcome { return faultstore.Succeed })
	}})
}

// everything makes one call of each kind, two of some, and inserts a new key.
func everything(ctx context.Context, s storage.Store, newKey string) error {
	key := []byte("key")
	err := s.Update(ctx, "scope", func(tx storage.Txn) error {
		if _, err := storage.Get(tx, key); err != nil {
			return err
		}
		if _, err := tx.Tail([][]byte{key}, storage.Position{}, 0); err != nil {
			return err
		}
		if _, err := tx.Logs(); err != nil {
			return err
		}
		if err := tx.TrimLogs(storage.Position{}); err != nil {
			return err
		}
		if err := tx.Put(key, key); err != nil {
			return err
		}
		if err := tx.Insert([]byte(newKey), key); err != nil {
			return err
		}
		if err := tx.Delete([]byte("none")); err != nil {
			return err
		}
		if err := tx.DeleteRange(storage.Prefix([]byte("old"))); err != nil {
			return err
		}
		return tx.Append(key, key)
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r storage.Reader) error {
		_, err := storage.Get(r, key)
		return err
	})
}

// stored is the keys of a store.
func stored(t *testing.T, s storage.Store) []string {
	t.Helper()
	var list []string
	err := s.View(t.Context(), func(r storage.Reader) error {
		for e, err := range storage.Scan(r, storage.Range{}, 10) {
			if err != nil {
				return err
			}
			list = append(list, string(e.Key))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestEveryCallCanFail(t *testing.T) {
	want := []faultstore.Op{
		faultstore.Update, faultstore.Read, faultstore.Tail, faultstore.Logs, faultstore.TrimLogs, faultstore.Put,
		faultstore.Insert, faultstore.Delete, faultstore.DeleteRange, faultstore.Append, faultstore.Commit, faultstore.View, faultstore.Read,
	}
	var ops []faultstore.Op
	s := faultstore.NewFailing(memstore.New(), func(n int, op faultstore.Op) faultstore.Outcome {
		if ops = append(ops, op); len(ops) != n {
			t.Errorf("call %d is counted as %d", len(ops), n)
		}
		return faultstore.Succeed
	})
	if err := everything(t.Context(), s, "new"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ops, want) || s.Calls() != len(want) || s.Failed() != 0 || s.Commits() != 1 {
		t.Errorf("%d calls %v, %d failed, %d commits; want %v", s.Calls(), ops, s.Failed(), s.Commits(), want)
	}
	for i, op := range want {
		for _, lost := range []bool{false, true} {
			inner := memstore.New()
			s := faultstore.NewFailing(inner, faultstore.Nth(i+1, lost))
			err := everything(t.Context(), s, "new")
			if says := fmt.Sprintf("call %d, %s", i+1, op); !errors.Is(err, faultstore.ErrInjected) || err.Error() != faultstore.ErrInjected.Error()+": "+says {
				t.Errorf("with call %d made to fail the answer is %v", i+1, err)
			}
			keys := 0
			if i > 10 || i == 10 && lost { // the commit is behind it, or not confirmed
				keys = 2
			}
			if got := stored(t, inner); len(got) != keys || s.Commits() != keys/2 || s.Failed() != 1 {
				t.Errorf("with call %d (%s, stored: %v) made to fail %q is stored after %d commits, %d failed",
					i+1, op, lost, got, s.Commits(), s.Failed())
			}
			if err := s.Update(t.Context(), "scope", func(storage.Txn) error { return nil }); err != nil {
				t.Errorf("after the one failure: %v", err)
			}
		}
	}
}

func TestTwiceRunsTwiceAndStoresOnce(t *testing.T) {
	s := faultstore.Twice(memstore.New())
	runs := 0
	update := func(answer error) error {
		return s.Update(t.Context(), "scope", func(tx storage.Txn) error {
			runs++
			if err := tx.Append([]byte("log"), nil); err != nil {
				return err
			}
			if err := tx.Insert(fmt.Appendf(nil, "run %d", runs), nil); err != nil {
				return err
			}
			return answer
		})
	}
	if err := update(nil); err != nil || runs != 2 {
		t.Errorf("the function has run %d times (%v), want 2", runs, err)
	}
	mine := errors.New("mine")
	if err := update(mine); err != mine || runs != 4 {
		t.Errorf("the function has run %d times (%v), want 4 and its own error", runs, err)
	}
	if got := stored(t, s); !slices.Equal(got, []string{"run 2"}) {
		t.Errorf("%q is stored, want what the second run wrote", got)
	}
}

func TestDelayedTakesItsTime(t *testing.T) {
	times := map[time.Duration]bool{}
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			began, s := time.Now(), faultstore.Delayed(memstore.New(), time.Second, seed)
			for i := range 20 {
				if err := everything(t.Context(), s, fmt.Sprint(i)); err != nil {
					t.Fatal(err)
				}
			}
			took := time.Since(began)
			if times[took] = true; took < 3*time.Second || took > 40*time.Second {
				t.Errorf("260 calls took %v, want half a second for one in eight", took)
			}
		})
	}
	if len(times) != 5 {
		t.Errorf("five seeds took %v", slices.Collect(maps.Keys(times)))
	}
}

func TestWaitIsPassedOn(t *testing.T) {
	bare := struct{ storage.Store }{memstore.New()}
	for name, wrap := range map[string]func(storage.Store) storage.Store{
		"twice":   faultstore.Twice,
		"delayed": func(s storage.Store) storage.Store { return faultstore.Delayed(s, 1, 1) },
	} {
		if _, ok := wrap(memstore.New()).(storage.Waiter); !ok {
			t.Errorf("%s: the store waits no more", name)
		}
		if _, ok := wrap(bare).(storage.Waiter); ok {
			t.Errorf("%s: a store that cannot wait says that it can", name)
		}
	}
}

// TestVersionsArePassedOn: without them the engine would remember nothing of what it
// reads from a store that fails.
func TestVersionsArePassedOn(t *testing.T) {
	for name, wrap := range map[string]func(storage.Store) storage.Store{
		"twice":   faultstore.Twice,
		"delayed": func(s storage.Store) storage.Store { return faultstore.Delayed(s, 1, 1) },
		"failing": func(s storage.Store) storage.Store {
			return faultstore.NewFailing(s, func(int, faultstore.Op) faultstore.Outcome { return faultstore.Succeed })
		},
	} {
		s := wrap(memstore.New())
		for _, err := range []error{
			s.View(t.Context(), func(r storage.Reader) error {
				if _, ok := r.(storage.Versioned); !ok {
					t.Errorf("%s: Readers have no versions", name)
				}
				return nil
			}),
			s.Update(t.Context(), "scope", func(tx storage.Txn) error {
				_, isVersioned := tx.(storage.Versioned)
				if _, isNoter := tx.(storage.Noter); !isVersioned || !isNoter {
					t.Errorf("%s: Txns have versions: %v, note: %v", name, isVersioned, isNoter)
				}
				return nil
			}),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
