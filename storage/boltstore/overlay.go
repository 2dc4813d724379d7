package boltstore

// overlay is what the Updates of a batch have written so far, none of it
// committed. Each Update writes straight into it, and can be undone.
type overlay struct {
	*layer                // with what is committed and not in bbolt yet
	own    changes        // the batch's alone
	index  map[string]int // key -> its place in own.writes
	space  []byte         // where the next copy goes
}

// get finds what the batch writes under a key. A View has no overlay.
func (o *overlay) get(key []byte) (w write, ok bool) {
	if o == nil {
		return w, false
	}
	i, ok := o.index[string(key)]
	if !ok {
		return w, false
	}
	return o.own.writes[i].write, true
}

// set puts a write under a key, which must last as long as the layer. What it
// returns undoes that.
func (o *overlay) set(key []byte, w write) undo {
	i, own := o.index[string(key)]
	if own {
		o.own.writes[i].write = w
	} else {
		o.index[string(key)] = len(o.own.writes)
		o.own.writes = append(o.own.writes, keyWrite{key: key, write: w})
	}
	was, had := o.writes.Set(key, w)
	return undo{key, was, had, own}
}

// undo is what there was under a key before a write: in the layer, and whether
// the batch itself had put it there.
type undo struct {
	key      []byte
	was      write
	had, own bool
}

// undo takes back the newest of the writes that are left.
func (o *overlay) undo(u undo) {
	if u.had {
		o.writes.Set(u.key, u.was)
	} else {
		o.writes.Delete(u.key)
	}
	if i := o.index[string(u.key)]; u.own {
		o.own.writes[i].write = u.was
	} else {
		delete(o.index, string(u.key))
		o.own.writes = o.own.writes[:i]
	}
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
