package boltstore

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var updateGolden = flag.Bool("update-golden", false, "write the golden file anew")

// goldenChanges have all that a commit can have.
func goldenChanges() []*changes {
	key := []byte("key")
	return []*changes{
		nil,
		{
			writes: []keyWrite{
				{key: key, write: write{seal(nil, key, []byte("value"))}},
				{key: []byte("empty"), write: write{seal(nil, []byte("empty"), nil)}},
				{key: []byte("gone")},
			},
			records: []record{{[]byte("log"), []byte("record")}, {[]byte("log"), []byte{}}},
			trimmed: 300,
		},
		{writes: []keyWrite{{key: key, write: write{seal(nil, key, bytes.Repeat([]byte("long "), 200))}}}},
	}
}

// TestFormOfFrames: what a program has written, later ones read. A form that must
// change gets a new version.
func TestFormOfFrames(t *testing.T) {
	id := storeID([]byte("0123456789abcdef"))
	var journal []byte
	for i, c := range goldenChanges() {
		journal = appendFrame(journal, id, uint64(i), int64(blockLen*i), c)
	}
	path := filepath.Join("testdata", "frames.golden")
	if *updateGolden {
		if err := os.WriteFile(path, []byte(hex.Dump(journal)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.Dump(journal); got != string(want) {
		t.Errorf("frames have another form than in %s:\n%s", path, got)
	}
	frames := framesAfter(journal, id, 0)
	if len(frames) != len(goldenChanges())-1 {
		t.Fatalf("%d frames are found", len(frames))
	}
	for i, f := range frames {
		c, err := decodeChanges(f.changes)
		if want := goldenChanges()[i+1]; err != nil || !reflect.DeepEqual(&c, want) || f.sequence != uint64(i+1) {
			t.Errorf("frame %d is read as %v (%v), want %v", f.sequence, c, err, want)
		}
	}
	if n := len(framesAfter(journal, storeID{}, 0)); n > 0 {
		t.Errorf("of another file %d frames are found", n)
	}
	if n := len(framesAfter(journal, id, 1)); n != 1 {
		t.Errorf("after commit 1 %d frames are found", n)
	}
}

// FuzzFrames reads any bytes as a journal, and as changes: they are what somebody
// wrote, or an error, in memory that their length justifies.
func FuzzFrames(f *testing.F) {
	for i, c := range goldenChanges() {
		f.Add(appendFrame(nil, storeID{}, uint64(i), 0, c))
		if c != nil {
			f.Add(c.encode(nil))
		}
	}
	f.Add(bytes.Repeat([]byte{0xff}, 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, f := range framesAfter(append(make([]byte, blockLen), b...), storeID{}, 0) {
			if f.sequence == 0 || f.end%blockLen != 0 || f.end > int64(len(b)+2*blockLen) || len(f.changes) > len(b) {
				t.Errorf("frame %d ends at %d of %d bytes", f.sequence, f.end, len(b))
			}
		}
		if _, ok := readFrame(b); ok && len(b) < frameHead {
			t.Error("a frame of too few bytes is read")
		}
		c, err := decodeChanges(b)
		if err != nil {
			return
		}
		if n := cap(c.writes) + cap(c.records); n > 2*len(b)+16 {
			t.Errorf("%d bytes have become room for %d changes", len(b), n)
		}
		again, err := decodeChanges(c.encode(nil))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%v is read again as %v (%v)", c, again, err)
		}
	})
}
