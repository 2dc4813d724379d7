package storagetest

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"example.com/chat/storage"
)

func concurrencyCases() []testCase {
	return []testCase{
		{"concurrent/scopes are exclusive", scopesAreExclusive},
		{"concurrent/insert across scopes", insertAcrossScopes},
		{"concurrent/views are consistent", viewsAreConsistent},
		{"concurrent/failures among neighbours", failuresAmongNeighbours},
	}
}

// parallel runs fn for each number below n in a goroutine of its own and waits
// for all. The first error ends the case.
func (e *env) parallel(n int, fn func(i int) error) {
	e.Helper()
	errs := make(chan error, n)
	for i := range n {
		go func() {
			err := errors.New("the goroutine was ended")
			defer func() { errs <- err }()
			err = fn(i)
		}()
	}
	var first error
	e.within("concurrent transactions", func() {
		for range n {
			if err := <-errs; err != nil && first == nil {
				first = err
			}
		}
	})
	if first != nil {
		e.Fatal(first)
	}
}

// add increases the number under a key. Between reading and writing it lets
// others run.
func add(tx storage.Txn, key string, by int) (int, error) {
	v, err := storage.Get(tx, []byte(key))
	if err != nil {
		return 0, err
	}
	n := 0
	if v != nil {
		if n, err = strconv.Atoi(string(v)); err != nil {
			return 0, err
		}
	}
	for range 3 {
		runtime.Gosched()
	}
	return n + by, tx.Put([]byte(key), strconv.AppendInt(nil, int64(n+by), 10))
}

func scopesAreExclusive(e *env) {
	const callers, each = 8, 20
	var seen [2]sync.Map
	e.parallel(callers, func(i int) error {
		scope := "scope" + strconv.Itoa(i%2)
		for range each {
			var n int
			err := e.s.Update(e.ctx, scope, func(tx storage.Txn) (err error) {
				n, err = add(tx, scope, 1)
				return err
			})
			if err != nil {
				return err
			}
			if _, twice := seen[i%2].LoadOrStore(n, true); twice {
				return fmt.Errorf("two Updates of one scope both counted up to %d: they overlapped", n)
			}
		}
		return nil
	})
	want := strconv.Itoa(callers / 2 * each)
	e.view(func(r storage.Reader) error {
		return wantEntries(r, storage.Range{}, "scope0", want, "scope1", want)
	})
}

