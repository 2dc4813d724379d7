// Package driver has what storage drivers have in common and what is no
// business of their callers.
package driver

import (
	"math"
	"sync"
	"sync/atomic"

	"example.com/chat/storage"
)

// Gate counts the calls that are inside a store, so that closing it can wait
// for them. Passing through costs two atomic additions and never blocks.
type Gate struct {
	inside atomic.Int64 // below zero once shut
	empty  chan struct{}
	once   sync.Once
	shut   atomic.Bool
	done   chan struct{}
}

const shutBias = math.MinInt64 / 2

// NewGate makes an open gate.
func NewGate() *Gate {
	return &Gate{empty: make(chan struct{}), done: make(chan struct{})}
}

// Enter answers [storage.ErrClosed] once the gate is shut. After nil the caller
// owes a Leave.
func (g *Gate) Enter() error {
	if g.inside.Add(1) < 0 {
		g.Leave()
		return storage.ErrClosed
	}
	return nil
}

// Leave ends what Enter began.
func (g *Gate) Leave() {
	if g.inside.Add(-1) == shutBias {
		g.once.Do(func() { close(g.empty) })
	}
}

// Close lets nobody in any more, runs first, waits until everybody has left
// and runs last. A further Close waits for the first one and does nothing.
func (g *Gate) Close(first func(), last func() error) error {
	if g.shut.Swap(true) {
		<-g.done
		return nil
	}
	defer close(g.done)
	g.inside.Add(1) // so that the last to leave is counted in one place
	g.inside.Add(shutBias)
	first()
	g.Leave()
	<-g.empty
	return last()
}
