package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"
)

// snapshot is what Views see: a bbolt transaction and a layer on it.
type snapshot struct {
	layer    *layer
	sequence uint64 // of the newest commit
	base     int    // the layer lies on this transaction or a later one
}

// limits are of the bytes in journals, and so of the memory that layers take and
// of what is to be replayed after a kill.
type limits struct {
	sealed int64 // when a journal is so long, bbolt takes it in
	frame  int   // what is longer goes to bbolt at once
	most   int64 // a batch waits for bbolt rather than add to more
}

func defaultLimits() limits { return limits{sealed: 4 << 20, frame: 4 << 20, most: 16 << 20} }

// errTooLong says that a batch is too large for a journal.
var errTooLong = errors.New("boltstore: a batch is too long for the journal")

// store makes a batch's changes, which next has in its layer once they are
// settled, durable, and returns the snapshot with them. They are in a journal then;
// or in bbolt, with all that was in journals, if they are very long or no journal
// can take them.
func (s *Store) store(next snapshot, own *changes, settled func()) (*snapshot, error) {
	err := s.beginJournals()
	if err == nil {
		err = s.journals.append(next.sequence, own, s.limits.frame)
	}
	settled()
	switch {
	case err == nil:
	case !inSync(err) && (errors.Is(err, errTooLong) || noSpace(err) || errors.Is(err, fs.ErrPermission)):
		return s.storeAtOnce(next)
	default:
		s.note(err)
		return nil, fmt.Errorf("boltstore: commit: %w", err)
	}
	if s.sealed != nil {
		s.since = append(s.since, own.clone())
	}
	return &next, nil
}

// storeAtOnce puts a layer into bbolt that no journal has.
func (s *Store) storeAtOnce(next snapshot) (_ *snapshot, err error) {
	s.writing.Unlock() // in this order, or it waits for one who waits for it
	s.pass.Lock()
	defer s.pass.Unlock()
	s.writing.Lock()
	if s.unsynced != nil {
		return nil, s.refusal()
	}
	if next.base, err = s.apply(&next, false, true); err != nil {
		s.ahead.Store(0)
		s.note(err)
		return nil, err
	}
	next.layer = newLayer(next.layer.newest())
	s.sealed, s.since = nil, nil
	if s.journals != nil {
		s.journals.turn()
	}
	return &next, nil
}

// seal has bbolt take in, in the background, all that there is, once that is
// much; or once more, where that has failed.
func (s *Store) seal() {
	switch {
	case s.taking || s.journals == nil:
		return
	case s.sealed == nil && s.journals.filled() < s.limits.sealed:
		return
	case s.sealed == nil:
		s.sealed = s.now.Load()
		s.journals.turn()
	}
	s.taking = true
	go func() {
		_ = s.checkpoint() // who needs the space tries again, and has the error
	}()
}

