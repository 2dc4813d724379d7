package codec

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
)

// User is a user as stored. Custom is compact JSON.
type User struct {
	ID, Name, Role, Custom            string
	CreatedAt, UpdatedAt, Deactivated int64
	Erased                            int64  // nothing is left of them but the id; 0: they are there
	Blocks, BlockedBy                 uint64 // how many they block, and are blocked by
}

// Channel is a channel as stored. Custom and Overrides are compact JSON.
type Channel struct {
	CID, Name, CreatedBy, Custom, Overrides string
	CreatedAt, UpdatedAt                    int64
	TruncatedAt                             int64 // everything up to it is hidden
	PurgedAt                                int64 // everything up to it is being erased
	DeletedAt                               int64
	Members                                 uint64
	Former                                  uint64 // the number of its former life, soft-deleted; 0: none
	Frozen, Disabled                        bool
	Cooldown                                uint64 // seconds between two messages of one user; 0: any
}

// Version 2 added the slow mode.
const channelVersion = 2

// Member is a membership as stored. Custom is compact JSON.
type Member struct {
	Role, Custom        string
	JoinedAt, UpdatedAt int64
	InvitedAt           int64 // 0: added, not invited
	AcceptedAt          int64 // when the invite was; 0: it is open, if there is one
}

// Open says whether the member was invited and has not accepted yet.
func (m *Member) Open() bool { return m.InvitedAt != 0 && m.AcceptedAt == 0 }

// UserChannel is what a user has with a channel, beside the membership's data.
type UserChannel struct {
	CID        string
	Member     bool
	Creator    bool
	Private    bool  // there are private messages the user may see
	LeftAt     int64 // no member any more: private messages up to it are hidden
	HiddenAt   int64 // hidden until a message newer than it
	ClearedAt  int64 // history up to it is hidden from the user
	MutedUntil int64 // the channel raises no unread; 0: not muted

	// Of a member: what the channel's log holds up to this position is from
	// before they joined. The two halves of a storage.Position.
	JoinedHigh, JoinedLow uint64

	PinnedAt   int64 // the user pinned it; 0: not pinned
	ArchivedAt int64 // the user archived it; 0: not archived
}

// Mark is how far a user has read a channel.
type Mark struct {
	At     int64 // messages after it are unread
	ReadAt int64 // when it was last set, by the clock
}

// Mute is one user muted by another.
type Mute struct {
	User           string
	MutedAt, Until int64 // Until 0: for good
}

const recordVersion = 1

// Version 2 added erased users, version 3 blocks.
const userVersion = 3

// Version 2 added the position at which a member joined, version 3 pins and
// archives.
const userChannelVersion = 3

// Version 2 added invites.
const memberVersion = 2

// Encode appends the user to b.
func (u *User) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(userVersion)
	e.text(u.ID)
	e.text(u.Name)
	e.text(u.Role)
	e.text(u.Custom)
	e.time(u.CreatedAt)
	e.time(u.UpdatedAt)
	e.time(u.Deactivated)
	e.time(u.Erased)
	e.count(u.Blocks)
	e.count(u.BlockedBy)
	return e.b
}

// DecodeUser reads a user.
func DecodeUser[B raw](b B) (u User, err error) {
	d := decode("user", b, userVersion)
	u.ID, u.Name, u.Role, u.Custom = d.text(), d.text(), d.text(), d.text()
	u.CreatedAt, u.UpdatedAt, u.Deactivated = d.time(), d.time(), d.time()
	if d.err == nil && b[0] > 1 {
		u.Erased = d.time()
	}
	if d.err == nil && b[0] > 2 {
		u.Blocks, u.BlockedBy = d.count(), d.count()
	}
	return u, d.done()
}

// Encode appends the channel to b.
func (c *Channel) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(channelVersion)
	e.text(c.CID)
	e.text(c.Name)
	e.text(c.CreatedBy)
	e.text(c.Custom)
	e.text(c.Overrides)
	e.time(c.CreatedAt)
	e.time(c.UpdatedAt)
	e.time(c.TruncatedAt)
	e.time(c.PurgedAt)
	e.time(c.DeletedAt)
	e.count(c.Members)
	e.count(c.Former)
	e.count(bit(c.Frozen, 1) | bit(c.Disabled, 2))
	e.count(c.Cooldown)
	return e.b
}

// DecodeChannel reads a channel.
func DecodeChannel[B raw](b B) (c Channel, err error) {
	d := decode("channel", b, channelVersion)
	c.CID, c.Name, c.CreatedBy, c.Custom, c.Overrides = d.text(), d.text(), d.text(), d.text(), d.text()
	c.CreatedAt, c.UpdatedAt = d.time(), d.time()
	c.TruncatedAt, c.PurgedAt, c.DeletedAt = d.time(), d.time(), d.time()
	c.Members, c.Former = d.count(), d.count()
	flags := d.count()
	c.Frozen, c.Disabled = flags&1 != 0, flags&2 != 0
	if d.err == nil && b[0] > 1 {
		c.Cooldown = d.count()
	}
	return c, d.done()
}

// Encode appends the member to b.
func (m *Member) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(memberVersion)
	e.text(m.Role)
	e.text(m.Custom)
	e.time(m.JoinedAt)
	e.time(m.UpdatedAt)
	e.time(m.InvitedAt)
	e.time(m.AcceptedAt)
	return e.b
}

// DecodeMember reads a member.
func DecodeMember[B raw](b B) (m Member, err error) {
	d := decode("member", b, memberVersion)
	m.Role, m.Custom = d.text(), d.text()
	m.JoinedAt, m.UpdatedAt = d.time(), d.time()
	if d.err == nil && b[0] > 1 {
		m.InvitedAt, m.AcceptedAt = d.time(), d.time()
	}
	return m, d.done()
}

