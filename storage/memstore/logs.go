package memstore

import (
	"slices"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
	"example.com/chat/storage/internal/tree"
)

// logs are the log records of one version. Versions share their arrays, which
// only ever grow behind the end that older versions know of.
type logs struct {
	trimmed uint64           // records that are gone: all up to this position
	records []storage.Record // the others; there is one at every position
	byName  *tree.Tree[[]uint64]
	dead    int // records that are gone and still in the array, at most
}

// number is the position as it is counted here; those of no record here are
// beyond all.
func number(p storage.Position) uint64 {
	hi, lo := p.Numbers()
	if hi > 0 {
		return 1<<64 - 1
	}
	return lo
}

// newest is the position of the newest record that ever was.
func (l *logs) newest() uint64 { return l.trimmed + uint64(len(l.records)) }

func (l *logs) span() storage.LogSpan {
	return storage.LogSpan{
		Trimmed: storage.PositionAt(0, l.trimmed),
		Newest:  storage.PositionAt(0, l.newest()),
		Records: int64(len(l.records)),
	}
}

// tail is [storage.Reader]'s Tail for names that are within the limits.
func (l *logs) tail(names [][]byte, after storage.Position, limit int) []storage.Record {
	from := min(max(number(after), l.trimmed), l.newest())
	if len(names) == 0 {
		found := slices.Clone(atMost(l.records[from-l.trimmed:], limit))
		for i := range found {
			found[i].Log = nil
		}
		return found
	}
	var positions []uint64
	for _, name := range driver.Distinct(names) {
		all, _ := l.byName.Get(name)
		first, _ := slices.BinarySearch(all, from+1)
		positions = append(positions, atMost(all[first:], limit)...)
	}
	slices.Sort(positions)
	positions = atMost(positions, limit)
	found := make([]storage.Record, len(positions))
	for i, p := range positions {
		found[i] = l.records[p-l.trimmed-1]
	}
	return found
}

func atMost[E any](s []E, limit int) []E {
	if limit > 0 {
		s = s[:min(limit, len(s))]
	}
	return s
}

// append adds records and gives them their positions.
func (l *logs) append(recs []storage.Record) {
	l.byName = l.byName.Edit()
	for _, rec := range recs {
		position := l.newest() + 1
		rec.Position = storage.PositionAt(0, position)
		l.records = append(l.records, rec)
		positions, _ := l.byName.Get(rec.Log)
		l.byName.Set(rec.Log, append(positions, position))
	}
}

// trim removes the records up to a position, and the logs that have none left.
func (l *logs) trim(until storage.Position) {
	p := min(number(until), l.newest())
	if p <= l.trimmed {
		return
	}
	n := int(p - l.trimmed)
	l.byName = l.byName.Edit()
	for _, rec := range l.records[:n] {
		if positions, _ := l.byName.Get(rec.Log); len(positions) > 1 {
			l.byName.Set(rec.Log, positions[1:])
		} else {
			l.byName.Delete(rec.Log)
		}
	}
	l.trimmed, l.records, l.dead = p, l.records[n:], l.dead+n
	if l.dead > len(l.records) { // so that what is gone is no longer held
		l.records, l.dead = slices.Clone(l.records), 0
	}
}
