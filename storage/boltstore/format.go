package boltstore

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"example.com/chat/storage"
)

// formatVersion is written into every file, and raised with a change that this
// program, as it is, would misread.
const formatVersion = 4

// The buckets of a file. Numbers are big-endian.
var (
	// metaBucket: formatKey -> version of the format, 8 bytes.
	metaBucket = []byte("meta")
	formatKey  = []byte("format")

	// dataBucket: key -> value and checksum, see seal.
	dataBucket = []byte("data")

	// logBucket: position, 8 bytes -> position of the record before it in the
	// same log or 0, 8 bytes, then the record's value, and the checksum of both:
	// see seal. The records of all logs
	// lie in one range that only grows at its end, so that a commit writes few
	// pages, however many logs it appends to. No position is left out: what is
	// before the first record has been trimmed. The bucket's sequence is the
	// newest position, of a record that is there or not.
	logBucket = []byte("log")

	// headBucket: log -> position of its newest record, 8 bytes; how many
	// records it has had, 8 bytes. A log that has none left is not in here.
	headBucket = []byte("head")

	// markBucket: [markKey] -> nothing, for every markEvery-th record of a log.
	// Records are linked from new to old; the marks spare a reader with a limit
	// the way through all that is newer than what it asks for.
	markBucket = []byte("mark")

	// dueBucket: position, 8 bytes; dueMark or dueHead -> log. What has to be
	// looked at when the record at the position is trimmed, as a record does not
	// say which log it is of: the mark there, and for every log, at one of its
	// records, whether its head is to go.
	dueBucket = []byte("due")

	// journalBucket: idKey -> id of the file, by which its journals are known;
	// sequenceKey -> the newest commit that is in here, 8 bytes; openKey ->
	// nothing, while there are journals that may have later ones.
	journalBucket = []byte("journal")
	idKey         = []byte("id")
	sequenceKey   = []byte("sequence")
	openKey       = []byte("open")
)

const (
	dueMark = 'm'
	dueHead = 'h'
)

const (
	markEvery = 64
	linkLen   = 8
)

// head is what headBucket holds of a log.
type head struct{ position, count uint64 }

func (h head) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h.position), h.count)
}

func decodeHead(b []byte) (h head) {
	if len(b) >= 16 {
		h.position, h.count = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	}
	return h
}

// markPrefix begins the keys of a log's marks. The length keeps apart logs of
// which one's name begins with the other's.
func markPrefix(log []byte) []byte {
	b := make([]byte, 0, 2+len(log)+8)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(log))), log...)
}

func markKey(log []byte, position uint64) []byte {
	return binary.BigEndian.AppendUint64(markPrefix(log), position)
}

func recordKey(position uint64) []byte { return binary.BigEndian.AppendUint64(nil, position) }

func dueKey(position uint64, kind byte) []byte { return append(recordKey(position), kind) }

// prepare makes the buckets of a new file, and refuses a file of another kind
// or of a newer version.
func prepare(db *bbolt.DB) error {
	var version uint64
	var foreign bool
	err := db.View(func(tx *bbolt.Tx) error {
		if meta := tx.Bucket(metaBucket); meta != nil {
			if b := meta.Get(formatKey); len(b) == 8 {
				version = binary.BigEndian.Uint64(b)
			}
		}
		name, _ := tx.Cursor().First()
		foreign = name != nil && version == 0
		return nil
	})
	switch {
	case err != nil:
		return err
	case foreign:
		return errors.New("a bbolt file of another program")
	case version > formatVersion:
		return fmt.Errorf("%w: the file has format %d, this program knows %d", storage.ErrVersion, version, formatVersion)
	case version == formatVersion:
		return nil
	case version == 3:
		return updateSound(db, addJournal)
	case version == 2:
		return updateSound(db, func(tx *bbolt.Tx) error { return errors.Join(sealRecords(tx), addDues(tx), addJournal(tx)) })
	case version != 0:
		return fmt.Errorf("the file has format %d, which this program no longer reads; it knows %d", version, formatVersion)
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{metaBucket, dataBucket, logBucket, headBucket, markBucket, dueBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return addJournal(tx)
	})
}

// addJournal makes format 4 of format 3, which had no journals.
func addJournal(tx *bbolt.Tx) error {
	b, err := tx.CreateBucket(journalBucket)
	if err != nil {
		return err
	}
	var id storeID
	_, _ = rand.Read(id[:]) // never fails
	return errors.Join(b.Put(idKey, id[:]), putSequence(tx, 0, false), putVersion(tx))
}

// journalState is what journalBucket says.
type journalState struct {
	id       storeID
	sequence uint64
	open     bool
}

func readJournalState(tx *bbolt.Tx) (st journalState, err error) {
	b := tx.Bucket(journalBucket)
	id, sequence := b.Get(idKey), b.Get(sequenceKey)
	if len(id) != idLen || len(sequence) != 8 {
		return st, damaged("it does not say what journals it has")
	}
	return journalState{storeID(id), binary.BigEndian.Uint64(sequence), b.Get(openKey) != nil}, nil
}

// putSequence stores which commit is the newest. If it is the last one there are
// no journals any more.
func putSequence(tx *bbolt.Tx, sequence uint64, last bool) error {
	b := tx.Bucket(journalBucket)
	err := b.Put(sequenceKey, binary.BigEndian.AppendUint64(nil, sequence))
	if last {
		err = errors.Join(err, b.Delete(openKey))
	}
	return err
}

func putOpen(tx *bbolt.Tx) error { return tx.Bucket(journalBucket).Put(openKey, nil) }

func putVersion(tx *bbolt.Tx) error {
	return tx.Bucket(metaBucket).Put(formatKey, binary.BigEndian.AppendUint64(nil, formatVersion))
}

// sealRecords adds the checksums that format 3 has.
func sealRecords(tx *bbolt.Tx) error {
	c := tx.Bucket(logBucket).Cursor()
	for k, v := c.First(); len(k) == 8; k, v = c.Seek(recordKey(binary.BigEndian.Uint64(k) + 1)) {
		k = bytes.Clone(k)
		if err := tx.Bucket(logBucket).Put(k, seal(nil, k, v)); err != nil {
			return err
		}
	}
	return nil
}

// addDues makes format 3 of format 2, in which nothing could be trimmed.
func addDues(tx *bbolt.Tx) error {
	dues, err := tx.CreateBucket(dueBucket)
	if err != nil {
		return err
	}
	heads := tx.Bucket(headBucket).Cursor()
	for log, h := heads.First(); log != nil; log, h = heads.Next() {
		if err := dues.Put(dueKey(decodeHead(h).position, dueHead), log); err != nil {
			return err
		}
	}
	marks := tx.Bucket(markBucket).Cursor()
	for mark, _ := marks.First(); mark != nil; mark, _ = marks.Next() {
		name := len(mark) - 8
		if name < 2 {
			return errors.New("the file is damaged: a mark of no log")
		}
		if err := dues.Put(dueKey(binary.BigEndian.Uint64(mark[name:]), dueMark), mark[2:name]); err != nil {
			return err
		}
	}
	return nil
}
