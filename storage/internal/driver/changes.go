package driver

import (
	"hash/maphash"
	"sync/atomic"
)

// changeSlots is how many scopes are told apart at best.
const changeSlots = 1 << 13

// Changes notes in which commit something was last written under each scope. Two
// scopes may share a slot: then each counts as written when the other was. It is
// safe for concurrent use.
type Changes struct {
	seed  maphash.Seed
	slots [changeSlots]atomic.Uint64
}

// NewChanges makes one in which nothing was written.
func NewChanges() *Changes { return &Changes{seed: maphash.MakeSeed()} }

// Note notes a commit before anybody can see it. Numbers of commits rise.
func (c *Changes) Note(scope string, commit uint64) { c.slot(scope).Store(commit) }

// Last is the number of the last commit of the scope, 0 if there was none.
func (c *Changes) Last(scope string) uint64 { return c.slot(scope).Load() }

func (c *Changes) slot(scope string) *atomic.Uint64 {
	return &c.slots[maphash.String(c.seed, scope)%changeSlots]
}