func insertAcrossScopes(e *env) {
	const callers, keys = 8, 20
	var won [keys]atomic.Int32
	e.parallel(callers, func(i int) error {
		for k := range keys {
			key := fmt.Appendf(nil, "key %02d", k)
			mine := strconv.Itoa(i)
			var inserted bool
			var owner string
			err := e.s.Update(e.ctx, mine, func(tx storage.Txn) error {
				inserted = false
				v, err := storage.Get(tx, key)
				if err != nil {
					return err
				}
				if v != nil {
					owner = string(v)
					return nil
				}
				runtime.Gosched()
				inserted, owner = true, mine
				return errors.Join(
					tx.Insert(key, []byte(mine)),
					tx.Put(fmt.Appendf(nil, "of %d %02d", i, k), nil),
					tx.Append([]byte("log"), key),
				)
			})
			if err != nil {
				return err
			}
			if inserted {
				won[k].Add(1)
			}
			err = e.s.View(e.ctx, func(r storage.Reader) error { return wantValue(r, string(key), []byte(owner)) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	for k := range won {
		if n := won[k].Load(); n != 1 {
			e.Errorf("key %d was inserted by %d Updates, want 1", k, n)
		}
	}
	e.view(func(r storage.Reader) error {
		recs, err := r.Tail([][]byte{[]byte("log")}, storage.Position{}, 0)
		if err != nil {
			return err
		}
		_, entries, err := r.Read(nil, []storage.Range{storage.Prefix([]byte("of "))})
		if err != nil {
			return err
		}
		if len(recs) != keys || len(entries[0]) != keys {
			return fmt.Errorf("%d Inserts left %d records and %d other keys: part of one that failed was stored",
				keys, len(recs), len(entries[0]))
		}
		return nil
	})
}

// viewsAreConsistent moves amounts between accounts of one scope and looks at
// their sum, which never changes.
func viewsAreConsistent(e *env) {
	const accounts, total = 10, 1000
	account := func(i int) string { return fmt.Sprintf("account %d", i%accounts) }
	e.update("bank", func(tx storage.Txn) error {
		for i := range accounts {
			if _, err := add(tx, account(i), total/accounts); err != nil {
				return err
			}
		}
		return nil
	})
	sum := func(r storage.Reader) error {
		// One key at a time: the View must hold still between the reads.
		got := 0
		for i := range accounts {
			v, err := storage.Get(r, []byte(account(i)))
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(string(v))
			if err != nil {
				return err
			}
			got += n
			runtime.Gosched()
		}
		if got != total {
			return fmt.Errorf("a View sees %d in all accounts, want %d", got, total)
		}
		return nil
	}
	var writing atomic.Int32
	const writers, readers = 4, 4
	writing.Store(writers)
	e.parallel(writers+readers, func(i int) error {
		if i >= writers {
			for writing.Load() > 0 {
				if err := e.s.View(e.ctx, sum); err != nil {
					return err
				}
			}
			return e.s.View(e.ctx, sum)
		}
		defer writing.Add(-1)
		for n := range 25 {
			err := e.s.Update(e.ctx, "bank", func(tx storage.Txn) error {
				if _, err := add(tx, account(i+n), -n); err != nil {
					return err
				}
				if _, err := add(tx, account(i+3*n+1), n); err != nil {
					return err
				}
				return sum(tx)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// failuresAmongNeighbours has Updates fail in every way while others succeed.
// A driver that commits several together must undo exactly those that failed.
func failuresAmongNeighbours(e *env) {
	const callers, each = 12, 15
	mine := errors.New("mine")
	e.parallel(callers, func(i int) error {
		scope := strconv.Itoa(i)
		for n := range each {
			run := func() (err error) {
				defer func() {
					if r := recover(); r != nil && r != "mine "+scope {
						err = fmt.Errorf("caller %s gets the panic %v", scope, r)
					}
				}()
				err = e.s.Update(e.ctx, scope, func(tx storage.Txn) error {
					if _, err := add(tx, "n"+scope, 1); err != nil {
						return err
					}
					if err := tx.Put(fmt.Appendf(nil, "each %d %d", i, n), nil); err != nil {
						return err
					}
					if err := tx.Append([]byte("log"), []byte(scope)); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return mine
					case 2:
						panic("mine " + scope)
					case 3:
						runtime.Goexit()
					}
					return nil
				})
				if i%4 == 1 && err == mine {
					err = nil
				}
				return err
			}
			done := make(chan error, 1)
			go func() {
				defer close(done) // also when the goroutine ends itself
				done <- run()
			}()
			if err := <-done; err != nil {
				return err
			}
		}
		return nil
	})
	e.view(func(r storage.Reader) error {
		for i := range callers {
			var want []byte
			if i%4 == 0 {
				want = strconv.AppendInt(nil, each, 10)
			}
			if err := wantValue(r, "n"+strconv.Itoa(i), want); err != nil {
				return err
			}
		}
		_, entries, err := r.Read(nil, []storage.Range{storage.Prefix([]byte("each "))})
		if err != nil {
			return err
		}
		recs, err := r.Tail([][]byte{[]byte("log")}, storage.Position{}, 0)
		if err != nil {
			return err
		}
		const want = (callers + 3) / 4 * each
		if len(entries[0]) != want || len(recs) != want {
			return fmt.Errorf("%d Updates succeeded, and left %d keys and %d records", want, len(entries[0]), len(recs))
		}
		return nil
	})
}
