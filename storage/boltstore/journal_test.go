package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
)

// wantFiles looks whether there are journals.
func wantFiles(t testing.TB, path string, journals bool) {
	t.Helper()
	for _, name := range journalPaths(path) {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) == journals {
			t.Fatalf("there are journals: %v, but for %s: %v", journals, name, err)
		}
	}
}

// killed leaves the files of a process that was killed after some commits of a
// key each, of which bbolt has the first, and returns which journal has the rest.
func killed(t testing.TB, path string, inBolt, all int) (journal string) {
	t.Helper()
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if i == inBolt {
			flush(t, s)
		}
		put(t, s, i)
	}
	name := journalPaths(path)[s.journals.current]
	kill(t, s)
	wantFiles(t, path, true)
	return name
}

// put makes a commit, of two blocks.
func put(t testing.TB, s *Store, i int) {
	t.Helper()
	update(t, s, func(tx storage.Txn) error {
		return errors.Join(tx.Put(fmt.Appendf(nil, "%03d", i), bytes.Repeat([]byte{'v'}, 600)), tx.Append([]byte("log"), fmt.Append(nil, i)))
	})
}

// wantCommits looks whether a file has so many of them, and goes on with it.
func wantCommits(t testing.TB, path string, n int) {
	t.Helper()
	for range 2 {
		s, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(t.Context(), func(r storage.Reader) error {
			_, entries, err := r.Read(nil, []storage.Range{{}})
			recs, tailErr := r.Tail(nil, storage.Position{}, 0)
			if len(entries[0]) != n || len(recs) != n {
				t.Errorf("there are %d keys and %d records, want %d", len(entries[0]), len(recs), n)
			}
			return errors.Join(err, tailErr)
		})
		if err != nil {
			t.Error(err)
		}
		put(t, s, n)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wantFiles(t, path, false)
		n++
	}
}

// wantNoOpen looks for what Open says, and that all is left as it was.
func wantNoOpen(t testing.TB, path, says string) {
	t.Helper()
	content := func() (all string) {
		for _, name := range append([]string{path}, journalPaths(path)[0], journalPaths(path)[1]) {
			b, _ := os.ReadFile(name)
			all += name + string(b)
		}
		return all
	}
	before := content()
	s, err := Open(path, nil)
	if err == nil {
		_ = s.Close()
		t.Fatalf("it opens, and should say %q", says)
	}
	if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
		t.Errorf("Open answers %q, want it to say %q", err, says)
	}
	if content() != before {
		t.Error("what is refused has been changed")
	}
}

func testPath(t testing.TB) string { return filepath.Join(t.TempDir(), "test.db") }

func TestKilledAnywhere(t *testing.T) {
	for _, test := range []struct{ inBolt, all int }{{0, 0}, {0, 1}, {0, 7}, {3, 7}, {6, 7}, {7, 7}} {
		path := testPath(t)
		if test.all > 0 {
			killed(t, path, test.inBolt, test.all)
		}
		wantCommits(t, path, test.all)
	}
}

// TestReadingMakesNoJournal: where nothing is written there is one file.
func TestReadingMakesNoJournal(t *testing.T) {
	s := openTest(t, nil)
	_ = logSpan(t, s)
	update(t, s, func(storage.Txn) error { return nil })
	wantFiles(t, s.path, false)
}

// TestCutFrame loses the end of the last frame, block by block, and then bits of
// it: nobody was told of it.
func TestCutFrame(t *testing.T) {
	for lost := range 3 {
		path := testPath(t)
		name := killed(t, path, 2, 5)
		content, last := framesOf(t, path, name)
		if len(last) != 3 || last[2].end-last[1].end != 2*blockLen {
			t.Fatalf("there are frames %v", last)
		}
		switch lost {
		case 0:
			clear(content[last[2].end-blockLen:])
		case 1:
			clear(content[last[1].end:])
		case 2:
			content[last[2].end-blockLen] ^= 1
		}
		writeFile(t, name, content)
		wantCommits(t, path, 4)
	}
}

// framesOf is a journal and the frames in it that bbolt has not taken in.
func framesOf(t testing.TB, path, name string) ([]byte, []frame) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	state := stateOf(t, path)
	return content, framesAfter(content, state.id, state.sequence)
}

func stateOf(t testing.TB, path string) (state journalState) {
	t.Helper()
	rewrite(t, path, func(tx *bbolt.Tx) (err error) {
		state, err = readJournalState(tx)
		return err
	})
	return state
}

