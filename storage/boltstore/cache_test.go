package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/chat/storage"
)

// TestCacheTellsSnapshots has Views read the same keys again and again while
// they are written, deleted and written again. All keys of a commit have the
// same value, so a View that is told one of another commit sees the difference.
func TestCacheTellsSnapshots(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	s.limits.sealed = 8 << 10 // bbolt takes in something all the time
	keys := make([][]byte, 8)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key %d", i)
	}
	same := func(r storage.Reader, random *rand.Rand) error {
		all, _, err := r.Read(keys, nil)
		if err != nil {
			return err
		}
		for range 20 {
			i := random.IntN(len(keys))
			one, err := storage.Get(r, keys[i])
			if err != nil {
				return err
			}
			if !bytes.Equal(one, all[0]) || !bytes.Equal(one, all[i]) || (one == nil) != (all[0] == nil) {
				return fmt.Errorf("%q is %.20q, then %.20q; %q is %.20q", keys[i], all[i], one, keys[0], all[0])
			}
		}
		return nil
	}
	stop := viewing(t, s, 4, func(n int) func(storage.Reader) error {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		return func(r storage.Reader) error { return same(r, random) }
	})
	random := rand.New(rand.NewPCG(2, 2))
	failed := errors.New("failed")
	for n := range 3000 {
		err := s.Update(t.Context(), "s", func(tx storage.Txn) error {
			if err := same(tx, random); err != nil {
				return err
			}
			value := fmt.Appendf(nil, "%d", n)
			if n%5 == 0 { // too long to be kept
				value = append(value, strings.Repeat(".", cachedLen)...)
			}
			for _, key := range keys {
				var err error
				if n%7 == 0 {
					err = tx.Delete(key)
				} else {
					err = tx.Put(key, value)
				}
				if err != nil {
					return err
				}
			}
			if n%11 == 0 {
				return failed
			}
			return same(tx, random)
		})
		if err != nil && err != failed {
			t.Fatal(err)
		}
	}
	stop()
}

// TestCacheIsBounded reads more than it may keep, and what is hot in between.
func TestCacheIsBounded(t *testing.T) {
	c := newCache(1)
	value := bytes.Repeat([]byte("v"), 500)
	hot := [][]byte{[]byte("hot")}
	hits := 0
	for i := range 20_000 {
		values := make([][]byte, 1)
		if c.get(1, hot, values, 0) == 0 {
			values[0] = []byte("h")
			c.add(1, hot, values, 0)
		} else if hits++; string(values[0]) != "h" {
			t.Fatalf("the hot key has %q", values[0])
		}
		key, found := [][]byte{fmt.Append(nil, i)}, [][]byte{value}
		c.add(1, key, found, 0)
		c.add(1, key, found, 0)
	}
	size := 0
	for _, generation := range []map[string]*cached{c.young, c.old} {
		for key, e := range generation {
			size += len(key) + len(e.value) + entrySize
		}
	}
	if size > 2*cacheSize {
		t.Errorf("it holds %d bytes", size)
	}
	if hits < 19_000 {
		t.Errorf("the hot key was found %d times of 20,000", hits)
	}
}

// TestCacheIsOfACommit has nothing told to one who sees a later commit.
func TestCacheIsOfACommit(t *testing.T) {
	c := newCache(3)
	keys, values := [][]byte{[]byte("k")}, [][]byte{[]byte("v")}
	c.add(3, keys, values, 0)
	c.add(3, keys, values, 0)
	if c.get(3, keys, make([][]byte, 1), 0) == 0 {
		t.Fatal("what was added is not found")
	}
	if c.get(4, keys, make([][]byte, 1), 0) != 0 {
		t.Error("it tells a transaction that sees a later commit")
	}
}

// TestCacheKeepsOneValue has a key written just when the young generation is
// full, while a reader who found its value in the old one has yet to move it.
func TestCacheKeepsOneValue(t *testing.T) {
	c := newCache(1)
	keys := [][]byte{[]byte("k")}
	c.put("k", &cached{[]byte("before"), 1})
	c.size = cacheSize
	c.commit(2, []keyWrite{{key: keys[0], write: write{seal(nil, keys[0], []byte("after"))}}})
	c.move(keys, 1)
	values := make([][]byte, 1)
	if c.get(2, keys, values, 0); string(values[0]) != "after" {
		t.Errorf("it tells %q", values[0])
	}
}
