package boltstore

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

// logWriter changes the buckets of the logs.
type logWriter struct{ logs, heads, marks, dues *bbolt.Bucket }

// store gives the records their positions, which follow base, and their links.
func (w *logWriter) store(records []record, base uint64) error {
	if len(records) == 0 {
		return nil
	}
	w.logs.FillPercent = 1 // nothing is ever put between
	changed := make(map[string]*head)
	position := base
	var key []byte // bbolt copies keys, and no values
	for _, rec := range records {
		position++
		h := changed[string(rec.log)]
		if h == nil {
			h = new(decodeHead(w.heads.Get(rec.log)))
			changed[string(rec.log)] = h
		}
		key = binary.BigEndian.AppendUint64(key[:0], position)
		value := append(binary.BigEndian.AppendUint64(make([]byte, 0, linkLen+len(rec.value)+sealLen), h.position), rec.value...)
		if err := w.logs.Put(key, seal(value[:0], key, value)); err != nil {
			return err
		}
		h.position, h.count = position, h.count+1
		if err := w.mark(rec.log, *h); err != nil {
			return err
		}
	}
	for _, log := range slices.Sorted(maps.Keys(changed)) {
		if err := w.heads.Put([]byte(log), changed[log].encode()); err != nil {
			return err
		}
	}
	return w.logs.SetSequence(position)
}

// mark adds what a log's newest record needs beside itself.
func (w *logWriter) mark(log []byte, h head) error {
	if h.count == 1 {
		return w.dues.Put(dueKey(h.position, dueHead), log)
	}
	if h.count%markEvery > 0 {
		return nil
	}
	if err := w.marks.Put(markKey(log, h.position), nil); err != nil {
		return err
	}
	return w.dues.Put(dueKey(h.position, dueMark), log)
}

// trim removes the records after one position up to another.
func (w *logWriter) trim(after, until uint64) error {
	c := w.logs.Cursor()
	for k, _ := c.Seek(recordKey(after + 1)); k != nil; k, _ = c.Seek(recordKey(after + 1)) {
		position := binary.BigEndian.Uint64(k)
		if position > until {
			break
		}
		if position <= after {
			return damaged("log records out of their order")
		}
		if err := c.Delete(); err != nil {
			return err
		}
		after = position
	}
	return w.settle(until)
}

// settle does what is due at the records up to a position, which are gone.
func (w *logWriter) settle(until uint64) error {
	c := w.dues.Cursor()
	var last []byte
	for key, log := c.First(); key != nil; key, log = c.Seek(last) {
		position, kind := binary.BigEndian.Uint64(key), key[8]
		if position > until {
			break
		}
		if bytes.Compare(key, last) <= 0 {
			return damaged("log records out of their order")
		}
		last, log = slices.Clone(key), slices.Clone(log) // they are in what is changed
		var err error
		if kind == dueMark {
			err = w.marks.Delete(markKey(log, position))
		} else {
			err = w.settleHead(log, until)
		}
		if err != nil {
			return err
		}
		if err := w.dues.Delete(last); err != nil {
			return err
		}
	}
	return nil
}

// settleHead removes the head of a log without records, and comes back to that
// of another one when its newest record goes.
func (w *logWriter) settleHead(log []byte, until uint64) error {
	h := decodeHead(w.heads.Get(log))
	if h.position <= until {
		return w.heads.Delete(log)
	}
	return w.dues.Put(dueKey(h.position, dueHead), log)
}
