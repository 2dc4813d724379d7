// Package tree is an ordered map of byte strings whose versions share what
// they have in common: a copy is a few words, and a change to one version
// copies only the nodes on its way. Any number of goroutines may read a
// version that nobody changes any more.
package tree

import (
	"bytes"
	"iter"
	"slices"
)

// fanout is the most keys a node holds. A map of no more keys than that is one
// sorted slice.
const fanout = 32

// Tree is one version of the map. The zero Tree is empty and ready for use.
// Keys and values are kept as they are handed in, not copied.
type Tree[V any] struct {
	root  *node[V]
	len   int
	owner *token
}

// token tells by its address which version may change a node in place.
type token struct{ _ byte }

// node is a leaf, with a value for each key, or an inner node, with a child for
// each key. Child i holds the keys from keys[i] up to keys[i+1]; but keys[0] says
// nothing once smaller keys have come, and is not looked at.
type node[V any] struct {
	owner *token
	keys  [][]byte
	vals  []V
	kids  []*node[V]
}

// Edit makes a version that can be changed without changing t. From then on t
// itself must not be changed.
func (t *Tree[V]) Edit() *Tree[V] {
	return &Tree[V]{root: t.root, len: t.len, owner: new(token)}
}

// Len is the number of keys.
func (t *Tree[V]) Len() int { return t.len }

// Get finds the value of a key.
func (t *Tree[V]) Get(key []byte) (v V, ok bool) {
	n := t.root
	if n == nil {
		return v, false
	}
	for n.kids != nil {
		n = n.kids[n.child(key)]
	}
	i, ok := n.search(key)
	if ok {
		v = n.vals[i]
	}
	return v, ok
}

// Hint is where the last key was looked for. The zero Hint knows nothing.
type Hint[V any] struct {
	leaf *node[V]
	next []byte // the first key that is not in leaf; nil: none
}

// GetNear is Get, quicker if the key is near the last one that was looked for with
// the hint. The tree must not be changed meanwhile.
func (t *Tree[V]) GetNear(key []byte, h *Hint[V]) (v V, ok bool) {
	if t.root == nil {
		return v, false
	}
	if h.leaf == nil || bytes.Compare(key, h.leaf.keys[0]) < 0 || h.next != nil && bytes.Compare(key, h.next) >= 0 {
		n := t.root
		h.next = nil
		for n.kids != nil {
			i := n.child(key)
			if i+1 < len(n.kids) {
				h.next = n.keys[i+1]
			}
			n = n.kids[i]
		}
		h.leaf = n
	}
	i, ok := h.leaf.search(key)
	if ok {
		v = h.leaf.vals[i]
	}
	return v, ok
}

// Set puts a value under a key and returns the one that was there.
func (t *Tree[V]) Set(key []byte, v V) (was V, had bool) {
	if t.root == nil {
		t.root = &node[V]{owner: t.owner}
	}
	t.root = t.mine(t.root)
	right, was, had := t.set(t.root, key, v)
	if right != nil {
		left := t.root
		t.root = &node[V]{
			owner: t.owner,
			keys:  [][]byte{left.keys[0], right.keys[0]},
			kids:  []*node[V]{left, right},
		}
	}
	return was, had
}

// Delete removes a key and reports whether it was there.
func (t *Tree[V]) Delete(key []byte) bool {
	if _, ok := t.Get(key); !ok {
		return false
	}
	t.root = t.mine(t.root)
	t.remove(t.root, key)
	t.len--
	for len(t.root.kids) == 1 {
		t.root = t.root.kids[0]
	}
	if len(t.root.keys) == 0 {
		t.root = nil
	}
	return true
}

// Any says whether there is a key k with start <= k < end; a nil end has no upper
// bound.
func (t *Tree[V]) Any(start, end []byte) bool {
	n := t.root
	if n == nil {
		return false
	}
	var right *node[V] // the next one to the right, anywhere on the way
	for n.kids != nil {
		i := n.child(start)
		if i+1 < len(n.kids) {
			right = n.kids[i+1]
		}
		n = n.kids[i]
	}
	i, _ := n.search(start)
	if i == len(n.keys) {
		if right == nil {
			return false
		}
		n, i = right, 0
		for n.kids != nil {
			n = n.kids[0]
		}
	}
	return end == nil || bytes.Compare(n.keys[i], end) < 0
}

// Ascend walks the keys k with start <= k < end in order; a nil end has no
// upper bound. The tree must not be changed meanwhile.
func (t *Tree[V]) Ascend(start, end []byte) iter.Seq2[[]byte, V] {
	return func(yield func([]byte, V) bool) {
		if t.root != nil {
			t.root.ascend(start, end, yield)
		}
	}
}

// Descend walks the same keys as Ascend, last first.
func (t *Tree[V]) Descend(start, end []byte) iter.Seq2[[]byte, V] {
	return func(yield func([]byte, V) bool) {
		if t.root != nil {
			t.root.descend(start, end, yield)
		}
	}
}

// mine is n itself if t may change it, else a copy that t may change.
func (t *Tree[V]) mine(n *node[V]) *node[V] {
	if n.owner == t.owner {
		return n
	}
	c := &node[V]{owner: t.owner, keys: roomy(n.keys)}
	if n.kids != nil {
		c.kids = roomy(n.kids)
	} else {
		c.vals = roomy(n.vals)
	}
	return c
}

