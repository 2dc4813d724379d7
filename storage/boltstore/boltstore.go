// Package boltstore keeps a store in one file, by way of bbolt. It is the
// default of the chat engine: nothing to install, nothing to run.
//
// Updates that wait at the same time are committed together, with one disk sync
// for all of them; an Update that finds nobody waiting is committed alone and at
// once. So the more callers there are at a time, the more Updates a second. What
// is committed goes to a journal, one of two files beside the store's that have
// its name and "-journal0" or "-journal1", and to memory; bbolt takes it in from
// time to time. Close leaves one file. After a kill the three belong together, and
// are to be copied and moved together: Open refuses one without the others.
//
// Views read memory and the file's memory map, and take no part in any of this.
// A View must be short and must not call Update: when the file has outgrown its
// memory map (see [Options]), bbolt waits for the open Views, and Updates may wait
// for it, also one inside a View.
//
// One process holds the file at a time.
package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"example.com/chat/storage"
	"example.com/chat/storage/internal/driver"
)

// Options are the settings of [Open]. The zero value is the defaults.
type Options struct {
	// MapSize is how much address space to reserve for the file, in bytes. It
	// costs neither memory nor disk. A file that outgrows it is mapped anew,
	// for which the writer waits until no View is open. 0 means 1 GiB where
	// address space is plenty (64 bits, not Windows) and elsewhere as much as
	// the file needs; below 0 means as much as the file needs everywhere.
	MapSize int

	// NoSync leaves it to the operating system when to write to the disk. An
	// Update is then lost, or the files damaged beyond use, if the machine (not
	// the process) stops at the wrong moment. It is meant for tests. Default:
	// every Update is on disk before it returns.
	NoSync bool
}

// Store is a [storage.Store] and [storage.Waiter] in a file. It is safe for
// concurrent use.
type Store struct {
	path    string
	db      *bbolt.DB
	gate    *driver.Gate
	waiters *driver.Waiters
	cache   *cache
	changes *driver.Changes
	views   views
	id      storeID
	limits  limits
	now     atomic.Pointer[snapshot]
	ahead   atomic.Int64 // a transaction of bbolt that has more than what lies on older ones

	mu      sync.Mutex // held to change what follows, never while anything runs
	queue   []*call
	running bool // batches are being made

	pass    sync.Mutex // held to write to bbolt, and taken before writing
	writing sync.Mutex // held by the running batch, and to change what follows

	last     int           // calls that the last batch committed
	memory   overlayMemory // for the next one's overlay
	unsynced error         // why nothing is written any more
	journals *journals     // nil before the first commit
	taking   bool          // bbolt takes in what is sealed
	sealed   *snapshot     // what it is to take in, nil for nothing
	since    []changes     // what came after that, batch by batch
}

// Open opens the file at path, and makes it (mode 0600) if there is none; the
// directory has to exist. Nil opts are the defaults.
//
// The error is [storage.ErrInUse], at once, if the file is open already, here
// or in another process, and [storage.ErrVersion] if a newer version of this
// package wrote it. Other errors say what is wrong with the file; those of the
// operating system can be told with [errors.Is], [fs.ErrNotExist] and
// [fs.ErrPermission] among them.
//
// Opening a file takes no longer for a large one. One whose process was killed takes
// in what is in its journals; if that was a version before free pages were listed
// with each commit, the file is read through, once.
func Open(path string, opts *Options) (*Store, error) {
	s, err := open(path, opts)
	if err != nil {
		return nil, fmt.Errorf("boltstore: open %s: %w", path, err)
	}
	return s, nil
}

func open(path string, opts *Options) (s *Store, err error) {
	if opts == nil {
		opts = new(Options)
	}
	bolt := &bbolt.Options{
		Timeout:         1,    // one attempt at the file's lock
		NoFreelistSync:  true, // until it is settled: bbolt would write the list at once, where there is none
		FreelistType:    bbolt.FreelistMapType,
		NoStatistics:    true,
		NoSync:          opts.NoSync,
		InitialMmapSize: mapSize(opts.MapSize),
	}
	// bbolt takes what a damaged file says for granted, and panics.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("the file is damaged: %v", r)
		}
	}()
	info, err := os.Stat(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	if isNew || err == nil && info.Size() == 0 {
		if err := checkOrphans(path); err != nil {
			return nil, err
		}
	}
	switch {
	case err != nil && !isNew:
		return nil, err
	case err == nil && !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case err == nil && info.Size() > 0:
		if err := inspect(path, info.Size()); err != nil {
			return nil, err
		}
	case isNew && !opts.NoSync:
		if err := create(path, bolt); err != nil {
			return nil, err
		}
	}
	db, err := bbolt.Open(path, 0o600, bolt)
	if err != nil {
		return nil, openError(err)
	}
	if !opts.NoSync {
		if err := settle(db, path); err != nil {
			_ = db.Close() // the first error tells more
			return nil, err
		}
	}
	db.NoFreelistSync = false
	db.AllocSize = leastGrowth // as in create
	if err := prepare(db); err != nil {
		_ = db.Close() // the first error tells more
		return nil, err
	}
	s = &Store{
		path:    path,
		db:      db,
		gate:    driver.NewGate(),
		waiters: driver.NewWaiters(),
		changes: driver.NewChanges(),
		limits:  defaultLimits(),
		memory:  newOverlayMemory(),
	}
	s.views.db = db
	if err := s.recover(); err != nil {
		_ = s.closeFiles() // the first error tells more
		return nil, err
	}
	s.cache = newCache(s.now.Load().sequence)
	return s, nil
}

