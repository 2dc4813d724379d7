package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
)

// checkLogs looks at what the buckets of the logs say of each other.
func checkLogs(t testing.TB, s *Store) {
	t.Helper()
	flush(t, s)
	if err := s.db.View(logsAgree); err != nil {
		t.Error(err)
	}
}

func logsAgree(tx *bbolt.Tx) error {
	trimmed, newest := (&cursors{tx: tx}).span()
	records := 0
	wantDues := make(map[string]string)
	heads := tx.Bucket(headBucket).Cursor()
	dueAt := make(map[string][]uint64) // log -> its records
	for log, h := heads.First(); log != nil; log, h = heads.Next() {
		position := decodeHead(h).position
		if position <= trimmed {
			return fmt.Errorf("the head of %q is at %d, all up to %d is trimmed", log, position, trimmed)
		}
		for position > trimmed {
			rec := tx.Bucket(logBucket).Get(recordKey(position))
			if len(rec) < 8 {
				return fmt.Errorf("record %d of %q is missing", position, log)
			}
			records++
			dueAt[string(log)] = append(dueAt[string(log)], position)
			position = binary.BigEndian.Uint64(rec)
		}
	}
	if uint64(records) != newest-trimmed {
		return fmt.Errorf("the logs have %d records of %d to %d", records, trimmed+1, newest)
	}
	marks := tx.Bucket(markBucket).Cursor()
	for mark, _ := marks.First(); mark != nil; mark, _ = marks.Next() {
		log, position := mark[2:len(mark)-8], binary.BigEndian.Uint64(mark[len(mark)-8:])
		if position <= trimmed {
			return fmt.Errorf("there is a mark of %q at %d, all up to %d is trimmed", log, position, trimmed)
		}
		wantDues[string(dueKey(position, dueMark))] = string(log)
	}
	dues := tx.Bucket(dueBucket).Cursor()
	for due, log := dues.First(); due != nil; due, log = dues.Next() {
		position := binary.BigEndian.Uint64(due)
		if due[8] == dueMark {
			if wantDues[string(due)] != string(log) {
				return fmt.Errorf("a mark of %q is due at %d", log, position)
			}
			delete(wantDues, string(due))
			continue
		}
		if !slices.Contains(dueAt[string(log)], position) {
			return fmt.Errorf("the head of %q is due at %d, which is not its record or due twice", log, position)
		}
		delete(dueAt, string(log))
	}
	if len(wantDues)+len(dueAt) > 0 {
		return fmt.Errorf("not due are %d marks and %d heads", len(wantDues), len(dueAt))
	}
	return nil
}

// update runs an Update that must succeed.
func update(t testing.TB, s *Store, fn func(storage.Txn) error) {
	t.Helper()
	if err := s.Update(t.Context(), "s", fn); err != nil {
		t.Fatal(err)
	}
}

func logSpan(t testing.TB, s *Store) (span storage.LogSpan) {
	t.Helper()
	err := s.View(t.Context(), func(r storage.Reader) (err error) {
		span, err = r.Logs()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return span
}

// keysIn is how many keys a bucket has.
func keysIn(t testing.TB, s *Store, bucket []byte) (n int) {
	t.Helper()
	flush(t, s)
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(_, _ []byte) error { n++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTrimLeavesNothing trims logs of all lengths bit by bit: nothing that
// belongs to a record that is gone stays in the file.
func TestTrimLeavesNothing(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	random := rand.New(rand.NewPCG(1, 0))
	position := func() storage.Position {
		trimmed, newest := logSpan(t, s).Trimmed, logSpan(t, s).Newest
		_, from := trimmed.Numbers()
		_, to := newest.Numbers()
		return storage.PositionAt(0, from+random.Uint64N(to-from+2))
	}
	for range 150 {
		update(t, s, func(tx storage.Txn) error {
			for range random.IntN(150) {
				log := fmt.Appendf(nil, "log %d", min(random.IntN(20), random.IntN(200)))
				if err := tx.Append(log, nil); err != nil {
					return err
				}
			}
			return nil
		})
		until := position()
		update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(until) })
		checkLogs(t, s)
	}
	update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(logSpanOf(tx).Newest) })
	for _, bucket := range [][]byte{logBucket, headBucket, markBucket, dueBucket} {
		if n := keysIn(t, s, bucket); n > 0 {
			t.Errorf("all is trimmed, and bucket %s has %d keys", bucket, n)
		}
	}
}

