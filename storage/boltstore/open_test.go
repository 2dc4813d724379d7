package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
)

func TestOpenErrors(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	s, err := Open(good, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // so that the file has more than its first pages
		if err := s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("k"), make([]byte, 100_000)) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) func(path string) error {
		return func(path string) error { return os.WriteFile(path, content, 0o600) }
	}
	bolt := func(fn func(*bbolt.Tx) error) func(path string) error {
		return func(path string) error {
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			return errors.Join(db.Update(fn), db.Close())
		}
	}
	for _, test := range []struct {
		name string
		make func(path string) error
		is   error
		says string
	}{
		{"directory missing", func(path string) error { return os.Remove(filepath.Dir(path)) }, fs.ErrNotExist, "no such file"},
		{"a directory", func(path string) error { return os.Mkdir(path, 0o700) }, nil, "not a regular file"},
		{"text", write([]byte("this is no database")), nil, "not a store"},
		{"long text", write([]byte(strings.Repeat("this is no database\n", 10_000))), nil, "not a store"},
		{"zeros", write(make([]byte, 100_000)), nil, "not a store"},
		{"truncated", write(content[:20*os.Getpagesize()]), nil, "truncated"},
		{"truncated to two pages", write(content[:2*os.Getpagesize()]), nil, "truncated"},
		{"truncated to one page", write(content[:os.Getpagesize()]), nil, "file size too small"},
		{"truncated to some bytes", write(content[:100]), nil, "not a store"},
		{"another program's", bolt(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err }), nil, "another program"},
		{"another program's meta", bolt(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(metaBucket); return err }), nil, "another program"},
		{"newer", bolt(func(tx *bbolt.Tx) error {
			meta, err := tx.CreateBucket(metaBucket)
			if err != nil {
				return err
			}
			return meta.Put(formatKey, binary.BigEndian.AppendUint64(nil, formatVersion+1))
		}), storage.ErrVersion, fmt.Sprintf("the file has format %d", formatVersion+1)},
		{"not readable", func(path string) error { return os.WriteFile(path, content, 0) }, fs.ErrPermission, ""},
		{"read-only", func(path string) error { return os.WriteFile(path, content, 0o400) }, fs.ErrPermission, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.is == fs.ErrPermission && os.Geteuid() == 0 {
				t.Skip("nothing is forbidden to root")
			}
			path := filepath.Join(t.TempDir(), "dir", "test.db")
			if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), test.make(path)); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			s, err := Open(path, nil)
			if err == nil {
				s.Close()
				t.Fatal("it opens")
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("Open answers %v, want %v", err, test.is)
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Open answers %q, want it to say %q and %q", err, path, test.says)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("a file that is refused has been changed")
			}
		})
	}
}

func TestOpenInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v (%v), want mode 0600", info.Mode(), err)
	}
	begin := time.Now()
	_, err = Open(path, nil)
	if !errors.Is(err, storage.ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("second Open answers %v, want %v and the path", err, storage.ErrInUse)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("second Open took %v", d)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(path, &Options{MapSize: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOpenInterrupted opens what a process leaves that is killed before it has
// made the buckets.
func TestOpenInterrupted(t *testing.T) {
	for name, prepare := range map[string]func(path string) error{
		"empty file": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"no buckets": func(path string) error {
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			return db.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.db")
			if err := prepare(path); err != nil {
				t.Fatal(err)
			}
			s, err := Open(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("k"), nil) }); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFreelist looks whether the free pages are written with each of bbolt's
// commits: without them a large file is read through when it is opened.
func TestFreelist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("k"), nil) }); err != nil {
		t.Fatal(err)
	}
	if !freelistStored(t, path) {
		t.Error("the free pages are not written when journals begin")
	}
	flush(t, s)
	if !freelistStored(t, path) {
		t.Error("the free pages are not written with a journal")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !freelistStored(t, path) {
		t.Error("the free pages are not written at Close")
	}
}

// freelistStored reads the newer of the two headers of a bbolt file.
func freelistStored(t *testing.T, path string) bool {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const freelist, txid = 16 + 32, 16 + 48 // behind the page's header
	meta := b
	if second := b[os.Getpagesize():]; binary.NativeEndian.Uint64(second[txid:]) > binary.NativeEndian.Uint64(b[txid:]) {
		meta = second
	}
	return binary.NativeEndian.Uint64(meta[freelist:]) != 1<<64-1
}
