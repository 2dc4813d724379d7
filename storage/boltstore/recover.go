package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"go.etcd.io/bbolt"
)

// recover finds what was committed before: what bbolt has, and what is in
// journals since. It has bbolt take that in.
func (s *Store) recover() (err error) {
	defer catchPanic(&err)
	var state journalState
	now := &snapshot{}
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		state, err = readJournalState(tx)
		now.sequence, now.base = state.sequence, tx.ID()
		now.layer = newLayer(tx.Bucket(logBucket).Sequence())
		return err
	})
	if err != nil {
		return err
	}
	s.id = state.id
	s.now.Store(now)
	if !state.open {
		return discardJournals(s.path, state)
	}
	js, frames, err := openJournals(s.path, state, s.db.NoSync)
	if err != nil {
		return err
	}
	s.journals = js
	if len(frames) == 0 {
		return nil
	}
	if now.layer, now.sequence, err = replay(frames, state.sequence, now.layer); err != nil {
		return err
	}
	s.sealed = now
	// Without space for it there is what is in memory, as if nobody had been killed.
	if err := s.checkpoint(); inSync(err) || errors.Is(err, errDamaged) {
		return err
	}
	return nil
}

// replay adds to a layer what the frames hold that follow a commit, and returns
// it with the newest one.
//
// A frame that was cut off has no later one behind it, for each is on the disk
// before the next is written, and nobody was told of it. One that is missing
// before others was there once.
func replay(frames []frame, sequence uint64, l *layer) (*layer, uint64, error) {
	l = l.edit()
	for _, f := range frames {
		sequence++
		if f.sequence != sequence {
			return nil, 0, fmt.Errorf("%w: commit %d is not in the journals, and %d is", errDamaged, sequence, f.sequence)
		}
		c, err := decodeChanges(f.changes)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: commit %d: %w", errDamaged, sequence, err)
		}
		l.add(&c)
	}
	return l, sequence, nil
}

// openJournals opens both files, and finds the frames that bbolt has not taken
// in, in their order. It goes on behind the last one.
func openJournals(path string, state journalState, noSync bool) (_ *journals, all []frame, err error) {
	js := &journals{id: state.id, noSync: noSync}
	defer func() {
		if err != nil {
			js.close()
		}
	}()
	newest := state.sequence
	for i, path := range journalPaths(path) {
		j, content, err := openJournal(path, state.id)
		if err != nil {
			return nil, nil, err
		}
		js.files[i] = j
		frames := framesAfter(content, state.id, state.sequence)
		for _, f := range frames {
			if f.sequence > newest {
				newest, js.current = f.sequence, i
			}
			j.end = max(j.end, f.end)
			if f.size > j.size {
				return nil, nil, truncated(path)
			}
		}
		all = append(all, frames...)
		// The last one may not be on the disk yet, and will be built upon.
		if err := js.sync(j); err != nil {
			return nil, nil, err
		}
	}
	slices.SortFunc(all, func(a, b frame) int { return int(a.sequence) - int(b.sequence) })
	return js, all, nil
}

// discardJournals removes journals of a file that was closed: whoever did that
// was killed before. It refuses those that have anything to tell.
func discardJournals(path string, state journalState) error {
	for _, name := range journalPaths(path) {
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		first, ok := readFrame(content)
		if ok && first.id != state.id || len(framesAfter(content, state.id, state.sequence)) > 0 {
			return fmt.Errorf("%s does not belong to the file: was the file replaced by another one?", name)
		}
	}
	removeJournals(path)
	return nil
}

// checkOrphans refuses to begin a file that others have journals of.
func checkOrphans(path string) error {
	for _, name := range journalPaths(path) {
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("the file is missing, and there is %s, which has a part of it", name)
		}
	}
	return nil
}

// beginJournals makes the journals, where there are none.
func (s *Store) beginJournals() error {
	if s.journals != nil {
		return nil
	}
	js, err := createJournals(s.path, s.id, s.db.NoSync)
	if err != nil {
		return err
	}
	if err = s.putOpen(); err != nil {
		js.close()
		if !inSync(err) { // else the file may say that it has them
			removeJournals(s.path)
		}
		return err
	}
	s.journals = js
	return nil
}

// putOpen has the file say that there are journals.
func (s *Store) putOpen() (err error) {
	s.views.pause()
	defer s.views.resume()
	defer catchPanic(&err)
	return updateSound(s.db, putOpen)
}
