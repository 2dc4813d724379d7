// This file is put into the copy of boltstore that the test of package powerloss
// builds. It records what is done to the journals.

package boltstore

import (
	"os"

	"go.etcd.io/bbolt"
)

// numberOf tells the journals apart by their names' last digits.
func numberOf(path string) byte { return path[len(path)-1] - '0' + 1 }

func recordedCreate(path string, flag int, mode os.FileMode) (*os.File, error) {
	bbolt.Recording.Lock()
	defer bbolt.Recording.Unlock()
	f, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	return f, bbolt.Record('c', numberOf(path), 0, nil)
}

func recordedRemove(path string) error {
	bbolt.Recording.Lock()
	defer bbolt.Recording.Unlock()
	if err := os.Remove(path); err != nil {
		return err
	}
	return bbolt.Record('d', numberOf(path), 0, nil)
}

func recordedWriteAt(f *os.File, b []byte, offset int64) (int, error) {
	bbolt.Recording.Lock()
	defer bbolt.Recording.Unlock()
	n, err := f.WriteAt(b, offset)
	if err != nil {
		return n, err
	}
	if err := bbolt.Record('w', numberOf(f.Name()), offset, b); err != nil {
		return n, err
	}
	if os.Getenv("CHAT_POWERLOSS_KILL") == "frame" {
		os.Exit(0) // a frame is written, and not synced
	}
	return n, nil
}

func recordedSync(f *os.File) error {
	if err := syncData(f); err != nil {
		return err
	}
	bbolt.Recording.Lock()
	defer bbolt.Recording.Unlock()
	return bbolt.Record('s', numberOf(f.Name()), 0, nil)
}

func recordedSyncDir(path string) {
	bbolt.Recording.Lock()
	defer bbolt.Recording.Unlock()
	syncDir(path)
	_ = bbolt.Record('n', 0, 0, nil)
}
