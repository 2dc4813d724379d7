package byhand

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

var bucket = []byte("data")

// Store is a bbolt file, opened with the options that the engine's driver uses.
type Store struct {
	db    *bbolt.DB
	queue chan request
}

// request is a change that waits for a group commit.
type request struct {
	change *Change
	done   chan error
}

// Open makes a file.
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoStatistics: true, InitialMmapSize: 1 << 30,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	s := &Store{db: db, queue: make(chan request, 1024)}
	go s.commitGroups()
	return s, nil
}

// Close closes the file. Nothing may be waiting.
func (s *Store) Close() error {
	close(s.queue)
	return s.db.Close()
}

// Load writes changes without waiting for the disk.
func (s *Store) Load(changes []Change) error {
	s.db.NoSync = true
	defer func() { s.db.NoSync = false }()
	const most = 10_000
	for len(changes) > 0 {
		n := min(most, len(changes))
		err := s.db.Update(func(tx *bbolt.Tx) error {
			for i := range changes[:n] {
				if err := s.write(tx, &changes[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		changes = changes[n:]
	}
	return s.db.Sync()
}

// Update writes a change in a transaction of its own.
func (s *Store) Update(c *Change) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return s.write(tx, c) })
}

// Batch writes a change with bbolt's own batches.
func (s *Store) Batch(c *Change) error {
	return s.db.Batch(func(tx *bbolt.Tx) error { return s.write(tx, c) })
}

// SetBatchDelay sets how long Batch waits for others. Nothing may be waiting.
func (s *Store) SetBatchDelay(d time.Duration) { s.db.MaxBatchDelay = d }

// Group writes a change together with all that wait at the time.
func (s *Store) Group(c *Change) error {
	r := request{c, make(chan error, 1)}
	s.queue <- r
	return <-r.done
}

// commitGroups commits what waits, and what comes until it has written that,
// with one sync and no added delay.
func (s *Store) commitGroups() {
	var group []request
	for first := range s.queue {
		group = append(group[:0], first)
		err := s.db.Update(func(tx *bbolt.Tx) error {
			for i := 0; i < len(group); i++ {
				if err := s.write(tx, group[i].change); err != nil {
					return err
				}
				if i == len(group)-1 {
					group = s.waiting(group)
				}
			}
			return nil
		})
		for _, r := range group {
			r.done <- err
		}
	}
}

// waiting appends to the group what waits.
func (s *Store) waiting(group []request) []request {
	for {
		select {
		case r, open := <-s.queue:
			if !open {
				return group
			}
			group = append(group, r)
		default:
			return group
		}
	}
}

func (s *Store) write(tx *bbolt.Tx, c *Change) error {
	// As the engine's driver lets a file grow.
	s.db.AllocSize = int(min(max(tx.Size()/4, 64<<10), 16<<20))
	b := tx.Bucket(bucket)
	if err := c.each(b.Put, b.Delete); err != nil {
		return fmt.Errorf("by hand: %w", err)
	}
	return nil
}
