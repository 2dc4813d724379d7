//go:build linux

package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"example.com/chat/storage"
)

// limitFiles makes writing behind a file's first n bytes fail, in this process,
// as a full disk would. It returns how to lift that.
func limitFiles(t *testing.T, n uint64) (lift func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: old.Max}); err != nil {
		t.Skip(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDiskFull fills the disk again and again: while the file grows, and while
// pages within it are written. What was acknowledged stays, what failed leaves
// nothing, and with space it goes on.
func TestDiskFull(t *testing.T) {
	// The limit holds for all files of a process.
	if !inOwnProcess(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	value := bytes.Repeat([]byte("v"), 3000)
	stored := map[string]bool{}
	put := func(key string, size int) error {
		return s.Update(t.Context(), "s", func(tx storage.Txn) error {
			for i := range size {
				if err := tx.Put(fmt.Appendf(nil, "%s %03d", key, i), value); err != nil {
					return err
				}
			}
			if err := tx.DeleteRange(storage.Prefix([]byte("old"))); err != nil {
				return err
			}
			return errors.Join(tx.Put([]byte("old"+key), value), tx.Append([]byte("log"), []byte(key)))
		})
	}
	check := func() {
		t.Helper()
		err := s.View(t.Context(), func(r storage.Reader) error {
			_, entries, err := r.Read(nil, []storage.Range{storage.Prefix([]byte("k"))})
			if err != nil {
				return err
			}
			if len(entries[0]) != 10*len(stored) {
				return fmt.Errorf("%d keys are stored, want %d", len(entries[0]), 10*len(stored))
			}
			for _, en := range entries[0] {
				if key, _, _ := bytes.Cut(en.Key, []byte(" ")); !stored[string(key)] || !bytes.Equal(en.Value, value) {
					return fmt.Errorf("key %q is stored, or not as written", en.Key)
				}
			}
			recs, err := r.Tail([][]byte{[]byte("log")}, storage.Position{}, 0)
			if err != nil {
				return err
			}
			if len(recs) != len(stored) {
				return fmt.Errorf("%d records are stored, want %d", len(recs), len(stored))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for round := range 12 {
		for i := range 3 {
			key := fmt.Sprintf("k%d.%d", round, i)
			if err := put(key, 10); err != nil {
				t.Fatal(err)
			}
			stored[key] = true
		}
		lift := limitFiles(t, []uint64{8 << 10, 64 << 10, 200 << 10, 128 << 10}[round%4])
		var failed atomic.Int32
		if round%2 == 0 {
			err := put("x", 500)
			if err != nil {
				failed.Add(1)
			}
		} else {
			whileLeadingFull(t, s, 20, &failed, put)
		}
		check()
		lift()
		if failed.Load() == 0 {
			t.Errorf("round %d: nothing failed", round)
		}
		check()
		if round%5 == 4 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(path, nil); err != nil {
				t.Fatal(err)
			}
			check()
		}
	}
	// Without space for what is in the journals the file closes all the same.
	lift := limitFiles(t, 8<<10)
	err = s.Close()
	lift()
	if err != nil {
		t.Errorf("Close on a full disk: %v", err)
	}
	if s, err = Open(path, nil); err != nil {
		t.Fatal(err)
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestKilledOnAFullDisk has bbolt unable to take in what journals have, from one
// life to the next: it stays in them, and more comes to it.
func TestKilledOnAFullDisk(t *testing.T) { testKilledOnAFullDisk(t, true) }

// TestUnlistedFileOnAFullDisk does the same to a file without a list of its free
// pages, as earlier versions left it. Nothing is written to it before it is synced,
// and so not while it is opened.
func TestUnlistedFileOnAFullDisk(t *testing.T) { testKilledOnAFullDisk(t, false) }

func testKilledOnAFullDisk(t *testing.T, listed bool) {
	// The limit holds for all files of a process.
	if !inOwnProcess(t) {
		return
	}
	path := testPath(t)
	lift := func() {}
	const lives, each = 3, 4
	for life := range lives {
		s, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.db.NoFreelistSync = !listed
		if n := s.now.Load().layer.writes.Len(); n != each*life {
			t.Fatalf("of %d commits bbolt has taken in all but %d", each*life, n)
		}
		for i := range each {
			n := each*life + i
			update(t, s, func(tx storage.Txn) error {
				return errors.Join(tx.Put(fmt.Append(nil, n), nil), tx.Append([]byte("log"), nil))
			})
			if n == 0 { // there are journals, and from here on bbolt can write no page
				if freelistStored(t, path) != listed {
					t.Errorf("the free pages are listed: %t", !listed)
				}
				lift = limitFiles(t, 8<<10)
			}
		}
		if life != 1 {
			kill(t, s)
			continue
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close on a full disk: %v", err)
		}
		wantFiles(t, path, true)
	}
	lift()
	wantCommits(t, path, lives*each)
}

// whileLeadingFull has n calls share a batch that cannot be committed.
func whileLeadingFull(t *testing.T, s *Store, n int, failed *atomic.Int32, put func(string, int) error) {
	t.Helper()
	done := make(chan error)
	for i := range n {
		go func() { done <- put(fmt.Sprintf("x%d", i), 100) }()
	}
	for range n {
		if err := <-done; err != nil {
			failed.Add(1)
		} else {
			t.Error("an Update succeeds on a full disk")
		}
	}
}

// inOwnProcess runs a test again in a process of its own; there it is true.
func inOwnProcess(t *testing.T) bool {
	const env = "TEST_IN_OWN_PROCESS"
	if os.Getenv(env) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), env+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("SKIP")) {
		t.Skip(string(out))
	}
	return false
}
