package record

import (
	"sync"

	"example.com/chat/storage"
)

// rememberedSize is the most that is remembered in a generation: twice that in
// all, each of some 3 KB.
const rememberedSize = 1024

// remembered keeps what calls made of a channel and a user, as long as nothing of
// either was written, if the store can tell: see [storage.Versioned].
//
// There are two generations. What is asked for is moved to the young one; when
// that is full it becomes the old one, and what the old one still had is gone.
type remembered struct {
	mu         sync.RWMutex
	young, old map[RememberedKey]*memory
}

// RememberedKey is of whom and what something is remembered. The channel is
// given by its cid or by its number.
type RememberedKey struct {
	CID    string
	Number Channel
	User   string
}

// memory is what was made of one snapshot.
type memory struct {
	version uint64
	scopes  [4]string
	users   Value[int64] // see directory
	v       any
}

// Remembers says whether anything can be remembered of what the reader reads: it
// reads a snapshot, and the store can tell whether that is still so.
func (r *Reader) Remembers() bool { return r.versioned() != nil }

func (r *Reader) versioned() storage.Versioned {
	if !r.snapshot {
		return nil
	}
	versioned, _ := r.r.(storage.Versioned)
	return versioned
}

// Recall is what was remembered, nil if it may no longer be so. It must not be
// changed.
func (r *Reader) Recall(key RememberedKey) any {
	versioned := r.versioned()
	if versioned == nil {
		return nil
	}
	m := r.db.remembered.get(key)
	if m == nil {
		return nil
	}
	known := min(m.version, versioned.Version())
	for _, scope := range m.scopes {
		if versioned.Changed(scope) > known {
			return nil
		}
	}
	r.users = m.users
	return m.v
}

// Remember keeps what was made of records that the application, the users, the
// channel of the cid and the user of the key own, and of no others.
func (r *Reader) Remember(key RememberedKey, cid string, v any) {
	versioned := r.versioned()
	if versioned == nil {
		return
	}
	scopes := [...]string{AppScope, UsersScope, ChannelScope(cid), UserScope(key.User)}
	r.db.remembered.put(key, &memory{versioned.Version(), scopes, r.users, v})
}

func (r *remembered) get(key RememberedKey) *memory {
	r.mu.RLock()
	m, old := r.young[key], r.old[key]
	r.mu.RUnlock()
	if m == nil && old != nil {
		r.put(key, old)
		return old
	}
	return m
}

func (r *remembered) put(key RememberedKey, m *memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young) >= rememberedSize {
		r.old, r.young = r.young, map[RememberedKey]*memory{}
	}
	r.young[key] = m
}
