package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"example.com/chat/storage"
)

func trimCases() []testCase {
	return []testCase{
		{"all logs/tail", tailOfAll},
		{"all logs/span", spanOfAll},
		{"all logs/a view is a snapshot", allInView},
		{"trim/up to a position", trimUpTo},
		{"trim/outside the span", trimOutside},
		{"trim/in the transaction", trimInTransaction},
		{"trim/failed", trimFailed},
		{"trim/nothing else", trimNothingElse},
		{"trim/a long log by pages", trimLongLog},
		{"trim/while others append", trimUnderLoad},
		{"trim/reopen", trimReopen},
	}
}

// beyond is a position that no record has.
var beyond = storage.PositionAt(1<<64-1, 1<<64-1)

func (e *env) trim(until storage.Position) {
	e.Helper()
	e.update("trim", func(tx storage.Txn) error { return tx.TrimLogs(until) })
}

// appendEach appends numbers in turn to the logs, five in one Update, and returns
// the records.
func (e *env) appendEach(n int, logs ...string) []storage.Record {
	e.Helper()
	for i := 0; i < n; i += 5 {
		e.update("append", func(tx storage.Txn) error {
			for j := i; j < min(i+5, n); j++ {
				if err := tx.Append([]byte(logs[j%len(logs)]), []byte(strconv.Itoa(j))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	recs, err := e.tail(storage.Position{}, 0, logs...)
	if err != nil {
		e.Fatal(err)
	}
	return recs
}

// span is Logs in a View.
func (e *env) span() (span storage.LogSpan) {
	e.Helper()
	e.view(func(r storage.Reader) (err error) {
		span, err = r.Logs()
		return err
	})
	return span
}

// wantLogs compares a reader's Tail and Logs with all records that there are and
// all that have been trimmed, in order of position.
func wantLogs(e *env, r storage.Reader, trimmed, kept []storage.Record) error {
	span, err := r.Logs()
	if err != nil {
		return err
	}
	if err := wantSpan(e, span, trimmed, kept); err != nil {
		return err
	}
	byLog := make(map[string][]storage.Record)
	for _, rec := range trimmed {
		byLog[string(rec.Log)] = nil
	}
	for _, rec := range kept {
		byLog[string(rec.Log)] = append(byLog[string(rec.Log)], rec)
	}
	for log, recs := range byLog {
		got, err := r.Tail(names(log), storage.Position{}, 0)
		if err != nil {
			return err
		}
		if err := sameRecords(got, recs); err != nil {
			return fmt.Errorf("log %s: %w", log, err)
		}
	}
	return wantAll(r, kept)
}

// wantSpan compares a span with all records that were ever committed.
func wantSpan(e *env, span storage.LogSpan, trimmed, kept []storage.Record) error {
	last := func(recs []storage.Record, or storage.Position) storage.Position {
		if len(recs) > 0 {
			return recs[len(recs)-1].Position
		}
		return or
	}
	gone := last(trimmed, storage.Position{})
	newest := last(kept, gone)
	switch {
	case len(trimmed) == 0 && span.Trimmed != storage.Position{}:
		return fmt.Errorf("Trimmed is %x, and nothing was", span.Trimmed)
	case span.Trimmed.Compare(gone) < 0:
		return fmt.Errorf("Trimmed is %x, and all up to %x is gone", span.Trimmed, gone)
	case len(kept) > 0 && span.Trimmed.Compare(kept[0].Position) >= 0:
		return fmt.Errorf("Trimmed is %x, and there is a record at %x", span.Trimmed, kept[0].Position)
	case len(trimmed)+len(kept) == 0 && span.Newest != storage.Position{}:
		return fmt.Errorf("Newest is %x, and there never was a record", span.Newest)
	case span.Newest.Compare(newest) < 0:
		return fmt.Errorf("Newest is %x, and there was a record at %x", span.Newest, newest)
	case span.Trimmed.Compare(span.Newest) > 0:
		return fmt.Errorf("Trimmed is %x, behind the newest %x", span.Trimmed, span.Newest)
	case !e.h.EstimatesRecords && span.Records != int64(len(kept)):
		return fmt.Errorf("Records is %d of %d", span.Records, len(kept))
	}
	return nil
}

func spanText(s storage.LogSpan) string {
	return fmt.Sprintf("%d records after %x up to %x", s.Records, s.Trimmed, s.Newest)
}

// sameRecords compares records with their logs.
func sameRecords(got, want []storage.Record) error {
	for i, rec := range got {
		if i == len(want) {
			break
		}
		if w := want[i]; rec.Position != w.Position || string(rec.Value) != string(w.Value) || string(rec.Log) != string(w.Log) {
			return fmt.Errorf("record %d is %q of log %q at %x, want %q of %q at %x",
				i, rec.Value, rec.Log, rec.Position, w.Value, w.Log, w.Position)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("there are %d records, want %d", len(got), len(want))
	}
	return nil
}

// withoutLogs is the records as Tail answers them when no log is named.
func withoutLogs(recs []storage.Record) []storage.Record {
	recs = slices.Clone(recs)
	for i := range recs {
		recs[i].Log = nil
	}
	return recs
}

// wantAll compares the Tail of all logs with the records that there are, by
// pages of several sizes.
func wantAll(r storage.Reader, want []storage.Record) error {
	want = withoutLogs(want)
	for _, limit := range []int{-1, 0, 1, 2, 3, 50, len(want), len(want) + 1} {
		for _, after := range []int{-1, 0, 1, len(want) / 2, len(want) - 2, len(want) - 1} {
			from, left := storage.Position{}, want
			if after >= 0 && after < len(want) {
				from, left = want[after].Position, want[after+1:]
			}
			if limit > 0 {
				left = left[:min(limit, len(left))]
			}
			for _, logs := range [][][]byte{nil, {}} {
				got, err := r.Tail(logs, from, limit)
				if err != nil {
					return err
				}
				for i, rec := range got {
					if rec.Log != nil {
						return fmt.Errorf("record %d of all logs is of %q, want nil", i, rec.Log)
					}
				}
				if err := sameRecords(got, left); err != nil {
					return fmt.Errorf("all logs after %x, limit %d: %w", from, limit, err)
				}
			}
		}
	}
	got, err := r.Tail(nil, beyond, 0)
	if err == nil && len(got) > 0 {
		err = fmt.Errorf("behind the end of all logs there is %q", got[0].Value)
	}
	return err
}

// expectLogs is wantLogs in a View.
func (e *env) expectLogs(trimmed, kept []storage.Record) {
	e.Helper()
	e.view(func(r storage.Reader) error { return wantLogs(e, r, trimmed, kept) })
}

func tailOfAll(e *env) {
	e.view(func(r storage.Reader) error { return wantAll(r, nil) })
	recs := e.appendEach(9, "b", "a", "a\x00", "c")
	e.view(func(r storage.Reader) error { return wantAll(r, recs) })
	e.update("append", func(tx storage.Txn) error {
		if err := tx.Append([]byte("a"), []byte("own")); err != nil {
			return err
		}
		return wantAll(tx, recs)
	})
}

func spanOfAll(e *env) {
	e.expectLogs(nil, nil)
	var recs []storage.Record
	for range 5 {
		was := e.span()
		e.update("append", func(tx storage.Txn) error {
			if err := tx.Append([]byte("a"), nil); err != nil {
				return err
			}
			span, err := tx.Logs()
			if err == nil && span != was {
				err = fmt.Errorf("with a record of its own the transaction has %s, want %s", spanText(span), spanText(was))
			}
			return err
		})
		var err error
		if recs, err = e.tail(storage.Position{}, 0, "a"); err != nil {
			e.Fatal(err)
		}
		if newest := recs[len(recs)-1].Position; newest.Compare(was.Newest) <= 0 {
			e.Errorf("a record is committed at %x when the newest was %x", newest, was.Newest)
		}
		e.expectLogs(nil, recs)
	}
}

// allInView holds a View open while records come and go.
func allInView(e *env) {
	recs := e.appendEach(10, "a", "b")
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- e.s.View(e.ctx, func(r storage.Reader) error {
			if err := wantLogs(e, r, nil, recs); err != nil {
				return err
			}
			close(inside)
			<-leave
			return wantLogs(e, r, nil, recs)
		})
	}()
	e.await("a View", inside)
	e.trim(recs[6].Position)
	e.appendTo("a", "new")
	close(leave)
	if err := <-done; err != nil {
		e.Errorf("a View in which records come and go: %v", err)
	}
}

func trimUpTo(e *env) {
	logs := []string{"a", "b", "a\x00"}
	recs := e.appendEach(30, logs...)
	for _, n := range []int{1, 2, 3, 10, 29, 30} { // 30: none is left
		e.trim(recs[n-1].Position)
		e.expectLogs(recs[:n], recs[n:])
		// A log's own pages go on from where they are, trimmed or not.
		for _, log := range logs {
			var want []string
			for _, rec := range recs[max(n, 5):] {
				if string(rec.Log) == log && len(want) < 4 {
					want = append(want, log, string(rec.Value))
				}
			}
			e.expectTail(recs[4].Position, 2, []string{log, "none"}, want...)
		}
	}
	newest := e.span().Newest
	more := e.appendEach(7, logs...)
	if more[0].Position.Compare(newest) <= 0 {
		e.Errorf("after all was trimmed a record is committed at %x, the newest was %x", more[0].Position, newest)
	}
	e.expectLogs(recs, more)
	e.trim(more[4].Position)
	e.expectLogs(append(recs, more[:5]...), more[5:])
}

func trimOutside(e *env) {
	e.trim(storage.Position{})
	e.trim(beyond)
	e.expectLogs(nil, nil)
	recs := e.appendEach(6, "a", "b")
	e.trim(storage.Position{})
	e.expectLogs(nil, recs)
	e.trim(recs[3].Position)
	for _, p := range []storage.Position{{}, recs[1].Position, recs[3].Position} {
		e.trim(p)
		e.expectLogs(recs[:4], recs[4:])
	}
	e.trim(beyond)
	e.expectLogs(recs, nil)
	if span := e.span(); span.Trimmed.Compare(recs[5].Position) < 0 || span.Trimmed.Compare(span.Newest) > 0 {
		e.Errorf("a position behind the newest, %x, trims up to %x", span.Newest, span.Trimmed)
	}
	e.expectLogs(recs, e.appendEach(2, "a", "b"))
}

func trimInTransaction(e *env) {
	recs := e.appendEach(8, "a", "b")
	e.update("trim", func(tx storage.Txn) error {
		return check(
			func() error { return tx.Append([]byte("a"), []byte("own 1")) },
			func() error { return tx.TrimLogs(recs[2].Position) },
			func() error { return wantLogs(e, tx, recs[:3], recs[3:]) },
			func() error { return tx.Append([]byte("c"), []byte("own 2")) },
			func() error { return tx.TrimLogs(beyond) },
			func() error { return wantLogs(e, tx, recs, nil) },
			func() error { return tx.Append([]byte("a"), []byte("own 3")) },
			func() error { return wantLogs(e, tx, recs, nil) },
		)
	})
	own := e.expectTail(storage.Position{}, 0, []string{"a", "b", "c"}, "a", "own 1", "c", "own 2", "a", "own 3")
	e.expectLogs(recs, own)
}

func trimFailed(e *env) {
	recs := e.appendEach(8, "a", "b")
	mine := errors.New("mine")
	err := e.s.Update(e.ctx, "trim", func(tx storage.Txn) error {
		return errors.Join(tx.TrimLogs(recs[5].Position), mine)
	})
	if !errors.Is(err, mine) {
		e.Errorf("Update answers %v, want %v", err, mine)
	}
	e.expectLogs(nil, recs)
	func() {
		defer func() { _ = recover() }()
		_ = e.s.Update(e.ctx, "trim", func(tx storage.Txn) error {
			panic(tx.TrimLogs(beyond))
		})
	}()
	e.expectLogs(nil, recs)
	e.trim(recs[1].Position)
	e.expectLogs(recs[:2], recs[2:])
}

func trimNothingElse(e *env) {
	e.put("", "a", "b", "c")
	recs := e.appendEach(4, "a", "b")
	e.trim(recs[2].Position)
	e.expectKeys("", "a", "b", "c")
	e.trim(beyond)
	e.expectKeys("", "a", "b", "c")
}

// trimLongLog trims logs at places where a driver may have a boundary of its
// own, and reads what is left by pages, from cursors that are trimmed too.
func trimLongLog(e *env) {
	const n = 400
	var recs []storage.Record
	for i := 0; i < n; i += 8 {
		e.update("append", func(tx storage.Txn) error {
			if err := tx.Append([]byte("rare"), []byte(strconv.Itoa(i))); err != nil {
				return err
			}
			for j := i; j < i+8; j++ {
				if err := tx.Append([]byte("long"), []byte(strconv.Itoa(j))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	recs, err := e.tail(storage.Position{}, 0, "long", "rare")
	if err != nil {
		e.Fatal(err)
	}
	pages := func(log string, after storage.Position, limit int, want []storage.Record) {
		e.Helper()
		for {
			got, err := e.tail(after, limit, log)
			if err != nil {
				e.Fatal(err)
			}
			if err := sameRecords(got, want[:min(limit, len(want))]); err != nil {
				e.Fatalf("log %s after %x, limit %d: %v", log, after, limit, err)
			}
			if want = want[len(got):]; len(want) == 0 {
				return
			}
			after = got[len(got)-1].Position
		}
	}
	for _, trimmed := range []int{1, 60, 71, 72, 73, 74, 143, 144, 145, 260, 400, len(recs) - 1, len(recs)} {
		e.trim(recs[trimmed-1].Position)
		for _, log := range []string{"long", "rare"} {
			var want []storage.Record
			for _, rec := range recs[trimmed:] {
				if string(rec.Log) == log {
					want = append(want, rec)
				}
			}
			for _, limit := range []int{1, 7, 63, 64, 65, 200} {
				for _, after := range []storage.Position{{}, recs[trimmed/2].Position, recs[trimmed-1].Position} {
					pages(log, after, limit, want)
				}
			}
		}
		e.expectLogs(recs[:trimmed], recs[trimmed:])
	}
	again := e.appendEach(200, "long", "rare")
	for _, limit := range []int{1, 64, 65} {
		pages("long", storage.Position{}, limit, slices.DeleteFunc(slices.Clone(again), func(rec storage.Record) bool { return string(rec.Log) != "long" }))
	}
}

// trimUnderLoad has writers append while a reader follows all logs, and trims
// behind itself. It must see each record, and nothing twice.
func trimUnderLoad(e *env) {
	const writers, each = 8, 25
	var writing atomic.Int32
	writing.Store(writers)
	seen := make(map[string]int)
	e.parallel(writers+1, func(i int) error {
		if i < writers {
			defer writing.Add(-1)
			for n := range each {
				err := e.s.Update(e.ctx, strconv.Itoa(i), func(tx storage.Txn) error {
					if _, err := add(tx, "n"+strconv.Itoa(i), 1); err != nil {
						return err
					}
					return tx.Append([]byte("log"+strconv.Itoa(n%3)), fmt.Appendf(nil, "%d %d", i, n))
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		var after storage.Position
		for {
			last := writing.Load() == 0
			recs, err := e.tail(after, 20)
			if err != nil {
				return err
			}
			for _, rec := range recs {
				seen[string(rec.Value)]++
				after = rec.Position
			}
			err = e.s.Update(e.ctx, "trim", func(tx storage.Txn) error {
				if err := tx.TrimLogs(after); err != nil {
					return err
				}
				span, err := tx.Logs()
				if err == nil && span.Trimmed.Compare(after) < 0 {
					err = fmt.Errorf("all is trimmed up to %x, want %x", span.Trimmed, after)
				}
				return err
			})
			if err != nil || last && len(recs) == 0 {
				return err
			}
		}
	})
	for i := range writers {
		for n := range each {
			if value := fmt.Sprintf("%d %d", i, n); seen[value] != 1 {
				e.Fatalf("record %q was seen %d times", value, seen[value])
			}
		}
	}
	e.view(func(r storage.Reader) error { return wantAll(r, nil) })
}

func trimReopen(e *env) {
	if e.h.Reopen == nil {
		e.Skip("the driver keeps nothing")
	}
	recs := e.appendEach(20, "a", "b", "c")
	for _, n := range []int{3, 17, 20} {
		e.trim(recs[n-1].Position)
		was := e.span()
		e.s = e.h.Reopen(e, e.s)
		if span := e.span(); span != was {
			e.Errorf("before it was opened again there were %s, and now %s", spanText(was), spanText(span))
		}
		e.expectLogs(recs[:n], recs[n:])
	}
	e.expectLogs(recs, e.appendEach(3, "a", "b", "c"))
}
