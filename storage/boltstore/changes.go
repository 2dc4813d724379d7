package boltstore

import (
	"encoding/binary"
	"errors"
	"slices"
)

// changes is what a batch commits.
type changes struct {
	writes  []keyWrite // one a key
	records []record
	trimmed uint64 // log records up to here are to go; 0 for none
}

// write is a value to store, as it is stored, or nil for a key to delete.
type write struct{ sealed []byte }

func (w write) value() []byte {
	if w.sealed == nil {
		return nil
	}
	n := len(w.sealed) - sealLen
	return w.sealed[:n:n]
}

type keyWrite struct {
	key []byte
	write
	nowhere bool // a deletion of what neither bbolt has nor is about to take in

	// In an overlay alone.
	hash    uint64
	alike   int   // place of an older one with the same hash and another key, -1 if there is none
	settled bool  // the layer has it as it is
	layered bool  // or had it as it was, over
	under   write // this, which is there
	covers  bool  // if this says so
}

// record is a log record to store. Its place among all others decides its
// position.
type record struct{ log, value []byte }

func (c *changes) empty() bool { return len(c.writes) == 0 && len(c.records) == 0 && c.trimmed == 0 }

// clone is a copy that outlasts the batch's, without what is an overlay's alone.
func (c *changes) clone() changes {
	writes := make([]keyWrite, len(c.writes))
	for i := range c.writes {
		w := &c.writes[i]
		writes[i] = keyWrite{key: w.key, write: w.write, nowhere: w.nowhere}
	}
	return changes{writes, slices.Clone(c.records), c.trimmed}
}

// logs is the log of each record.
func (c *changes) logs() [][]byte {
	names := make([][]byte, len(c.records))
	for i, rec := range c.records {
		names[i] = rec.log
	}
	return names
}

// encode appends the changes to b. Lengths are uvarints; that of a value is one
// more, and 0 for a key that is deleted. It looks at nothing else of the writes,
// which may be settled at the same time.
func (c *changes) encode(b []byte) []byte {
	b = binary.AppendUvarint(b, c.trimmed)
	b = binary.AppendUvarint(b, uint64(len(c.writes)))
	for i := range c.writes {
		w := &c.writes[i]
		b = appendBytes(b, w.key)
		if w.sealed == nil {
			b = append(b, 0)
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(w.sealed))+1), w.sealed...)
	}
	b = binary.AppendUvarint(b, uint64(len(c.records)))
	for _, rec := range c.records {
		b = appendBytes(appendBytes(b, rec.log), rec.value)
	}
	return b
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errEncoding = errors.New("changes that nobody has encoded")

// decodeChanges reads what encode has made. What it returns lies in b.
func decodeChanges(b []byte) (c changes, err error) {
	d := decoder{rest: b}
	c.trimmed = d.number()
	for range d.count() {
		w := keyWrite{key: d.bytes(d.number())}
		if n := d.number(); n > 0 {
			w.sealed = d.bytes(n - 1)
		}
		if d.failed || len(w.key) == 0 || w.sealed != nil && len(w.sealed) < sealLen {
			return changes{}, errEncoding
		}
		c.writes = append(c.writes, w)
	}
	for range d.count() {
		rec := record{d.bytes(d.number()), d.bytes(d.number())}
		if d.failed || len(rec.log) == 0 {
			return changes{}, errEncoding
		}
		c.records = append(c.records, rec)
	}
	if d.failed || len(d.rest) > 0 {
		return changes{}, errEncoding
	}
	return c, nil
}

// decoder reads numbers and byte strings until there are none left.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count is a number of things of two bytes or more, which have to follow.
func (d *decoder) count() uint64 {
	n := d.number()
	if n > uint64(len(d.rest)/2) {
		d.failed, d.rest = true, nil
		return 0
	}
	return n
}

// bytes is never nil.
func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return []byte{}
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}
