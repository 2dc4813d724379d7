package boltstore

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"example.com/chat/storage"
)

// TestDamagedKeys changes bits of the keys by which bbolt finds its way: whoever
// scans in slices comes to an end, by an error or with few entries too many.
func TestDamagedKeys(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	fill(t, good, bytes.Repeat([]byte("v"), 500))
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	tried, refused := 0, 0
	for _, at := range keyBytes(content) {
		for _, bit := range []int{0, 2, 5} {
			path := filepath.Join(dir, "damaged.db")
			damaged := bytes.Clone(content)
			damaged[at] ^= 1 << bit
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			tried++
			s, err := Open(path, &Options{NoSync: true})
			if err != nil {
				refused++
				continue
			}
			for _, rng := range []storage.Range{{}, {Reverse: true}, {Start: []byte("05"), End: []byte("09")}} {
				n := 0
				err := s.View(t.Context(), func(r storage.Reader) error {
					for _, err := range storage.Scan(r, rng, 7) {
						if err != nil {
							return err
						}
						if n++; n > 1000 {
							t.Fatalf("bit %d of byte %d: of 100 entries %d are scanned", bit, at, n)
						}
					}
					return nil
				})
				if err != nil {
					refused++
				}
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	}
	if tried < 100 || refused == 0 {
		t.Errorf("of %d files %d calls refuse to read", tried, refused)
	}
}

// keyBytes finds the bytes of the first keys, and of the last, of each page of a
// tree.
func keyBytes(content []byte) (list []int) {
	size := os.Getpagesize()
	for page := 2 * size; page < len(content); page += size {
		head := content[page : page+size]
		flags, count := binary.NativeEndian.Uint16(head[8:]), int(binary.NativeEndian.Uint16(head[10:]))
		if flags != 1 && flags != 2 || count < 3 || count > 200 {
			continue // no branch, no leaf, or hardly anything in it
		}
		for _, i := range []int{0, count / 2, count - 1} {
			element := page + 16 + 16*i
			at := binary.NativeEndian.Uint32(content[element:]) // of a branch
			if flags == 2 {
				at = binary.NativeEndian.Uint32(content[element+4:])
			}
			for b := range 3 {
				list = append(list, element+int(at)+b)
			}
		}
	}
	return list
}