// roomy copies s with room for one more, so that an insert seldom copies again.
func roomy[E any](s []E) []E {
	return append(make([]E, 0, min(len(s)+4, fanout+1)), s...)
}

// set puts the value into the owned subtree n and returns what was split off
// its right side, if anything, and the value that was there.
func (t *Tree[V]) set(n *node[V], key []byte, v V) (right *node[V], was V, had bool) {
	var i int
	if n.kids == nil {
		if i, had = n.search(key); had {
			was, n.vals[i] = n.vals[i], v
			return nil, was, true
		}
		n.keys = slices.Insert(n.keys, i, key)
		n.vals = slices.Insert(n.vals, i, v)
		t.len++
	} else {
		i = n.child(key)
		n.kids[i] = t.mine(n.kids[i])
		if right, was, had = t.set(n.kids[i], key, v); right == nil {
			return nil, was, had
		}
		i++
		n.keys = slices.Insert(n.keys, i, right.keys[0])
		n.kids = slices.Insert(n.kids, i, right)
	}
	if len(n.keys) <= fanout {
		return nil, was, had
	}
	at := len(n.keys) / 2
	if i == len(n.keys)-1 {
		at = i // keys that arrive in order fill their nodes
	}
	return n.split(at), was, had
}

// split moves the keys from index at on into a new node.
func (n *node[V]) split(at int) *node[V] {
	right := &node[V]{owner: n.owner, keys: roomy(n.keys[at:])}
	clear(n.keys[at:])
	n.keys = n.keys[:at]
	if n.kids != nil {
		right.kids = roomy(n.kids[at:])
		clear(n.kids[at:])
		n.kids = n.kids[:at]
	} else {
		right.vals = roomy(n.vals[at:])
		clear(n.vals[at:])
		n.vals = n.vals[:at]
	}
	return right
}

// remove takes a key that is there out of the owned subtree n. A child left
// empty goes, and one that has become small joins a small neighbour.
func (t *Tree[V]) remove(n *node[V], key []byte) {
	if n.kids == nil {
		i, _ := n.search(key)
		n.keys = slices.Delete(n.keys, i, i+1)
		n.vals = slices.Delete(n.vals, i, i+1)
		return
	}
	i := n.child(key)
	kid := t.mine(n.kids[i])
	n.kids[i] = kid
	t.remove(kid, key)
	switch {
	case len(kid.keys) == 0:
		n.drop(i)
	case i > 0 && len(n.kids[i-1].keys)+len(kid.keys) <= fanout/2:
		t.join(n, i-1)
	case i+1 < len(n.kids) && len(kid.keys)+len(n.kids[i+1].keys) <= fanout/2:
		t.join(n, i)
	}
}

// join appends child i+1 of n to child i.
func (t *Tree[V]) join(n *node[V], i int) {
	left, right := t.mine(n.kids[i]), n.kids[i+1]
	n.kids[i] = left
	if left.kids != nil {
		left.keys = append(append(left.keys, n.keys[i+1]), right.keys[1:]...)
		left.kids = append(left.kids, right.kids...)
	} else {
		left.keys = append(left.keys, right.keys...)
		left.vals = append(left.vals, right.vals...)
	}
	n.drop(i + 1)
}

func (n *node[V]) drop(i int) {
	n.keys = slices.Delete(n.keys, i, i+1)
	n.kids = slices.Delete(n.kids, i, i+1)
}

// search finds the index of the first key that is not before key.
func (n *node[V]) search(key []byte) (int, bool) {
	return search(n.keys, key)
}

// child finds the index of the child that key belongs to.
func (n *node[V]) child(key []byte) int {
	i, found := search(n.keys[1:], key)
	if found {
		i++
	}
	return i
}

// search is slices.BinarySearchFunc for keys. Most of the time of a change is spent
// here, and it is a third less than there: it ends where it finds the key, and the
// comparison is no function value.
func search(keys [][]byte, key []byte) (int, bool) {
	from, to := 0, len(keys)
	for from < to {
		middle := (from + to) / 2
		switch order := bytes.Compare(keys[middle], key); {
		case order < 0:
			from = middle + 1
		case order > 0:
			to = middle
		default:
			return middle, true
		}
	}
	return from, false
}

func (n *node[V]) ascend(start, end []byte, yield func([]byte, V) bool) bool {
	if n.kids != nil {
		for i := n.child(start); i < len(n.kids); i++ {
			if !n.kids[i].ascend(start, end, yield) {
				return false
			}
		}
		return true
	}
	i, _ := n.search(start)
	for ; i < len(n.keys); i++ {
		if end != nil && bytes.Compare(n.keys[i], end) >= 0 || !yield(n.keys[i], n.vals[i]) {
			return false
		}
	}
	return true
}

func (n *node[V]) descend(start, end []byte, yield func([]byte, V) bool) bool {
	i := len(n.keys)
	if n.kids != nil {
		if end != nil {
			i = n.child(end) + 1
		}
		for i--; i >= 0; i-- {
			if !n.kids[i].descend(start, end, yield) {
				return false
			}
		}
		return true
	}
	if end != nil {
		i, _ = n.search(end)
	}
	for i--; i >= 0; i-- {
		if bytes.Compare(n.keys[i], start) < 0 || !yield(n.keys[i], n.vals[i]) {
			return false
		}
	}
	return true
}