// Encode appends the record to b.
func (u *UserChannel) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(userChannelVersion)
	e.text(u.CID)
	joined := u.JoinedHigh != 0 || u.JoinedLow != 0
	e.count(bit(u.Member, 1) | bit(u.Creator, 2) | bit(u.Private, 4) | bit(joined, 8) | bit(u.PinnedAt != 0, 16) | bit(u.ArchivedAt != 0, 32))
	e.time(u.LeftAt)
	e.time(u.HiddenAt)
	e.time(u.ClearedAt)
	e.time(u.MutedUntil)
	if joined {
		e.count(u.JoinedHigh)
		e.count(u.JoinedLow)
	}
	if u.PinnedAt != 0 {
		e.time(u.PinnedAt)
	}
	if u.ArchivedAt != 0 {
		e.time(u.ArchivedAt)
	}
	return e.b
}

// DecodeUserChannel reads what a user has with a channel.
func DecodeUserChannel[B raw](b B) (u UserChannel, err error) {
	d := decode("user channel", b, userChannelVersion)
	u.CID = d.text()
	flags := d.count()
	u.Member, u.Creator, u.Private = flags&1 != 0, flags&2 != 0, flags&4 != 0
	u.LeftAt, u.HiddenAt, u.ClearedAt, u.MutedUntil = d.time(), d.time(), d.time(), d.time()
	if flags&8 != 0 {
		u.JoinedHigh, u.JoinedLow = d.count(), d.count()
	}
	if flags&16 != 0 {
		u.PinnedAt = d.time()
	}
	if flags&32 != 0 {
		u.ArchivedAt = d.time()
	}
	return u, d.done()
}

// Encode appends the mark to b.
func (m *Mark) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(recordVersion)
	e.time(m.At)
	e.time(m.ReadAt)
	return e.b
}

// DecodeMark reads a mark.
func DecodeMark[B raw](b B) (m Mark, err error) {
	d := decode("mark", b, recordVersion)
	m.At, m.ReadAt = d.time(), d.time()
	return m, d.done()
}

// Mutes is the list of users whom a user mutes, in the order muted.
type Mutes []Mute

// Encode appends the list to b.
func (l Mutes) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(recordVersion)
	e.count(uint64(len(l)))
	for _, m := range l {
		e.text(m.User)
		e.time(m.MutedAt)
		e.time(m.Until)
	}
	return e.b
}

// DecodeMutes reads a list of mutes.
func DecodeMutes[B raw](b B) (Mutes, error) {
	d := decode("mutes", b, recordVersion)
	n := d.count()
	if n > uint64(len(d.s)) {
		d.fail()
		n = 0
	}
	l := make(Mutes, n)
	for i := range l {
		l[i] = Mute{d.text(), d.time(), d.time()}
	}
	return l, d.done()
}

// ForMe is what a user deleted for themselves in a channel, by time.
type ForMe []ForMeEntry

// ForMeEntry is one message deleted for one user: its time, and that of its
// parent if it lies in a thread alone.
type ForMeEntry struct{ At, Parent int64 }

// Has says whether the message of a time is in the list.
func (l ForMe) Has(at int64) bool {
	i := l.place(at)
	return i < len(l) && l[i].At == at
}

// place is where the list has, or would have, the message of a time.
func (l ForMe) place(at int64) int {
	return sort.Search(len(l), func(i int) bool { return l[i].At >= at })
}

// With is a list that has one more.
func (l ForMe) With(e ForMeEntry) ForMe {
	return slices.Insert(slices.Clone(l), l.place(e.At), e)
}

// sort brings a list in its order that was stored in the order of the deletions,
// as lists once were.
func (l ForMe) sort() {
	byTime := func(a, b ForMeEntry) int { return cmp.Compare(a.At, b.At) }
	if !slices.IsSortedFunc(l, byTime) {
		slices.SortFunc(l, byTime)
	}
}

// Encode appends the list to b.
func (l ForMe) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(recordVersion)
	e.count(uint64(len(l)))
	for _, entry := range l {
		e.time(entry.At)
		e.time(entry.Parent)
	}
	return e.b
}

// DecodeForMe reads what a user deleted for themselves.
func DecodeForMe[B raw](b B) (ForMe, error) {
	d := decode("for me", b, recordVersion)
	n := d.count()
	if n > uint64(len(d.s)) {
		d.fail()
		n = 0
	}
	l := make(ForMe, n)
	for i := range l {
		l[i] = ForMeEntry{d.time(), d.time()}
	}
	l.sort()
	return l, d.done()
}

// Meta is the store's own record.
type Meta struct {
	Layout uint64 // the version of the keys
	Store  string // the identity of this store
}

// Encode appends the record to b.
func (m *Meta) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(recordVersion)
	e.count(m.Layout)
	e.text(m.Store)
	return e.b
}

// DecodeMeta reads the store's own record.
func DecodeMeta[B raw](b B) (m Meta, err error) {
	d := decode("meta", b, recordVersion)
	m.Layout, m.Store = d.count(), d.text()
	return m, d.done()
}

// EncodeJSON is for records that are rarely written and better read by people:
// the version, then JSON.
func EncodeJSON(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("codec: %w", err)
	}
	return append([]byte{recordVersion}, b...), nil
}

// DecodeJSON reads a record written by EncodeJSON.
func DecodeJSON[T any, B raw](b B) (v T, err error) {
	d := decode("json", b, recordVersion)
	if d.err != nil {
		return v, d.err
	}
	if err := json.Unmarshal([]byte(d.s), &v); err != nil {
		return v, fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	return v, nil
}
