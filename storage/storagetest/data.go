package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/chat/storage"
)

func dataCases() []testCase {
	return []testCase{
		{"read/absent and empty", readAbsentAndEmpty},
		{"read/own writes", readOwnWrites},
		{"read/outside the limits", outsideLimits},
		{"read/large keys and values", largeKeysAndValues},
		{"bytes/input is copied", inputIsCopied},
		{"bytes/output lasts", outputLasts},
		{"write/delete", deleteKeys},
		{"write/insert", insert},
		{"write/many in one update", manyWrites},
	}
}

func readAbsentAndEmpty(e *env) {
	e.update("a", func(tx storage.Txn) error {
		return check(
			func() error { return tx.Put([]byte("empty"), nil) },
			func() error { return tx.Put([]byte("empty too"), []byte{}) },
			func() error { return tx.Put([]byte("full"), []byte("v")) },
			func() error { return wantValue(tx, "empty", []byte{}) },
		)
	})
	e.view(func(r storage.Reader) error {
		keys := [][]byte{[]byte("full"), []byte("none"), []byte("empty"), []byte("full"), []byte("empty too"), []byte("ful"), []byte("full\x00")}
		values, entries, err := r.Read(keys, nil)
		if err != nil {
			return err
		}
		if len(values) != len(keys) || len(entries) != 0 {
			return fmt.Errorf("Read of %d keys and no range answers %d values and %d ranges", len(keys), len(values), len(entries))
		}
		for i, want := range [][]byte{[]byte("v"), nil, {}, []byte("v"), {}, nil, nil} {
			if (values[i] == nil) != (want == nil) || !bytes.Equal(values[i], want) {
				return fmt.Errorf("key %q: got %s, want %s", keys[i], valueText(values[i]), valueText(want))
			}
		}
		_, entries, err = r.Read(nil, []storage.Range{{}})
		if err != nil {
			return err
		}
		if v := entries[0][0].Value; v == nil || len(v) != 0 {
			return fmt.Errorf("empty value in a range: got %s, want it empty and not nil", valueText(v))
		}
		return nil
	})
}

func readOwnWrites(e *env) {
	e.put("old ", "a", "c", "e", "g")
	errDone := errors.New("done")
	err := e.s.Update(e.ctx, "s", func(tx storage.Txn) error {
		all, back := storage.Range{}, storage.Range{Reverse: true}
		err := check(
			func() error { return tx.Put([]byte("b"), []byte("new")) },
			func() error { return tx.Put([]byte("c"), []byte("new")) },
			func() error { return tx.Insert([]byte("f"), []byte("new")) },
			func() error { return tx.Delete([]byte("a"), []byte("g")) },
			func() error { return wantValue(tx, "a", nil) },
			func() error { return wantValue(tx, "b", []byte("new")) },
			func() error { return wantValue(tx, "c", []byte("new")) },
			func() error { return wantValue(tx, "f", []byte("new")) },
			func() error { return wantEntries(tx, all, "b", "new", "c", "new", "e", "old e", "f", "new") },
			func() error { return wantEntries(tx, back, "f", "new", "e", "old e", "c", "new", "b", "new") },
			func() error {
				return wantEntries(tx, storage.Range{Start: []byte("c"), End: []byte("f")}, "c", "new", "e", "old e")
			},
			func() error { return wantEntries(tx, storage.Range{Limit: 1}, "b", "new") },
			func() error {
				return wantEntries(tx, storage.Range{Limit: 3, Reverse: true}, "f", "new", "e", "old e", "c", "new")
			},
			func() error { return tx.Put([]byte("a"), []byte("again")) },
			func() error { return tx.Delete([]byte("b"), []byte("c"), []byte("e")) },
			func() error { return wantEntries(tx, all, "a", "again", "f", "new") },
			func() error { return tx.Put([]byte("b"), nil) },
			func() error { return wantEntries(tx, back, "f", "new", "b", "", "a", "again") },
		)
		if err != nil {
			return err
		}
		return errDone
	})
	if err != errDone {
		e.Fatal(err)
	}
}

