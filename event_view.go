package chat

import (
	"cmp"
	"slices"

	"example.com/chat/internal/codec"
	"example.com/chat/internal/record"
	"example.com/chat/storage"
)

// eventView is one snapshot in which events are made of what the logs hold.
type eventView struct {
	*follower
	reader   *record.Reader
	user     *record.Value[codec.User]
	settings *record.Shared[storedSettings]
	only     map[record.Channel]bool             // nil: all channels
	joined   map[record.Channel]storage.Position // the caller's own, and since when
	rooms    map[record.Channel]*eventRoom
}

// eventRoom is a channel of an event, and what the caller has unread in it.
type eventRoom struct {
	*room
	state  readState
	unread *int
}

// room opens a channel, readable or not.
func (v *eventView) room(c record.Channel) (*eventRoom, error) {
	if known := v.rooms[c]; known != nil {
		return known, nil
	}
	r := &eventRoom{}
	also := more{}
	if !v.caller.app {
		also.second = r.state.alongside(v.caller.user)
	}
	room, err := openRoomOf(v.reader, v.caller, v.user.V, v.settings.V, c, also)
	if err != nil {
		return nil, err
	}
	r.room, r.state.room = room, room
	v.rooms[c] = r
	return r, nil
}

// telling is one event on its way: what is read for it, and what becomes of it.
type telling struct {
	*record.Event
	room    *eventRoom // nil: of no channel
	event   Event
	body    *record.Value[codec.Message]
	member  *record.Value[codec.Member]
	channel bool // the channel is shown
	message int  // index among what is rendered; below 0: none
}

