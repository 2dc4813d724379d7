package record

import "sync/atomic"

// pairs is a table of what is remembered by a hash: of all that has one place in
// it, the two that came last. It is safe for concurrent use.
type pairs[T any] []pair[T]

type pair[T any] [2]atomic.Pointer[T]

// newPairs has room for a number of values.
func newPairs[T any](size int) pairs[T] { return make(pairs[T], size/2) }

func (p pairs[T]) at(hash uint64) *pair[T] { return &p[hash%uint64(len(p))] }

// add has the value take the place of the one that is equal, if there is one, or
// of the older of two others.
func (p *pair[T]) add(v *T, equal func(*T) bool) {
	first := p[0].Load()
	if first != nil && !equal(first) {
		p[1].Store(first)
	}
	p[0].Store(v)
}