func outsideLimits(e *env) {
	long := bytes.Repeat([]byte("k"), storage.MaxKeyLen+1)
	ok := []byte("ok")
	tooMuch := make([]byte, storage.MaxValueLen+1)
	e.update("s", func(tx storage.Txn) error {
		for _, key := range [][]byte{nil, {}, long} {
			what := fmt.Sprintf("key of %d bytes: ", len(key))
			_, _, readErr := tx.Read([][]byte{ok, key}, nil)
			_, tailErr := tx.Tail([][]byte{ok, key}, storage.Position{}, 0)
			err := check(
				func() error { return wantErr(what+"Read", readErr, storage.ErrKey) },
				func() error { return wantErr(what+"Tail", tailErr, storage.ErrKey) },
				func() error { return wantErr(what+"Put", tx.Put(key, ok), storage.ErrKey) },
				func() error { return wantErr(what+"Insert", tx.Insert(key, ok), storage.ErrKey) },
				func() error { return wantErr(what+"Delete", tx.Delete(key), storage.ErrKey) },
				func() error { return wantErr(what+"Append", tx.Append(key, ok), storage.ErrKey) },
			)
			if err != nil {
				return err
			}
		}
		return check(
			func() error { return wantErr("Put of a long value", tx.Put(ok, tooMuch), storage.ErrKey) },
			func() error { return wantErr("Insert of a long value", tx.Insert(ok, tooMuch), storage.ErrKey) },
			func() error { return wantErr("Append of a long value", tx.Append(ok, tooMuch), storage.ErrKey) },
			// What a range begins and ends with is no key.
			func() error { return wantEntries(tx, storage.Range{Start: long, End: append(long, 0)}) },
		)
	})
	e.view(func(r storage.Reader) error {
		_, _, err := r.Read([][]byte{nil}, nil)
		return wantErr("Read in a View", err, storage.ErrKey)
	})
	e.expectKeys("")
}

func largeKeysAndValues(e *env) {
	key := strings.Repeat("\xff", storage.MaxKeyLen)
	shorter := key[1:]
	size := 3 << 20
	if !e.h.small && !testing.Short() {
		size = storage.MaxValueLen
	}
	value := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	e.update("s", func(tx storage.Txn) error {
		return check(
			func() error { return tx.Put([]byte(key), value) },
			func() error { return tx.Put([]byte(shorter), []byte("s")) },
			func() error { return tx.Append([]byte(key), []byte("r")) },
			func() error { return wantValue(tx, key, value) },
		)
	})
	e.view(func(r storage.Reader) error {
		recs, err := r.Tail([][]byte{[]byte(key)}, storage.Position{}, 0)
		if err != nil {
			return err
		}
		if len(recs) != 1 || string(recs[0].Log) != key || string(recs[0].Value) != "r" {
			return errors.New("the record of a log with the longest name is not as appended")
		}
		return check(
			func() error { return wantValue(r, key, value) },
			func() error { return wantEntries(r, storage.Range{Limit: 1}, shorter, "s") },
		)
	})
	e.update("s", func(tx storage.Txn) error { return tx.Delete([]byte(key)) })
	e.view(func(r storage.Reader) error { return wantEntries(r, storage.Range{}, shorter, "s") })
}

func inputIsCopied(e *env) {
	e.put("", "gone", "gone too", "range")
	e.update("s", func(tx storage.Txn) error {
		k, v := []byte("key 1"), []byte("val 1")
		use := func(fn func() error, key, value string) func() error {
			return func() error {
				copy(k, key)
				copy(v, value)
				err := fn()
				copy(k, "xxxxxxxx")
				copy(v, "xxxxxxxx")
				return err
			}
		}
		gone, logs := []byte("gone"), []byte("log")
		rng := storage.Range{Start: []byte("range"), End: []byte("rangf")}
		return check(
			use(func() error { return tx.Put(k, v) }, "key 1", "val 1"),
			use(func() error { return tx.Insert(k, v) }, "key 2", "val 2"),
			use(func() error { return tx.Append(logs, v) }, "", "rec 1"),
			use(func() error { return tx.Append(k, v) }, "log 2", "rec 2"),
			func() error { return tx.Delete(gone) },
			func() error { return tx.DeleteRange(rng) },
			func() error {
				copy(gone, "xxxx")
				copy(rng.Start, "xxxx")
				copy(rng.End, "xxxx")
				copy(logs, "xxx")
				return wantEntries(tx, storage.Range{}, "gone too", "gone too", "key 1", "val 1", "key 2", "val 2")
			},
		)
	})
	e.view(func(r storage.Reader) error {
		recs, err := r.Tail([][]byte{[]byte("log"), []byte("log 2")}, storage.Position{}, 0)
		if err != nil {
			return err
		}
		return check(
			func() error {
				return wantEntries(r, storage.Range{}, "gone too", "gone too", "key 1", "val 1", "key 2", "val 2")
			},
			func() error { return wantRecords(recs, "log", "rec 1", "log 2", "rec 2") },
		)
	})
}

