package boltstore

import (
	"runtime"
	"sync"

	"go.etcd.io/bbolt"
)

// views keeps read transactions of bbolt between Views: to begin one, and to
// find its buckets, takes longer than most Views do. None is kept while bbolt is
// written to, which would wait for it where the file outgrows its map.
type views struct {
	db *bbolt.DB

	mu     sync.Mutex
	paused bool
	writes int        // how often bbolt was written to
	idle   []*cursors // all of what it has now
}

// begin is a transaction for one View, or for a batch.
func (v *views) begin() (*cursors, error) {
	v.mu.Lock()
	if n := len(v.idle); n > 0 {
		c := v.idle[n-1]
		v.idle = v.idle[:n-1]
		v.mu.Unlock()
		return c, nil
	}
	writes := v.writes
	v.mu.Unlock()
	tx, err := v.db.Begin(false)
	if err != nil {
		return nil, err
	}
	return &cursors{tx: tx, writes: writes}, nil
}

// end takes a transaction back.
func (v *views) end(c *cursors) {
	v.mu.Lock()
	keep := !v.paused && c.writes == v.writes && len(v.idle) < runtime.GOMAXPROCS(0)
	if keep {
		v.idle = append(v.idle, c)
	}
	v.mu.Unlock()
	if !keep {
		_ = c.tx.Rollback() // fails only if it is over
	}
}

// pause ends the idle transactions and keeps none until resume.
func (v *views) pause() {
	v.mu.Lock()
	idle := v.idle
	v.idle, v.paused = nil, true
	v.writes++
	v.mu.Unlock()
	for _, c := range idle {
		_ = c.tx.Rollback()
	}
}

func (v *views) resume() {
	v.mu.Lock()
	v.paused = false
	v.writes++
	v.mu.Unlock()
}
