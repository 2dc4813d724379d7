package boltstore

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
)

// TestInsertAfterInsert inserts beside and over what is stored, in one Update,
// so that most inserts rely on what the ones before have found.
func TestInsertAfterInsert(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "file"), &Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	update := func(fn func(storage.Txn) error) {
		t.Helper()
		if err := s.Update(context.Background(), "", fn); err != nil {
			t.Fatal(err)
		}
	}
	update(func(tx storage.Txn) error {
		for _, key := range []string{"a", "e", "i"} {
			if err := tx.Put([]byte(key), []byte("stored")); err != nil {
				return err
			}
		}
		return nil
	})
	update(func(tx storage.Txn) error {
		if err := tx.Delete([]byte("i")); err != nil {
			return err
		}
		for _, step := range []struct {
			key    string
			exists bool
		}{
			{"b", false},
			{"c", false},
			{"c", true},
			{"e", true},
			{"d", false},
			{"a", true},
			{"bb", false},
			{"f", false},
			{"e", true},
			{"h", false},
			{"i", false},
			{"i", true},
			{"j", false},
			{"k", false},
			{"g", false},
		} {
			err := tx.Insert([]byte(step.key), nil)
			if step.exists != errors.Is(err, driver.ErrExists) || !step.exists && err != nil {
				t.Errorf("insert of %q answers %v; it exists: %v", step.key, err, step.exists)
			}
		}
		return nil
	})
}
