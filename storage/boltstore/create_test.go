//go:build linux

package boltstore

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCreateIsWholeOrNot has the disk full while a new file is made. What there
// is of it does not bear its name, and is in nobody's way later.
func TestCreateIsWholeOrNot(t *testing.T) {
	// The limit holds for all files of a process.
	if !inOwnProcess(t) {
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "test.db")
	for _, size := range []uint64{0, 1 << 10, 8 << 10, 20 << 10} {
		lift := limitFiles(t, size)
		s, err := Open(path, nil)
		lift()
		if err == nil {
			t.Fatalf("Open succeeds with %d bytes", size)
		}
		if s != nil {
			t.Error("there is a store and an error")
		}
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) > 0 {
			t.Errorf("with %d bytes %v is left", size, left)
		}
	}
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
