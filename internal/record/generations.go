package record

import "sync"

// generations is a map of what is asked for again. What is asked for is moved to
// the young generation; when that is full it becomes the old one, and what the old
// one still had is gone.
type generations[K comparable, V any] struct {
	size   int         // of a generation
	weight func(V) int // of what is put into one; nil: each is 1

	mu         sync.RWMutex
	young, old map[K]V
	used       int // of the size, by the young
}

func (g *generations[K, V]) get(key K) (v V, ok bool) {
	g.mu.RLock()
	v, ok = g.young[key]
	aged := false
	if !ok {
		v, aged = g.old[key]
	}
	g.mu.RUnlock()
	if aged {
		g.put(key, v)
	}
	return v, ok || aged
}

func (g *generations[K, V]) put(key K, v V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if before, ok := g.young[key]; ok {
		g.used -= g.weigh(before)
	}
	g.used += g.weigh(v)
	if g.young == nil || g.used > g.size {
		g.old, g.young, g.used = g.young, make(map[K]V), g.weigh(v)
	}
	g.young[key] = v
}

func (g *generations[K, V]) weigh(v V) int {
	if g.weight == nil {
		return 1
	}
	return g.weight(v)
}
