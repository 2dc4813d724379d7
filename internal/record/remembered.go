package record

import "example.com/chat/storage"

// rememberedKept is the most that is remembered in a generation: each takes a few
// KB, see Remember.
const rememberedKept = 1024

// RememberedKey is for whom something is remembered, and of which channel, which is
// given by its cid or by its number.
type RememberedKey struct {
	App    bool // the application itself, and no user
	User   string
	CID    string
	Number Channel
}

// recollection is what was made of one snapshot of a channel and a user.
type recollection struct {
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
	known, ok := r.db.remembered.get(key)
	if !ok {
		return nil
	}
	both := min(known.version, versioned.Version())
	for _, scope := range known.scopes {
		if versioned.Changed(scope) > both {
			return nil
		}
	}
	r.users = known.users
	return known.v
}

// Remember keeps, under one key or several, what was made of records that the
// application, the users, the channel of the cid and the user of the keys own, and
// of no others. It should take no more than a few KB.
func (r *Reader) Remember(cid, user string, v any, list ...RememberedKey) {
	versioned := r.versioned()
	if versioned == nil {
		return
	}
	known := &recollection{
		version: versioned.Version(),
		scopes:  [...]string{AppScope, UsersScope, ChannelScope(cid), UserScope(user)},
		users:   r.users,
		v:       v,
	}
	for _, key := range list {
		r.db.remembered.put(key, known)
	}
}
