package storagetest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"example.com/chat/storage"
)

func modelCases() []testCase {
	return []testCase{{"model/random operations", randomOperations}}
}

// model is a store without transactions, durability or speed.
type model struct {
	data    map[string]string
	logs    [][2]string // log and value, in the order of their positions
	trimmed int         // so many of them are gone
}

func (m *model) clone() *model {
	return &model{data: maps.Clone(m.data), logs: slices.Clone(m.logs), trimmed: m.trimmed}
}

// scan answers keys and values, which alternate.
func (m *model) scan(rng storage.Range) (found []string) {
	keys := slices.Sorted(maps.Keys(m.data))
	if rng.Reverse {
		slices.Reverse(keys)
	}
	for _, k := range keys {
		if k < string(rng.Start) || rng.End != nil && k >= string(rng.End) {
			continue
		}
		found = append(found, k, m.data[k])
		if len(found) == 2*rng.Limit {
			break
		}
	}
	return found
}

// tail answers logs and values, which alternate, from the after-th record on. No
// logs are all, and have no names.
func (m *model) tail(logs []string, after, limit int) (found []string) {
	for _, rec := range m.logs[max(after, m.trimmed):] {
		if len(logs) == 0 {
			rec[0] = ""
		}
		if len(logs) == 0 || slices.Contains(logs, rec[0]) {
			found = append(found, rec[0], rec[1])
			if len(found) == 2*limit {
				break
			}
		}
	}
	return found
}

// random makes operations and compares what the store answers.
type random struct {
	*rand.Rand
	env       *env
	tx        storage.Txn
	was, now  *model             // at the beginning of the transaction, and in it
	positions []storage.Position // of was.logs
}

func randomOperations(e *env) {
	seed := e.h.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	defer func() {
		if e.Failed() {
			e.Logf("to repeat it set the harness's Seed to %d", seed)
		}
	}()
	rnd := &random{env: e, Rand: rand.New(rand.NewPCG(seed, 0)), was: &model{data: map[string]string{}}}
	mine := errors.New("mine")
	for n := range 150 {
		steps := 1 + rnd.IntN(30)
		if n%50 == 49 {
			steps = 1000
		}
		fail := rnd.IntN(4) == 0
		err := e.s.Update(e.ctx, "s", func(tx storage.Txn) error {
			rnd.tx, rnd.now = tx, rnd.was.clone()
			for range steps {
				if err := rnd.step(); err != nil {
					return err
				}
			}
			if fail {
				return mine
			}
			return nil
		})
		if err != nil && (!fail || err != mine) {
			e.Fatalf("transaction %d: %v", n, err)
		}
		if fail {
			rnd.now = rnd.was
		}
		if e.h.Reopen != nil && n%40 == 39 {
			e.s = e.h.Reopen(e, e.s)
		}
		if err := e.s.View(e.ctx, rnd.compare); err != nil {
			e.Fatalf("after transaction %d: %v", n, err)
		}
	}
}

// step makes one operation.
func (rnd *random) step() error {
	tx, now := rnd.tx, rnd.now
	k, v := rnd.key(), rnd.value()
	switch n := rnd.IntN(100); {
	case n < 35:
		now.data[k] = v
		return tx.Put([]byte(k), []byte(v))
	case n < 45:
		_, exists := now.data[k]
		if !exists {
			now.data[k] = v
		}
		if err := tx.Insert([]byte(k), []byte(v)); (err != nil) != exists {
			return fmt.Errorf("Insert of %q answers %v; it exists: %v", k, err, exists)
		}
		return nil
	case n < 55:
		k2 := rnd.key()
		delete(now.data, k)
		delete(now.data, k2)
		return tx.Delete([]byte(k), []byte(k2))
	case n < 57:
		rng := rnd.rng()
		maps.DeleteFunc(now.data, func(k, _ string) bool {
			return k >= string(rng.Start) && (rng.End == nil || k < string(rng.End))
		})
		return tx.DeleteRange(rng)
	case n < 65:
		log := rnd.log()
		now.logs = append(now.logs, [2]string{log, v})
		return tx.Append([]byte(log), []byte(v))
	case n < 66:
		return rnd.trim()
	case n < 75:
		return rnd.look(tx, now, k)
	case n < 95:
		rng := rnd.rng()
		return wantEntries(tx, rng, now.scan(rng)...)
	default:
		return rnd.lookAtLogs(tx, now.trimmed)
	}
}

