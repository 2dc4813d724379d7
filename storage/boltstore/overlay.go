package boltstore

import (
	"bytes"
	"hash/maphash"
	"sync"
)

// overlay is what the Updates of a batch have written so far, none of it
// committed. Each Update writes straight into it, and can be undone.
//
// Many write the same keys, so the layer has what was written once somebody reads
// a range, and at the end: see settle.
type overlay struct {
	*layer // with what is committed and not in bbolt yet
	overlayMemory
}

// overlayMemory is what overlays hand on to the next one, empty.
type overlayMemory struct {
	own   changes // the batch's alone
	seed  maphash.Seed
	index map[uint64]int  // hash of a key -> the newest place in own.writes that has it
	loose []int           // places of what the layer does not have yet
	noted map[string]bool // scopes that were written under, and what was noted
	space []byte          // where the next copy goes
}

func newOverlayMemory() overlayMemory {
	return overlayMemory{seed: maphash.MakeSeed(), index: map[uint64]int{}, noted: map[string]bool{}}
}

// keptWrites is up to how many writes the memory of an overlay is used again.
const keptWrites = 4096

// reset ends the overlay, of which nobody has own any more.
func (o *overlay) reset() overlayMemory {
	m := o.overlayMemory
	if len(m.own.writes) > keptWrites || len(m.own.records) > keptWrites {
		return newOverlayMemory()
	}
	clear(m.own.writes)
	clear(m.own.records)
	clear(m.index)
	clear(m.noted)
	m.own = changes{writes: m.own.writes[:0], records: m.own.records[:0]}
	m.loose = m.loose[:0]
	return m
}

// get finds what the batch writes under a key. A View has no overlay.
func (o *overlay) get(key []byte) (w write, ok bool) {
	if o == nil {
		return w, false
	}
	if i := o.place(key, o.hash(key)); i >= 0 {
		return o.own.writes[i].write, true
	}
	return w, false
}

func (o *overlay) hash(key []byte) uint64 { return maphash.Bytes(o.seed, key) }

// place is where the write under a key of a hash is, below 0 if there is none.
func (o *overlay) place(key []byte, hash uint64) int {
	i, ok := o.index[hash]
	if !ok {
		return -1
	}
	for i >= 0 && !bytes.Equal(o.own.writes[i].key, key) {
		i = o.own.writes[i].alike
	}
	return i
}

// set puts a write under a key, which must last as long as the layer. What it
// returns undoes that.
func (o *overlay) set(key []byte, w write) undo { return o.setHashed(key, o.hash(key), w) }

func (o *overlay) setHashed(key []byte, hash uint64, w write) undo {
	i := o.place(key, hash)
	if i < 0 {
		alike, ok := o.index[hash]
		if !ok {
			alike = -1
		}
		i = len(o.own.writes)
		o.index[hash] = i
		o.loose = append(o.loose, i)
		o.own.writes = append(o.own.writes, keyWrite{key: key, write: w, hash: hash, alike: alike})
		return undo{place: i}
	}
	was := o.own.writes[i].write
	o.replace(i, w)
	return undo{i, true, was}
}

// replace puts another write in a place.
func (o *overlay) replace(i int, w write) {
	entry := &o.own.writes[i]
	if entry.write = w; entry.settled {
		entry.settled = false
		o.loose = append(o.loose, i)
	}
}

// settle puts what is loose into the layer. A View has nothing loose.
func (o *overlay) settle() {
	if o == nil {
		return
	}
	for _, i := range o.loose {
		if i >= len(o.own.writes) || o.own.writes[i].settled {
			continue // it was undone
		}
		entry := &o.own.writes[i]
		was, had := o.writes.Set(entry.key, entry.write)
		if !entry.layered {
			entry.layered, entry.under, entry.covers = true, was, had
		}
		entry.settled = true
	}
	o.loose = o.loose[:0]
}

// manyLoose is how many loose writes are worth another goroutine.
const manyLoose = 16

// settleMeanwhile settles beside what the caller does until it calls what is
// returned: a journal is written and synced as long as it takes to settle a batch,
// and needs of its writes the keys and values alone.
func (o *overlay) settleMeanwhile() (settled func()) {
	if len(o.loose) < manyLoose {
		o.settle()
		return func() {}
	}
	var settling sync.WaitGroup
	settling.Go(o.settle)
	return settling.Wait
}

// undo is what a place had before a write, if it was the batch's already.
type undo struct {
	place int
	own   bool
	was   write
}

// undo takes back the newest of the writes that are left.
func (o *overlay) undo(u undo) {
	if u.own {
		o.replace(u.place, u.was)
		return
	}
	entry := &o.own.writes[u.place]
	switch {
	case entry.layered && entry.covers:
		o.writes.Set(entry.key, entry.under)
	case entry.layered:
		o.writes.Delete(entry.key)
	}
	if entry.alike >= 0 {
		o.index[entry.hash] = entry.alike
	} else {
		delete(o.index, entry.hash)
	}
	o.own.writes = o.own.writes[:u.place]
}

// take returns n fresh bytes that last as long as anyone has them. Small ones
// share an allocation.
func (o *overlay) take(n int) []byte {
	const chunk = 16 << 10
	if n > chunk/4 {
		return make([]byte, n)
	}
	if len(o.space) < n || o.space == nil {
		o.space = make([]byte, chunk)
	}
	b := o.space[:n:n]
	o.space = o.space[n:]
	return b
}

func (o *overlay) copy(b []byte) []byte {
	c := o.take(len(b))
	copy(c, b)
	return c
}
