package storagetest

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"example.com/chat/storage"
)

func logCases() []testCase {
	return []testCase{
		{"log/append and tail", appendAndTail},
		{"log/own records are not seen", ownRecords},
		{"log/merge, limit and after", mergeLimitAfter},
		{"log/names", logNames},
		{"log/a long log by pages", longLog},
		{"log/commit order under load", commitOrder},
		{"log/records come with their keys", recordsWithKeys},
	}
}

// appendTo appends records to one log in one Update.
func (e *env) appendTo(log string, values ...string) {
	e.Helper()
	e.update("append", func(tx storage.Txn) error {
		for _, v := range values {
			if err := tx.Append([]byte(log), []byte(v)); err != nil {
				return err
			}
		}
		return nil
	})
}

// tail is Tail in a View, with the records copied.
func (e *env) tail(after storage.Position, limit int, logs ...string) (recs []storage.Record, err error) {
	err = e.s.View(e.ctx, func(r storage.Reader) error {
		found, err := r.Tail(names(logs...), after, limit)
		for _, rec := range found {
			rec.Log, rec.Value = slices.Clone(rec.Log), slices.Clone(rec.Value)
			recs = append(recs, rec)
		}
		return err
	})
	return recs, err
}

// expectTail compares a Tail with logs and values, which alternate.
func (e *env) expectTail(after storage.Position, limit int, logs []string, want ...string) []storage.Record {
	e.Helper()
	recs, err := e.tail(after, limit, logs...)
	if err == nil {
		err = wantRecords(recs, want...)
	}
	if err != nil {
		e.Fatalf("Tail of %q, limit %d: %v", logs, limit, err)
	}
	return recs
}

func names(logs ...string) (b [][]byte) {
	for _, log := range logs {
		b = append(b, []byte(log))
	}
	return b
}

// wantRecords compares records with logs and values, which alternate, and looks
// at the order of their positions.
func wantRecords(recs []storage.Record, want ...string) error {
	var got []string
	var last storage.Position
	for _, rec := range recs {
		got = append(got, string(rec.Log), string(rec.Value))
		if rec.Position.Compare(last) <= 0 {
			return fmt.Errorf("position %x follows %x", rec.Position, last)
		}
		last = rec.Position
	}
	if !equal(got, want) {
		return fmt.Errorf("records\n got %s\nwant %s", list(got), list(want))
	}
	return nil
}

func appendAndTail(e *env) {
	var zero storage.Position
	e.expectTail(zero, 0, []string{"a"})
	e.appendTo("a", "1", "2", "", "3")
	recs := e.expectTail(zero, 0, []string{"a"}, "a", "1", "a", "2", "a", "", "a", "3")
	e.appendTo("a", "4")
	e.expectTail(recs[3].Position, 0, []string{"a"}, "a", "4")
	e.expectTail(recs[1].Position, 0, []string{"a"}, "a", "", "a", "3", "a", "4")
	all := e.expectTail(zero, -1, []string{"a"}, "a", "1", "a", "2", "a", "", "a", "3", "a", "4")
	for i, rec := range recs {
		if rec.Position != all[i].Position {
			e.Errorf("record %d has moved from %x to %x", i, rec.Position, all[i].Position)
		}
	}
	e.expectTail(all[4].Position, 0, []string{"a"})
	e.expectTail(storage.PositionAt(1<<64-1, 1<<64-1), 0, []string{"a"})
}

func ownRecords(e *env) {
	e.appendTo("a", "old")
	e.update("append", func(tx storage.Txn) error {
		if err := tx.Append([]byte("a"), []byte("new")); err != nil {
			return err
		}
		recs, err := tx.Tail(names("a"), storage.Position{}, 0)
		if err != nil {
			return err
		}
		return wantRecords(recs, "a", "old")
	})
	e.expectTail(storage.Position{}, 0, []string{"a"}, "a", "old", "a", "new")
}

func mergeLimitAfter(e *env) {
	logs := []string{"a", "b", "c"}
	e.update("append", func(tx storage.Txn) error {
		for i := range 6 {
			if err := tx.Append([]byte(logs[i%3]), []byte(strconv.Itoa(i))); err != nil {
				return err
			}
		}
		return nil
	})
	for i := 6; i < 12; i++ {
		e.appendTo(logs[i%3], strconv.Itoa(i))
	}
	want := func(keep ...string) (w []string) {
		for i := range 12 {
			if slices.Contains(keep, logs[i%3]) {
				w = append(w, logs[i%3], strconv.Itoa(i))
			}
		}
		return w
	}
	var zero storage.Position
	all := e.expectTail(zero, 0, logs, want(logs...)...)
	e.expectTail(zero, 0, []string{"c", "a"}, want("a", "c")...)
	e.expectTail(zero, 0, []string{"b", "b", "none", "b"}, want("b")...)
	e.expectTail(zero, 0, []string{"c", "c", "a", "c", "a"}, want("a", "c")...)
	for limit := 1; limit <= 13; limit++ {
		for skip := range len(all) {
			e.expectTail(all[skip].Position, limit, logs, cut(want(logs...)[2*(skip+1):], 2*limit)...)
		}
		e.expectTail(zero, limit, []string{"b", "a", "b"}, cut(want("a", "b"), 2*limit)...)
	}
}

func cut(s []string, n int) []string { return s[:min(n, len(s))] }

