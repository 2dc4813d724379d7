// This file is put into the copy of bbolt that the test of package powerloss
// builds. It records what bbolt does to its file.

package bbolt

import (
	"encoding/binary"
	"os"
	"sync"
)

// Recording is held while something is done to a file and recorded, and for good by
// who ends the process: an event that is recorded in part, or not at all, would make
// the rest of the recording worthless.
var Recording sync.Mutex

// Record appends an event to the recording: its kind, the number of a file, an
// offset, the length of its data and the data. One write keeps it apart from what
// others append.
func Record(kind, file byte, offset int64, data []byte) error {
	path := os.Getenv("CHAT_POWERLOSS_RECORDING")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint64([]byte{kind, file}, uint64(offset))
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	if _, err := f.Write(append(b, data...)); err != nil {
		_ = f.Close() // the first error tells more
		return err
	}
	return f.Close()
}

// recordedWriteAt takes the place of File.WriteAt.
func (db *DB) recordedWriteAt(b []byte, offset int64) (int, error) {
	Recording.Lock()
	defer Recording.Unlock()
	n, err := db.file.WriteAt(b, offset)
	if err != nil {
		return n, err
	}
	if err := Record('w', 0, offset, b); err != nil {
		return n, err
	}
	if offset < 2*int64(db.pageSize) && os.Getenv("CHAT_POWERLOSS_KILL") == "header" {
		os.Exit(0) // a header is written, and not synced
	}
	return n, nil
}

// recordedTruncate takes the place of File.Truncate.
func (db *DB) recordedTruncate(size int64) error {
	Recording.Lock()
	defer Recording.Unlock()
	if err := db.file.Truncate(size); err != nil {
		return err
	}
	return Record('r', 0, size, nil)
}

// recordedSync takes the place of File.Sync.
func (db *DB) recordedSync() error {
	if err := db.file.Sync(); err != nil {
		return err
	}
	Recording.Lock()
	defer Recording.Unlock()
	return Record('s', 0, 0, nil)
}

// fdatasync takes the place of bbolt's own, which is renamed.
func fdatasync(db *DB) error {
	if err := unrecordedFdatasync(db); err != nil {
		return err
	}
	Recording.Lock()
	defer Recording.Unlock()
	return Record('s', 0, 0, nil)
}