// trim trims some of what is left, what is trimmed already or, seldom, all.
func (rnd *random) trim() error {
	n := min(rnd.now.trimmed+rnd.IntN(40)-10, len(rnd.positions))
	var until storage.Position
	switch {
	case rnd.IntN(20) == 0:
		n, until = len(rnd.positions), beyond
	case n > 0:
		until = rnd.positions[n-1]
	}
	rnd.now.trimmed = max(rnd.now.trimmed, n)
	return rnd.tx.TrimLogs(until)
}

// compare looks at everything in a View, and learns the new positions.
func (rnd *random) compare(r storage.Reader) error {
	rnd.was = rnd.now
	recs, err := r.Tail(names("a", "b", "a\x00"), storage.Position{}, 0)
	if err != nil {
		return err
	}
	if err := wantRecords(recs, rnd.was.tail([]string{"a", "b", "a\x00"}, 0, 0)...); err != nil {
		return err
	}
	for i, rec := range recs {
		if i += rnd.was.trimmed; i >= len(rnd.positions) {
			rnd.positions = append(rnd.positions, rec.Position)
		} else if p := rnd.positions[i]; rec.Position != p {
			return fmt.Errorf("record %d has moved from %x to %x", i, p, rec.Position)
		}
	}
	for range 5 {
		rng := rnd.rng()
		if err := wantEntries(r, rng, rnd.was.scan(rng)...); err != nil {
			return err
		}
	}
	if err := rnd.lookAtLogs(r, rnd.was.trimmed); err != nil {
		return err
	}
	return check(
		func() error { return rnd.look(r, rnd.was, rnd.key()) },
		func() error { return wantEntries(r, storage.Range{}, rnd.was.scan(storage.Range{})...) },
	)
}

func (rnd *random) look(r storage.Reader, m *model, key string) error {
	var want []byte
	if v, ok := m.data[key]; ok {
		want = []byte(v)
	}
	return wantValue(r, key, want)
}

// lookAtLogs compares a Tail and the span with what was committed, as no
// transaction sees records of its own, and with what is trimmed.
func (rnd *random) lookAtLogs(r storage.Reader, trimmed int) error {
	logs := []string{rnd.log(), rnd.log(), "none"}
	if rnd.IntN(3) == 0 {
		logs = nil
	}
	skip := rnd.IntN(len(rnd.positions) + 1)
	var after storage.Position
	if skip > 0 {
		after = rnd.positions[skip-1]
	}
	limit := rnd.IntN(40) - 1
	recs, err := r.Tail(names(logs...), after, limit)
	if err != nil {
		return err
	}
	if err := wantRecords(recs, rnd.was.tail(logs, max(skip, trimmed), limit)...); err != nil {
		return err
	}
	span, err := r.Logs()
	if err != nil {
		return err
	}
	var committed []storage.Record
	for _, p := range rnd.positions {
		committed = append(committed, storage.Record{Position: p})
	}
	return wantSpan(rnd.env, span, committed[:trimmed], committed[trimmed:])
}

// key makes one of some hundred keys of awkward bytes.
func (rnd *random) key() string {
	b := make([]byte, 1+rnd.IntN(4))
	for i := range b {
		b[i] = "\x00\x01a\xff"[rnd.IntN(4)]
	}
	return string(b)
}

func (rnd *random) log() string { return []string{"a", "b", "a\x00"}[rnd.IntN(3)] }

func (rnd *random) value() string {
	b := make([]byte, rnd.IntN(20))
	if rnd.IntN(50) == 0 {
		b = make([]byte, rnd.IntN(20_000)) // more than a page
	}
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return string(b)
}

func (rnd *random) rng() storage.Range {
	rng := storage.Range{Reverse: rnd.IntN(2) == 0, Limit: rnd.IntN(8) - 2}
	if rnd.IntN(6) > 0 {
		rng.Start = []byte(rnd.key())
	}
	if rnd.IntN(6) > 0 {
		rng.End = []byte(rnd.key())
	}
	return rng
}