// TestTrimInABatch has calls of one batch append, trim and fail: each sees what
// those before it have left, and those that failed have left nothing.
func TestTrimInABatch(t *testing.T) {
	s := openTest(t, nil)
	update(t, s, func(tx storage.Txn) error {
		return errors.Join(tx.Append([]byte("a"), []byte("0")), tx.Append([]byte("b"), []byte("0")))
	})
	mine := errors.New("mine")
	var kept int64 // by those that succeeded
	kept = 2
	before := commits(t, s)
	whileLeading(t, s, 40, func(i int) {
		var is int64
		err := s.Update(t.Context(), "s", func(tx storage.Txn) error {
			span, err := tx.Logs()
			if err != nil {
				return err
			}
			if span.Records != kept {
				return fmt.Errorf("call %d finds %d records, want %d", i, span.Records, kept)
			}
			recs, err := tx.Tail(nil, storage.Position{}, 0)
			if err != nil || int64(len(recs)) != kept {
				return fmt.Errorf("call %d reads %d records, want %d (%w)", i, len(recs), kept, err)
			}
			named, err := tx.Tail([][]byte{[]byte("a"), []byte("b")}, storage.Position{}, 0)
			if err != nil || len(named) != len(recs) {
				return fmt.Errorf("call %d reads %d records of the logs, want %d (%w)", i, len(named), kept, err)
			}
			for _, log := range []string{"a", "b", "a"} {
				if err := tx.Append([]byte(log), fmt.Appendf(nil, "%d", i)); err != nil {
					return err
				}
			}
			is = kept + 3
			if i%4 > 0 && kept > 0 {
				n := min(4, len(recs)-1)
				if err := tx.TrimLogs(recs[n].Position); err != nil {
					return err
				}
				is -= int64(n) + 1
			}
			if i%3 == 0 {
				return mine
			}
			kept = is
			return nil
		})
		if err != nil && (i%3 > 0 || err != mine) {
			t.Error(err)
		}
	})
	if n := commits(t, s) - before; n != 1 {
		t.Errorf("it took %d commits, want 1", n)
	}
	if span := logSpan(t, s); span.Records != kept {
		t.Errorf("there are %d records, want %d", span.Records, kept)
	}
	checkLogs(t, s)
}

// TestTrimNothingIsNoCommit: what is trimmed already costs no sync.
func TestTrimNothingIsNoCommit(t *testing.T) {
	s := openTest(t, nil)
	update(t, s, func(tx storage.Txn) error { return tx.Append([]byte("a"), nil) })
	update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(storage.PositionAt(1, 0)) })
	before := commits(t, s)
	for _, p := range []storage.Position{{}, storage.PositionAt(0, 1), storage.PositionAt(1, 0)} {
		update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(p) })
	}
	if n := commits(t, s) - before; n != 0 {
		t.Errorf("it took %d commits to trim nothing", n)
	}
}

// TestWaitForTrimmed: a record that is gone is nothing to wake for, or its
// reader would never rest.
func TestWaitForTrimmed(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	update(t, s, func(tx storage.Txn) error { return tx.Append([]byte("a"), nil) })
	update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(storage.PositionAt(0, 1)) })
	for _, logs := range [][][]byte{nil, {[]byte("a")}} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := s.Wait(ctx, logs, storage.Position{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait for %q answers %v", logs, err)
		}
		cancel()
	}
}

// TestFormat2 opens a file as it was before logs could be trimmed.
func TestFormat2(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx storage.Txn) error {
		for i := range 500 {
			if err := tx.Append(fmt.Appendf(nil, "log %d", min(i%10, i%7)), fmt.Appendf(nil, "%d", i)); err != nil {
				return err
			}
		}
		return tx.Put([]byte("key"), []byte("value"))
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, func(tx *bbolt.Tx) error {
		// Its records had no checksums.
		logs := tx.Bucket(logBucket)
		for position := range uint64(500) {
			key := recordKey(position + 1)
			sealed := logs.Get(key)
			if err := logs.Put(key, bytes.Clone(sealed[:len(sealed)-sealLen])); err != nil {
				return err
			}
		}
		return errors.Join(tx.DeleteBucket(journalBucket), tx.DeleteBucket(dueBucket), tx.Bucket(metaBucket).Put(formatKey, []byte{0, 0, 0, 0, 0, 0, 0, 2}))
	})
	for range 2 {
		if s, err = Open(path, nil); err != nil {
			t.Fatal(err)
		}
		checkLogs(t, s)
		if span := logSpan(t, s); span.Records != 500 || span.Trimmed != (storage.Position{}) {
			t.Errorf("the span is %v", span)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = Open(path, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, until := range []uint64{100, 499, 500} {
		update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(storage.PositionAt(0, until)) })
		checkLogs(t, s)
	}
	if n := keysIn(t, s, headBucket) + keysIn(t, s, markBucket) + keysIn(t, s, dueBucket); n > 0 {
		t.Errorf("all is trimmed, and %d keys are left", n)
	}
}

