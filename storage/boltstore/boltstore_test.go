package boltstore_test

import (
	"path/filepath"
	"testing"

	"example.com/chat/storage"
	"example.com/chat/storage/boltstore"
	"example.com/chat/storage/storagetest"
)

func harness(opts *boltstore.Options) storagetest.Harness {
	paths := make(map[storage.Store]string)
	open := func(t testing.TB, path string) storage.Store {
		s := mustOpen(t, path, opts)
		paths[s] = path
		return s
	}
	return storagetest.Harness{
		New: func(t testing.TB) storage.Store { return open(t, filepath.Join(t.TempDir(), "test.db")) },
		Reopen: func(t testing.TB, s storage.Store) storage.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, paths[s])
		},
	}
}

func mustOpen(t testing.TB, path string, opts *boltstore.Options) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) { storagetest.Run(t, harness(nil)) }

func BenchmarkStore(b *testing.B) { storagetest.Bench(b, harness(nil)) }
