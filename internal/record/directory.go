package record

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
)

// directory remembers users: almost every result shows some, and they change
// seldom. A number in the store, raised by each transaction that changes a
// user, says whether what it has is still so. It is safe for concurrent use.
type directory struct {
	seed  maphash.Seed
	users pairs[knownUser]
}

// directorySize is the most users that are remembered.
const directorySize = 4096

// knownUser is a user as they were when the number was that.
type knownUser struct {
	version int64
	user    codec.User
}

func newDirectory() directory {
	return directory{maphash.MakeSeed(), newPairs[knownUser](directorySize)}
}

func (d *directory) place(id string) *pair[knownUser] {
	return d.users.at(maphash.String(d.seed, id))
}

func (d *directory) get(version int64, id string) *knownUser {
	if version == 0 { // the store has lost the number, or it is not read yet
		return nil
	}
	place := d.place(id)
	for i := range place {
		if known := place[i].Load(); known != nil && known.version == version && known.user.ID == id {
			return known
		}
	}
	return nil
}

// Lookup remembers what a user was found as, where somebody is shown again and
// again. A nil Lookup remembers nothing. It is safe for concurrent use.
type Lookup struct{ last atomic.Pointer[knownUser] }

func (l *Lookup) get(version int64) *codec.User {
	if l == nil || version == 0 {
		return nil
	}
	if known := l.last.Load(); known != nil && known.version == version {
		return &known.user
	}
	return nil
}

func (d *directory) add(version int64, u *codec.User) {
	if version == 0 {
		return
	}
	known := &knownUser{version, *u} // whose strings may be part of something larger
	user := &known.user
	user.ID, user.Name = strings.Clone(u.ID), strings.Clone(u.Name)
	user.Role, user.Custom = strings.Clone(u.Role), strings.Clone(u.Custom)
	d.place(u.ID).add(known, func(other *knownUser) bool { return other.user.ID == u.ID })
}

// usersVersion adds the read of the number to a batch, unless it is known.
func (b *Batch) usersVersion() {
	v := &b.reader.users
	if v.decode == nil {
		v.get(b, keys.UsersVersion(), codec.DecodeTime)
	}
}

// raiseUsersVersion makes what is remembered of users worthless. The number
// follows the clock, so that one that was lost does not come again.
func (t *Txn) raiseUsersVersion() error {
	b := t.Batch()
	old := get(b, keys.UsersVersion(), codec.DecodeTime)
	if err := b.Run(); err != nil {
		return err
	}
	version := max(old.V+1, time.Now().UnixMicro())
	t.raised = true
	t.users = Value[int64]{V: version, Found: true, decode: codec.DecodeTime[string]}
	return t.txn.Put(keys.UsersVersion(), codec.EncodeTime(version))
}

// People are the users that a result shows. They are shared and must not be
// changed. Those who were known are kept: another call may have the directory
// forget them meanwhile.
type People struct {
	reader *Reader
	known  map[string]*codec.User
	read   map[string]*Value[codec.User]
}

// People starts with nobody. The zero People has those that it is given.
func (r *Reader) People() People { return People{reader: r} }

// Want adds to a batch what has to be read to know a user, unless they are known.
func (p *People) Want(b *Batch, id string) {
	if p.known[id] != nil {
		return
	}
	u := p.Find(b, id, nil)
	if u == nil {
		return
	}
	if p.known == nil {
		p.known = map[string]*codec.User{}
	}
	p.known[id] = u
}

// Find is Want for a caller who keeps the user: who is known is returned, and
// User does not have them. A lookup has been for the same id each time.
func (p *People) Find(b *Batch, id string, lookup *Lookup) *codec.User {
	b.usersVersion()
	version := p.reader.users.V
	if u := lookup.get(version); u != nil {
		return u
	}
	if known := p.reader.db.directory.get(version, id); known != nil {
		if lookup != nil {
			lookup.last.Store(known)
		}
		return &known.user
	}
	if p.read[id] == nil {
		p.Have(id, b.User(id))
	}
	return nil
}

// WantAll wants several users.
func (p *People) WantAll(b *Batch, ids []string) {
	for _, id := range ids {
		p.Want(b, id)
	}
}

// Have adds a user who was read elsewhere.
func (p *People) Have(id string, user *Value[codec.User]) {
	if p.read == nil {
		p.read = map[string]*Value[codec.User]{}
	}
	p.read[id] = user
}

// User is a user who was wanted; nil if there is none.
func (p *People) User(id string) *codec.User {
	if u := p.known[id]; u != nil {
		return u
	}
	v := p.read[id]
	if v == nil || !v.Found {
		return nil
	}
	if p.reader == nil {
		return &v.V
	}
	if version := &p.reader.users; version.decode != nil && p.reader.snapshot {
		p.reader.db.directory.add(version.V, &v.V)
	}
	return &v.V
}
