package codec

// EventKind is what an event tells of.
type EventKind byte

// The kinds of events. They are stored: a number never changes its meaning.
const (
	EventMessageNew EventKind = 1 + iota
	EventMessageUpdated
	EventMessageDeleted // softly
	EventMessageErased  // for good
	EventMessageForMe   // deleted by one user for themselves
	EventMessageUndeleted
	EventMessagePending
	EventMessageRead
	EventMessageFlagged
	EventMemberAdded
	EventMemberUpdated
	EventMemberRemoved
	EventChannelCreated
	EventChannelUpdated
	EventChannelDeleted
	EventChannelTruncated
	EventChannelHidden
	EventChannelVisible
	EventUserUpdated
	EventUserBanned
	EventUserUnbanned
	EventUserMuted
	EventUserUnmuted
	EventUserFlagged
	EventCustom
	EventAddedToChannel
	EventRemovedFromChannel
	EventMarkRead
	EventMarkUnread
	EventReactionNew
	EventReactionUpdated
	EventReactionDeleted
	EventThreadMessageNew
	EventInvited
	EventInviteAccepted
	EventInviteRejected
	EventUserBlocked
	EventUserUnblocked

	eventKinds // how many there are, and one
)

// Event is what a log keeps of a change: who and what it is about, not what it
// says. Of a message it has the place, and its id only once it is gone.
type Event struct {
	Kind    EventKind
	Copy    bool // another record of the same change is the application's
	At      int64
	Channel uint64 // 0: of none
	CID     string // of a channel that may be gone

	Place  PlaceKind // of a message: where it lies
	Sent   int64     // its time
	Parent int64     // its parent's time; of a deletion for good: see With
	ID     string    // of one that is gone
	Author string    // of one that is gone
	Reply  string    // id of the parent of one that is gone

	User string // whom it is about
	By   string // who did it; empty: the application
	With bool   // of a deletion for good: with replies, the newest to all of the time Parent, or of a reply, with its parent; of an edit: it is for its author alone
	Hard bool   // a truncation or a deletion for good; a hidden channel's history was cleared; a ban that is a shadow ban
	Text string // a custom event's type
	Data string // a custom event's data

	Reaction string // the type of a reaction, which is User's
	Once     bool   // of one that is gone: it was pending once
	Shadowed bool   // it is told to its author, who is not to know, as if it were for all
}

// Version 2 added whether one that is gone was pending once, version 3 what its
// author takes to be for all.
const eventVersion = 3

// What of an event is there, in the order it is encoded.
const (
	eventCopy = 1 << iota
	eventChannel
	eventMessage
	eventGone
	eventUser
	eventBy
	eventHard
	eventCustom
	eventCID
	eventSame // the message was sent at the event's own time
	eventWith
	eventReaction
	eventOnce
	eventShadowed
)

// Encode appends the event to b.
func (v *Event) Encode(b []byte) []byte {
	e := encoder{b}
	e.version(eventVersion)
	e.byte(byte(v.Kind))
	has := bit(v.Copy, eventCopy) | bit(v.Channel != 0, eventChannel) | bit(v.Place != PlaceGone || v.Sent != 0 || v.Parent != 0, eventMessage) |
		bit(v.ID != "" || v.Author != "" || v.Reply != "", eventGone) | bit(v.User != "", eventUser) | bit(v.By != "", eventBy) |
		bit(v.Hard, eventHard) | bit(v.Text != "" || v.Data != "", eventCustom) | bit(v.CID != "", eventCID) | bit(v.With, eventWith) |
		bit(v.Reaction != "", eventReaction) | bit(v.Once, eventOnce) | bit(v.Shadowed, eventShadowed)
	if has&eventMessage != 0 {
		has |= bit(v.Sent == v.At, eventSame)
	}
	e.count(has)
	e.time(v.At)
	if has&eventChannel != 0 {
		e.count(v.Channel)
	}
	if has&eventMessage != 0 {
		e.byte(byte(v.Place))
		if has&eventSame == 0 {
			e.time(v.Sent)
		}
		e.time(v.Parent)
	}
	if has&eventGone != 0 {
		e.text(v.ID)
		e.text(v.Author)
		e.text(v.Reply)
	}
	if has&eventUser != 0 {
		e.text(v.User)
	}
	if has&eventBy != 0 {
		e.text(v.By)
	}
	if has&eventCustom != 0 {
		e.text(v.Text)
		e.text(v.Data)
	}
	if has&eventCID != 0 {
		e.text(v.CID)
	}
	if has&eventReaction != 0 {
		e.text(v.Reaction)
	}
	return e.b
}

// DecodeEvent reads an event.
func DecodeEvent[B raw](b B) (v Event, err error) {
	d := decode("event", b, eventVersion)
	v.Kind = EventKind(d.byte())
	has := d.count()
	if v.Kind >= eventKinds || has >= eventShadowed<<1 {
		d.fail()
	}
	v.Copy, v.Hard, v.With, v.Once = has&eventCopy != 0, has&eventHard != 0, has&eventWith != 0, has&eventOnce != 0
	v.Shadowed = has&eventShadowed != 0
	v.At = d.time()
	if has&eventChannel != 0 {
		v.Channel = d.count()
	}
	if has&eventMessage != 0 {
		if v.Place = PlaceKind(d.byte()); v.Place > PlaceEphemeral {
			d.fail()
		}
		v.Sent = v.At
		if has&eventSame == 0 {
			v.Sent = d.time()
		}
		v.Parent = d.time()
	}
	if has&eventGone != 0 {
		v.ID, v.Author, v.Reply = d.text(), d.text(), d.text()
	}
	if has&eventUser != 0 {
		v.User = d.text()
	}
	if has&eventBy != 0 {
		v.By = d.text()
	}
	if has&eventCustom != 0 {
		v.Text, v.Data = d.text(), d.text()
	}
	if has&eventCID != 0 {
		v.CID = d.text()
	}
	if has&eventReaction != 0 {
		v.Reaction = d.text()
	}
	return v, d.done()
}