// View implements [storage.Store].
func (s *Store) View(ctx context.Context, fn func(storage.Reader) error) (err error) {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	c, now, err := s.snapshot()
	if err != nil {
		return err
	}
	defer s.views.end(c)
	r := reader{cursors: c, layer: now.layer, version: now.sequence, cache: s.cache, changes: s.changes}
	defer r.end()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchFaults(&err)
	return fn(&r)
}

// snapshot is what there is now, with a transaction of bbolt for it.
func (s *Store) snapshot() (*cursors, *snapshot, error) {
	for {
		c, err := s.views.begin()
		if err != nil {
			return nil, nil, fmt.Errorf("boltstore: %w", err)
		}
		// The layer is taken after the transaction: all that bbolt has is in it, or
		// was. What bbolt takes at once was not; it shows that before the commit is
		// over.
		ahead := int(s.ahead.Load())
		now := s.now.Load()
		early := now.base < ahead && ahead <= c.tx.ID()
		if !early && now.base <= c.tx.ID() {
			return c, now, nil
		}
		_ = c.tx.Rollback() // bbolt has taken in what this one does not see, or the other way round
		if early {
			s.awaitCommit()
		}
	}
}

// awaitCommit waits until the commit is over that is being made, if one is.
func (s *Store) awaitCommit() {
	s.writing.Lock()
	defer s.writing.Unlock()
}

// Wait implements [storage.Waiter].
func (s *Store) Wait(ctx context.Context, logs [][]byte, after storage.Position) error {
	return s.waiters.Wait(ctx, logs, func() (found bool, err error) {
		err = s.View(context.WithoutCancel(ctx), func(r storage.Reader) (err error) {
			defer catchPanic(&err)
			found = r.(*reader).newer(logs, after)
			return nil
		})
		return found, err
	})
}

// Close implements [storage.Store].
func (s *Store) Close() error {
	return s.gate.Close(s.waiters.Close, func() error {
		if err := errors.Join(s.finish(), s.closeFiles()); err != nil {
			return fmt.Errorf("boltstore: close %s: %w", s.path, err)
		}
		return nil
	})
}

// finish has bbolt take in all that is in journals, which are of no use then.
// Where it cannot they stay, and the next Open finds them: nothing is lost. So
// the error is one of damage, or of a sync.
func (s *Store) finish() error {
	s.pass.Lock()
	defer s.pass.Unlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	s.sealed = nil // for a checkpoint that is late
	if s.unsynced != nil {
		return nil
	}
	_, err := s.apply(s.now.Load(), true, false)
	if err == nil && s.db.NoSync {
		err = s.db.Sync()
	}
	if err == nil && s.journals != nil {
		s.journals.close()
		s.journals = nil
		removeJournals(s.path)
	}
	if inSync(err) || errors.Is(err, errDamaged) {
		return err
	}
	return nil
}

func (s *Store) closeFiles() error {
	s.views.pause()
	if s.journals != nil {
		s.journals.close()
	}
	return s.db.Close()
}

// mapSize is bbolt's setting for ours.
func mapSize(size int) int {
	switch {
	case size < 0:
		return 0
	case size == 0 && bits.UintSize == 64 && runtime.GOOS != "windows":
		return 1 << 30
	}
	return size
}

// inspect answers an error for a file that is none of bbolt's, or shorter than
// its own header says: reading behind the end of a map ends the process.
func inspect(path string, size int64) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 1, NoStatistics: true})
	if err != nil {
		return openError(err)
	}
	defer db.Close()
	tx, err := db.Begin(false)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if tx.Size() > size {
		return fmt.Errorf("the file is truncated: it has %d bytes of %d", size, tx.Size())
	}
	return checkFreelist(path, db.Info().PageSize, tx)
}

// create makes a new file under a name of its own, and gives it the right one
// when all of it is on the disk: a loss of power leaves it whole or not at all.
// bbolt cannot open one of which only the first pages are there.
func create(path string, bolt *bbolt.Options) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-")
	if err != nil {
		return err
	}
	temp := f.Name()
	defer func() { _ = os.Remove(temp) }() // it has another name, or is no use
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(temp, 0o600, bolt)
	if err != nil {
		return openError(err)
	}
	db.AllocSize = leastGrowth // bbolt's own would make a new file one of 16 MiB
	if err := errors.Join(prepare(db), db.Close()); err != nil {
		return err
	}
	// It fails if someone else was quicker, whose file is then as good, and where
	// a file cannot have two names; there bbolt makes it in its place.
	_ = os.Link(temp, path)
	return nil
}

// settle has on the disk what a process that was killed may have left on its way
// there: the file's name, and its last commit. That commit counts as stored from
// here on, and the pages of the one before are written anew. A loss of power that
// undid it would leave neither.
func settle(db *bbolt.DB, path string) error {
	syncDir(filepath.Dir(path))
	return db.Sync()
}

// openError says in our words what bbolt found.
func openError(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return storage.ErrInUse
	case errors.Is(err, bolterrors.ErrInvalid),
		errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("not a store, or damaged: %w", err)
	}
	return err
}

// syncDir makes a new file's name as durable as its content. Not every system
// can do that to a directory, and none needs it that cannot.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