func logNames(e *env) {
	keys := awkward()
	for round := range 2 {
		e.update("append", func(tx storage.Txn) error {
			for _, log := range keys {
				if err := tx.Append([]byte(log), []byte(log+strconv.Itoa(round))); err != nil {
					return err
				}
			}
			return tx.Put([]byte("a"), []byte("no log"))
		})
	}
	for _, log := range keys {
		e.expectTail(storage.Position{}, 0, []string{log}, log, log+"0", log, log+"1")
	}
	e.view(func(r storage.Reader) error { return wantEntries(r, storage.Range{}, "a", "no log") })
}

func longLog(e *env) {
	const n = 700
	for i := 0; i < n; i += 50 {
		e.update("append", func(tx storage.Txn) error {
			for j := i; j < i+50; j++ {
				if err := tx.Append([]byte("long"), []byte(strconv.Itoa(j))); err != nil {
					return err
				}
				if err := tx.Append([]byte("other"), nil); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, limit := range []int{1, 7, 63, 64, 65, 66, 128, 129, 699, 700, 701} {
		var after storage.Position
		var got []string
		for {
			recs, err := e.tail(after, limit, "long")
			if err != nil {
				e.Fatal(err)
			}
			for _, rec := range recs {
				got = append(got, string(rec.Value))
				after = rec.Position
			}
			if len(recs) < limit {
				break
			}
			if len(recs) > limit || len(got) > n {
				e.Fatalf("Tail with limit %d answers %d records, %d in all", limit, len(recs), len(got))
			}
		}
		for i := range n {
			if i >= len(got) || got[i] != strconv.Itoa(i) {
				e.Fatalf("a log of %d read by %d: record %d is missing or wrong: %s", n, limit, i, list(got[min(i, len(got)):]))
			}
		}
		if len(got) != n {
			e.Fatalf("a log of %d read by %d has %d records", n, limit, len(got))
		}
	}
}

// commitOrder has many writers append while a reader follows with a cursor. Not
// one record may turn up behind the cursor.
func commitOrder(e *env) {
	const writers, each = 16, 20
	logs := []string{"shared"}
	for i := range writers {
		logs = append(logs, "own"+strconv.Itoa(i))
	}
	var writing atomic.Int32
	writing.Store(writers)
	var got []storage.Record
	e.parallel(writers+1, func(i int) error {
		if i == writers {
			var after storage.Position
			for {
				last := writing.Load() == 0
				recs, err := e.tail(after, 50, logs...)
				if err != nil {
					return err
				}
				for _, rec := range recs {
					if rec.Position.Compare(after) <= 0 {
						return fmt.Errorf("Tail after %x answers a record at %x", after, rec.Position)
					}
					after = rec.Position
				}
				got = append(got, recs...)
				if last && len(recs) == 0 {
					return nil
				}
			}
		}
		defer writing.Add(-1)
		for n := range each {
			err := e.s.Update(e.ctx, strconv.Itoa(i), func(tx storage.Txn) error {
				value := fmt.Appendf(nil, "%d %d", i, n)
				if err := tx.Append([]byte(logs[i+1]), value); err != nil {
					return err
				}
				if n%3 == 0 { // some take longer than others
					if _, err := add(tx, "n"+strconv.Itoa(i), 1); err != nil {
						return err
					}
				}
				return tx.Append([]byte("shared"), value)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	all, err := e.tail(storage.Position{}, 0, logs...)
	if err != nil {
		e.Fatal(err)
	}
	if len(all) != 2*writers*each {
		e.Fatalf("%d records were appended, the logs have %d", 2*writers*each, len(all))
	}
	if len(got) != len(all) {
		e.Fatalf("the reader that followed got %d records of %d", len(got), len(all))
	}
	next := make(map[string]int)
	for i, rec := range all {
		if rec.Position != got[i].Position || string(rec.Value) != string(got[i].Value) {
			e.Fatalf("record %d was read as %q first and as %q later", i, got[i].Value, rec.Value)
		}
		// The records of one transaction follow each other, and those of one
		// writer come in the order of its Updates.
		if i%2 == 1 && string(all[i-1].Value) != string(rec.Value) {
			e.Fatalf("between the two records of %q there is %q", all[i-1].Value, rec.Value)
		}
		log := string(rec.Log)
		if log == "shared" {
			continue
		}
		if want := fmt.Sprintf("%s %d", log[len("own"):], next[log]); string(rec.Value) != want {
			e.Fatalf("in log %s there is %q, want %q", log, rec.Value, want)
		}
		next[log]++
	}
}

// recordsWithKeys looks for a View that has a transaction's record and not its
// key, or the other way round.
func recordsWithKeys(e *env) {
	const n = 60
	var writing atomic.Bool
	writing.Store(true)
	e.parallel(3, func(i int) error {
		if i == 0 {
			defer writing.Store(false)
			for range n {
				err := e.s.Update(e.ctx, "s", func(tx storage.Txn) error {
					v, err := add(tx, "count", 1)
					if err != nil {
						return err
					}
					return tx.Append([]byte("log"), []byte(strconv.Itoa(v)))
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		for writing.Load() {
			err := e.s.View(e.ctx, func(r storage.Reader) error {
				recs, err := r.Tail(names("log"), storage.Position{}, 0)
				if err != nil {
					return err
				}
				v, err := storage.Get(r, []byte("count"))
				if err != nil {
					return err
				}
				if count, _ := strconv.Atoi(string(v)); count != len(recs) {
					return fmt.Errorf("a View has %d records and the key that counts them at %d", len(recs), count)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
