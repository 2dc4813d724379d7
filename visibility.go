package chat

import (
	"math"
	"slices"
	"sync/atomic"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// caller is who makes a call: the application, or one user.
type caller struct {
	app  bool
	user UserID
}

var application = caller{app: true}

func as(user UserID) caller { return caller{user: user} }

// room is a channel as one caller finds it. What they may see of it is decided
// here and nowhere else; what they may do, by can.
type room struct {
	*opened
	now         int64
	waits       int64 // until when the caller waits in slow mode; see readCooldown
	sentPrivate bool  // the caller has just sent a private message, perhaps their first
}

// opened is what is stored of a room. Only transactions change theirs, but for those
// that say they do not: what was read of a snapshot is shared with other calls, see
// recall.
type opened struct {
	caller
	number   record.Channel
	channel  *codec.Channel
	kind     *ChannelType // with the channel's overrides
	settings *storedSettings
	blocked  bool // the channel is the caller's with one who blocks them

	// The caller's own; zero for the application.
	userRecord *codec.User
	member     *codec.Member
	isMember   bool
	own        *codec.UserChannel // membership, creation, hidden, muted
	forMe      codec.ForMe        // what they deleted for themselves, by time

	read record.Opening[ChannelType, storedSettings]

	// What follows from it and from nothing else, once it was asked for.
	remembered bool
	scope      string                   // if remembered: the channel's
	reads      bool                     // ReadChannel is granted
	readsAll   bool                     // and ReadRestrictedVisibilityMessage
	capable    atomic.Pointer[[]Action] // see granted
	unread     atomic.Pointer[knownUnread]
	mentions   atomic.Pointer[mentionsAfter]
}

func newRoom(c caller) *room {
	var r struct { // in one piece of memory
		room
		opened
	}
	r.room.opened, r.room.now, r.opened.caller = &r.opened, now().UnixMicro(), c
	o := &r.opened
	o.channel, o.userRecord, o.member, o.own = &o.read.Channel.V, &o.read.User.V, &o.read.Member.V, &o.read.Own.V
	return &r.room
}

// sight is how a caller sees a message.
type sight int

const (
	unseen           sight = iota // it does not exist for them
	whole                         // as it is
	placeholder                   // soft-deleted
	placeholderForMe              // deleted for themselves
)

// sees decides how the caller sees a message of the channel.
func (r *room) sees(m *codec.Message) sight {
	switch {
	case m.Pending:
		if (r.app || m.Author == string(r.user)) && !r.expired(m) && m.CreatedAt > r.truncation() {
			return whole
		}
		return unseen
	case m.CreatedAt <= r.floor():
		return unseen
	case m.Private() && !r.seesPrivate(m):
		return unseen
	case m.DeletedAt != 0:
		return placeholder
	case r.forMe.Has(m.CreatedAt):
		return placeholderForMe
	}
	return whole
}

// floor is the time up to which the caller sees nothing: the channel was
// truncated, or they cleared it.
func (r *room) floor() int64 { return max(r.truncation(), r.own.ClearedAt) }

// truncation is the time up to which nobody sees anything.
func (r *room) truncation() int64 { return max(r.channel.TruncatedAt, r.channel.PurgedAt) }

// expired says that a pending message is overdue, swept or not.
func (r *room) expired(m *codec.Message) bool { return m.CreatedAt <= r.expiry() }

// expiry is the time up to which pending messages have expired.
func (r *room) expiry() int64 { return r.now - r.settings.timeout().Microseconds() }

func (r *room) seesPrivate(m *codec.Message) bool {
	mine := m.Author == string(r.user) || !m.Shadowed && slices.Contains(m.Restricted, string(r.user))
	return mine && m.CreatedAt > r.privateFloor() || r.seesAllPrivate()
}

func (r *room) seesAllPrivate() bool { return r.app || r.can(ReadRestrictedVisibilityMessage) }

// privateFloor is the time up to which private messages are lost to one who
// left the channel, in a type that lets them read on.
func (r *room) privateFloor() int64 {
	if r.isMember || r.seesAllPrivate() {
		return 0
	}
	return r.own.LeftAt
}

// pages are the channel's pages as the caller may see them, whole: what lies in
// them is visible, if perhaps as a placeholder.
func (r *room) pages() record.Pages {
	return record.Pages{Channel: r.number, Private: r.mayHavePrivate(), Reader: r.privateReader(), PrivateFrom: r.privateFloor()}
}

// replies are the replies to the message of a time as the caller, who can see
// that message, may see them, whole.
func (r *room) replies(parent int64) record.Pages {
	p := r.pages()
	p.Parent = parent
	return p
}

// audiences are in whose names the replies of a thread are counted that the
// caller may see. A private one is one by one, if it may be lost to them.
func (r *room) audiences() []string {
	if !r.mayHavePrivate() || r.privateFloor() > 0 {
		return []string{record.All}
	}
	return []string{record.All, r.privateReader()}
}

// mayHavePrivate says whether there may be private messages for the caller. It
// is noted of the channels that one has something with, and of no other.
func (r *room) mayHavePrivate() bool {
	return r.seesAllPrivate() || r.own.Private || r.sentPrivate || r.own.CID == ""
}

// privateReader is in whose name private messages are read.
func (r *room) privateReader() string {
	if r.seesAllPrivate() {
		return record.Everyone
	}
	return string(r.user)
}

// can says whether the caller may do something in the channel, by their role,
// their role as a member, and having created it.
func (r *room) can(action Action) bool {
	switch {
	case r.app:
		return true
	case r.remembered && action == ReadChannel: // each read asks for these two, some times
		return r.reads
	case r.remembered && action == ReadRestrictedVisibilityMessage:
		return r.readsAll
	}
	return allows(r.kind, action, r.userRecord, r.isMember, r.member, r.channel.CreatedBy)
}

// grantedTo is everything a user may do in a channel, some of it twice.
func grantedTo(kind *ChannelType, user *codec.User, isMember bool, member *codec.Member, creator string) []Action {
	list := slices.Clone(kind.Grants[Role(user.Role)])
	if isMember {
		list = append(list, memberGrants(kind, member)...)
	}
	if creator == user.ID {
		list = append(list, kind.Grants[RoleChannelCreator]...)
	}
	return list
}

func allows(kind *ChannelType, action Action, user *codec.User, isMember bool, member *codec.Member, creator string) bool {
	return slices.Contains(kind.Grants[Role(user.Role)], action) ||
		isMember && slices.Contains(memberGrants(kind, member), action) ||
		creator == user.ID && slices.Contains(kind.Grants[RoleChannelCreator], action)
}

// granted is everything the caller may do in the channel, in order. It is not to
// be changed.
func (r *room) granted() []Action {
	if known := r.capable.Load(); known != nil {
		return *known
	}
	var list []Action
	if r.app {
		list = slices.Clone(allActions[:])
	} else {
		list = grantedTo(r.kind, r.userRecord, r.isMember, r.member, r.channel.CreatedBy)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if r.remembered {
		r.capable.Store(&list)
	}
	return list
}

// need is an error unless the caller may do something in the channel.
func (r *room) need(action Action) error {
	if r.can(action) {
		return r.unbanned(action)
	}
	return denied(action)
}

// readable says whether the channel exists for the caller.
func (r *room) readable() bool {
	return r.app || r.channel.DeletedAt == 0 && r.can(ReadChannel)
}

// enter is an error unless the caller may use the channel now.
func (r *room) enter() error {
	switch {
	case !r.readable():
		return notFound("channel", r.channel.CID)
	case r.channel.Disabled && !r.app:
		return fail(ErrDisabled, "", "channel %q is disabled", r.channel.CID)
	}
	return nil
}

// change is an error unless the channel can be changed at all.
func (r *room) change() error {
	if r.channel.DeletedAt != 0 && r.app {
		return fail(ErrChannelDeleted, "", "channel %q is deleted", r.channel.CID)
	}
	return nil
}

// muted says whether the caller mutes the channel now.
func (r *room) muted() bool { return r.own.MutedUntil > r.now }

// never is the end of what has no end.
const never = math.MaxInt64

// checkCaller is an error unless the calling user exists and is active.
func checkCaller(c caller, user *record.Value[codec.User]) error {
	if c.app {
		return nil
	}
	if !user.Found {
		return fail(ErrPermission, "", "user %q does not exist", c.user)
	}
	if user.V.Deactivated != 0 {
		return fail(ErrPermission, "", "user %q is %s", c.user, inactivity(&user.V))
	}
	return nil
}

// inactivity is why a user is not active: an erased one is deactivated too.
func inactivity(user *codec.User) string {
	if user.Erased != 0 {
		return "erased"
	}
	return "deactivated"
}

// checkUser is an error unless a user whom the application names exists and is
// active.
func checkUser(field string, id UserID, user *record.Value[codec.User]) error {
	if !user.Found {
		return invalid(field, "user %q does not exist", id)
	}
	if user.V.Deactivated != 0 {
		return invalid(field, "user %q is %s", id, inactivity(&user.V))
	}
	return nil
}

// found is a message as its caller finds it.
type found struct {
	room    *room
	message *codec.Message
	sight   sight
	author  *codec.User    // nil until rendered, and where it takes a read
	lookup  *record.Lookup // of the author, if there is one

	ephemeral bool // the answer to a command
}

// find finds a message by its id. ErrNotFound for what the caller may not see.
func find(r *record.Reader, c caller, id MessageID) (*found, error) {
	list, err := findAll(r, c, []MessageID{id})
	if err != nil {
		return nil, err
	}
	if list[0] == nil {
		return nil, notFound("message", id)
	}
	if err := list[0].room.enter(); err != nil {
		return nil, err
	}
	return list[0], nil
}

// holdsMessage says whether a place leads to a message that may be others' too:
// not to one that is gone, nor to the answer to a command, which its author
// alone reads.
func holdsMessage(p *record.Value[codec.Place]) bool {
	return p.Found && p.V.Kind != codec.PlaceGone && p.V.Kind != codec.PlaceEphemeral
}

// findAll finds messages by their ids; nil for what the caller may not see.
func findAll(r *record.Reader, c caller, ids []MessageID) ([]*found, error) {
	f := finding{reader: r, caller: c, parts: make([]findingPart, len(ids))}
	b := r.Batch()
	for i, id := range ids {
		b.PlaceInto(&f.parts[i].place, string(id))
	}
	if !r.Remembers() {
		f.who(b)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	if err := f.open(); err != nil {
		return nil, err
	}
	list := make([]*found, len(ids))
	for i := range f.parts {
		p := &f.parts[i]
		if !p.message.Found || !p.room.readable() {
			continue
		}
		if s := p.room.sees(&p.message.V); s != unseen {
			p.found = found{room: p.room, message: &p.message.V, sight: s}
			list[i] = &p.found
		}
	}
	return list, nil
}

// finding finds messages by where they lie.
type finding struct {
	reader   *record.Reader
	caller   caller
	user     *record.Value[codec.User] // nil until wanted
	settings *record.Shared[storedSettings]
	parts    []findingPart
}

// findingPart is one message that is looked for.
type findingPart struct {
	place   record.Value[codec.Place]
	room    *room // nil for what is nowhere
	message record.Message
	found   found
}

// who reads who calls.
func (f *finding) who(b *record.Batch) {
	f.user, f.settings = b.User(string(f.caller.user)), record.Settings[storedSettings](b)
}

// open opens the rooms in which there are messages, and reads these.
func (f *finding) open() error {
	nowhere := true
	for i := range f.parts {
		p := &f.parts[i]
		if p.room != nil || !holdsMessage(&p.place) {
			continue
		}
		room, err := f.room(record.Channel(p.place.V.Channel))
		if err != nil {
			return err
		}
		nowhere = false
		for k := range f.parts[i:] {
			if q := &f.parts[i+k]; q.isIn(room.number) {
				q.room = room
			}
		}
	}
	if nowhere {
		return f.check() // no room did
	}
	return nil
}

func (p *findingPart) isIn(c record.Channel) bool {
	return holdsMessage(&p.place) && p.place.V.Channel == uint64(c)
}

// room opens one room, and reads what lies in it.
func (f *finding) room(number record.Channel) (*room, error) {
	also := more{second: func(b *record.Batch, number record.Channel) {
		for i := range f.parts {
			if p := &f.parts[i]; p.isIn(number) {
				b.MessageInto(&p.message, p.place.V)
			}
		}
	}}
	if known := also.recall(f.reader, f.caller, number); known != nil {
		return known, also.read(f.reader, known)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return loadRoomOf(f.reader, f.caller, f.user.V, f.settings.V, number, also)
}

// check is an error unless the caller exists and is active.
func (f *finding) check() error {
	if f.user == nil {
		b := f.reader.Batch()
		f.who(b)
		if err := b.Run(); err != nil {
			return err
		}
	}
	return checkCaller(f.caller, f.user)
}