// checkpoint puts what is sealed into bbolt, if anything is, after which its
// journal is free.
func (s *Store) checkpoint() error {
	s.pass.Lock()
	defer s.pass.Unlock()
	s.writing.Lock()
	sealed, err := s.sealed, s.unsynced
	s.writing.Unlock()
	base := 0
	if sealed != nil && err == nil {
		base, err = s.apply(sealed, false, false)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	defer func() { s.taking = false }()
	if err != nil || sealed == nil {
		s.note(err)
		return err
	}
	fresh := s.lift(sealed.layer)
	s.now.Store(&snapshot{fresh, s.now.Load().sequence, base})
	s.sealed = nil
	return nil
}

// lift makes the layer of what came after one that bbolt has taken in. Batches go on
// until little of that is left.
func (s *Store) lift(taken *layer) *layer {
	const few = 2
	l := newLayer(taken.newest())
	for len(s.since) > 0 {
		list := s.since
		s.since = nil
		if len(list) > few {
			s.writing.Unlock()
		}
		for i := range list {
			l.add(&list[i])
		}
		if len(list) > few {
			s.writing.Lock()
		}
	}
	return l
}

// room waits until there is some for a batch, and has the store's state for it.
func (s *Store) room() error {
	s.writing.Lock()
	if s.sealed == nil || s.journals.filled() < s.limits.most {
		return nil
	}
	s.writing.Unlock()
	defer s.writing.Lock()
	return s.checkpoint()
}

// leastGrowth is how much a file grows at least.
const leastGrowth = 64 << 10

// apply puts a snapshot into bbolt, in one transaction, whose id it returns. The
// last one of all says that there are no journals any more.
func (s *Store) apply(now *snapshot, last, ahead bool) (id int, err error) {
	s.views.pause()
	defer s.views.resume()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchPanic(&err)
	tx, err := s.db.Begin(true)
	if err != nil {
		return 0, fmt.Errorf("boltstore: %w", err)
	}
	defer rollback(tx)
	if err := checkRoots(tx); err != nil {
		return 0, err
	}
	if err := now.layer.write(tx); err != nil {
		return 0, fmt.Errorf("boltstore: %w", err)
	}
	if err := putSequence(tx, now.sequence, last); err != nil {
		return 0, fmt.Errorf("boltstore: %w", err)
	}
	// How much the file grows at a time, which costs a sync: not much for a
	// small one, not often for a large one.
	s.db.AllocSize = int(min(max(tx.Size()/4, leastGrowth), 16<<20))
	if id = tx.ID(); ahead {
		s.ahead.Store(int64(id))
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("boltstore: commit: %w", err)
	}
	return id, nil
}

// rollback does nothing after a commit.
func rollback(tx *bbolt.Tx) {
	defer catchPanic(new(error)) // whoever meets the damage next has its error
	_ = tx.Rollback()
}

// fullPages is how full bbolt leaves a page that it splits. Most keys end in a time
// and come in its order, where bbolt's own half would waste the other one.
const fullPages = 0.9

// write hands a layer to bbolt, in the order of the keys.
func (l *layer) write(tx *bbolt.Tx) error {
	if l.empty() {
		return nil
	}
	data := tx.Bucket(dataBucket)
	data.FillPercent = fullPages
	for key, w := range l.writes.Ascend(nil, nil) {
		var err error
		if w.sealed == nil {
			err = data.Delete(key)
		} else {
			err = data.Put(key, w.sealed)
		}
		if err != nil {
			return err
		}
	}
	logs := logWriter{
		logs:  tx.Bucket(logBucket),
		heads: tx.Bucket(headBucket),
		marks: tx.Bucket(markBucket),
		dues:  tx.Bucket(dueBucket),
	}
	trimmed, newest := (&cursors{tx: tx}).span()
	if newest < l.base || newest > l.newest() {
		return damaged(fmt.Sprintf("the newest log record is %d, those to add follow %d", newest, l.base))
	}
	if err := logs.store(l.records[newest-l.base:], newest); err != nil {
		return err
	}
	if l.trimmed <= trimmed {
		return nil
	}
	return logs.trim(trimmed, l.trimmed)
}

// refusal is the error of what is not written any more.
func (s *Store) refusal() error {
	return fmt.Errorf("boltstore: the disk did not confirm a commit, so nothing more is written; open the file again: %w", s.unsynced)
}

// note keeps that a sync failed: nothing is written any more then.
func (s *Store) note(err error) {
	if s.unsynced == nil && inSync(err) {
		s.unsynced = err
	}
}

// inSync says that a commit failed in a sync, not in a write. What the disk has
// is unknown then, and whatever follows would build on it.
func inSync(err error) bool {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Op == "sync"
	}
	var bare syscall.Errno // of fdatasync
	return errors.As(err, &bare) || err != nil && strings.Contains(err.Error(), "file sync error")
}

// noSpace says that a write failed for lack of space, in all the ways of that.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EDQUOT)
}