// render makes events of records, in as many round trips as it takes for one.
func (v *eventView) render(list []record.Event) ([]Event, error) {
	told := make([]telling, 0, len(list))
	for i := range list {
		t := telling{Event: &list[i], message: -1}
		ok, err := v.concerns(&t)
		if err != nil {
			return nil, err
		}
		if ok {
			told = append(told, t)
		}
	}
	if len(told) == 0 {
		return nil, nil
	}
	people := v.reader.People()
	b := v.reader.Batch()
	for i := range told {
		told[i].read(b, &people)
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	messages := make([]found, 0, len(told))
	for i := range told {
		if t := &told[i]; t.body != nil {
			s := t.sight()
			if s == unseen {
				t.room = nil
				continue
			}
			t.message = len(messages)
			messages = append(messages, found{room: t.room.room, message: &t.body.V, sight: s})
		}
	}
	rendered, err := render(v.reader, messages)
	if err != nil {
		return nil, err
	}
	events := make([]Event, 0, len(told))
	for i := range told {
		t := &told[i]
		if t.message >= 0 {
			t.event.Message = &rendered[t.message]
			t.event.User = &t.event.Message.User
		} else if t.body != nil || t.member != nil && !t.member.Found {
			continue
		}
		if err := v.fill(t, &people); err != nil {
			return nil, err
		}
		events = append(events, t.event)
	}
	return events, nil
}

// concerns decides whether the caller is told of an event at all, by what it
// says and by the channel it is about.
func (v *eventView) concerns(t *telling) (bool, error) {
	kind := typeOf(&t.Event.Event)
	if kind == "" || !v.filter.wants(kind) {
		return false, nil
	}
	c := record.Channel(t.Event.Event.Channel)
	if v.only != nil && !v.only[c] && !(t.Kind == codec.EventChannelDeleted && v.names(t.Event.Event.CID)) {
		return false, nil
	}
	t.event = Event{Type: kind, CreatedAt: moment(t.At), HardDelete: t.Hard, Cursor: v.app.cursors.encode(place{t.Position, v.place.live})}
	if c == 0 {
		return true, nil
	}
	var err error
	if t.room, err = v.room(c); err != nil {
		return false, err
	}
	if t.Kind != codec.EventUserUpdated { // which is told in one of their channels
		t.event.CID = CID(cmp.Or(t.room.channel.CID, t.Event.Event.CID))
	}
	if v.caller.app { // a deletion for oneself is that user's alone; nothing may be left of the channel
		return t.event.CID != "" && t.Kind != codec.EventMessageForMe, nil
	}
	return v.admits(t, c), nil
}

// admits decides whether a user is told of an event of a channel.
func (v *eventView) admits(t *telling, c record.Channel) bool {
	joined, member := v.joined[c]
	switch t.Kind {
	case codec.EventChannelDeleted:
		return t.Position.Compare(joined) > 0
	case codec.EventRemovedFromChannel:
		return true
	case codec.EventUserBanned, codec.EventUserUnbanned:
		if t.User != string(v.caller.user) && t.room.need(BanChannelMember) != nil {
			return false
		}
	case codec.EventMessageFlagged:
		if t.By != string(v.caller.user) && t.room.need(BanChannelMember) != nil {
			return false
		}
	}
	switch {
	case !t.room.readable() || t.room.channel.Disabled && !t.toldOfDisabled():
		return false
	case member && t.Position.Compare(joined) <= 0 && t.Kind != codec.EventAddedToChannel:
		return false
	case t.Kind == codec.EventMessageErased && !t.With && t.Sent <= t.erasedFloor():
		return false
	case !member && t.ofMember():
		return false
	case t.Private:
		return t.room.seesAllPrivate()
	case t.Own && t.Copy && v.follows(c):
		return !t.room.seesAllPrivate() // else it is told from where all are
	}
	return true
}

// erasedFloor is the time up to which the caller saw nothing of what was deleted
// for good. What is told to them alone was pending: clearing leaves that.
func (t *telling) erasedFloor() int64 {
	if t.Own && !t.Copy {
		return t.room.truncation()
	}
	return t.room.floor()
}

// toldOfDisabled says whether an event is told of in a channel that is disabled:
// what changes how it is listed.
func (t *telling) toldOfDisabled() bool {
	switch t.Kind {
	case codec.EventChannelUpdated, codec.EventAddedToChannel, codec.EventChannelHidden, codec.EventChannelVisible:
		return true
	}
	return false
}

// ofMember says whether an event is of what a member has with a channel: of no
// interest once they have left.
func (t *telling) ofMember() bool {
	switch t.Kind {
	case codec.EventChannelUpdated:
		return t.Own // a mute
	case codec.EventChannelHidden, codec.EventChannelVisible, codec.EventMarkRead, codec.EventMarkUnread:
		return true
	}
	return false
}

// follows says whether the caller is told what all readers of a channel are.
func (v *eventView) follows(c record.Channel) bool {
	_, found := slices.BinarySearch(v.channels, c)
	return found
}

// next reads the next records. A change of a user is told in each of their
// channels, side by side: all of these records are read together, and the first
// alone is kept.
func (v *eventView) next(from storage.Position) (list []record.Event, last storage.Position, full bool, err error) {
	for limit := v.filter.limit; ; limit *= 2 {
		list, last, full, err = v.reader.Events(v.logs, v.caller.app, from, limit)
		if err != nil {
			return nil, last, false, err
		}
		if n := len(list); full && n > 0 && list[n-1].Kind == codec.EventUserUpdated {
			continue
		}
		break
	}
	list = oncePerChange(list)
	if n := v.filter.limit; len(list) > n {
		list, full = list[:n], true
		last = list[n-1].Position
	}
	return list, last, full, nil
}

// oncePerChange keeps of the records of one change of a user the first, and the
// place of the last.
func oncePerChange(list []record.Event) []record.Event {
	kept := list[:0]
	for _, e := range list {
		if n := len(kept) - 1; n >= 0 && e.Kind == codec.EventUserUpdated && kept[n].Kind == e.Kind && kept[n].User == e.User && kept[n].At == e.At {
			kept[n].Position = e.Position
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// read adds to a batch what an event takes.
func (t *telling) read(b *record.Batch, people *record.People) {
	people.Want(b, t.By)
	switch t.Kind {
	case codec.EventMessageNew, codec.EventMessageUpdated, codec.EventMessageDeleted, codec.EventMessageForMe,
		codec.EventMessageUndeleted, codec.EventMessagePending, codec.EventMessageFlagged:
		t.body = b.Message(codec.Place{Kind: t.Place, Channel: t.Event.Event.Channel, At: t.Sent, Parent: t.Parent})
	case codec.EventMemberAdded, codec.EventMemberUpdated, codec.EventAddedToChannel:
		t.member = b.Member(record.Channel(t.Event.Event.Channel), t.User)
		people.Want(b, t.User)
	case codec.EventMessageErased:
		people.Want(b, t.Author)
	default:
		people.Want(b, t.User)
	}
	switch t.Kind {
	case codec.EventChannelCreated, codec.EventChannelUpdated, codec.EventChannelTruncated, codec.EventAddedToChannel:
		t.channel = true
		people.Want(b, t.room.channel.CreatedBy)
	}
}

// sight is how the caller sees the message of an event; unseen if it is not told
// of: it is not as the event says any more, and the one that changed that comes.
func (t *telling) sight() sight {
	m := &t.body.V
	if !t.body.Found || m.Pending != (t.Place == codec.PlacePending) {
		return unseen
	}
	s := t.room.sees(m)
	switch t.Kind {
	case codec.EventMessageDeleted:
		if s != placeholder {
			return unseen
		}
	case codec.EventMessageForMe:
		if s != placeholderForMe && s != placeholder {
			return unseen
		}
	case codec.EventMessageUndeleted, codec.EventMessageFlagged:
		if s == placeholder {
			return unseen
		}
	}
	return s
}

// fill sets the fields of an event but for its message.
func (v *eventView) fill(t *telling, people *record.People) (err error) {
	e := &t.event
	who := func(id string) *User {
		if id == "" {
			return nil
		}
		u := shown(people, id)
		return &u
	}
	e.By = who(t.By)
	switch t.Kind {
	case codec.EventMessageErased:
		e.Message = t.gone(people)
		e.User = &e.Message.User
	case codec.EventMessageFlagged:
		e.User, e.By = e.By, nil
	case codec.EventMessageRead:
		e.User, e.By, e.ReadAt = who(t.User), nil, momentPtr(t.At)
	case codec.EventMemberAdded, codec.EventMemberUpdated, codec.EventAddedToChannel:
		m := memberFrom(shown(people, t.User), t.member.V)
		e.Member, e.User = &m, &m.User
	case codec.EventChannelUpdated:
		e.User = who(t.User)
		if t.Own && !v.caller.app {
			muted := t.room.muted()
			e.Muted = &muted
		}
	case codec.EventChannelHidden:
		e.User, e.HardDelete, e.ClearHistory = who(t.User), false, t.Hard
	case codec.EventCustom:
		e.User, e.By, e.Data = e.By, nil, decodeCustom(t.Data)
	case codec.EventMessageNew, codec.EventMessageUpdated, codec.EventMessageDeleted, codec.EventMessageForMe,
		codec.EventMessageUndeleted, codec.EventMessagePending: // User is the author
	default:
		e.User = who(t.User)
	}
	if t.channel {
		channel, err := channelFrom(people, t.room.channel)
		if err != nil {
			return err
		}
		e.Channel = &channel
	}
	if t.countsUnread() {
		e.Unread, err = v.unread(t.room)
	}
	return err
}

// gone is what is told of a message that was deleted for good.
func (t *telling) gone(people *record.People) *Message {
	return &Message{
		ID: MessageID(t.ID), CID: t.event.CID, Type: TypeDeleted, User: shown(people, t.Author), ParentID: MessageID(t.Reply),
		CreatedAt: moment(t.Sent), UpdatedAt: moment(t.Sent), DeletedAt: momentPtr(t.At),
	}
}

// countsUnread says whether an event tells what the viewer has unread.
func (t *telling) countsUnread() bool {
	switch t.Kind {
	case codec.EventMessageNew, codec.EventMessageUpdated, codec.EventMessageDeleted, codec.EventMessageErased, codec.EventMessageForMe,
		codec.EventMessageUndeleted, codec.EventMarkRead, codec.EventMarkUnread, codec.EventChannelTruncated, codec.EventChannelHidden:
		return true
	case codec.EventChannelUpdated:
		return t.Own // a mute
	}
	return false
}

// unread counts once a channel: all events of a read are told at one moment.
func (v *eventView) unread(r *eventRoom) (*int, error) {
	if v.caller.app || !r.isMember || r.enter() != nil {
		return nil, nil
	}
	if r.unread == nil {
		n, err := r.state.unread(v.reader)
		if err != nil {
			return nil, err
		}
		r.unread = &n
	}
	n := *r.unread
	return &n, nil
}
