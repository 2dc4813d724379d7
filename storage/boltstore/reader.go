package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
	"example.com/chat/storage/internal/tree"
)

// cursors walk a bbolt transaction, in which nothing has been written. They are
// made when first needed and serve all its readers, one after the other.
type cursors struct {
	tx                *bbolt.Tx
	writes            int // see views
	data, logs, heads *bbolt.Cursor
	gap               gap // see txn.exists
	trimmed, newest   uint64
	spanned           bool // they are known: see span

	// What a reader hands out.
	values  slab[[]byte]
	entries slab[storage.Entry]
	lists   slab[[]storage.Entry]
}

// reset takes back what a reader has handed out.
func (t *cursors) reset() {
	t.values.reset()
	t.entries.reset()
	t.lists.reset()
}

// gap is two keys with no other stored between them. The zero gap has no room.
type gap struct{ after, before []byte }

// cursor makes a cursor of a bucket where c has none yet.
func (t *cursors) cursor(c **bbolt.Cursor, bucket []byte) *bbolt.Cursor {
	if *c == nil {
		*c = t.tx.Bucket(bucket).Cursor()
	}
	return *c
}

// reader reads a bbolt transaction and the layer on it, in a batch together with
// what the batch is about to write.
type reader struct {
	*cursors
	layer   *layer
	version uint64 // of the newest commit in the layer
	cache   *cache
	changes *driver.Changes // nil once it is over
	over    *overlay        // nil in a View
	done    bool
}

// end makes the reader refuse further calls: the memory map may be gone.
func (r *reader) end() {
	r.reset()
	*r = reader{done: true}
}

func (r *reader) Read(keys [][]byte, ranges []storage.Range) (values [][]byte, entries [][]storage.Entry, err error) {
	if r.done {
		return nil, nil, driver.ErrDone
	}
	defer catchPanic(&err)
	for _, key := range keys {
		if err := driver.CheckKey(key); err != nil {
			return nil, nil, err
		}
	}
	values = r.find(keys)
	if len(ranges) == 0 {
		return values, nil, nil
	}
	entries = r.lists.take(len(ranges))
	for i, rng := range ranges {
		if entries[i] = r.list(rng); !inOrder(entries[i], rng) {
			return nil, nil, damaged("keys out of their order")
		}
	}
	return values, entries, nil
}

// Version implements [storage.Versioned].
func (r *reader) Version() uint64 { return r.version }

// Changed implements [storage.Versioned].
func (r *reader) Changed(scope string) uint64 {
	if r.changes == nil {
		return math.MaxUint64
	}
	return r.changes.Last(scope)
}

// inOrder says whether a list begins within its range and ends farther on. Where
// a page is damaged it may not, and who reads on from its end would never come
// to one.
func inOrder(list []storage.Entry, rng storage.Range) bool {
	if len(list) == 0 {
		return true
	}
	first, last := list[0].Key, list[len(list)-1].Key
	if rng.Reverse {
		return (rng.End == nil || bytes.Compare(first, rng.End) < 0) && (len(list) == 1 || bytes.Compare(last, first) < 0)
	}
	return bytes.Compare(first, rng.Start) >= 0 && (len(list) == 1 || bytes.Compare(last, first) > 0)
}

// listed is how many entries of a range have room without being counted.
const listed = 512

// list collects the entries of a range.
func (r *reader) list(rng storage.Range) []storage.Entry {
	room := min(max(rng.Limit, 4), listed)
	list := r.entries.take(room)[:0]
	r.over.settle()
	if r.layer.writes.Any(rng.Start, rng.End) {
		list = r.listMerged(list, rng)
	} else {
		list = r.listStored(list, &rng)
	}
	if len(list) < room {
		r.entries.giveBack(room - len(list))
	}
	return list
}

func (r *reader) listMerged(list []storage.Entry, rng storage.Range) []storage.Entry {
	r.merge(rng, func(key, value []byte) bool {
		list = append(list, storage.Entry{Key: key, Value: value})
		return len(list) != rng.Limit
	})
	return list
}

// listStored lists what is in bbolt alone.
func (r *reader) listStored(list []storage.Entry, rng *storage.Range) []storage.Entry {
	c := r.cursor(&r.data, dataBucket)
	for k, v := step(c, rng, nil); k != nil; k, v = step(c, rng, k) {
		list = append(list, storage.Entry{Key: k, Value: unseal(k, v)})
		if len(list) == rng.Limit {
			break
		}
	}
	return list
}

// find finds the values of keys.
func (r *reader) find(keys [][]byte) [][]byte {
	values := r.values.take(len(keys))
	if len(keys) > cachedKeys {
		r.search(keys, values, func(i int) bool {
			w, ok := r.over.get(keys[i])
			if ok {
				values[i] = w.value()
			}
			return ok
		})
		return values
	}
	var known mask
	if r.over != nil {
		for i, key := range keys {
			if w, ok := r.over.get(key); ok {
				values[i] = w.value()
				known |= 1 << i
			}
		}
	}
	known = r.cache.get(r.version, keys, values, known)
	if known != all(len(keys)) {
		r.search(keys, values, known.has)
		r.cache.add(r.version, keys, values, known)
	}
	return values
}

