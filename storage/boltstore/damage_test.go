package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
)

// TestDamagedPages damages every page with values, in ways at which bbolt
// panics or reads behind the end of the file: each call that meets it answers
// an error, and the store goes on.
func TestDamagedPages(t *testing.T) {
	for name, damage := range map[string]func(page []byte){
		"no kind of page":            func(page []byte) { binary.NativeEndian.PutUint16(page[8:], 0) },
		"a key behind the file":      func(page []byte) { binary.NativeEndian.PutUint32(page[20:], 1<<29) },
		"a key far behind the file":  func(page []byte) { binary.NativeEndian.PutUint32(page[20:], 1<<31) },
		"a value longer than a file": func(page []byte) { binary.NativeEndian.PutUint32(page[28:], 1<<29) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.db")
			value := bytes.Repeat([]byte("v"), 500)
			fill(t, path, value)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			size, damaged := os.Getpagesize(), 0
			for page := 4 * size; page < len(content); page += size {
				if bytes.Contains(content[page:page+size], value) {
					damage(content[page : page+size])
					damaged++
				}
			}
			if err := os.WriteFile(path, content, 0o600); err != nil || damaged == 0 {
				t.Fatalf("%d pages are damaged (%v)", damaged, err)
			}
			s, err := Open(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			// What is handed out is read here, as the engine does.
			read := func(r storage.Reader) error {
				_, entries, err := r.Read(nil, []storage.Range{{}})
				if err != nil {
					return err
				}
				for _, e := range entries[0] {
					if bytes.Count(e.Value, []byte("v")) == len(value) && len(e.Value) == len(value) {
						continue
					}
					return fmt.Errorf("a value of %d bytes is read", len(e.Value))
				}
				return nil
			}
			wantDamaged := func(call string, err error) {
				t.Helper()
				if err == nil || !strings.Contains(err.Error(), "the file is damaged") {
					t.Errorf("%s answers %v", call, err)
				}
			}
			for range 2 {
				wantDamaged("View", s.View(context.Background(), read))
				wantDamaged("Update", s.Update(context.Background(), "s", func(tx storage.Txn) error { return read(tx) }))
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// fill leaves a file with a hundred values.
func fill(t *testing.T, path string, value []byte) {
	t.Helper()
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), "s", func(tx storage.Txn) error {
		for i := range 100 {
			if err := tx.Put(fmt.Appendf(nil, "%03d", i), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedTrees damages the pages of a file that is open: those with the
// values, and those by which the logs and all the rest are found.
func TestDamagedTrees(t *testing.T) {
	for name, content := range map[string]string{"values": strings.Repeat("v", 500), "logs": "a log"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.db")
			fill(t, path, bytes.Repeat([]byte("v"), 500))
			s, err := Open(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Append([]byte("a log"), nil) })
			if err != nil {
				t.Fatal(err)
			}
			flush(t, s)
			damagePages(t, path, content)
			calls := map[string]func() error{
				"Insert": func() error {
					return s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Insert([]byte("050+"), nil) })
				},
				"DeleteRange": func() error {
					return s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.DeleteRange(storage.Range{}) })
				},
			}
			if name == "logs" {
				calls["Wait"] = func() error { return s.Wait(t.Context(), [][]byte{[]byte("a log")}, storage.Position{}) }
			}
			for call, do := range calls {
				if err := do(); err == nil || !strings.Contains(err.Error(), "the file is damaged") {
					t.Errorf("%s answers %v", call, err)
				}
			}
			_ = s.Close() // whatever it finds
		})
	}
}

// damagePages makes the pages that have a content no kind of page.
func damagePages(t *testing.T, path, content string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	page := make([]byte, os.Getpagesize())
	for at := int64(2 * len(page)); ; at += int64(len(page)) {
		if _, err := file.ReadAt(page, at); err != nil {
			return
		}
		if !bytes.Contains(page, []byte(content)) {
			continue
		}
		if _, err := file.WriteAt([]byte{0, 0}, at+8); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedRoots has the first page of each tree say that two thousand million
// more belong to it. bbolt would free them, one by one.
func TestDamagedRoots(t *testing.T) {
	good := filepath.Join(t.TempDir(), "test.db")
	fill(t, good, bytes.Repeat([]byte("v"), 500))
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	roots := rootsOf(t, good)
	if len(roots) < 2 {
		t.Fatalf("only %v have pages of their own", roots)
	}
	for name, root := range roots {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.db")
			page := bytes.Clone(content)
			binary.NativeEndian.PutUint32(page[root*os.Getpagesize()+12:], 1<<31)
			if err := os.WriteFile(path, page, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(path, nil)
			if err == nil {
				err = s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("key"), nil) })
				_ = s.Close() // as damaged as before
			}
			if err == nil || !strings.Contains(err.Error(), "the file is damaged") {
				t.Errorf("it answers %v", err)
			}
		})
	}
}

// rootsOf are the first pages of the trees in a file.
func rootsOf(t *testing.T, path string) map[string]int {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	roots := map[string]int{}
	err = db.View(func(tx *bbolt.Tx) error {
		roots["all"] = int(tx.Cursor().Bucket().Root())
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			if b.Root() != 0 {
				roots[string(name)] = int(b.Root())
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return roots
}
