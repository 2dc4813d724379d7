package boltstore

import (
	"slices"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/tree"
)

// layer is what is committed and not in bbolt yet, or not seen there: Readers
// take it together with a bbolt transaction. One that Views can see is not
// changed any more; what comes is added to an edit of it.
//
// It says what a key or log is after all of its commits, so it may lie on a
// bbolt transaction that has some of them already.
type layer struct {
	writes  *tree.Tree[write]
	base    uint64               // position of the record before the first one here
	records []record             // layers share their array, which grows behind the end that each knows of
	byLog   *tree.Tree[[]uint64] // positions of the records
	trimmed uint64               // records up to here are gone; 0 if none of its commits said so
}

// newLayer is an empty layer on records up to a position.
func newLayer(newest uint64) *layer {
	return &layer{writes: new(tree.Tree[write]), base: newest, byLog: new(tree.Tree[[]uint64])}
}

// edit is a copy that can be changed. After that l must not be.
func (l *layer) edit() *layer {
	c := *l
	c.writes, c.byLog = l.writes.Edit(), l.byLog.Edit()
	return &c
}

func (l *layer) empty() bool {
	return l.writes.Len() == 0 && len(l.records) == 0 && l.trimmed == 0
}

// newest is the position of the newest record.
func (l *layer) newest() uint64 { return l.base + uint64(len(l.records)) }

// add adds what was committed.
func (l *layer) add(c *changes) {
	for _, w := range c.writes {
		if w.nowhere {
			l.writes.Delete(w.key)
		} else {
			l.writes.Set(w.key, w.write)
		}
	}
	l.append(c.records)
	l.trimmed = max(l.trimmed, c.trimmed)
}

func (l *layer) append(records []record) {
	if len(l.records)+len(records) > cap(l.records) { // by more than append would: layers grow long
		l.records = slices.Grow(l.records, max(len(l.records), len(records)))
	}
	for _, rec := range records {
		l.records = append(l.records, rec)
		positions, _ := l.byLog.Get(rec.log)
		l.byLog.Set(rec.log, append(positions, l.newest()))
	}
}

// tail appends to found the records of the logs, or of all logs if none is
// named, after a position.
func (l *layer) tail(found []storage.Record, logs [][]byte, after uint64, limit int) []storage.Record {
	if after = max(after, l.base); after >= l.newest() {
		return found
	}
	if len(logs) == 0 {
		records := atMost(l.records[after-l.base:], limit-len(found))
		for i, rec := range records {
			found = append(found, storage.Record{Position: storage.PositionAt(0, after+uint64(i)+1), Value: rec.value})
		}
		return found
	}
	var positions []uint64
	for _, log := range logs {
		all, _ := l.byLog.Get(log)
		first, _ := slices.BinarySearch(all, after+1)
		positions = append(positions, atMost(all[first:], limit)...)
	}
	slices.Sort(positions)
	for _, position := range positions {
		rec := l.records[position-l.base-1]
		found = append(found, storage.Record{Log: rec.log, Position: storage.PositionAt(0, position), Value: rec.value})
	}
	return found
}

// atMost is the first so many, or all if the limit is not above 0.
func atMost[E any](s []E, limit int) []E {
	if limit > 0 {
		s = s[:min(limit, len(s))]
	}
	return s
}

// last is the newest position in a log, or in any if none is named; 0 if it has
// no record here.
func (l *layer) last(logs [][]byte) (position uint64) {
	if len(logs) == 0 && len(l.records) > 0 {
		return l.newest()
	}
	for _, log := range logs {
		if positions, ok := l.byLog.Get(log); ok {
			position = max(position, positions[len(positions)-1])
		}
	}
	return position
}
