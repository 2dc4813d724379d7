package boltstore

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNewFileIsSmall: what a file is grown by fits what is in it, from the first.
func TestNewFileIsSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 256<<10 {
		t.Errorf("a new file has %d bytes", info.Size())
	}
}