func writeFile(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedFrame changes a frame that has others behind it: it was
// acknowledged, and must not be left out.
func TestDamagedFrame(t *testing.T) {
	path := testPath(t)
	name := killed(t, path, 2, 6)
	content, frames := framesOf(t, path, name)
	for i, f := range frames[:len(frames)-1] {
		for at := f.end - 2*blockLen; at < f.end; at += 100 {
			if at > f.end-2*blockLen+frameHead+int64(len(f.changes)) {
				continue // nothing is there
			}
			damaged := bytes.Clone(content)
			damaged[at] ^= 4
			writeFile(t, name, damaged)
			wantNoOpen(t, path, fmt.Sprintf("the file is damaged: commit %d is not in the journals", 3+i))
		}
	}
	writeFile(t, name, content)
	wantCommits(t, path, 6)
}

// TestDamagedJournals loses journals, or takes those of another file.
func TestDamagedJournals(t *testing.T) {
	other := testPath(t)
	killed(t, other, 1, 4)
	for name, test := range map[string]struct {
		damage func(path, journal string) error
		says   string
	}{
		"missing":   {func(_, journal string) error { return os.Remove(journal) }, "is missing: there is no"},
		"empty":     {func(_, journal string) error { return os.Truncate(journal, 0) }, "has no begin"},
		"truncated": {func(_, journal string) error { return os.Truncate(journal, 20*blockLen) }, "is truncated"},
		"zeros":     {func(_, journal string) error { return os.WriteFile(journal, make([]byte, leastJournal), 0) }, "has no begin"},
		"another's": {func(_, journal string) error { return copyFile(journalPaths(other)[0], journal) }, "belongs to another file"},
		"of a later format": {func(path, journal string) error {
			return os.WriteFile(journal, versioned(appendFrame(nil, stateOf(t, path).id, 0, 0, nil), frameVersion+1), 0)
		}, storage.ErrVersion.Error()},
		"without the file": {func(path, _ string) error { return os.Remove(path) }, "the file is missing"},
		"an empty file":    {func(path, _ string) error { return os.Truncate(path, 0) }, "the file is missing"},
		"a closed file":    {func(path, _ string) error { return copyClosed(t, other, path) }, "does not belong to the file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := testPath(t)
			journal := killed(t, path, 2, 5)
			if err := test.damage(path, journal); err != nil {
				t.Fatal(err)
			}
			wantNoOpen(t, path, test.says)
		})
	}
}

// TestTruncatedJournal cuts frames off one that has grown.
func TestTruncatedJournal(t *testing.T) {
	path := testPath(t)
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx storage.Txn) error { return tx.Put([]byte("k"), make([]byte, 100<<10)) })
	from := s.journals.filled()
	for i := range 10 {
		put(t, s, i)
	}
	name, size := journalPaths(path)[s.journals.current], s.journals.files[s.journals.current].size
	end := s.journals.filled()
	kill(t, s)
	for length := end - blockLen; length >= from; length -= blockLen {
		if err := os.Truncate(name, length); err != nil {
			t.Fatal(err)
		}
		wantNoOpen(t, path, "is truncated")
	}
	if size != 128<<10 {
		t.Errorf("it had %d bytes", size)
	}
}

// versioned is a frame of another version.
func versioned(f []byte, version byte) []byte {
	f[7] = version
	sum := frameChecksum(f[:frameHead])
	copy(f[44:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return f
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// copyClosed puts another file, which was closed, in the place of one.
func copyClosed(t testing.TB, from, to string) error {
	copied := testPath(t)
	if err := copyFile(from, copied); err != nil {
		return err
	}
	for i, name := range journalPaths(from) {
		if err := copyFile(name, journalPaths(copied)[i]); err != nil {
			return err
		}
	}
	s, err := Open(copied, nil)
	if err != nil {
		return err
	}
	return errors.Join(s.Close(), copyFile(copied, to))
}

// TestLeftJournals: a process that is killed while it closes the file leaves
// journals that say nothing, and one that is killed before it has made them too.
func TestLeftJournals(t *testing.T) {
	path := testPath(t)
	killed(t, path, 2, 5)
	old := make([][]byte, 2)
	for i, name := range journalPaths(path) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		old[i] = content
	}
	wantCommits(t, path, 5)
	n := 7 // see wantCommits
	for _, left := range [][2][]byte{{old[0], old[1]}, {old[0], nil}, {nil, old[1]}, {make([]byte, 1000), {}}} {
		for i, name := range journalPaths(path) {
			if left[i] != nil {
				writeFile(t, name, left[i])
			}
		}
		wantCommits(t, path, n)
		n += 2
	}
}

// TestTextLikeAFrame stores what looks like frames: what is within one that was
// cut off is not taken for others.
func TestTextLikeAFrame(t *testing.T) {
	path := testPath(t)
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx storage.Txn) error { return tx.Append([]byte("log"), nil) })
	forged := changes{writes: []keyWrite{{key: []byte("forged"), write: write{seal(nil, []byte("forged"), nil)}}}}
	var text []byte
	for range 2 * blockLen { // at any offset within a block
		text = append(append(text, appendFrame(nil, storeID{}, 9, 0, &forged)...), 0)
	}
	update(t, s, func(tx storage.Txn) error { return tx.Put([]byte("text"), text) })
	name, end := journalPaths(path)[s.journals.current], s.journals.filled()
	kill(t, s)
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[end-int64(blockLen)-int64(len(text))] ^= 1 // somewhere in it
	writeFile(t, name, content)
	if s, err = Open(path, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.now.Load().sequence != 1 {
		t.Errorf("commit %d is the last", s.now.Load().sequence)
	}
}

// TestLongBatchGoesToBbolt: what is too long for a journal takes all that is in
// one with it.
func TestLongBatchGoesToBbolt(t *testing.T) {
	path := testPath(t)
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		put(t, s, i)
	}
	size := s.limits.frame
	update(t, s, func(tx storage.Txn) error {
		return errors.Join(tx.Put([]byte("003"), make([]byte, size)), tx.Append([]byte("log"), nil))
	})
	if !s.now.Load().layer.empty() || s.sealed != nil {
		t.Error("bbolt has not taken it in")
	}
	for _, j := range s.journals.files {
		if j.size > 100<<10 {
			t.Errorf("a journal has %d bytes", j.size)
		}
	}
	put(t, s, 4)
	kill(t, s)
	wantCommits(t, path, 5)
}