// search fills in the values that are not known from what is stored.
func (r *reader) search(keys, values [][]byte, known func(i int) bool) {
	var last []byte // where the cursor stands
	var hint tree.Hint[write]
	for i, key := range keys {
		if known(i) {
			continue
		}
		if w, ok := r.layer.writes.GetNear(key, &hint); ok {
			values[i] = w.value()
			continue
		}
		values[i], last = r.near(key, last)
	}
}

// steps is how far the next key is looked for before the tree is searched: one
// step costs a tenth of a search.
const steps = 3

// near finds one value, nil where there is none, and the key at which the
// cursor then stands. Keys of one kind that are asked for in their order often
// lie side by side: from the last one it is a step or two.
func (r *reader) near(key, last []byte) (value, stands []byte) {
	c := r.cursor(&r.data, dataBucket)
	if len(last) == len(key) && last[0] == key[0] && bytes.Compare(last, key) < 0 {
		for range steps {
			k, v := c.Next()
			if k == nil {
				break
			}
			switch bytes.Compare(k, key) {
			case 0:
				return unseal(k, v), k
			case 1:
				return nil, nil // the cursor is past the key, which is not there
			}
		}
	}
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return nil, nil
	}
	return unseal(k, v), k
}

// merge walks a range in the order it asks for, without its limit: what is in
// bbolt and what is in the layer together. A write of the layer hides what bbolt
// has under its key.
func (r *reader) merge(rng storage.Range, yield func(key, value []byte) bool) {
	c := r.cursor(&r.data, dataBucket)
	walk, sign := r.layer.writes.Ascend, 1
	if rng.Reverse {
		walk, sign = r.layer.writes.Descend, -1
	}
	k, v := step(c, &rng, nil)
	for key, w := range walk(rng.Start, rng.End) {
		for k != nil && sign*bytes.Compare(k, key) < 0 {
			if !yield(k, unseal(k, v)) {
				return
			}
			k, v = step(c, &rng, k)
		}
		if k != nil && bytes.Equal(k, key) {
			k, v = step(c, &rng, k)
		}
		if w.sealed != nil && !yield(key, w.value()) {
			return
		}
	}
	for ; k != nil; k, v = step(c, &rng, k) {
		if !yield(k, unseal(k, v)) {
			return
		}
	}
}

// step moves a cursor to the range's first entry, or if last is not nil to the one
// after last, where the cursor stands. The key is nil at the end.
func step(c *bbolt.Cursor, rng *storage.Range, last []byte) (key, value []byte) {
	if rng.Reverse {
		return backward(c, rng, last)
	}
	return forward(c, rng, last)
}

func forward(c *bbolt.Cursor, rng *storage.Range, last []byte) (k, v []byte) {
	if last == nil {
		k, v = c.Seek(rng.Start)
	} else {
		k, v = c.Next()
	}
	if rng.End != nil && bytes.Compare(k, rng.End) >= 0 {
		return nil, nil
	}
	return k, v
}

func backward(c *bbolt.Cursor, rng *storage.Range, last []byte) (k, v []byte) {
	switch {
	case last != nil:
		k, v = c.Prev()
	case rng.End == nil:
		k, v = c.Last()
	default:
		if k, _ = c.Seek(rng.End); k == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
	}
	if bytes.Compare(k, rng.Start) < 0 {
		return nil, nil
	}
	return k, v
}

func (r *reader) Tail(logs [][]byte, after storage.Position, limit int) (found []storage.Record, err error) {
	if r.done {
		return nil, driver.ErrDone
	}
	logs = driver.Distinct(logs)
	for _, log := range logs {
		if err := driver.CheckKey(log); err != nil {
			return nil, err
		}
	}
	defer catchPanic(&err)
	from := max(number(after), r.layer.trimmed)
	if len(logs) == 0 {
		if found, err = r.tailAll(from, limit); err != nil {
			return nil, err
		}
	}
	for _, log := range logs {
		if found, err = r.tail(found, log, from, limit); err != nil {
			return nil, err
		}
	}
	if len(logs) > 1 {
		slices.SortFunc(found, func(a, b storage.Record) int { return a.Position.Compare(b.Position) })
	}
	if len(r.layer.records) > 0 && (limit <= 0 || len(found) < limit) {
		found = r.layer.tail(found, logs, max(from, r.tx.Bucket(logBucket).Sequence()), limit)
	}
	return atMost(found, limit), nil
}

