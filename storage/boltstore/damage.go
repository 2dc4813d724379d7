package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"

	"go.etcd.io/bbolt"
)

// bbolt takes what a page says for granted: on a damaged one it panics, or hands
// out slices that end behind the file, where reading faults. Both become errors
// here, so that a damaged file does not end the program.

// catchPanic makes an error of a panic. It is deferred around calls of bbolt
// alone.
func catchPanic(err *error) {
	if r := recover(); r != nil {
		*err = damaged(r)
	}
}

// catchFaults makes an error of a memory fault, also of one in the function of
// a transaction, which reads what bbolt has handed out. Other panics go on. It
// is deferred where [debug.SetPanicOnFault] is on.
func catchFaults(err *error) {
	switch r := recover().(type) {
	case nil:
	case memoryFault:
		*err = damaged(r)
	default:
		panic(r)
	}
}

// memoryFault is what a runtime.Error of a fault at an address has.
type memoryFault interface{ Addr() uintptr }

// Each value ends in a checksum of its key and itself: bbolt has none for its
// pages, and a wrong text must not pass for what somebody wrote.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sealLen = crc32.Size

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// seal appends a value and its checksum to b.
func seal(b, key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, value...), checksum(key, value))
}

// unseal is the value that was sealed, never nil. It panics if that is not
// what was sealed, as bbolt does with damaged pages.
func unseal(key, sealed []byte) []byte {
	n := len(sealed) - sealLen
	if n < 0 || binary.BigEndian.Uint32(sealed[n:]) != checksum(key, sealed[:n]) {
		panic("a value does not match its checksum")
	}
	return sealed[:n:n]
}

var errDamaged = errors.New("the file is damaged")

func damaged(reason any) error { return fmt.Errorf("boltstore: %w: %v", errDamaged, reason) }

// checkRoots looks at the heads of the trees' first pages, which each commit
// replaces: bbolt frees as many pages behind one as its head says, without end by a
// wrong number.
func checkRoots(tx *bbolt.Tx) error {
	pages := tx.Size() / int64(tx.DB().Info().PageSize)
	check := func(name string, root int, most int64) error {
		page, err := tx.Page(root)
		if err != nil {
			return err
		}
		if page == nil || page.ID != root || int64(page.OverflowCount) > most {
			return damaged("the first page of " + name)
		}
		return nil
	}
	if err := check("all", int(tx.Cursor().Bucket().Root()), 0); err != nil {
		return err
	}
	return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		if b == nil || b.Root() == 0 {
			return nil // it is not found, or lies in the page that leads to it
		}
		return check(string(name), int(b.Root()), pages-int64(b.Root())-1)
	})
}

// updateSound changes a file whose roots are sound.
func updateSound(db *bbolt.DB, change func(*bbolt.Tx) error) error {
	return db.Update(func(tx *bbolt.Tx) error {
		if err := checkRoots(tx); err != nil {
			return err
		}
		return change(tx)
	})
}

// checkFreelist looks at the head of the list of free pages, which bbolt uses
// unseen: by a wrong length it would free pages without end.
func checkFreelist(path string, pageSize int, tx *bbolt.Tx) error {
	const ( // in a header of the file, behind the head of its page
		freelistAt   = 16 + 32
		txidAt       = 16 + 48
		headerLen    = 16 + 64
		notStored    = 1<<64 - 1
		freelistFlag = 0x10
	)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for i := range int64(2) {
		header := make([]byte, headerLen)
		if _, err := file.ReadAt(header, i*int64(pageSize)); err != nil {
			return err
		}
		page := binary.NativeEndian.Uint64(header[freelistAt:])
		if binary.NativeEndian.Uint64(header[txidAt:]) != uint64(tx.ID()) || page == notStored {
			continue
		}
		pages := uint64(tx.Size()) / uint64(pageSize)
		if page >= pages {
			return errors.New("the file is damaged: there is no list of free pages")
		}
		head := make([]byte, 16)
		if _, err := file.ReadAt(head, int64(page)*int64(pageSize)); err != nil {
			return err
		}
		id, flags, more := binary.NativeEndian.Uint64(head), binary.NativeEndian.Uint16(head[8:]), binary.NativeEndian.Uint32(head[12:])
		if id != page || flags != freelistFlag || page+uint64(more) >= pages {
			return errors.New("the file is damaged: the list of free pages")
		}
	}
	return nil
}