// TestBatchesWaitForBbolt: while it takes in nothing, there is an end to what
// journals and memory are given.
func TestBatchesWaitForBbolt(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	s.limits = limits{sealed: 4 << 10, frame: 1 << 20, most: 64 << 10}
	s.pass.Lock()
	done := make(chan bool)
	var n atomic.Int64
	go func() {
		defer close(done)
		for range 500 {
			err := s.Update(t.Context(), "s", func(tx storage.Txn) error {
				return tx.Put(fmt.Append(nil, n.Load()), make([]byte, 1000))
			})
			if err != nil {
				t.Error(err)
			}
			n.Add(1)
		}
	}()
	for last := int64(-1); last != n.Load(); time.Sleep(100 * time.Millisecond) {
		last = n.Load()
	}
	if got := n.Load(); got < 10 || got > 70 {
		t.Errorf("%d Updates are committed while bbolt takes in nothing", got)
	}
	s.pass.Unlock()
	<-done
}

// TestFullJournalTurns: journals do not grow while bbolt takes in what they have.
func TestFullJournalTurns(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	s.limits.sealed = 16 << 10
	for i := range 2000 {
		update(t, s, func(tx storage.Txn) error { return tx.Put(fmt.Append(nil, i%100), make([]byte, 1000)) })
		if i%10 == 0 {
			flush(t, s)
		}
	}
	for _, j := range s.journals.files {
		if j.size != leastJournal {
			t.Errorf("a journal has %d bytes", j.size)
		}
	}
}

// TestFailedSyncOfAJournal: whether its batch is stored is not known, and nothing
// may be built on it.
func TestFailedSyncOfAJournal(t *testing.T) {
	path := testPath(t)
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, 0)
	j := s.journals.files[s.journals.current]
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	good := j.file
	j.file = null // can be written to and not synced
	if syncData(null) == nil {
		t.Skip("here it can be synced")
	}
	for range 2 {
		err = s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("k"), nil) })
		if err == nil {
			t.Error("a commit succeeds that is not synced")
		}
		j.file = good
	}
	if !strings.Contains(err.Error(), "open the file again") {
		t.Errorf("the next Update answers %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wantFiles(t, path, true)
	wantCommits(t, path, 1)
}

// TestFailedWriteOfAJournal: the calls of the batch have the error, and the
// store goes on.
func TestFailedWriteOfAJournal(t *testing.T) {
	path := testPath(t)
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, 0)
	j := s.journals.files[s.journals.current]
	good := j.file
	if j.file, err = os.Open(path); err != nil { // can only be read
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.Put([]byte("k"), nil) }); err == nil {
		t.Error("a commit succeeds that is not written")
	}
	_ = j.file.Close()
	j.file = good
	put(t, s, 1)
	kill(t, s)
	wantCommits(t, path, 2)
}

// TestAFailedCommitIsNotRemembered: what is read often is told from memory, in
// which the next commit, by the number of the one that failed, must not find it.
func TestAFailedCommitIsNotRemembered(t *testing.T) {
	for _, writes := range []int{1, 4 * manyLoose} { // in turn with the journal, and beside it
		path := testPath(t)
		s, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		write := func(value string) error {
			return s.Update(t.Context(), "s", func(tx storage.Txn) error {
				for i := range writes {
					if err := tx.Put(fmt.Appendf(nil, "key %d", i), []byte(value)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		check := func() {
			t.Helper()
			for range 3 { // the second time on it may be told from memory
				err := s.View(t.Context(), func(r storage.Reader) error {
					for i := range writes {
						value, err := storage.Get(r, fmt.Appendf(nil, "key %d", i))
						if err != nil {
							return err
						}
						if string(value) != "old" {
							t.Errorf("of %d keys, key %d is %q", writes, i, value)
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := write("old"); err != nil {
			t.Fatal(err)
		}
		check()
		j := s.journals.files[s.journals.current]
		good := j.file
		if j.file, err = os.Open(path); err != nil { // can only be read
			t.Fatal(err)
		}
		if err := write("new"); err == nil {
			t.Error("a commit succeeds that is not written")
		}
		_ = j.file.Close()
		j.file = good
		check()
		put(t, s, 0) // has the number of the one that failed
		check()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