func outputLasts(e *env) {
	var keys []string
	for i := range 50 {
		keys = append(keys, fmt.Sprintf("key %02d", i))
	}
	e.put("old ", keys...)
	e.appendTo("log", "old record")
	e.view(func(r storage.Reader) error {
		values, entries, err := r.Read([][]byte{[]byte(keys[7])}, []storage.Range{{Limit: 20}})
		if err != nil {
			return err
		}
		recs, err := r.Tail([][]byte{[]byte("log")}, storage.Position{}, 0)
		if err != nil {
			return err
		}
		// Neither later reads nor other transactions may touch what was handed
		// out.
		done := make(chan error)
		go func() {
			for n := range 3 {
				err := e.s.Update(e.ctx, "put", func(tx storage.Txn) error {
					for _, k := range keys {
						if err := tx.Put([]byte(k), fmt.Appendf(nil, "new%d", n)); err != nil {
							return err
						}
					}
					return errors.Join(tx.Delete([]byte(keys[7])), tx.Append([]byte("log"), []byte("new record")))
				})
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		if err := <-done; err != nil {
			return err
		}
		for i := range 20 {
			if _, _, err := r.Read([][]byte{[]byte(keys[i])}, []storage.Range{{Reverse: true, Limit: 20}}); err != nil {
				return err
			}
		}
		if string(values[0]) != "old "+keys[7] {
			return fmt.Errorf("a value handed out has become %q", values[0])
		}
		for i, en := range entries[0] {
			if string(en.Key) != keys[i] || string(en.Value) != "old "+keys[i] {
				return fmt.Errorf("an entry handed out has become %q: %q", en.Key, en.Value)
			}
		}
		return wantRecords(recs, "log", "old record")
	})
	e.update("put", func(tx storage.Txn) error {
		for i := range 40 {
			if err := tx.Put([]byte(keys[i]), []byte("before")); err != nil {
				return err
			}
		}
		values, entries, err := tx.Read([][]byte{[]byte(keys[0]), []byte(keys[45])}, []storage.Range{{Limit: 2}})
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := errors.Join(tx.Put([]byte(k), []byte("after!")), tx.Delete([]byte(k))); err != nil {
				return err
			}
		}
		if string(values[0]) != "before" || string(values[1]) != "new2" || string(entries[0][1].Value) != "before" {
			return errors.New("a write changed what a read had handed out")
		}
		return nil
	})
}

func deleteKeys(e *env) {
	e.put("", "a", "b", "c", "d")
	e.update("s", func(tx storage.Txn) error {
		return check(
			func() error { return tx.Delete() },
			func() error { return tx.Delete([]byte("none")) },
			func() error { return tx.Delete([]byte("c"), []byte("a"), []byte("c"), []byte("none")) },
			func() error { return wantValue(tx, "a", nil) },
			func() error { return tx.Delete([]byte("a")) },
		)
	})
	e.expectKeys("", "b", "d")
}

func insert(e *env) {
	e.put("", "stored")
	e.update("s", func(tx storage.Txn) error {
		if err := tx.Insert([]byte("fresh"), []byte("fresh")); err != nil {
			return err
		}
		for _, key := range []string{"stored", "fresh"} {
			if err := tx.Insert([]byte(key), []byte("twice")); err == nil {
				return fmt.Errorf("Insert of %q, which can be seen, answers no error", key)
			}
		}
		return check(
			func() error { return tx.Delete([]byte("stored")) },
			func() error { return tx.Insert([]byte("stored"), []byte("stored")) },
		)
	})
	e.expectKeys("", "fresh", "stored")
}

func manyWrites(e *env) {
	const n = 20_000
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i*7919%n) } // in no order
	e.within("an Update of many writes", func() {
		err := e.s.Update(e.ctx, "s", func(tx storage.Txn) error {
			for i := range n {
				if err := tx.Put(key(i), key(i)); err != nil {
					return err
				}
				if i%500 == 0 {
					if err := wantValue(tx, string(key(i/2)), key(i/2)); err != nil {
						return err
					}
				}
			}
			return check(
				func() error { return wantEntries(tx, storage.Range{Limit: 2}, pairs("", "00000", "00001")...) },
				func() error {
					return wantEntries(tx, storage.Range{Reverse: true, Limit: 2}, pairs("", "19999", "19998")...)
				},
				func() error { return tx.DeleteRange(storage.Range{Start: []byte("00002"), End: []byte("19998")}) },
				func() error {
					return wantEntries(tx, storage.Range{}, pairs("", "00000", "00001", "19998", "19999")...)
				},
			)
		})
		if err != nil {
			e.Error(err)
		}
	})
	e.expectKeys("", "00000", "00001", "19998", "19999")
}
