package boltstore

import (
	"runtime"
	"sync"

	"go.etcd.io/bbolt"
)

// views keeps read transactions between Views that see the same commit: to
// begin one, and to find its buckets, takes longer than most Views do. None is
// kept while a batch is made, which would wait for it where the file outgrows
// its map.
type views struct {
	db    *bbolt.DB
	cache *cache

	mu     sync.Mutex
	paused bool
	idle   []*cursors // all of the newest commit
}

// begin is a transaction for one View.
func (v *views) begin() (*cursors, error) {
	v.mu.Lock()
	if n := len(v.idle); n > 0 {
		c := v.idle[n-1]
		v.idle = v.idle[:n-1]
		v.mu.Unlock()
		return c, nil
	}
	v.mu.Unlock()
	tx, err := v.db.Begin(false)
	if err != nil {
		return nil, err
	}
	return &cursors{tx: tx, version: tx.ID(), cache: v.cache}, nil
}

// end takes a transaction back.
func (v *views) end(c *cursors) {
	v.mu.Lock()
	keep := !v.paused && c.version == v.cache.newest() && len(v.idle) < runtime.GOMAXPROCS(0)
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
	v.mu.Unlock()
	for _, c := range idle {
		_ = c.tx.Rollback()
	}
}

func (v *views) resume() {
	v.mu.Lock()
	v.paused = false
	v.mu.Unlock()
}
