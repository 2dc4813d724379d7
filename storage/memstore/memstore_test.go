package memstore_test

import (
	"testing"

	"example.com/chat/storage"
	"example.com/chat/storage/memstore"
	"example.com/chat/storage/storagetest"
)

func TestStore(t *testing.T) {
	storagetest.Run(t, storagetest.Harness{
		New: func(testing.TB) storage.Store { return memstore.New() },
	})
}

func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, storagetest.Harness{
		New: func(testing.TB) storage.Store { return memstore.New() },
	})
}
