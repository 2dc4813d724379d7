package chat

import (
	"encoding/json"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
)

// more collects reads that a call makes along with those of the room.
type more struct {
	first  func(*record.Batch)                 // before the channel is known
	second func(*record.Batch, record.Channel) // once it is
	has    func(*room) bool                    // says of a remembered room that second is not needed
	blind  bool                                // no message is looked at: sees is not asked
	shares bool                                // what is stored of the room is not changed, also not by a transaction
}

// read makes the reads, for a room that was remembered.
func (m more) read(r *record.Reader, known *room) error {
	if m.first != nil {
		b := r.Batch()
		m.first(b)
		if err := b.Run(); err != nil {
			return err
		}
	}
	if m.second == nil || m.has != nil && m.has(known) {
		return nil
	}
	b := r.Batch()
	m.second(b, known.number)
	return b.Run()
}

// openRoom finds a channel by its cid. ErrNotFound for what the caller may not
// read; a disabled channel is found: see enter.
func openRoom(r *record.Reader, c caller, cid CID, also more) (*room, error) {
	room, err := loadRoom(r, c, cid, also)
	if err != nil {
		return nil, err
	}
	if !room.readable() {
		return nil, notFound("channel", cid)
	}
	return room, nil
}

// loadRoom is openRoom, of a channel that the caller may not be able to read.
func loadRoom(r *record.Reader, c caller, cid CID, also more) (*room, error) {
	// Another channel may have got the cid since, but not before the one that had it
	// was deleted.
	if room := also.recall(r, c, r.NumberOf(string(cid))); room != nil && room.channel.CID == string(cid) && room.channel.DeletedAt == 0 {
		return room, also.read(r, room)
	}
	if also.shares && also.shared(r) {
		also.blind = false // so that it can be remembered
	}
	room := newRoom(c)
	read := &room.read
	b := r.Batch()
	read.ByCID(b, string(cid), cid.Type(), string(c.user))
	if also.first != nil {
		also.first(b)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	if err := checkCaller(c, &read.User); err != nil {
		return nil, err
	}
	if !read.Number.Found || !read.Type.Found || !read.Settings.Found {
		return nil, notFound("channel", cid)
	}
	room.number, room.kind, room.settings = read.Number.V, read.Type.V, read.Settings.V
	if err := room.load(r, also); err != nil {
		return nil, err
	}
	r.NoteNumber(string(cid), room.number)
	return room, room.complete(r, also)
}

// load reads what the channel's number leads to.
func (r *room) load(reader *record.Reader, also more) error {
	b := reader.Batch()
	r.read.ByNumber(b, r.number, string(r.user), also.blind)
	if also.second != nil {
		also.second(b, r.number)
	}
	if err := b.Run(); err != nil {
		return err
	}
	r.isMember, r.forMe = r.read.Member.Found, r.read.ForMe.V
	if r.kind == nil {
		return nil
	}
	return r.override()
}

// complete reads what takes the channel and the caller, and has all of it
// remembered.
func (r *room) complete(reader *record.Reader, also more) error {
	if err := r.readBlocked(reader); err != nil || also.blind {
		return err
	}
	if also.shared(reader) && r.size() <= rememberedSize {
		r.reads, r.readsAll = r.can(ReadChannel), r.can(ReadRestrictedVisibilityMessage)
		r.remembered, r.scope = true, record.ChannelScope(r.channel.CID)
		reader.Remember(r.channel.CID, r.opened, rememberedKey(r.caller, r.number))
	}
	return nil
}

// override has the channel's own settings be those of its type, where it has some.
func (r *room) override() error {
	if r.channel.Overrides == "" {
		return nil
	}
	var o ChannelOverrides
	if err := json.Unmarshal([]byte(r.channel.Overrides), &o); err != nil {
		return err
	}
	kind := r.kind.overridden(o)
	r.kind = &kind
	return nil
}

// openRoomOf finds a channel by its number, readable or not.
func openRoomOf(r *record.Reader, c caller, user codec.User, settings *storedSettings, number record.Channel, also more) (*room, error) {
	if room := also.recall(r, c, number); room != nil {
		return room, also.read(r, room)
	}
	return loadRoomOf(r, c, user, settings, number, also)
}

func loadRoomOf(r *record.Reader, c caller, user codec.User, settings *storedSettings, number record.Channel, also more) (*room, error) {
	room := newRoom(c)
	room.number, room.settings = number, settings
	room.read.User = record.Value[codec.User]{V: user, Found: !c.app}
	if err := room.load(r, also); err != nil {
		return nil, err
	}
	b := r.Batch()
	kind := record.Type[ChannelType](b, CID(room.channel.CID).Type())
	if err := b.Run(); err != nil {
		return nil, err
	}
	if !kind.Found { // nothing is left of the channel
		room.kind, room.channel.DeletedAt, room.channel.PurgedAt = &ChannelType{}, room.now, never
		return room, nil
	}
	room.kind = kind.V
	if err := room.override(); err != nil {
		return nil, err
	}
	return room, room.complete(r, also)
}

// of is the channel as each of some users finds it. It is read at once for all
// of them.
func (r *room) of(reader *record.Reader, users []string) ([]*room, error) {
	list := make([]*room, len(users))
	b := reader.Batch()
	for i, user := range users {
		theirs := newRoom(as(UserID(user)))
		theirs.number, theirs.channel, theirs.kind, theirs.settings, theirs.now = r.number, r.channel, r.kind, r.settings, r.now
		theirs.read.ByUser(b, r.number, user)
		list[i] = theirs
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	for _, theirs := range list {
		theirs.isMember, theirs.forMe = theirs.read.Member.Found, theirs.read.ForMe.V
	}
	return list, nil
}