func (r *reader) Logs() (span storage.LogSpan, err error) {
	if r.done {
		return span, driver.ErrDone
	}
	defer catchPanic(&err)
	trimmed, _ := r.span()
	trimmed, newest := max(trimmed, r.layer.trimmed), r.layer.newest()
	return storage.LogSpan{
		Trimmed: storage.PositionAt(0, trimmed),
		Newest:  storage.PositionAt(0, newest),
		Records: int64(newest - trimmed),
	}, nil
}

// number is the position as it is counted here. One that no record has here is
// beyond all.
func number(p storage.Position) uint64 {
	hi, lo := p.Numbers()
	if hi > 0 {
		return math.MaxUint64
	}
	return lo
}

// span is the positions up to which the records that are stored are trimmed, and
// of the newest. What is between has a record at every position.
func (t *cursors) span() (trimmed, newest uint64) {
	if !t.spanned {
		t.trimmed, t.newest = t.findSpan()
		t.spanned = true
	}
	return t.trimmed, t.newest
}

func (t *cursors) findSpan() (trimmed, newest uint64) {
	newest = t.tx.Bucket(logBucket).Sequence()
	k, _ := t.cursor(&t.logs, logBucket).First()
	if k == nil {
		return newest, newest
	}
	first := binary.BigEndian.Uint64(k)
	if first == 0 || first > newest {
		panic(fmt.Sprintf("the first log record is %d, the last %d", first, newest))
	}
	return first - 1, newest
}

// tailAll is the records of all logs after a position.
func (r *reader) tailAll(after uint64, limit int) ([]storage.Record, error) {
	trimmed, newest := r.span()
	if after = max(after, trimmed); after >= newest {
		return nil, nil
	}
	n := newest - after
	if limit > 0 {
		n = min(n, uint64(limit))
	}
	found := make([]storage.Record, 0, min(n, listed))
	c := r.cursor(&r.logs, logBucket)
	k, v := c.Seek(recordKey(after + 1))
	for position := after + 1; uint64(len(found)) < n; position++ {
		if len(k) != 8 || binary.BigEndian.Uint64(k) != position || len(v) < linkLen+sealLen {
			return nil, missing(position)
		}
		found = append(found, storage.Record{Position: storage.PositionAt(0, position), Value: unseal(k, v)[linkLen:]})
		k, v = c.Next()
	}
	return found, nil
}

// tail appends to found the records of one log after a position: all, or with
// a limit at least so many of the oldest.
func (r *reader) tail(found []storage.Record, log []byte, after uint64, limit int) ([]storage.Record, error) {
	log, h := r.head(log)
	position := h.position
	if position <= after {
		return found, nil
	}
	if limit > 0 {
		if mark := r.mark(log, after, limit); mark != 0 {
			position = mark
		}
	}
	first := len(found)
	c := r.cursor(&r.logs, logBucket)
	for position > after {
		var key [8]byte
		binary.BigEndian.PutUint64(key[:], position)
		k, v := c.Seek(key[:])
		if !bytes.Equal(k, key[:]) || len(v) < linkLen+sealLen {
			if trimmed, _ := r.span(); position <= trimmed {
				break
			}
			return nil, missing(position)
		}
		v = unseal(k, v)
		found = append(found, storage.Record{Log: log, Position: storage.PositionAt(0, position), Value: v[linkLen:]})
		before := binary.BigEndian.Uint64(v)
		if before >= position {
			return nil, missing(before)
		}
		position = before
	}
	slices.Reverse(found[first:])
	return found, nil
}

func missing(position uint64) error { return damaged(fmt.Sprintf("log record %d", position)) }

// head finds the head of a log, and the name as it is stored.
func (r *reader) head(log []byte) ([]byte, head) {
	k, v := r.cursor(&r.heads, headBucket).Seek(log)
	if !bytes.Equal(k, log) {
		return nil, head{}
	}
	return k, decodeHead(v)
}

// mark finds a record of the log that has limit records or more between the
// position after and itself, and not many more; 0 if the head is as near.
func (r *reader) mark(log []byte, after uint64, limit int) uint64 {
	prefix := markPrefix(log)
	c := r.tx.Bucket(markBucket).Cursor()
	k, _ := c.Seek(binary.BigEndian.AppendUint64(prefix, after+1))
	// Up to the first mark there is at least one record, up to each further
	// one there are markEvery more.
	for n := 1; n < limit && k != nil; n += markEvery {
		k, _ = c.Next()
	}
	if len(k) != len(prefix)+8 || !bytes.HasPrefix(k, prefix) {
		return 0
	}
	return binary.BigEndian.Uint64(k[len(prefix):])
}

// newer reports whether one of the logs, or any if none is named, has a record
// after the position.
func (r *reader) newer(logs [][]byte, after storage.Position) bool {
	trimmed, newest := r.span()
	from := max(number(after), trimmed, r.layer.trimmed)
	if r.layer.last(logs) > from || len(logs) == 0 && newest > from {
		return true
	}
	for _, log := range logs {
		if _, h := r.head(log); h.position > from {
			return true
		}
	}
	return false
}
