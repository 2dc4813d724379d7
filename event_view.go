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
	room     *eventRoom // nil: of no channel
	event    Event
	body     *record.Value[codec.Message]
	member   *record.Value[codec.Member]
	takes    *record.Value[struct{}] // whether the caller takes part in the thread
	reaction *record.Value[codec.Reaction]
	channel  bool // the channel is shown
	cleared  bool // a message that came before what the caller cleared since
	message  int  // index among what is rendered; below 0: none
}

// render makes events of records, in as many round trips as it takes for one.
func (v *eventView) render(list []record.Event) ([]Event, error) {
	told := make([]telling, 0, len(list))
	once := false // the change that a record is of has been told
	for i := range list {
		if once = once && sameChange(&list[i-1], &list[i]); once {
			told[len(told)-1].event.Cursor = v.cursor(list[i].Position)
			continue
		}
		t := telling{Event: &list[i], message: -1}
		var err error
		if once, err = v.concerns(&t); err != nil {
			return nil, err
		}
		if once {
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
		if t := &told[i]; t.cleared && t.wasPending(v.caller.user) {
			t.forget()
		} else if t.body != nil {
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
		if t.reactionGone() {
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
	isNew := t.Kind == codec.EventMessageNew // or, to its author, gone by now: see wasPending
	if kind == "" || !v.filter.wants(kind) && !(isNew && v.filter.wants(MessageDeleted)) {
		return false, nil
	}
	c := record.Channel(t.Event.Event.Channel)
	last := t.Kind == codec.EventChannelDeleted || t.Kind == codec.EventRemovedFromChannel // by now another may have the name
	if v.only != nil && !v.only[c] && !(last && v.names(t.Event.Event.CID)) {
		return false, nil
	}
	t.event = Event{Type: kind, CreatedAt: moment(t.At), HardDelete: t.Hard, Cursor: v.cursor(t.Position)}
	if t.ofBan() && t.Hard && !v.caller.app && t.User == string(v.caller.user) {
		return false, nil // they are not to know
	}
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
	if isNew && t.Sent <= t.room.own.ClearedAt {
		t.cleared, t.event.Type = true, MessageDeleted
	}
	if !v.filter.wants(t.event.Type) {
		return false, nil
	}
	if v.caller.app { // a deletion for oneself is that user's alone; nothing may be left of the channel
		return t.event.CID != "" && t.Kind != codec.EventMessageForMe, nil
	}
	return v.admits(t, c), nil
}

// cursor reads on after a position.
func (v *eventView) cursor(p storage.Position) Cursor {
	return v.app.cursors.encode(place{p, v.place.live})
}

// admits decides whether a user is told of an event of a channel.
func (v *eventView) admits(t *telling, c record.Channel) bool {
	joined, member := v.joined[c]
	switch t.Kind {
	case codec.EventChannelDeleted:
		return t.Position.Compare(joined) > 0
	case codec.EventRemovedFromChannel, codec.EventInviteRejected:
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
	case member && t.Position.Compare(joined) <= 0 && t.Kind != codec.EventAddedToChannel && t.Kind != codec.EventInvited:
		return false
	case t.Kind == codec.EventMessageErased && !t.saw(v.caller.user):
		return false
	case !member && t.ofMember():
		return false
	case t.Shadowed && !v.follows(c): // nor would they be told of it if it were for all
		return false
	case t.Kind == codec.EventMessageUpdated && t.With: // see storeAlone: others are told nothing, the author as if they were
		return v.follows(c)
	case t.Private:
		return t.room.seesAllPrivate()
	case t.Own && t.Copy && v.follows(c):
		return !t.room.seesAllPrivate() // else it is told from where all are
	}
	return true
}

// ofBan says whether an event is of a ban or of its end.
func (t *telling) ofBan() bool {
	return t.Kind == codec.EventUserBanned || t.Kind == codec.EventUserUnbanned
}

// saw says whether a user could see something of what was deleted for good: the
// message, the newest reply to all that went with it, or a private reply that
// went with a message of which they are not told.
func (t *telling) saw(user UserID) bool {
	reply := t.Event.Event.Reply != ""
	switch {
	case t.Own && t.Place != codec.PlacePending && t.Sent <= t.room.privateFloor():
		return false
	case t.With && reply:
		return t.Sent > t.room.floor() && t.Parent <= t.room.floor()
	case t.With:
		return max(t.Sent, t.Parent) > t.erasedFloor(user)
	}
	return t.Sent > t.erasedFloor(user)
}

// erasedFloor is the time up to which a user saw nothing of what was deleted for
// good. What is their own and was pending they may have kept: clearing leaves that.
func (t *telling) erasedFloor(user UserID) int64 {
	if t.Author == string(user) && t.Once {
		return t.room.truncation()
	}
	return t.room.floor()
}

// wasPending says whether a message that a user cleared is one that they sent
// and that was pending: clearing left it with them then, and now it is gone.
func (t *telling) wasPending(user UserID) bool {
	m := &t.body.V
	return t.body.Found && m.Author == string(user) && m.SentAt != 0 && m.CreatedAt > t.room.truncation()
}

// forget makes of the news of a message that it is gone.
func (t *telling) forget() {
	m := &t.body.V
	t.Kind, t.ID, t.Author, t.Reply = codec.EventMessageErased, m.ID, m.Author, m.ParentID
	t.event.HardDelete, t.body = true, nil
}

// toldOfDisabled says whether an event is told of in a channel that is disabled:
// what changes how it is listed.
func (t *telling) toldOfDisabled() bool {
	switch t.Kind {
	case codec.EventChannelUpdated, codec.EventAddedToChannel, codec.EventInvited, codec.EventChannelHidden, codec.EventChannelVisible:
		return true
	}
	return false
}

// ofMember says whether an event is of what a member has with a channel: of no
// interest once they have left.
func (t *telling) ofMember() bool {
	switch t.Kind {
	case codec.EventChannelUpdated:
		return t.Own // a mute, a pin
	case codec.EventChannelHidden, codec.EventChannelVisible, codec.EventMarkRead, codec.EventMarkUnread, codec.EventInviteAccepted:
		return true
	}
	return false
}

// follows says whether the caller is told what all readers of a channel are.
func (v *eventView) follows(c record.Channel) bool {
	_, found := slices.BinarySearch(v.channels, c)
	return found
}

// next reads the records of the next events. A change of a user is told in each
// of their channels, side by side: all of these records are read together, and
// make one event, of the first that the caller may be told of.
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
	changes := 0
	for i := range list {
		if i > 0 && sameChange(&list[i-1], &list[i]) {
			continue
		}
		if changes++; changes > v.filter.limit {
			return list[:i], list[i-1].Position, true, nil
		}
	}
	return list, last, full, nil
}

// sameChange says whether a record and the next tell of one change of a user.
// It is told in their channels by their numbers: two changes of one moment begin
// anew.
func sameChange(a, b *record.Event) bool {
	return a.Kind == codec.EventUserUpdated && b.Kind == a.Kind && a.User == b.User && a.At == b.At && a.Event.Channel < b.Event.Channel
}

// place is where the message of an event is.
func (t *telling) place() codec.Place {
	return codec.Place{Kind: t.Place, Channel: t.Event.Event.Channel, At: t.Sent, Parent: t.Parent}
}

// read adds to a batch what an event takes.
func (t *telling) read(b *record.Batch, people *record.People) {
	people.Want(b, t.By)
	switch t.Kind {
	case codec.EventMessageNew, codec.EventMessageUpdated, codec.EventMessageDeleted, codec.EventMessageForMe,
		codec.EventMessageUndeleted, codec.EventMessagePending, codec.EventMessageFlagged:
		t.body = b.Message(t.place())
		if t.cleared {
			people.Want(b, string(t.room.user))
		}
	case codec.EventThreadMessageNew:
		t.body = b.Message(t.place())
		t.takes = b.TakesPart(record.Channel(t.Event.Event.Channel), t.Parent, string(t.room.user))
	case codec.EventMarkRead, codec.EventMarkUnread:
		if t.Sent != 0 { // of a thread
			t.body = b.Message(t.place())
		}
		people.Want(b, t.User)
	case codec.EventReactionNew, codec.EventReactionUpdated, codec.EventReactionDeleted:
		t.body = b.Message(t.place())
		t.reaction = b.Reaction(record.Channel(t.Event.Event.Channel), t.Sent, t.User, t.Event.Event.Reaction)
		people.Want(b, t.User)
	case codec.EventMemberAdded, codec.EventMemberUpdated, codec.EventAddedToChannel, codec.EventInvited, codec.EventInviteAccepted:
		t.member = b.Member(record.Channel(t.Event.Event.Channel), t.User)
		people.Want(b, t.User)
	case codec.EventMessageErased:
		people.Want(b, t.Author)
	default:
		people.Want(b, t.User)
	}
	switch t.Kind {
	case codec.EventChannelCreated, codec.EventChannelUpdated, codec.EventChannelTruncated, codec.EventAddedToChannel,
		codec.EventInvited, codec.EventInviteAccepted:
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
	case codec.EventThreadMessageNew:
		if !t.takes.Found || m.Author == string(t.room.user) || t.Parent <= t.room.floor() {
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
		if id == "" || id == byBlockList {
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
	case codec.EventMemberAdded, codec.EventMemberUpdated, codec.EventAddedToChannel, codec.EventInvited, codec.EventInviteAccepted:
		m := memberFrom(shown(people, t.User), t.member.V)
		e.Member, e.User = &m, &m.User
	case codec.EventChannelUpdated:
		e.User = who(t.User)
		if t.Own && !v.caller.app {
			muted, pinned, archived := t.room.muted(), t.room.own.PinnedAt != 0, t.room.own.ArchivedAt != 0
			e.Muted, e.Pinned, e.Archived = &muted, &pinned, &archived
			var blocked bool
			blocked, err = t.room.blocks(v.reader)
			e.Blocked = &blocked
		}
	case codec.EventChannelHidden:
		e.User, e.HardDelete, e.ClearHistory = who(t.User), false, t.Hard
	case codec.EventReactionNew, codec.EventReactionUpdated:
		v := reactionFrom(people, t.body.V.ID, &t.reaction.V)
		e.Reaction, e.User = &v, &v.User
	case codec.EventReactionDeleted:
		e.User = who(t.User)
		e.Reaction = &Reaction{MessageID: MessageID(t.body.V.ID), User: *e.User, Type: t.Event.Event.Reaction}
	case codec.EventUserBanned, codec.EventUserUnbanned:
		e.User, e.HardDelete, e.Shadow = who(t.User), false, t.Hard
	case codec.EventCustom:
		e.User, e.By, e.Data = e.By, nil, decodeCustom(t.Data)
	case codec.EventMessageNew, codec.EventMessageUpdated, codec.EventMessageDeleted, codec.EventMessageForMe,
		codec.EventMessageUndeleted, codec.EventMessagePending: // User is the author
	case codec.EventThreadMessageNew:
		e.UnreadReplies, err = v.unreadReplies(t.room, t.Parent)
	case codec.EventMarkRead, codec.EventMarkUnread:
		if e.User = who(t.User); t.Sent != 0 && !v.caller.app {
			e.UnreadReplies, err = v.unreadReplies(t.room, t.Sent)
		}
	default:
		e.User = who(t.User)
	}
	if err != nil {
		return err
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

// reactionGone says whether an event is of a reaction that was removed since:
// that is told by another.
func (t *telling) reactionGone() bool {
	return t.reaction != nil && !t.reaction.Found && t.Kind != codec.EventReactionDeleted
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
		return t.Own // a mute, a pin
	case codec.EventInviteAccepted:
		return true
	}
	return false
}

// unreadReplies counts what the caller has unread of a thread.
func (v *eventView) unreadReplies(r *eventRoom, parent int64) (*int, error) {
	if !r.isMember || r.enter() != nil {
		return nil, nil
	}
	t := newThreadState(r.room, parent)
	b := v.reader.Batch()
	t.read(b)
	if err := b.Run(); err != nil {
		return nil, err
	}
	err := t.count(v.reader)
	return &t.unread, err
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
