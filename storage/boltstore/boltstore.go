// Package boltstore keeps a store in one file, by way of bbolt. It is the
// default of the chat engine: nothing to install, nothing to run.
//
// Updates that wait at the same time are committed together, with one pair of
// disk syncs for all of them; an Update that finds nobody waiting is committed
// alone and at once. So the more callers there are at a time, the more Updates
// a second. Views read the file's memory map and take no part in any of this.
//
// A View must be short and must not call Update: when the file has outgrown its
// memory map (see [Options]), the writer waits for the open Views, and an
// Update inside one of them then waits for itself.
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
	// Update is then lost, or the file damaged beyond use, if the machine (not
	// the process) stops at the wrong moment. It is meant for tests. Default:
	// every Update is on disk before it returns.
	NoSync bool
}

// Store is a [storage.Store] and [storage.Waiter] in one file. It is safe for
// concurrent use.
type Store struct {
	path    string
	db      *bbolt.DB
	gate    *driver.Gate
	waiters *driver.Waiters

	lead  chan struct{} // held by the caller that runs a batch
	mu    sync.Mutex    // held to change queue, never while anything runs
	queue []*call
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
// Opening a file that was closed takes no longer for a large one. One whose
// process was killed is read through once.
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
		Timeout:         1, // one attempt at the file's lock
		NoFreelistSync:  true,
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
	switch {
	case err != nil && !isNew:
		return nil, err
	case err == nil && !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case err == nil && info.Size() > 0:
		if err := inspect(path, info.Size()); err != nil {
			return nil, err
		}
	}
	db, err := bbolt.Open(path, 0o600, bolt)
	if err != nil {
		return nil, openError(err)
	}
	if err := prepare(db); err != nil {
		_ = db.Close() // the first error tells more
		return nil, err
	}
	if isNew && !opts.NoSync {
		syncDir(filepath.Dir(path))
	}
	return &Store{
		path:    path,
		db:      db,
		gate:    driver.NewGate(),
		waiters: driver.NewWaiters(),
		lead:    make(chan struct{}, 1),
	}, nil
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
	tx, err := s.db.Begin(false)
	if err != nil {
		return fmt.Errorf("boltstore: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // fails only if it is over
	r := reader{tx: tx}
	defer r.end()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchFaults(&err)
	return fn(&r)
}

// Wait implements [storage.Waiter].
func (s *Store) Wait(ctx context.Context, logs [][]byte, after storage.Position) error {
	return s.waiters.Wait(ctx, logs, func() (found bool, err error) {
		err = s.View(context.WithoutCancel(ctx), func(r storage.Reader) error {
			found = r.(*reader).newer(logs, after)
			return nil
		})
		return found, err
	})
}

// Close implements [storage.Store].
func (s *Store) Close() error {
	return s.gate.Close(s.waiters.Close, func() error {
		// The list of free pages is kept in memory while the store is open.
		// Without it the next Open has to look for them, and all is well: so
		// where there is no space for it, nothing is lost.
		s.db.NoFreelistSync = false
		err := s.storeFreelist()
		if s.db.NoSync {
			err = errors.Join(err, s.db.Sync())
		}
		if err = errors.Join(err, s.db.Close()); err != nil {
			return fmt.Errorf("boltstore: close %s: %w", s.path, err)
		}
		return nil
	})
}

// storeFreelist commits the list of free pages. Its error is that it is damaged.
func (s *Store) storeFreelist() (err error) {
	defer catchPanic(&err)
	if tx, err := s.db.Begin(true); err == nil {
		defer func() { _ = tx.Rollback() }() // does nothing after a commit
		_ = tx.Commit()
	}
	return nil
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