// rewrite changes a file that nobody has open.
func rewrite(t testing.TB, path string, fn func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestMissingRecord: records that are trimmed are missed by nobody, another one
// that is missing is damage.
func TestMissingRecord(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	update(t, s, func(tx storage.Txn) error {
		for range 10 {
			if err := tx.Append([]byte("a"), nil); err != nil {
				return err
			}
		}
		return nil
	})
	update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(storage.PositionAt(0, 3)) })
	tail := func(logs ...[]byte) (n int, err error) {
		err = s.View(t.Context(), func(r storage.Reader) error {
			recs, err := r.Tail(logs, storage.PositionAt(0, 1), 0)
			n = len(recs)
			return err
		})
		return n, err
	}
	for _, logs := range [][][]byte{nil, {[]byte("a")}} {
		if n, err := tail(logs...); n != 7 || err != nil {
			t.Errorf("Tail of %q answers %d records (%v), want 7", logs, n, err)
		}
	}
	flush(t, s)
	s.views.pause()
	if err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(logBucket).Delete(recordKey(6)) }); err != nil {
		t.Fatal(err)
	}
	s.views.resume()
	for _, logs := range [][][]byte{nil, {[]byte("a")}} {
		if _, err := tail(logs...); err == nil || !strings.Contains(err.Error(), "the file is damaged: log record 6") {
			t.Errorf("with record 6 missing Tail of %q answers %v", logs, err)
		}
	}
}

// TestDamagedLogs changes bits of the keys by which bbolt finds its way to the
// records: whoever reads on or trims comes to an end.
func TestDamagedLogs(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "good.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx storage.Txn) error {
		for i := range 500 {
			if err := tx.Append(fmt.Appendf(nil, "log %d", i%3), []byte("value")); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "damaged.db")
	tried, refused := 0, 0
	for _, at := range keyBytes(content) {
		for _, at := range []int{at, at + 5} { // keys are positions, whose first bytes are 0
			damaged := bytes.Clone(content)
			damaged[at] ^= 1 << 1
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			tried++
			s, err := Open(path, &Options{NoSync: true})
			if err != nil {
				refused++
				continue
			}
			read := func(logs ...[]byte) error {
				n, after := 0, storage.Position{}
				for {
					var got int
					err := s.View(t.Context(), func(r storage.Reader) error {
						recs, err := r.Tail(logs, after, 7)
						if got = len(recs); got > 0 {
							after = recs[got-1].Position
						}
						return err
					})
					if n += got; n > 1000 {
						t.Fatalf("byte %d: of 500 records %d are read", at, n)
					}
					if err != nil || got == 0 {
						return err
					}
				}
			}
			trim := func(until uint64) error {
				return s.Update(t.Context(), "s", func(tx storage.Txn) error { return tx.TrimLogs(storage.PositionAt(0, until)) })
			}
			for _, err := range []error{read(), read([]byte("log 1")), trim(200), read([]byte("log 2")), trim(450), read()} {
				if err != nil {
					refused++
				}
			}
			_ = s.Close() // whatever it finds
		}
	}
	if tried < 100 || refused == 0 {
		t.Errorf("of %d files %d calls are refused", tried, refused)
	}
}

// TestTrimGivesSpaceBack: what is trimmed is room for what comes.
func TestTrimGivesSpaceBack(t *testing.T) {
	s := openTest(t, &Options{NoSync: true})
	value := bytes.Repeat([]byte("v"), 1000)
	size := func() (n int64) {
		if err := s.db.View(func(tx *bbolt.Tx) error { n = tx.Size(); return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	var first int64
	for round := range 30 {
		update(t, s, func(tx storage.Txn) error {
			for range 500 {
				if err := tx.Append([]byte("log"), value); err != nil {
					return err
				}
			}
			return nil
		})
		update(t, s, func(tx storage.Txn) error { return tx.TrimLogs(logSpanOf(tx).Newest) })
		flush(t, s)
		if round == 3 {
			first = size()
		}
	}
	if last := size(); last > 2*first {
		t.Errorf("with all records trimmed each time the file grew from %d bytes to %d", first, last)
	}
}

func logSpanOf(r storage.Reader) storage.LogSpan {
	span, _ := r.Logs()
	return span
}

// TestDamagedRecord changes a bit of what a record says.
func TestDamagedRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx storage.Txn) error { return tx.Append([]byte("a log"), []byte("what was said")) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.ReplaceAll(content, []byte("what was said"), []byte("what was sajd"))
	if err := os.WriteFile(path, damaged, 0o600); err != nil || bytes.Equal(content, damaged) {
		t.Fatalf("the file is as it was (%v)", err)
	}
	if s, err = Open(path, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, logs := range [][][]byte{nil, {[]byte("a log")}} {
		err := s.View(t.Context(), func(r storage.Reader) error {
			_, err := r.Tail(logs, storage.Position{}, 0)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "the file is damaged") {
			t.Errorf("Tail of %q answers %v", logs, err)
		}
	}
}
