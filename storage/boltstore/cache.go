package boltstore

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// cache keeps small values that are asked for by their keys again and again,
// and that there are none, so that the file is not searched for them each time.
// It is as of one commit and tells only transactions that see that commit or
// an older one; each entry says since when it holds.
//
// There are two generations. What is asked for is moved to the young one; when
// that is full it becomes the old one, and what the old one still had is gone.
type cache struct {
	mu         sync.RWMutex
	version    uint64
	young, old map[string]*cached
	size       int // of the young generation, in bytes

	// A key is kept from the second time on that it is not found here: seen is
	// the hashes of those that were asked for lately.
	seed maphash.Seed
	seen [1 << 12]atomic.Uint32
}

// cached is the value that a key has had since a version; nil if it is absent.
type cached struct {
	value []byte
	since uint64
}

const (
	cachedKeys = 64      // who asks for more at once is better off searching
	cachedLen  = 4 << 10 // longer values are not kept; a channel type has some 2.7 KB
	cacheSize  = 1 << 20 // of a generation, in bytes
	entrySize  = 100     // an entry takes so much beside its key and value
)

// mask is a set of up to 64 keys of a list, by index.
type mask uint64

func (m mask) has(i int) bool { return m&(1<<i) != 0 }

// all is the mask of the first n keys.
func all(n int) mask { return 1<<n - 1 }

func newCache(version uint64) *cache {
	return &cache{version: version, young: map[string]*cached{}, seed: maphash.MakeSeed()}
}

// get fills in the values of the keys that are not known yet but are here, for
// a transaction that sees the commits up to a version.
func (c *cache) get(version uint64, keys, values [][]byte, known mask) mask {
	var aged mask
	c.mu.RLock()
	if version <= c.version {
		for i, key := range keys {
			if known.has(i) {
				continue
			}
			e := c.young[string(key)]
			if e == nil {
				if e = c.old[string(key)]; e != nil {
					aged |= 1 << i
				}
			}
			if e != nil && e.since <= version {
				values[i] = e.value
				known |= 1 << i
			}
		}
	}
	c.mu.RUnlock()
	if aged != 0 {
		c.move(keys, aged)
	}
	return known
}

// move takes entries from the old generation to the young one.
func (c *cache) move(keys [][]byte, which mask) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, key := range keys {
		if !which.has(i) {
			continue
		}
		if e := c.old[string(key)]; e != nil {
			c.put(string(key), e)
		}
	}
}

// put adds an entry to the young generation, or replaces it there. The old one
// never has the key too: move would bring back what was there before.
func (c *cache) put(key string, e *cached) {
	if was := c.young[key]; was != nil {
		c.size -= sizeOf(key, was)
	}
	c.size += sizeOf(key, e)
	if c.size > cacheSize {
		c.old, c.young, c.size = c.young, map[string]*cached{}, sizeOf(key, e)
	}
	delete(c.old, key)
	c.young[key] = e
}

func sizeOf(key string, e *cached) int { return entrySize + len(key) + len(e.value) }

// add keeps those of the keys, but for the known ones, that are asked for
// again. Their values are as of a version; if that is over they might be
// outdated.
func (c *cache) add(version uint64, keys, values [][]byte, known mask) {
	for i, key := range keys {
		if known.has(i) || len(values[i]) > cachedLen || !c.again(key) {
			continue
		}
		c.mu.Lock()
		if version == c.version {
			c.put(string(key), &cached{bytes.Clone(values[i]), version})
		}
		c.mu.Unlock()
	}
}

// again notes that a key was not found here, and says whether it was before.
func (c *cache) again(key []byte) bool {
	h := maphash.Bytes(c.seed, key)
	slot, sum := &c.seen[h%uint64(len(c.seen))], uint32(h>>32)
	return slot.Swap(sum) == sum
}

// commit takes over what a commit has written.
func (c *cache) commit(version uint64, writes []keyWrite) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version = version
	for i := range writes {
		w := &writes[i]
		young := c.young[string(w.key)]
		grows := 0
		if young != nil {
			grows = len(w.value()) - len(young.value)
		}
		switch {
		case young == nil && c.old[string(w.key)] == nil:
		case len(w.sealed) > cachedLen:
			c.drop(string(w.key))
		case young != nil && c.size+grows <= cacheSize:
			young.value, young.since = bytes.Clone(w.value()), version
			c.size += grows
		default:
			c.put(string(w.key), &cached{bytes.Clone(w.value()), version})
		}
	}
}

// drop removes an entry.
func (c *cache) drop(key string) {
	if was := c.young[key]; was != nil {
		c.size -= sizeOf(key, was)
	}
	delete(c.young, key)
	delete(c.old, key)
}
