package record

import (
	"strings"
	"sync"
	"time"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/keys"
)

// directory remembers users: almost every result shows some, and they change
// seldom. A number in the store, raised by each transaction that changes a
// user, says whether what it has is still so.
type directory struct {
	mu      sync.RWMutex
	version int64
	users   map[string]*codec.User
}

// directorySize is the most users that are remembered.
const directorySize = 4096

func (d *directory) get(version int64, id string) *codec.User {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if version == 0 || version != d.version {
		return nil
	}
	return d.users[id]
}

func (d *directory) add(version int64, u *codec.User) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case version == 0: // the store has lost the number, or it is not read yet
		return
	case version < d.version: // of a snapshot that is over
		return
	case version > d.version || d.users == nil || len(d.users) == directorySize:
		d.version, d.users = version, map[string]*codec.User{}
	}
	known := *u // the strings of u may be part of something larger
	known.ID, known.Name = strings.Clone(u.ID), strings.Clone(u.Name)
	known.Role, known.Custom = strings.Clone(u.Role), strings.Clone(u.Custom)
	d.users[known.ID] = &known
}

// usersVersion adds the read of the number to a batch, unless it is known.
func (b *Batch) usersVersion() {
	v := &b.reader.users
	if v.decode == nil {
		v.get(b, keys.UsersVersion(), codec.DecodeTime)
	}
}

// raiseUsersVersion makes what is remembered of users worthless. The number
// follows the clock, so that none comes twice even if it was lost.
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
// changed.
type People struct {
	reader *Reader
	read   map[string]*Value[codec.User]
}

// People starts with nobody. The zero People has those that it is given.
func (r *Reader) People() People { return People{reader: r} }

// Want returns a user who is known, or adds to a batch what has to be read to
// know them.
func (p *People) Want(b *Batch, id string) *codec.User {
	b.usersVersion()
	if u := p.known(id); u != nil {
		return u
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
	v := p.read[id]
	if v == nil {
		return p.known(id)
	}
	if !v.Found {
		return nil
	}
	if p.reader == nil {
		return &v.V
	}
	if version := &p.reader.users; version.decode != nil {
		p.reader.db.directory.add(version.V, &v.V)
	}
	return &v.V
}

func (p *People) known(id string) *codec.User {
	return p.reader.db.directory.get(p.reader.users.V, id)
}
