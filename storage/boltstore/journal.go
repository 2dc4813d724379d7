package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/chat/storage"
)

// journal is a file of frames that are not all in bbolt yet. It is written from
// its begin to its end, and then anew; all that it has grown by was written to,
// so that the sync of a frame has nothing to do but to write the frame.
type journal struct {
	file *os.File
	size int64
	end  int64 // where the next frame goes
}

const (
	leastJournal = 64 << 10 // what a new one has
	mostGrowth   = 1 << 20  // what it grows by at most, for a frame that is no longer
)

// createJournal makes a file with the frame of no commit.
func createJournal(path string, id storeID) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file, end: blockLen}
	first := appendFrame(make([]byte, 0, leastJournal), id, 0, leastJournal, nil)
	if _, err := j.file.WriteAt(first[:leastJournal], 0); err != nil {
		_ = file.Close() // the first error tells more
		return nil, err
	}
	j.size = leastJournal
	return j, nil
}

// openJournal opens the file of a process that was killed, and returns what is
// in it.
func openJournal(path string, id storeID) (j *journal, content []byte, err error) {
	content, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("the file was not closed, and what it had not taken in yet is missing: there is no %s", path)
	}
	if err != nil {
		return nil, nil, err
	}
	first, ok := readFrame(content)
	switch {
	case !ok || first.sequence != 0:
		return nil, nil, fmt.Errorf("%w: %s has no begin", errDamaged, path)
	case first.version > frameVersion:
		return nil, nil, fmt.Errorf("%w: %s has format %d, this program knows %d", storage.ErrVersion, path, first.version, frameVersion)
	case first.id != id:
		return nil, nil, fmt.Errorf("%s belongs to another file", path)
	case first.size > int64(len(content)):
		return nil, nil, truncated(path)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	return &journal{file: file, size: int64(len(content)), end: blockLen}, content, nil
}

func truncated(path string) error { return fmt.Errorf("%w: %s is truncated", errDamaged, path) }

// append writes a frame behind the others, for which there is space. If that
// fails the next one takes its place.
func (j *journal) append(frame []byte) error {
	if _, err := j.file.WriteAt(frame, j.end); err != nil {
		return err
	}
	j.end += int64(len(frame))
	return nil
}

// grow makes space up to an offset.
func (j *journal) grow(need int64) error {
	size := max(need, j.size+min(j.size, mostGrowth))
	if _, err := j.file.WriteAt(make([]byte, size-j.size), j.size); err != nil {
		_ = j.file.Truncate(j.size) // others may have use for the space
		return err
	}
	j.size = size
	return nil
}

// journals are the two files beside that of bbolt. Frames go to one of them
// while bbolt takes in what is in the other.
type journals struct {
	files   [2]*journal
	current int
	id      storeID
	noSync  bool
	frame   []byte // memory for the next one
}

// journalPaths are the names of the journals of a file.
func journalPaths(path string) [2]string { return [2]string{path + "-journal0", path + "-journal1"} }

// createJournals makes both files.
func createJournals(path string, id storeID, noSync bool) (_ *journals, err error) {
	js := &journals{id: id, noSync: noSync}
	defer func() {
		if err != nil {
			js.close()
			removeJournals(path)
		}
	}()
	for i, path := range journalPaths(path) {
		if js.files[i], err = createJournal(path, id); err != nil {
			return nil, err
		}
		if err = js.sync(js.files[i]); err != nil {
			return nil, err
		}
	}
	if !noSync {
		syncDir(filepath.Dir(path))
	}
	return js, nil
}

// append has a commit on the disk when it returns, if its frame is no longer
// than most.
func (js *journals) append(sequence uint64, c *changes, most int) error {
	j := js.files[js.current]
	js.frame = appendFrame(js.frame[:0], js.id, sequence, j.size, c)
	if len(js.frame) > most {
		js.frame = nil
		return errTooLong
	}
	if need := j.end + int64(len(js.frame)); need > j.size {
		// Synced before a frame says how large it is: to be smaller is damage.
		if err := j.grow(need); err != nil {
			return err
		}
		if err := js.sync(j); err != nil {
			return err
		}
		js.frame = appendFrame(js.frame[:0], js.id, sequence, j.size, c)
	}
	if err := j.append(js.frame); err != nil {
		return err
	}
	return js.sync(j)
}

func (js *journals) sync(j *journal) error {
	if js.noSync {
		return nil
	}
	return syncData(j.file)
}

// filled is how far the current journal has come.
func (js *journals) filled() int64 { return js.files[js.current].end }

// turn goes on with the other journal, of which all is in bbolt.
func (js *journals) turn() {
	js.current = 1 - js.current
	js.files[js.current].end = blockLen
}

func (js *journals) close() {
	for _, j := range js.files {
		if j != nil {
			_ = j.file.Close() // it was synced, or is of no use
		}
	}
}

func removeJournals(path string) {
	for _, path := range journalPaths(path) {
		_ = os.Remove(path) // who finds it later sees that it is of no use
	}
}
