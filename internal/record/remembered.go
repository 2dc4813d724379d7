package record

import (
	"hash/maphash"

	"example.com/chat/internal/keys"
	"example.com/chat/storage"
)

// rememberedKept is the most that is remembered: each takes one or two KB, see
// Remember.
const rememberedKept = 1 << 14

// RememberedKey is for whom something is remembered, and of which channel.
type RememberedKey struct {
	App    bool // the application itself, and no user
	User   string
	Number Channel
}

// recollections are what is remembered. They are safe for concurrent use.
type recollections struct {
	seed maphash.Seed
	kept pairs[recollection]
}

func newRecollections() recollections {
	return recollections{maphash.MakeSeed(), newPairs[recollection](rememberedKept)}
}

func (r *recollections) place(key RememberedKey) *pair[recollection] {
	return r.kept.at(maphash.Comparable(r.seed, key))
}

func (r *recollections) get(key RememberedKey) *recollection {
	place := r.place(key)
	for i := range place {
		if known := place[i].Load(); known != nil && known.key == key {
			return known
		}
	}
	return nil
}

func (r *recollections) put(known *recollection) {
	r.place(known.key).add(known, func(other *recollection) bool { return other.key == known.key })
}

// recollection is what was made of one snapshot of a channel and a user.
type recollection struct {
	key     RememberedKey
	version uint64
	scopes  [4]string
	users   Value[int64] // see directory
	v       any
}

// Remembers says whether anything can be remembered of what the reader reads: the
// store can tell whether that is still so.
func (r *Reader) Remembers() bool { return r.versioned() != nil }

// Snapshot says that the reader reads what is committed, and that nobody changes
// what it has made of that.
func (r *Reader) Snapshot() bool { return r.snapshot }

func (r *Reader) versioned() storage.Versioned {
	if r.db.forgets.Load() {
		return nil
	}
	versioned, _ := r.r.(storage.Versioned)
	return versioned
}

// Version is the number of what is committed and read, 0 where nothing can be
// remembered. See Unchanged.
func (r *Reader) Version() uint64 {
	if versioned := r.versioned(); versioned != nil {
		return versioned.Version()
	}
	return 0
}

// Unchanged says that nothing was written under a scope, or noted by a name, between
// a version that was read before and what is read.
func (r *Reader) Unchanged(version uint64, scope string) bool {
	versioned := r.versioned()
	return versioned != nil && unchanged(versioned, version, scope)
}

func unchanged(r storage.Versioned, version uint64, scopes ...string) bool {
	both := min(version, r.Version())
	for _, scope := range scopes {
		if r.Changed(scope) > both {
			return false
		}
	}
	return true
}

// NumberOf is the number that a cid led to when it was last noted, 0 if it was not. It
// may lead to another channel by now.
func (r *Reader) NumberOf(cid string) Channel {
	number, _ := r.db.numbers.get(cid)
	return number
}

// NoteNumber notes which number a cid leads to.
func (r *Reader) NoteNumber(cid string, number Channel) { r.db.numbers.put(cid, number) }

// Recall is what was remembered, nil if it may no longer be so. It must not be
// changed.
func (r *Reader) Recall(key RememberedKey) any {
	versioned := r.versioned()
	if versioned == nil {
		return nil
	}
	known := r.db.remembered.get(key)
	if known == nil || !unchanged(versioned, known.version, known.scopes[:]...) {
		return nil
	}
	r.users = known.users
	return known.v
}

// Remember keeps what was made of records of the application, the users, the room of
// the cid, which is the channel of the key, and the user of the key, and of no others.
// It should take no more than one or two KB. What a transaction has read that is not
// committed yet is not remembered.
func (r *Reader) Remember(cid string, v any, key RememberedKey) {
	versioned := r.versioned()
	if versioned == nil {
		return
	}
	known := &recollection{
		key:     key,
		version: versioned.Version(),
		scopes:  [...]string{AppScope, UsersScope, roomOf(ChannelScope(cid)), UserScope(key.User)},
		users:   r.users,
		v:       v,
	}
	if !unchanged(versioned, known.version, known.scopes[:]...) {
		return
	}
	r.db.remembered.put(known)
}

// roomOf is what is noted where a key of a channel's room is written: see
// [keys.OfRoom]. Messages come and go without that.
func roomOf(scope string) string { return "room of " + scope }

// channelsOf is what is noted where is written what a user has with a channel.
func channelsOf(user string) string { return "channels of " + user }

// noting is a transaction of a store that notes it.
type noting struct {
	storage.Txn
	db    *DB
	scope string
	noted bool // the room
}

func (n *noting) note(name string) {
	if noter, ok := n.Txn.(storage.Noter); ok {
		noter.Note(name)
	} else {
		n.db.forgets.Store(true)
	}
}

func (n *noting) noteRoom() {
	if !n.noted {
		n.noted = true
		n.note(roomOf(n.scope))
	}
}

func (n *noting) look(key []byte) {
	if keys.OfRoom(key) {
		n.noteRoom()
	}
	if user, _, err := keys.ChannelOfUser(key); err == nil {
		n.note(channelsOf(user))
	}
}

func (n *noting) Put(key, value []byte) error {
	n.look(key)
	return n.Txn.Put(key, value)
}

func (n *noting) Insert(key, value []byte) error {
	n.look(key)
	return n.Txn.Insert(key, value)
}

func (n *noting) Delete(list ...[]byte) error {
	for _, key := range list {
		n.look(key)
	}
	return n.Txn.Delete(list...)
}

// DeleteRange deletes of a channel alone: see [keys.IsInChannel].
func (n *noting) DeleteRange(rng storage.Range) error {
	n.noteRoom()
	if !keys.IsInChannel(rng.Start) {
		n.db.forgets.Store(true) // nobody knows whose channels are in it
	}
	return n.Txn.DeleteRange(rng)
}
